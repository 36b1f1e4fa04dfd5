/* The scheduling engine's structures; one header for its files. */
#ifndef PKC_ENGINE_H
#define PKC_ENGINE_H

#include "check.h"
#include "pkc.h"
#include "program.h"
#include "vec.h"

enum {
    BLOCK_ROWS = 64,          /* rows under one maximum of a class's cache */
    LOG_ROWS = 16384,         /* changes remembered; a class further behind scans anew */
    SCORE_MAX = 100,          /* kube-scheduler's MaxNodeScore */
    DEVICE_MILLI = 1000       /* one whole device */
};

/* Bytes that the caches of all classes may hold together. */
#define CACHE_BYTES_MAX ((int64_t)512 << 20)

/* Largest value that the float64 columns take, 4 TiB; see percent in kernel_body.inc. */
#define HOT_VALUE_MAX ((int64_t)1 << 42)
#define PERCENT_STEP 0x1p-43

/* Requested cpu of rows that the vector kernel must not choose: more than any capacity. */
#define CLOSED 0x1p60

typedef struct {
    int32_t key;
    int32_t value;
    int64_t number;
} label;

typedef struct {
    int32_t key;
    int32_t value;
    uint8_t effect;
} taint;

/* What a node says beside the columns. */
typedef struct {
    label *labels;
    taint *taints;
    int32_t label_count;
    int32_t taint_count;
    int32_t first_pod; /* head of the list of pods on the row, or -1 */
    int32_t device_count;
    uint32_t rank;
    uint8_t alive;
    uint8_t unschedulable;
    uint8_t odd; /* the float64 columns do not hold it: score by the int64 rule */
    uint64_t epoch; /* of the last change of labels, taints, allocatable or life */
} node;

typedef struct {
    int32_t class_index; /* -1 for a free slot */
    int32_t row;
    int32_t next;
    int32_t previous;
    uint32_t devices; /* bit per device taken */
} pod;

typedef struct {
    int32_t resource;
    int64_t amount;
} request;

typedef struct {
    const int64_t *data;
    int64_t count;
} words;

typedef VEC(request) request_vec;
typedef VEC(int32_t) integer_vec;
typedef VEC(words) words_vec;

/* Float64 columns that the vector kernel reads; one allocation, columns of engine capacity. */
typedef struct {
    double *allocatable_cpu;
    double *allocatable_memory;
    double *requested_cpu;
    double *requested_memory;
    double *left_cpu; /* allocatable - requested with non-zero defaults */
    double *left_memory;
    double *percent_cpu; /* 100 / allocatable */
    double *percent_memory;
} hot_columns;

/* Everything that the fused kernel needs of a class and its profile. */
typedef struct {
    double filter_cpu; /* -inf when nothing is asked for: every node passes */
    double filter_memory;
    double score_cpu;
    double score_memory;
    double request_cpu;
    double request_memory;
    double fit_weight;
    double fit_cpu_weight;
    double fit_memory_weight;
    double fit_weight_inverse; /* 1 / (sum of weights) */
    double balanced_weight;
    uint8_t unit; /* see UNIT in kernel_body.inc */
} fused_constants;

typedef struct {
    int64_t weight[PKC_PLUGIN_COUNT]; /* 0 for plugins that do not score */
    uint8_t filters[PKC_PLUGIN_COUNT];
    uint8_t filters_with[PKC_PLUGIN_COUNT]; /* 1 if the plugin filters */
    int32_t filter_count;
    int32_t strategy;
    request_vec fit_resources; /* amount is the weight */
    integer_vec balanced_resources;
    integer_vec packing_resources;
    int64_t shape[SCORE_MAX + 1]; /* score by utilization, RequestedToCapacityRatio */
    pkc_policy_function policy;
    uint8_t fused;      /* the fused kernel computes this profile's node-local scores */
    uint8_t any_scorer; /* some plugin has a weight */
} profile;

/* The totals of a class's last scan. */
typedef struct {
    double *static_addend; /* -inf where node-local rules on labels, taints and names refuse */
    double *addend;        /* static_addend, and -inf where other node-local rules refuse */
    double *total;
    double *block_max;
    int32_t *taint_raw;    /* NULL where the plugin does not score */
    int32_t *affinity_raw; /* NULL where no term is preferred */
    uint64_t log_seen;
    uint64_t epoch_seen;
    uint64_t maxima_seen;
    int64_t bytes;
    int32_t rows;
    uint8_t taint_any; /* some taint_raw is not 0 */
    uint8_t scored;    /* total and block_max hold */
} row_cache;

