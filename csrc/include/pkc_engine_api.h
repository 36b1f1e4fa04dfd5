/* The scheduling engine: plain declarations that the compiler and cffi both read.
 *
 * Units: cpu in millicores, memory and ephemeral storage in bytes, other resources in counts, all
 * int64. A row is a node, a class is a pod's spec as the scheduler can tell it apart, a pod is a
 * slot. Strings never cross: keys, values, names and namespaces are integers >= 0 that the caller
 * interned; the node's own name is the value of the label key PKC_KEY_NODE_NAME. */

typedef struct pkc_engine pkc_engine;

enum {
    PKC_RESOURCE_CPU = 0,
    PKC_RESOURCE_MEMORY = 1,
    PKC_RESOURCE_EPHEMERAL_STORAGE = 2,
    PKC_RESOURCE_COUNT_MAX = 60,
    PKC_DEVICE_COUNT_MAX = 16,
    PKC_DEVICE_MILLI = 1000, /* one whole device */
    PKC_KEY_NODE_NAME = 0,
    PKC_KEY_UNSCHEDULABLE = 1, /* node.kubernetes.io/unschedulable */
    PKC_VALUE_EMPTY = 0,
    PKC_VALUE_ANY_IP = 1, /* 0.0.0.0 */
    PKC_NODE_COUNT_MAX = 4194304,
    PKC_POD_COUNT_MAX = 67108864
};

/* Columns of the node matrix, field f at base + f * stride: four fixed ones, then allocatable and
 * requested of each resource. */
enum {
    PKC_FIELD_POD_SLOTS = 0,
    PKC_FIELD_POD_COUNT = 1,
    PKC_FIELD_NONZERO_CPU = 2,
    PKC_FIELD_NONZERO_MEMORY = 3,
    PKC_FIELD_RESOURCES = 4
};

/* Plugins in the order of kube-scheduler's default profile, then our own scorers. */
typedef enum {
    PKC_PLUGIN_NONE = 0, /* outside the node set that PreFilter narrowed the search to */
    PKC_PLUGIN_NODE_UNSCHEDULABLE = 1,
    PKC_PLUGIN_NODE_NAME = 2,
    PKC_PLUGIN_TAINT_TOLERATION = 3,
    PKC_PLUGIN_NODE_AFFINITY = 4,
    PKC_PLUGIN_NODE_PORTS = 5,
    PKC_PLUGIN_NODE_RESOURCES_FIT = 6,
    PKC_PLUGIN_VOLUME_RESTRICTIONS = 7,
    PKC_PLUGIN_NODE_VOLUME_LIMITS = 8,
    PKC_PLUGIN_VOLUME_BINDING = 9,
    PKC_PLUGIN_VOLUME_ZONE = 10,
    PKC_PLUGIN_POD_TOPOLOGY_SPREAD = 11,
    PKC_PLUGIN_INTER_POD_AFFINITY = 12,
    PKC_PLUGIN_GPU_SHARE = 13,
    PKC_PLUGIN_BALANCED_ALLOCATION = 14,
    PKC_PLUGIN_IMAGE_LOCALITY = 15,
    PKC_PLUGIN_BEST_FIT = 16,
    PKC_PLUGIN_WORST_FIT = 17,
    PKC_PLUGIN_DOT_PRODUCT = 18,
    PKC_PLUGIN_RANDOM = 19,
    PKC_PLUGIN_POLICY = 20,
    PKC_PLUGIN_COUNT = 21
} pkc_plugin;

typedef enum {
    PKC_CODE_FITS = 0,
    PKC_CODE_UNSCHEDULABLE = 1,
    PKC_CODE_UNRESOLVABLE = 2,
    PKC_CODE_NOT_EVALUATED = 3,
    PKC_CODE_NO_NODE = 4 /* the row holds no node */
} pkc_code;

/* Ways to choose among nodes of the maximal score. */
typedef enum {
    PKC_TIE_RANK = 0,  /* the smallest rank */
    PKC_TIE_RANDOM = 1 /* uniformly, from the engine's seed */
} pkc_tie;

typedef enum {
    PKC_STRATEGY_LEAST_ALLOCATED = 0,
    PKC_STRATEGY_MOST_ALLOCATED = 1,
    PKC_STRATEGY_REQUESTED_TO_CAPACITY_RATIO = 2
} pkc_strategy;

