/* The cached totals of a class: scanned once, then mended where the log of changes says so. */
#ifndef PKC_CYCLE_TOTALS_H
#define PKC_CYCLE_TOTALS_H

#include "engine/state/engine.h"

/* PreScore of the profile's plugins. */
void pkc_prepare_scores(pkc_engine *e, const profile *p);
/* Adds the score of the user's policy on rows [begin, end). */
int pkc_add_policy(const pkc_engine *e, const pod_class *c, int32_t begin, int32_t end,
                   double *total);
/* Brings c->cache up to date. */
int pkc_totals_refresh(pkc_engine *e, pod_class *c);
/* The column that the kernels add: the engine's zeros as long as the class has none of its own. */
const double *pkc_totals_addend(const pkc_engine *e, const pod_class *c);
/* Totals of all rows, and the maximum of every block. */
int pkc_totals_scan(pkc_engine *e, const pod_class *c, const double *addend,
                    double *total_out, double *block_max_out);
void pkc_totals_free(pkc_engine *e, pod_class *c);

#endif