typedef struct {
    int64_t *program; /* owned; the sections below point into it */
    int32_t profile_index;
    request_vec request;
    request_vec filter_request;
    int64_t *score_request; /* (resource_count at the time), dense */
    int32_t score_request_count;
    int64_t nonzero_cpu;
    int64_t nonzero_memory;
    words tolerations;
    words node_set;
    words preferred;
    words_vec selectors; /* reason, then the selector */
    int32_t node_name;    /* -1: any */
    int32_t device_count;
    int32_t device_milli;
    uint8_t has_node_set;
    uint8_t has_extras; /* the Fit filter looks beyond cpu and memory, or devices are asked for */
    uint8_t balanced_skips;
    fused_constants fused;
    row_cache cache;
} pod_class;

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
    uint8_t rank_shuffled; /* ranks do not ascend with the rows */

    double *work; /* (capacity,) totals of a cycle that are not a class's own */
    double *work_block; /* maxima of its blocks */
};

/* Columns of the matrix. */
static inline int64_t *engine_column(const pkc_engine *e, int32_t field) {
    return e->matrix + (int64_t)field * e->capacity;
}
static inline int64_t *column_allocatable(const pkc_engine *e, int32_t resource) {
    return engine_column(e, PKC_FIELD_RESOURCES + 2 * resource);
}
static inline int64_t *column_requested(const pkc_engine *e, int32_t resource) {
    return engine_column(e, PKC_FIELD_RESOURCES + 2 * resource + 1);
}

/* node_table.c */
int nodes_reserve(pkc_engine *e, int32_t capacity);
int32_t resources_reserve(pkc_engine *e, int32_t count);
void hot_refresh(pkc_engine *e, int32_t row);
void engine_touch(pkc_engine *e, int32_t row);
void maxima_refresh(pkc_engine *e, const profile *p);
void node_table_free(pkc_engine *e);

/* pod_table.c */
int pods_reserve(pkc_engine *e, int64_t count);
int pod_fits_in_columns(const pkc_engine *e, const pod_class *c, int32_t row);
int32_t pod_add(pkc_engine *e, int32_t class_index, int32_t row);
void pod_drop(pkc_engine *e, int32_t slot);

/* selector.c */
int selector_valid(const int64_t *data, int64_t count);
int64_t requirements_valid(const int64_t *data, int64_t count);
int requirements_match(const int64_t *data, const node *n, const int64_t **end_out);
int selector_match(words selector, const node *n);
int tolerates(words tolerations, const taint *t);

/* pod_class.c, profile.c */
void class_clear(pod_class *c);
void profile_clear(profile *p);
int sections_next(const int64_t **at, const int64_t *end, int64_t *tag_out, words *payload_out);

/* filter.c */
typedef struct {
    uint64_t detail;
    uint8_t plugin;
    uint8_t code;
} verdict;
void filter_node(const pkc_engine *e, const pod_class *c, int32_t row, verdict *verdict_out);
int filter_static(const pkc_engine *e, const pod_class *c, int32_t row);
int filter_extras(const pkc_engine *e, const pod_class *c, int32_t row);
uint32_t devices_choose(const pkc_engine *e, const pod_class *c, int32_t row);

/* score.c: scores of one row by the int64 rule. */
int64_t score_fit(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row);
int64_t score_balanced(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row);
int64_t score_packing(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row,
                      int32_t plugin);
int64_t score_taints(const pod_class *c, const node *n);
int64_t score_affinity(const pod_class *c, const node *n);
double score_row(const pkc_engine *e, const pod_class *c, int32_t row, double addend);

/* rows.c: the cached totals of a class. */
int rows_refresh(pkc_engine *e, pod_class *c);
int rows_scan(pkc_engine *e, const pod_class *c, const double *addend, double *total_out,
              double *block_max_out);
void rows_free(pkc_engine *e, pod_class *c);

/* kernel_table.c */
struct kernel {
    const char *name;
    int (*supported)(void);
    /* total_out for rows [begin, end) */
    void (*scan_unit)(const hot_columns *hot, const fused_constants *f, const double *addend,
                      int32_t begin, int32_t end, double *total_out);
    void (*scan_least)(const hot_columns *hot, const fused_constants *f, const double *addend,
                       int32_t begin, int32_t end, double *total_out);
    void (*scan_most)(const hot_columns *hot, const fused_constants *f, const double *addend,
                      int32_t begin, int32_t end, double *total_out);
    double (*maximum)(const double *values, int64_t count);
    /* of every block of BLOCK_ROWS values */
    void (*maxima)(const double *values, int64_t count, double *block_max_out);
};
const kernel *kernel_at(int32_t index);

/* select.c */
int32_t select_row(pkc_engine *e, const double *total, const double *block_max, int random);

#endif