typedef enum {
    PKC_EFFECT_NO_SCHEDULE = 0,
    PKC_EFFECT_PREFER_NO_SCHEDULE = 1,
    PKC_EFFECT_NO_EXECUTE = 2
} pkc_effect;

typedef enum {
    PKC_OP_IN = 0,
    PKC_OP_NOT_IN = 1,
    PKC_OP_EXISTS = 2,
    PKC_OP_DOES_NOT_EXIST = 3,
    PKC_OP_GREATER_THAN = 4,
    PKC_OP_LESS_THAN = 5,
    PKC_OP_NEVER = 6 /* an expression that matches nothing */
} pkc_operator;

/* A batch of nodes. Lists per node are in compressed rows: node i has entries
 * [offset[i], offset[i + 1]). */
typedef struct {
    int32_t resource_count;
    const int64_t *allocatable; /* (count, resource_count), >= 0 */
    const int64_t *pod_slots;   /* (count,), >= 0 */
    const uint8_t *unschedulable;
    const uint32_t *rank;
    const int32_t *label_offset; /* (count + 1,) */
    const int32_t *label_key;    /* ascending in each node, no duplicates */
    const int32_t *label_value;
    const int64_t *label_number; /* the value as an integer >= 0, or -1 */
    const int32_t *taint_offset;
    const int32_t *taint_key;
    const int32_t *taint_value;
    const uint8_t *taint_effect;
    const int32_t *device_count; /* (count,), of 1000 milli each */
    const int32_t *image_offset;
    const int32_t *image_name;
    const int64_t *image_bytes;
    const int32_t *limit_offset; /* how many volumes of a CSI driver the node takes */
    const int32_t *limit_driver;
    const int64_t *limit_count;
    const int32_t *attached_offset; /* volumes that it has beside those of its pods */
    const int32_t *attached_driver;
    const int32_t *attached_volume;
} pkc_nodes;

/* A policy's kernel: fills score_out (row_count,) from the node matrix (field f of row i at
 * nodes[f * stride + i], see PKC_FIELD_RESOURCES) and what the pod asks for (resource_count,).
 * Higher is better; rows that the pod does not fit are ignored; elsewhere a score that is not a
 * finite number fails the pod's cycle. */
typedef void (*pkc_policy_function)(const int64_t *nodes, int64_t stride, int64_t row_count,
                                    const int64_t *pod_request, int64_t resource_count,
                                    double *score_out);

/* kernel: an index of the kernel table, or -1 for the best that this machine supports. */
int pkc_engine_new(int32_t kernel, int32_t tie, uint64_t seed, pkc_engine **engine_out);
void pkc_engine_free(pkc_engine *engine);
/* 0, or the line of the first broken invariant with its words in reason_out. O(everything). */
int pkc_engine_validate(const pkc_engine *engine, const char **reason_out);

/* Returns the number of resources after at least count are known. */
int pkc_engine_resource_reserve(pkc_engine *engine, int32_t count);

/* A profile or class is a program of words; its layout is in program.h. Returns its index. */
int pkc_engine_profile_add(pkc_engine *engine, const int64_t *words, int64_t word_count,
                           pkc_policy_function policy);
int pkc_engine_class_add(pkc_engine *engine, const int64_t *words, int64_t word_count);
int pkc_engine_class_count(const pkc_engine *engine);

/* How many feasible nodes a profile looks for, in percent of all: 100 for all, 0 for the
 * adaptive rule (schedule_one.go, numFeasibleNodesToFind). Below 100 the search goes through the
 * rows in the order that was set, begins where the one before ended, and stops when it has found
 * so many. */
int pkc_engine_sampling_set(pkc_engine *engine, int32_t profile, int32_t percentage);
/* The order of rows for that search, each once; rows added later follow. */
int pkc_engine_order_set(pkc_engine *engine, int32_t count, const int32_t *rows);

/* A matcher of pods: the words of one term (see program.h) over a pod's labels, and namespaces,
 * ascending; namespace_count -1 is all. Returns its index. */
int pkc_engine_matcher_add(pkc_engine *engine, const int64_t *term, int64_t word_count,
                           const int32_t *namespaces, int32_t namespace_count,
                           int skip_terminating);
int pkc_engine_matcher_namespaces(pkc_engine *engine, int32_t matcher, const int32_t *namespaces,
                                  int32_t namespace_count);
