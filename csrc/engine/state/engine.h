/* The engine's handle: nodes as columns, pods, classes, counters, and the work of a cycle. */
#ifndef PKC_STATE_ENGINE_H
#define PKC_STATE_ENGINE_H

#include "common/check.h"
#include "engine/state/counter.h"
#include "engine/state/matcher.h"

typedef struct {
    int32_t class_index; /* -1 for a free slot */
    int32_t row;
    int32_t next;
    int32_t previous;
    int32_t class_next; /* the list of pods of one class */
    int32_t class_previous;
    uint32_t devices; /* bit per device taken */
    int64_t start_ns;
} pod;

typedef struct {
    int32_t class_index; /* -1: dropped */
    int32_t row;
} nomination;

/* A pod of lower priority in a dry run. */
typedef struct {
    int32_t slot;
    int32_t class_index;
    int64_t start_ns;
    uint8_t violates; /* its disruption violates a budget */
    uint8_t off;      /* it is off the row */
} dry_pod;

typedef struct {
    int64_t bytes;
    int32_t nodes;
} image;

/* Arrays of engine capacity that a cycle works in. */
typedef struct {
    double *total;     /* totals of a cycle that are not a class's own */
    double *block_max; /* maxima of its blocks */
    int64_t *raw;
    double *sum;
    double *counted; /* totals, but -inf where PodTopologySpread ignores the row */
    int32_t *sample_rows;
    uint64_t *sample_bits;
    double *zeros;
} work_arrays;

/* What PreFilter found for the pod whose cycle it is. Pods that come to a row or go for a moment
 * change the count, but not what is skipped. */
typedef struct {
    int64_t once_conflicts;     /* uses of its ReadWriteOncePod claims */
    plugin_set masks;           /* plugins that may refuse it for what is on other rows */
    uint8_t skips_restrictions; /* VolumeRestrictions has nothing to look at */
} prepared;

typedef struct kernel kernel;

struct pkc_engine {
    int64_t *matrix; /* (PKC_FIELD_RESOURCES + 2 * resource_count, capacity) */
    hot_columns hot;
    node *nodes;
    int32_t *device_free; /* (capacity, PKC_DEVICE_COUNT_MAX) */
    int32_t row_count;
    int32_t capacity;
    int32_t alive_count;
    int32_t resource_count;
    int64_t resource_max[PKC_RESOURCE_COUNT_MAX]; /* largest allocatable of any node */
    uint8_t maxima_stale; /* a node that had the largest may be gone */

    VEC(pod) pods;
    int32_t free_pod; /* head of the list of free slots, linked by next, or -1 */
    int32_t pod_count;

    VEC(profile) profiles;
    VEC(pod_class) classes;
    integer_vec odd_rows;

    int32_t *log; /* ring of changed rows */
    uint64_t log_position;
    uint64_t epoch;        /* counts changes of nodes */
    uint64_t maxima_epoch; /* counts changes of resource_max */
    int64_t cache_bytes;

    const kernel *kernel;
    int32_t tie;
    uint64_t random_state;
    uint64_t eviction_state; /* of draws that no result depends on */
    uint8_t any_soft_taint;  /* some node has had a PreferNoSchedule taint */
    uint8_t rank_shuffled;   /* ranks do not ascend with the rows */

    VEC(matcher) matchers;
    VEC(topology) topologies;
    VEC(counter) counters;
    VEC(nomination) nominations;
    VEC(image) images;        /* by name */
    integer_vec claim_uses;   /* pods that use a claim, by token */
    integer_vec scratch;
    integer_vec marks;        /* by domain, for counting distinct ones */
    integer_vec added;        /* slots of nominated pods that are on a row for a moment */
    VEC(dry_pod) dry_pods;
    integer_vec order;        /* rows as a sampling search meets them */
    int32_t next_start;       /* where in the order the next search begins */
    uint64_t matcher_epoch;   /* counts changes of matchers' namespaces; starts at 1 */
    int32_t nomination_count; /* live ones */

    prepared prepared;
    work_arrays work;
    /* The rows that scoring goes through: row i at position i, or those of a sample, ascending:
     * row view_rows[i] at position i. Results in between are by position. */
    int32_t view_count;
    const int32_t *view_rows; /* NULL for all */
};

static inline int32_t pkc_view_row(const pkc_engine *e, int32_t position) {
    return e->view_rows == NULL ? position : e->view_rows[position];
}

/* Scoring goes through all rows. */
static inline void pkc_view_all(pkc_engine *e) {
    e->view_rows = NULL;
    e->view_count = e->row_count;
}

static inline const profile *pkc_profile_of(const pkc_engine *e, const pod_class *c) {
    return &e->profiles.data[c->profile_index];
}

static inline const pod_class *pkc_class_of(const pkc_engine *e, const pod *p) {
    return &e->classes.data[p->class_index];
}

/* 1 if there is a node at the row. */
static inline int pkc_row_alive(const pkc_engine *e, int32_t row) {
    return row >= 0 && row < e->row_count && e->nodes[row].alive;
}

/* Columns of the matrix. */
static inline int64_t *pkc_column(const pkc_engine *e, int32_t field) {
    return e->matrix + (int64_t)field * e->capacity;
}
static inline int64_t *pkc_column_allocatable(const pkc_engine *e, int32_t resource) {
    return pkc_column(e, PKC_FIELD_RESOURCES + 2 * resource);
}
static inline int64_t *pkc_column_requested(const pkc_engine *e, int32_t resource) {
    return pkc_column(e, PKC_FIELD_RESOURCES + 2 * resource + 1);
}

#endif
