/* Programs: a profile and a pod class as int64 words; plain declarations that the
 * compiler and cffi both read.
 *
 * A program is a row of sections, each
 *
 *     tag, payload_count, payload...
 *
 * in any order. A section appears at most once but for PKC_CLASS_SELECTOR; one that is absent is
 * empty, and only PKC_CLASS_PROFILE must be there. Rows of a payload have a fixed number of
 * words, whose places the enumerations below name: a toleration of key 7 with any value and any
 * effect is {7, 1, 0, -1}. Keys, values, names and tokens are integers >= 0 that the caller
 * interned; flags are 0 or 1.
 *
 * A term is a conjunction of requirements over labels, a selector a disjunction of terms:
 *
 *     term:     requirement_count, { requirement, value... }...
 *     selector: term_count, term...
 *
 * A selector of no terms matches nothing, a term of no requirements everything.
 *
 * The smallest class asks for 100m of cpu:
 *
 *     const int64_t words[] = {PKC_CLASS_PROFILE, 1, profile,
 *                              PKC_CLASS_REQUEST, 2, PKC_RESOURCE_CPU, 100};
 *     int class_index = pkc_engine_class_add(engine, words, 7); */

/* Sections of a profile. */
enum {
    PKC_PROFILE_FILTERS = 1,  /* plugin... in the order in which they run */
    PKC_PROFILE_SCORERS = 2,  /* { plugin, weight }..., weights of int32 other than 0 */
    PKC_PROFILE_FIT = 3,      /* strategy, resource_count, { resource, weight }..., point_count,
                                 { utilization, score }..., all of the last three 0..100 */
    PKC_PROFILE_BALANCED = 4, /* resource... */
    PKC_PROFILE_PACKING = 5,  /* resource... that BestFit, WorstFit and DotProduct weigh even if the
                                 pod does not ask for them */
    PKC_PROFILE_AFFINITY = 6  /* hardPodAffinityWeight, 1 to ignore preferred terms of existing pods
                                 where the pod has none */
};

/* Sections of a class. */
enum {
    PKC_CLASS_PROFILE = 32,        /* the index of its profile */
    PKC_CLASS_REQUEST = 33,        /* amounts that the pod takes of its node, resources ascending */
    PKC_CLASS_FILTER_REQUEST = 34, /* amounts that the Fit filter looks at, if they differ */
    PKC_CLASS_SCORE_REQUEST = 35,  /* amounts that the Fit scorers see, with non-zero defaults */
    PKC_CLASS_NONZERO = 36,        /* cpu, memory: accounted with non-zero defaults */
    PKC_CLASS_TOLERATIONS = 37,    /* tolerations */
    PKC_CLASS_NODE_NAME = 38,      /* the value of the only name that NodeName lets pass */
    PKC_CLASS_NODE_SET = 39,       /* value... of the only node names to look at, ascending */
    PKC_CLASS_SELECTOR = 40,       /* reason, selector: a required one, refused with the reason */
    PKC_CLASS_PREFERRED = 41,      /* { weight, term }... */
    PKC_CLASS_DEVICES = 42,        /* how many, milli of each */
    PKC_CLASS_POD = 43,            /* one row of PKC_POD_WORDS */
    PKC_CLASS_LABELS = 44,         /* labels, keys ascending */
    PKC_CLASS_PORTS = 45,          /* host ports */
    PKC_CLASS_IMAGES = 46,         /* container_count, image... */
    PKC_CLASS_FLAGS = 47,          /* one row of PKC_FLAGS_WORDS */
    PKC_CLASS_SPREAD = 48,         /* topology spread constraints */
    PKC_CLASS_AFFINITY = 49,       /* pod terms of weight 1 */
    PKC_CLASS_ANTI_AFFINITY = 50,  /* pod terms of weight 1 */
    PKC_CLASS_PREFERRED_PODS = 51, /* pod terms, weights negative for anti-affinity */
    PKC_CLASS_DISKS = 52,          /* disks */
    PKC_CLASS_CLAIMS = 53,         /* claims that the pod uses */
    PKC_CLASS_ONCE_CLAIMS = 54,    /* those of them that are ReadWriteOncePod */
    PKC_CLASS_CSI_VOLUMES = 55,    /* volumes, distinct */
    PKC_CLASS_TAG_MAX = 55
};

