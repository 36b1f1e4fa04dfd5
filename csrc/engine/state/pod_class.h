/* A pod class: all that the scheduler can tell apart in a pod's spec, decoded from its program. */
#ifndef PKC_STATE_POD_CLASS_H
#define PKC_STATE_POD_CLASS_H

#include "engine/state/hot.h"
#include "engine/state/profile.h"
#include "engine/state/terms.h"

typedef struct {
    int32_t key; /* -1: any */
    int32_t exists;
    int32_t value;
    int32_t effect; /* -1: any */
} toleration;

/* A required disjunction of terms; a node that fails it is refused with the reason. Those with
 * reason 0 are the pod's own, which inclusion policies of spread constraints honour. */
typedef struct {
    int32_t reason;
    int32_t term_first;
    int32_t term_count;
} selector;

typedef struct {
    int32_t ip;
    int32_t protocol;
    int32_t port;
} host_port;

typedef struct {
    int32_t hard;
    int32_t key;
    int32_t is_hostname;
    int32_t max_skew;
    int32_t min_domains;
    int32_t matcher;
    int32_t self_match;
    int32_t honors_affinity;
    int32_t honors_taints;
} spread_constraint;

typedef struct {
    int32_t matcher;
    int32_t held_matcher;
    int32_t key;
    int32_t weight;
} pod_term;

typedef struct {
    int32_t token;
    int32_t read_only;
    int32_t exclusive;
} disk;

typedef struct {
    int32_t token;
    int32_t name;
} claim;

typedef struct {
    int32_t driver;
    int32_t volume;
} csi_volume;

_Static_assert(sizeof(toleration) == 16 && sizeof(selector) == 12 &&
                   sizeof(spread_constraint) == 36 && sizeof(pod_term) == 16,
               "what counters are shared by is compared as bytes");

typedef VEC(toleration) toleration_vec;
typedef VEC(pod_term) pod_term_vec;
typedef VEC(claim) claim_vec;

/* A counter that pods of a class change, and by how much. */
typedef struct {
    int32_t counter;
    int64_t weight;
} hit;

/* The totals of a class's last scan. */
typedef struct {
    double *static_addend; /* -inf where rules on labels, taints and names refuse, else the scores
                              of nodes that are not normalised; NULL while it would be zeros */
    double *extra_addend;  /* the same, and -inf where other rules on the row alone refuse; NULL for
                              classes that ask for nothing of the kind */
    double *total;
    double *block_max;
    int32_t *raw[PKC_PLUGIN_COUNT]; /* scores of nodes that are normalised; NULL for others */
    plugin_set raw_kept; /* plugins whose raw is not NULL */
    plugin_set raw_any;  /* and has a score that is not 0 */
    uint64_t log_seen;
    uint64_t epoch_seen;
    uint64_t maxima_seen;
    int64_t bytes;
    int32_t rows;
    uint8_t scored; /* total and block_max hold */
} row_cache;

typedef struct {
    int32_t profile_index;
    /* By what the filter looks at; `filters` are all of them. */
    plugin_set filters;
    plugin_set filters_node;   /* labels, taints, names */
    plugin_set filters_row;    /* the row's pods, resources beyond cpu and memory, devices */
    plugin_set filters_others; /* other rows */
    plugin_set prepares;       /* plugins that PreFilter has to ask */
    plugin_set reserves;       /* plugins that give something to a pod that comes to a row */
    plugin_set attaches;       /* plugins that keep an account of the pods on rows */
    /* Of the profile's score plugins those that may tell rows apart. */
    plugin_set scores_row; /* by the row's columns */
    plugin_set scores_raw; /* by what is computed for all rows at once */
    fused_constants fused;
    row_cache cache;
    request_vec request;
    request_vec filter_request;
    int64_t score_request[PKC_RESOURCE_COUNT_MAX];
    int64_t nonzero_cpu;
    int64_t nonzero_memory;
    int32_t node_name; /* -1: any */
    int32_t device_count;
    int32_t device_milli;
    int32_t container_count;
    int32_t namespace_id;
    int32_t priority;
    int32_t first_pod; /* head of the list of its pods, or -1 */
    uint8_t has_node_set;
    uint8_t terminating;
    uint8_t has_external;
    uint8_t spread_needs_all_keys;
    uint8_t affinity_matches_itself;
    uint8_t has_hard_spread;
    uint8_t has_soft_spread;
    toleration_vec tolerations;
    VEC(int64_t) node_set;
    VEC(selector) selectors; /* over required_terms */
    term_set required_terms;
    integer_vec preferred_weights; /* of preferred_terms */
    term_set preferred_terms;
    VEC(pod_label) labels;
    VEC(host_port) ports;
    integer_vec images;
    VEC(spread_constraint) spread;
    pod_term_vec affinity;
    pod_term_vec anti_affinity;
    pod_term_vec preferred_pods;
    VEC(disk) disks;
    claim_vec claims;
    claim_vec once_claims;
    VEC(csi_volume) csi_volumes;
    uint8_t *external; /* (2, external_rows) VolumeBinding, VolumeZone */
    int32_t external_rows;
    uint8_t *lacks_key; /* (2, lacks_rows) rows without a key of a soft, of a hard constraint */
    int32_t lacks_rows;
    uint64_t lacks_epoch;
    VEC(hit) hits;       /* counters that its pods change */
    VEC(hit) held_hits;  /* HELD counters whose terms it matches */
    int64_t hits_seen;   /* counters looked at for the two */
    integer_vec own;     /* counters of its spread, affinity, anti-affinity, preferred terms */
    uint64_t hits_epoch; /* of the matchers, when the two were made */
} pod_class;

/* The amount that the class takes of a resource of its node, 0 if nothing. */
int64_t pkc_class_request(const pod_class *c, int32_t resource);
/* k8s.io/api core/v1 Toleration.ToleratesTaint, by any of the class's. */
int pkc_class_tolerates(const pod_class *c, const taint *t);
int pkc_selector_matches(const pod_class *c, const selector *s, const node *n);
/* 1 if PreFilter left the node out of those to look at. */
int pkc_outside_node_set(const pod_class *c, const node *n);
/* Frees all but the cache, which is the engine's to count. */
void pkc_class_clear(pod_class *c);

/* The first counter of a kind of own term in c->own. */
static inline int64_t pkc_own_affinity(const pod_class *c) {
    return c->spread.count;
}
static inline int64_t pkc_own_anti(const pod_class *c) {
    return pkc_own_affinity(c) + c->affinity.count;
}
static inline int64_t pkc_own_preferred(const pod_class *c) {
    return pkc_own_anti(c) + c->anti_affinity.count;
}

#endif
