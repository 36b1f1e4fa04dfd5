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
#define CACHE_BYTES_MAX ((int64_t)1 << 30)

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

/* An image, or a CSI driver with a limit or a volume. */
typedef struct {
    int32_t name;
    int64_t amount;
} entry;

/* What a node says beside the columns. */
typedef struct {
    label *labels;
    taint *taints;
    entry *images;
    entry *csi_limits;
    entry *csi_attached;
    int32_t image_count;
    int32_t csi_limit_count;
    int32_t csi_attached_count;
    int32_t label_count;
    int32_t taint_count;
    int32_t first_pod; /* head of the list of pods on the row, or -1 */
    int32_t device_count;
    uint32_t rank;
    uint8_t alive;
    uint8_t unschedulable;
    uint8_t odd; /* the float64 columns do not hold it: score by the int64 rule */
    uint64_t epoch; /* of the last change of labels, taints, allocatable or life */
    uint64_t touched; /* log position behind the last change; entries before it say nothing new */
} node;

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
    int64_t hard_affinity_weight;
    int32_t percentage; /* of nodes to score */
    uint8_t ignore_preferred; /* ignorePreferredTermsOfExistingPods */
    uint8_t fused;      /* the fused kernel computes this profile's node-local scores */
    uint8_t any_scorer; /* some plugin has a weight */
} profile;

/* Which pods are meant: see Matcher in program.h's words. */
typedef struct {
    int64_t *term;
    int32_t *namespaces;
    int32_t namespace_count; /* -1: all */
    uint8_t skip_terminating;
} matcher;

/* The values of a label key as dense domains. Topology 0 is that of the rows themselves. */
typedef struct {
    int32_t key;
    int32_t *domain; /* (capacity,) of each row, -1 where the key is missing */
    integer_vec by_value;
    int32_t domain_count;
    int32_t capacity;
    uint64_t epoch_seen;
} topology;

typedef enum {
    COUNTER_MATCHED,        /* pods that match the matcher */
    COUNTER_MATCHED_ALL,    /* pods that match every affinity term of the owner */
    COUNTER_SPREAD,         /* pods that match, on rows that the owner's policies admit */
    COUNTER_HELD_ANTI,      /* pods that hold a required anti-affinity term */
    COUNTER_HELD_AFFINITY,  /* pods that hold a required affinity term */
    COUNTER_HELD_PREFERRED, /* weights of preferred terms that pods hold */
} counter_kind;

/* One number per domain of a topology. */
typedef struct {
    counter_kind kind;
    int32_t matcher;
    int32_t topology;
    int32_t owner;   /* class of MATCHED_ALL and SPREAD, else -1 */
    int32_t honours; /* SPREAD: bits HONOUR_... */
    int64_t *count;
    int64_t *eligible;       /* SPREAD: rows admitted per domain */
    uint8_t *admitted;       /* SPREAD: by row */
    int64_t members;         /* pods, or terms of pods, on rows that have the key */
    int64_t minimum;         /* SPREAD: over domains with eligible rows, INT32_MAX if none */
    int32_t eligible_domains;
    int32_t domain_count;
    int32_t capacity;        /* domains that count has room for */
    int32_t row_capacity;
    uint64_t epoch_seen;     /* of the nodes and of the matchers, when count was made; 0: never */
    uint64_t matchers_seen;
    uint8_t minimum_known;
} counter;

enum { HONOUR_HARD = 1, HONOUR_ALL_KEYS = 2, HONOUR_AFFINITY = 4, HONOUR_TAINTS = 8 };

/* A counter that pods of a class change, and by how much. */
typedef struct {
    int32_t counter;
    int64_t weight;
} hit;
typedef VEC(hit) hit_vec;

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

