/* Matchers: which pods a label selector with its namespaces means. */
#ifndef PKC_STATE_MATCHER_H
#define PKC_STATE_MATCHER_H

#include "engine/state/pod_class.h"

typedef struct {
    term_set terms; /* one term, over a pod's labels */
    int32_t *namespaces;
    int32_t namespace_count; /* -1: all */
    uint8_t skip_terminating;
} matcher;

int pkc_matcher_matches(const matcher *m, const pod_class *c);
void pkc_matcher_clear(matcher *m);

#endif