/* match_out (row_count,): 1 where a live node matches the words of a selector. */
int pkc_engine_match(const pkc_engine *engine, const int64_t *selector, int64_t word_count,
                     uint8_t *match_out);
/* What VolumeBinding and VolumeZone refuse a class for, (row_count,), 0 where they let it pass. */
int pkc_engine_external_set(pkc_engine *engine, int32_t class_index, const uint8_t *binding,
                            const uint8_t *zone);

/* Appends nodes as rows [first, first + count); returns first. */
int pkc_engine_nodes_add(pkc_engine *engine, int32_t count, const pkc_nodes *nodes);
/* Replaces what node row says by node index of the batch; pods on it stay. */
int pkc_engine_node_update(pkc_engine *engine, int32_t row, const pkc_nodes *nodes,
                           int32_t index);
/* Removes a node and the pods on it; the row is never used again. Returns the number of pods. */
int pkc_engine_node_remove(pkc_engine *engine, int32_t row);
int pkc_engine_row_count(const pkc_engine *engine);

/* The scheduling cycle for count pods in order, each assumed at once. row_out[i] is -1 when no
 * node fits, pod_out[i] the pod's slot or -1. With stop_at_misfit the first pod that fits nowhere
 * is the last that is decided. Returns how many were placed; done_out says how many were decided.
 * On an error the pods already placed stay. */
int pkc_engine_place(pkc_engine *engine, int64_t count, const int32_t *classes, int stop_at_misfit,
                     int32_t *row_out, int32_t *pod_out, int64_t *done_out);
/* Puts pods on rows without asking whether they fit. */
int pkc_engine_bind(pkc_engine *engine, int64_t count, const int32_t *classes,
                    const int32_t *rows, int32_t *pod_out);
/* Takes pods off their nodes. All or nothing. */
int pkc_engine_remove(pkc_engine *engine, int64_t count, const int32_t *pods);
int pkc_engine_pod_count(const pkc_engine *engine);
/* When pods started, for their importance in preemption; INT64_MAX until set. */
int pkc_engine_start_times(pkc_engine *engine, int64_t count, const int32_t *pods,
                           const int64_t *start_ns);

/* A pod of the class will come to row: pods of no higher priority must fit beside it. Returns a
 * handle. */
int pkc_engine_nominate(pkc_engine *engine, int32_t class_index, int32_t row);
int pkc_engine_nomination_drop(pkc_engine *engine, int32_t handle);

/* The first refusal of one pod on one row, nominated pods considered. */
int pkc_engine_filter_row(pkc_engine *engine, int32_t class_index, int32_t row,
                          uint8_t *plugin_out, uint8_t *code_out, uint64_t *detail_out);

/* A budget: pods that match may be disrupted so many times. */
typedef struct {
    int32_t matcher;
    int32_t allowed;
} pkc_budget;

/* Which pods of lower priority would have to go from row so that the class fits there
 * (defaultpreemption, SelectVictimsOnNode); nothing is changed. exempt: {budget, pod} pairs whose
 * disruption the budget has counted already. victim_out has room for the row's pods; the most
 * important comes first. Returns the number of victims, or with code_out != PKC_CODE_FITS 0: the
 * row cannot be helped (PKC_CODE_NOT_EVALUATED: it has no pod of lower priority); plugin_out and
 * detail_out then say who refuses the pod with all of these gone. */
int pkc_engine_dry_run(pkc_engine *engine, int32_t class_index, int32_t row,
                       const pkc_budget *budgets, int32_t budget_count, const int32_t *exempt,
                       int32_t exempt_count, int32_t *victim_out, int32_t *violations_out,
                       uint8_t *plugin_out, uint8_t *code_out, uint64_t *detail_out);
int pkc_engine_row_pod_count(const pkc_engine *engine, int32_t row);

/* One pod on every row, nothing assumed. plugin_out, code_out and detail_out (row_count,) say
 * what refused first; detail: NodeResourcesFit bit 0 too many pods, bit 1 + r insufficient
 * resource r; TaintToleration the index of the taint; NodeAffinity the reason of the failed
 * selector; VolumeRestrictions 0 a disk, 1 a ReadWriteOncePod claim in use; VolumeBinding and
 * VolumeZone what was set; PodTopologySpread 0 skew, 1 a missing label; InterPodAffinity 0
 * affinity, 1 anti-affinity, 2 anti-affinity of existing pods. raw_out and normalized_out are
 * (PKC_PLUGIN_COUNT, row_count), total_out (row_count,), valid where feasible. scored_out
 * (PKC_PLUGIN_COUNT,) is 1 for plugins with scores. Returns the number of feasible rows. */
