/* Counters: relations of other pods to a pod, one number per domain.
 *
 * A class registers its counters once. A counter is made when it is first needed, kept up by every
 * pod that comes or goes, and made anew after a change of nodes or of a matcher's namespaces.
 *
 * Example: pods of class A spread over zones by the label app=a. The counter SPREAD (app=a, zone,
 * A) holds {zone 0: 3, zone 1: 2}. Class B has that label too: its hits name the counter with
 * weight 1, so a pod of B in zone 1 makes it {3, 3}. */
#ifndef PKC_RULES_COUNTERS_H
#define PKC_RULES_COUNTERS_H

#include "engine/state/engine.h"

/* The smallest count of a spread counter over its eligible domains, INT32_MAX if there is none. */
int64_t pkc_counter_minimum(counter *k);

static inline counter *pkc_own_counter(const pkc_engine *e, const pod_class *c, int64_t index) {
    return &e->counters.data[c->own.data[index]];
}

#endif
