/* percentageOfNodesToScore: the search for so many feasible nodes that it is worth to score. */
#ifndef PKC_CYCLE_SAMPLE_H
#define PKC_CYCLE_SAMPLE_H

#include "engine/state/engine.h"

/* How many feasible nodes a search for a pod of the class is after; 0 for all. */
int32_t pkc_sample_size(const pkc_engine *e, const pod_class *c);
/* Scoring goes through the first wanted feasible rows, in the order and from where the search
 * before ended. Upstream's many threads make the end of a search a little vague; here it is the
 * last node that was wanted. */
int pkc_view_sample(pkc_engine *e, const pod_class *c, int32_t wanted, const double *total);

#endif
