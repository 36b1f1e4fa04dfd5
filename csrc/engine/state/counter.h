/* Label keys as domains, and the numbers that are counted per domain. */
#ifndef PKC_STATE_COUNTER_H
#define PKC_STATE_COUNTER_H

#include "common/vec.h"
#include "engine/state/profile.h"

/* The values of a label key as dense domains. Key -1 is that of the rows themselves. */
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

enum { HONOUR_HARD = 1, HONOUR_ALL_KEYS = 2, HONOUR_AFFINITY = 4, HONOUR_TAINTS = 8 };

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

/* Domain of the value "", or -1 where no node has it. */
static inline int32_t pkc_empty_domain(const topology *t) {
    return t->by_value.count > PKC_VALUE_EMPTY ? t->by_value.data[PKC_VALUE_EMPTY] : -1;
}

static inline void pkc_topology_clear(topology *t) {
    free(t->domain);
    vec_free(&t->by_value);
}

static inline void pkc_counter_clear(counter *k) {
    free(k->count);
    free(k->eligible);
    free(k->admitted);
}

#endif