/* The totals of a class's last scan. */
typedef struct {
    double *static_addend; /* -inf where rules on labels, taints and names refuse, else the score of
                              images; NULL while it would be zeros */
    double *extra_addend;  /* the same, and -inf where other rules on the row alone refuse; NULL for
                              classes that ask for nothing of the kind */
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
    uint8_t terminating;
    uint8_t has_external;
    uint8_t spread_needs_all_keys;
    uint8_t affinity_self_match;
    uint8_t has_hard_spread;
    uint8_t has_soft_spread;
    int32_t namespace_id;
    int32_t container_count;
    int32_t first_pod; /* head of the list of its pods, or -1 */
    int64_t priority;
    words labels;
    words ports;
    words images;
    words spread;
    words affinity;
    words anti_affinity;
    words preferred_pods;
    words disks;
    words claims;
    words once_claims;
    words csi_volumes;
    uint8_t *external; /* (2, external_rows) VolumeBinding, VolumeZone */
    int32_t external_rows;
    uint8_t *lacks_key; /* (2, lacks_rows) rows without a key of a soft, of a hard constraint */
    int32_t lacks_rows;
    uint64_t lacks_epoch;
    hit_vec hits;      /* counters that its pods change */
    hit_vec held_hits; /* HELD counters whose terms it matches */
    int64_t hits_seen; /* counters looked at for the two */
    integer_vec own;   /* counters of its spread, affinity, anti-affinity, preferred terms */
    uint64_t hits_epoch; /* of the matchers, when the two were made */
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
    uint64_t eviction_state; /* of draws that no result depends on */
    uint8_t any_soft_taint;  /* some node has had a PreferNoSchedule taint */
    uint8_t rank_shuffled; /* ranks do not ascend with the rows */

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

    /* What PreFilter found for the pod whose cycle it is. Pods that come to a row or go for a
     * moment change the count, but not what is skipped. */
    int64_t once_conflicts;    /* uses of its ReadWriteOncePod claims */
    uint8_t skip_restrictions; /* VolumeRestrictions has nothing to look at */
    uint8_t skip_pod_affinity; /* neither has InterPodAffinity */

    int64_t *work_raw;
    double *work_sum;
    double *work_counted; /* totals, but -inf where PodTopologySpread ignores the row */
    /* The rows that scoring goes through: row i at position i, or those of a sample, ascending:
     * row view_rows[i] at position i. What is computed in between is by position. */
    int32_t view_count;
    const int32_t *view_rows; /* NULL for all */
    int32_t *sample_rows;     /* (capacity,) */
    uint64_t *sample_bits;    /* (capacity / 64 + 1,) */
    double *zeros; /* (capacity,) */
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

/* node_lists.c */
void node_lists_free(node *n);
int node_lists_valid(const pkc_nodes *in, int64_t i);
int node_lists_copy(const pkc_nodes *in, int64_t i, node *n);
void node_lists_move(node *to, node *from);

/* pod_table.c */
int pods_reserve(pkc_engine *e, int64_t count);
int pod_fits_in_columns(const pkc_engine *e, const pod_class *c, int32_t row);
int32_t pod_add(pkc_engine *e, int32_t class_index, int32_t row);
void pod_drop(pkc_engine *e, int32_t slot);
void pod_attach(pkc_engine *e, int32_t slot);
void pod_detach(pkc_engine *e, int32_t slot);

/* selector.c */
enum { REQUIREMENT_HEAD = 4 };
const label *find_label(const node *n, int64_t key);
int selector_valid(const int64_t *data, int64_t count);
int64_t requirements_valid(const int64_t *data, int64_t count);
int requirements_match(const int64_t *data, const node *n, const int64_t **end_out);
int selector_match(words selector, const node *n);
int tolerates(words tolerations, const taint *t);
int32_t untolerated_taint(const pod_class *c, const node *n);

/* pod_class.c, profile.c */
static inline int in_range(int64_t value, int64_t low, int64_t high) {
    return value >= low && value <= high;
}
int64_t class_request(const pod_class *c, int32_t resource);
void class_clear(pod_class *c);
int read_pod_section(int64_t tag, words payload, pod_class *c, const pkc_engine *e);
void profile_clear(profile *p);
int sections_next(const int64_t **at, const int64_t *end, int64_t *tag_out, words *payload_out);

/* filter.c */
typedef struct {
    uint64_t detail;
    uint8_t plugin;
    uint8_t code;
} verdict;
void filter_node(pkc_engine *e, const pod_class *c, int32_t row, verdict *verdict_out);
int outside_node_set(const pod_class *c, const node *n);
int filter_static(const pkc_engine *e, const pod_class *c, int32_t row);
int filter_extras(pkc_engine *e, const pod_class *c, int32_t row);
uint32_t devices_choose(const pkc_engine *e, const pod_class *c, int32_t row);

/* score.c: scores of one row by the int64 rule. */
int64_t score_fit(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row);
int64_t score_balanced(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row);
int64_t score_packing(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row,
                      int32_t plugin);
int64_t score_taints(const pod_class *c, const node *n);
int64_t score_affinity(const pod_class *c, const node *n);
int has_room(const pkc_engine *e, const pod_class *c, int32_t row);
double score_row(const pkc_engine *e, const pod_class *c, int32_t row, double addend);

/* rows.c: the cached totals of a class. */
int rows_refresh(pkc_engine *e, pod_class *c);
int rows_scan(pkc_engine *e, const pod_class *c, const double *addend, double *total_out,
              double *block_max_out);
int add_policy(const pkc_engine *e, const pod_class *c, int32_t begin, int32_t end,
               double *total);
const double *rows_addend(const pkc_engine *e, const pod_class *c);
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
    int64_t (*count_equal)(const double *values, int64_t count, double value);
    void (*add_weighted)(const int64_t *scores, int64_t weight, int64_t count, double *total);
    void (*scale)(int64_t *values, int64_t count, int64_t maximum);
    /* PodTopologySpread, by position: adds per_domain * weight + skew where the row's present and
     * domain are not -1; rows is as view_rows */
    void (*add_counts)(const int32_t *rows, const int32_t *present, const int32_t *domain,
                       const int64_t *per_domain, double weight, double skew, int32_t count,
                       double *sum);
    /* these two pass over positions where counted is -inf; their numbers are >= 0 */
    void (*round_sums)(const double *counted, const double *sum, int64_t count,
                       int64_t *rounded_out);
    void (*limits)(const double *counted, const int64_t *values, int64_t count,
                   int64_t *minimum_out, int64_t *maximum_out);
};
const kernel *kernel_at(int32_t index);

