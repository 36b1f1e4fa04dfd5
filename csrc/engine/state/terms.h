/* Terms over labels, decoded: each a conjunction of requirements. */
#ifndef PKC_STATE_TERMS_H
#define PKC_STATE_TERMS_H

#include "common/vec.h"
#include "engine/state/node.h"

typedef struct {
    int64_t number; /* the bound of PKC_OP_GREATER_THAN and PKC_OP_LESS_THAN */
    int32_t operation;
    int32_t key;
    int32_t value_first; /* in the set's values, ascending */
    int32_t value_count;
} requirement;

typedef struct {
    int32_t first; /* in the set's requirements */
    int32_t count;
} term;

/* Terms with what they point to: equal terms decoded in one order are equal arrays. */
typedef struct {
    VEC(term) terms;
    VEC(requirement) requirements;
    VEC(int64_t) values;
} term_set;

typedef struct {
    int32_t key;
    int32_t value;
} pod_label;

_Static_assert(sizeof(requirement) == 24 && sizeof(term) == 8, "terms are compared as bytes");

int pkc_term_matches_node(const term_set *set, int64_t index, const node *n);
/* Over a pod's labels, keys ascending. */
int pkc_term_matches_pod(const term_set *set, int64_t index, const pod_label *labels,
                         int64_t count);
int pkc_terms_equal(const term_set *a, const term_set *b);
void pkc_terms_clear(term_set *set);

#endif