int pkc_engine_evaluate(pkc_engine *engine, int32_t class_index, uint8_t *plugin_out,
                        uint8_t *code_out, uint64_t *detail_out, int64_t *raw_out,
                        int64_t *normalized_out, double *total_out, uint8_t *scored_out);

/* A full scan of one class without use of cached totals: total_out (row_count,) is -inf where the
 * class does not fit, elsewhere the weighted sum of its node-local scores (those that do not depend
 * on which other rows are feasible). count is the row count. Returns it. */
int pkc_engine_scan(pkc_engine *engine, int32_t class_index, int64_t count, double *total_out);

/* Resources taken of the nodes, and those that pods of some classes could use, kept up from call to
 * call. The caller owns the arrays: classes and resources stay as they are, and the others begin as
 * zeros. With another row count, begin anew. */
typedef struct {
    int32_t class_count;
    int32_t resource_count;
    int32_t row_count;        /* the engine's */
    const int32_t *classes;   /* (class_count,) */
    const int32_t *resources; /* (resource_count,) */
    /* The answer. The free amount of a resource on a row is allocatable - requested, at least 0. */
    int64_t *usable;          /* (class_count, resource_count): free amounts, summed over the rows
                                 that a pod of the class fits now */
    int64_t *free_total;      /* (resource_count,): over all rows */
    int64_t *requested_total; /* (resource_count,) */
    int64_t *requested;       /* (row_count, resource_count) */
    int64_t *pod_count;       /* (row_count,) */
    /* The engine's own. */
    int64_t *alone;       /* (class_count, resource_count): usable, if rules on the row alone
                             decided */
    int64_t *free_amount; /* (row_count, resource_count) */
    uint8_t *fits;        /* (row_count, class_count): by rules on the row alone */
    uint64_t epoch_seen;
    uint64_t log_seen;
} pkc_survey;

/* Brings a survey up to date. Costs a filter per class and row that changed since, and a pass over
 * all rows for a class with filters that look beyond the row. */
int pkc_engine_survey(pkc_engine *engine, pkc_survey *survey);

/* room_out[k] is 1 where NodeResourcesFit lets a pod of classes[k] on one of the rows now. */
int pkc_engine_room(const pkc_engine *engine, int32_t class_count, const int32_t *classes,
                    int32_t row_count, const int32_t *rows, uint8_t *room_out);

/* Pods that come and go: event i is of pod pods[i], which leaves or comes. */
typedef struct {
    const int64_t *when_ns; /* (events,) */
    const int32_t *pods;    /* (events,) */
    const uint8_t *leaves;  /* (events,) */
    int64_t pod_count;
    const int32_t *classes; /* (pod_count,) */
    int32_t *rows;          /* (pod_count,): where it is or was last, -1 until it comes to a row */
    int32_t *slots;         /* (pod_count,): -1 until then; of no meaning once it has left */
    const int32_t *waiting; /* (waiting_count,): classes of pods that wait for room */
    int32_t waiting_count;
    int32_t waits_anywhere; /* some of them may find room on another row than a pod left */
} pkc_replay;

/* Plays events [begin, end) up to where the caller has to decide, and returns 1; 0 at their end.
 * That is behind an arrival that fits nowhere, and behind the last departure of an instant in which
 * a pod left that was on no row, or made room for one that waits. end_out is behind the last event
 * played; on an error the events before stay. */
int pkc_engine_replay(pkc_engine *engine, const pkc_replay *replay, int64_t begin, int64_t end,
                      int64_t *end_out);

/* A copy of column field of the node matrix. */
int pkc_engine_column(const pkc_engine *engine, int32_t field, int64_t *column_out);
/* Free milli of each device: (row_count, PKC_DEVICE_COUNT_MAX), -1 beyond the node's devices. */
int pkc_engine_devices(const pkc_engine *engine, int32_t *free_out);

/* Kernel rows, in rising order of preference. Each is testable by name. */
int pkc_kernel_count(void);
const char *pkc_kernel_name(int32_t index);
/* 1 when this machine can run the row. */
int pkc_kernel_supported(int32_t index);
