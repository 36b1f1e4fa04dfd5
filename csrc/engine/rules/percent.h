/* Scores in percent, as Go divides integers. */
#ifndef PKC_RULES_PERCENT_H
#define PKC_RULES_PERCENT_H

#include "engine/state/engine.h"

/* Go's int64 product wraps around; so does this one. */
static inline int64_t pkc_wrapping_product(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

/* value * 100 / maximum in place, of all positions of the view. */
void pkc_scale_to_percent(const pkc_engine *e, int64_t *values, int64_t maximum);
/* helper.DefaultNormalizeScore with a maximum of 100, in place, over positions with total !=
 * -inf. */
void pkc_percent_of_best(const pkc_engine *e, const double *total, int64_t *raw);

#endif
