/* Which counters the pods of a class change. */
#ifndef PKC_RULES_HITS_H
#define PKC_RULES_HITS_H

#include "engine/state/engine.h"

/* Looks at the counters that were made since, or at all after a change of matchers. */
int pkc_hits_extend(const pkc_engine *e, pod_class *c);

#endif
