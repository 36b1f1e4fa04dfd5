/* The engine's own constants, and what limits must be to each other. */
#ifndef PKC_STATE_LIMITS_H
#define PKC_STATE_LIMITS_H

#include <stdint.h>

#include "pkc.h"

enum {
    BLOCK_ROWS = 64,  /* rows under one maximum of a class's cache */
    LOG_ROWS = 16384, /* changes remembered; a class further behind scans anew */
    SCORE_MAX = 100   /* kube-scheduler's MaxNodeScore */
};

/* Bytes that the caches of all classes may hold together. */
#define CACHE_BYTES_MAX ((int64_t)1 << 30)

/* Largest value that the float64 columns take, 4 TiB; see percent in kernel_body.inc. */
#define HOT_VALUE_MAX ((int64_t)1 << 42)
#define PERCENT_STEP 0x1p-43

/* Requested cpu of rows that the vector kernel must not choose: more than any capacity. */
#define CLOSED 0x1p60

/* Plugins as bits. */
typedef uint32_t plugin_set;

static inline int pkc_has(plugin_set set, int32_t plugin) {
    return (int)(set >> plugin & 1);
}

static inline plugin_set pkc_bit(int32_t plugin) {
    return (plugin_set)1 << plugin;
}

/* The lowest plugin of a set that is not empty. */
static inline int32_t pkc_first(plugin_set set) {
    return __builtin_ctz(set);
}

/* set without its lowest plugin: `for (left = set; left != 0; left = pkc_rest(left))`. */
static inline plugin_set pkc_rest(plugin_set set) {
    return set & (set - 1);
}

_Static_assert(PKC_PLUGIN_COUNT <= 8 * sizeof(plugin_set), "a plugin is a bit of a set");
_Static_assert(PKC_RESOURCE_COUNT_MAX + 1 <= 64, "an insufficient resource is a bit of a detail");
_Static_assert(PKC_DEVICE_COUNT_MAX <= 32, "a device is a bit of what a pod took");
_Static_assert(PKC_CLASS_TAG_MAX < 64, "a section that was seen is a bit of a word");
_Static_assert(PKC_POD_COUNT_MAX < INT32_MAX, "a pod is an int32");
_Static_assert(PKC_NODE_COUNT_MAX < INT32_MAX, "a row is an int32");
_Static_assert(PKC_NODE_COUNT_MAX % BLOCK_ROWS == 0, "the last block is whole");
_Static_assert(PKC_DEVICE_COUNT_MAX * PKC_DEVICE_MILLI <= INT32_MAX,
               "the milli of all devices of a node are an int32");
_Static_assert((int64_t)PKC_NODE_COUNT_MAX * PKC_DEVICE_COUNT_MAX <= INT32_MAX,
               "the free milli of all devices fit a copy");
_Static_assert(HOT_VALUE_MAX <= ((int64_t)1 << 53) / SCORE_MAX,
               "a hundred times a value is a float64 that is exact");
_Static_assert((double)HOT_VALUE_MAX * 2 * PERCENT_STEP <= 1, "PERCENT_STEP is below 1 / capacity");
_Static_assert((double)HOT_VALUE_MAX < CLOSED, "no capacity takes a closed row");

#endif