/* matcher.c */
void matcher_clear(matcher *m);
int matcher_matches(const pkc_engine *e, int32_t index, const pod_class *c);
int topology_find(pkc_engine *e, int32_t key);
int topology_refresh(pkc_engine *e, int32_t index);
/* Domain of the value "", or -1 where no node has it. */
static inline int32_t empty_domain(const topology *t) {
    return t->by_value.count > PKC_VALUE_EMPTY ? t->by_value.data[PKC_VALUE_EMPTY] : -1;
}
void topology_clear(topology *t);

/* counter.c */
enum { TERM_WORDS = 4, SPREAD_WORDS = 9 };
int counters_register(pkc_engine *e, int32_t class_index);
void counters_forget(pkc_engine *e, int32_t class_index);
int counters_prepare(pkc_engine *e, int32_t class_index);
void counters_pod(pkc_engine *e, int32_t class_index, int32_t row, int64_t sign);
int64_t counter_minimum(counter *k);
void counter_clear(counter *k);
/* Index of the first counter of a kind of own term in c->own. */
static inline int64_t own_affinity(const pod_class *c) {
    return c->spread.count / SPREAD_WORDS;
}
static inline int64_t own_anti(const pod_class *c) {
    return own_affinity(c) + c->affinity.count / TERM_WORDS;
}
static inline int64_t own_preferred(const pod_class *c) {
    return own_anti(c) + c->anti_affinity.count / TERM_WORDS;
}

/* spread.c, pod_affinity.c: over prepared counters. raw scores: 1 if the plugin has scores. */
int filter_spread(pkc_engine *e, const pod_class *c, int32_t row, verdict *out);
void mask_spread(pkc_engine *e, const pod_class *c, double *total);
int raw_spread(pkc_engine *e, const pod_class *c, const double *total, int64_t *raw,
               double *counted);
void normalize_spread(const pkc_engine *e, const double *counted, int64_t *raw);
int filter_pod_affinity(pkc_engine *e, const pod_class *c, int32_t row, verdict *out);
void mask_pod_affinity(pkc_engine *e, const pod_class *c, double *total);
int raw_pod_affinity(pkc_engine *e, const pod_class *c, int64_t *raw);
void normalize_pod_affinity(const pkc_engine *e, const double *total, int64_t *raw);
int has_pod_affinity_filter(const pkc_engine *e, const pod_class *c);

/* node_local.c: host ports, disks, CSI limits, claims, images. */
void sort_numbers(int32_t *values, int64_t count);
int ports_conflict(const pkc_engine *e, const pod_class *c, int32_t row);
int disks_conflict(const pkc_engine *e, const pod_class *c, int32_t row);
int csi_over_limit(pkc_engine *e, const pod_class *c, int32_t row);
int64_t once_conflicts(const pkc_engine *e, const pod_class *c);
int64_t once_conflicts_of(const pod_class *c, const pod_class *other);
int64_t score_images(const pkc_engine *e, const pod_class *c, const node *n);
int images_reserve(pkc_engine *e, const node *n);
void images_count(pkc_engine *e, const node *n, int32_t sign);
int claims_reserve(pkc_engine *e, const pod_class *c);
void claims_count(pkc_engine *e, const pod_class *c, int32_t sign);

/* cycle.c */
int cycle_prepare(pkc_engine *e, int32_t class_index);
int looks_beyond(const pkc_engine *e, const pod_class *c);
void mask_beyond(pkc_engine *e, int32_t class_index, double *total);
int plugin_normalizes(int32_t plugin);
void normalize_plugin(pkc_engine *e, int32_t plugin, const double *total, int64_t *raw);

/* sample.c */
int32_t sample_size(const pkc_engine *e, const pod_class *c);
int view_sample(pkc_engine *e, const pod_class *c, int32_t wanted, const double *total);
void view_all(pkc_engine *e);
static inline int32_t view_row(const pkc_engine *e, int32_t position) {
    return e->view_rows == NULL ? position : e->view_rows[position];
}

/* preempt.c */
void filter_with_nominated(pkc_engine *e, int32_t class_index, int32_t row, verdict *out);
void mask_nominated(pkc_engine *e, int32_t class_index, double *total);

/* score.c: value * 100 / maximum as Go divides integers, in place, of all positions of the view. */
void scale_to_percent(const pkc_engine *e, int64_t *values, int64_t maximum);

/* select.c */
uint64_t random_below(uint64_t *state, uint64_t bound);
int32_t select_row(pkc_engine *e, const double *total, const double *block_max, int random);

#endif