/* A score plugin of a profile. */
enum { PKC_SCORER_PLUGIN = 0, PKC_SCORER_WEIGHT = 1, PKC_SCORER_WORDS = 2 };

/* An amount of a resource; in PKC_PROFILE_FIT its weight. */
enum { PKC_AMOUNT_RESOURCE = 0, PKC_AMOUNT_AMOUNT = 1, PKC_AMOUNT_WORDS = 2 };

/* A requirement, in front of its values, which ascend. */
enum {
    PKC_REQUIREMENT_OPERATOR = 0, /* pkc_operator */
    PKC_REQUIREMENT_KEY = 1,
    PKC_REQUIREMENT_NUMBER = 2, /* the bound of PKC_OP_GREATER_THAN and PKC_OP_LESS_THAN */
    PKC_REQUIREMENT_VALUE_COUNT = 3,
    PKC_REQUIREMENT_WORDS = 4
};

enum {
    PKC_TOLERATION_KEY = 0,    /* -1: any */
    PKC_TOLERATION_EXISTS = 1, /* any value */
    PKC_TOLERATION_VALUE = 2,
    PKC_TOLERATION_EFFECT = 3, /* pkc_effect, -1: any */
    PKC_TOLERATION_WORDS = 4
};

enum {
    PKC_POD_NAMESPACE = 0,
    PKC_POD_PRIORITY = 1,    /* int32 */
    PKC_POD_TERMINATING = 2, /* it is being deleted */
    PKC_POD_EXTERNAL = 3,    /* pkc_engine_external_set applies */
    PKC_POD_WORDS = 4
};

enum { PKC_LABEL_KEY = 0, PKC_LABEL_VALUE = 1, PKC_LABEL_WORDS = 2 };

enum {
    PKC_PORT_IP = 0, /* PKC_VALUE_ANY_IP for all addresses */
    PKC_PORT_PROTOCOL = 1,
    PKC_PORT_PORT = 2,
    PKC_PORT_WORDS = 3
};

enum {
    PKC_FLAGS_SPREAD_NEEDS_ALL_KEYS = 0,   /* soft constraints pass over nodes that lack a key */
    PKC_FLAGS_AFFINITY_MATCHES_ITSELF = 1, /* the pod matches all of its own affinity terms */
    PKC_FLAGS_WORDS = 2
};

enum {
    PKC_SPREAD_HARD = 0, /* DoNotSchedule, else ScheduleAnyway */
    PKC_SPREAD_KEY = 1,
    PKC_SPREAD_HOSTNAME = 2, /* the key is kubernetes.io/hostname */
    PKC_SPREAD_MAX_SKEW = 3,
    PKC_SPREAD_MIN_DOMAINS = 4, /* 1 where it is not given */
    PKC_SPREAD_MATCHER = 5,
    PKC_SPREAD_SELF_MATCH = 6, /* the pod's own labels match */
    PKC_SPREAD_HONOR_AFFINITY = 7,
    PKC_SPREAD_HONOR_TAINTS = 8,
    PKC_SPREAD_WORDS = 9
};

/* A term of affinity or anti-affinity to pods. */
enum {
    PKC_POD_TERM_MATCHER = 0,      /* of existing pods, when the pod that has the term comes in */
    PKC_POD_TERM_HELD_MATCHER = 1, /* of an incoming pod, once that pod is on a node */
    PKC_POD_TERM_KEY = 2,
    PKC_POD_TERM_WEIGHT = 3,
    PKC_POD_TERM_WORDS = 4
};

/* A volume that two pods of a node may not share, unless both only read it and its kind lets
 * them. */
enum {
    PKC_DISK_TOKEN = 0,
    PKC_DISK_READ_ONLY = 1,
    PKC_DISK_EXCLUSIVE = 2, /* its kind lets nobody share it */
    PKC_DISK_WORDS = 3
};

enum {
    PKC_CLAIM_TOKEN = 0, /* of namespace and name */
    PKC_CLAIM_NAME = 1,
    PKC_CLAIM_WORDS = 2
};

enum { PKC_VOLUME_DRIVER = 0, PKC_VOLUME_VOLUME = 1, PKC_VOLUME_WORDS = 2 };
