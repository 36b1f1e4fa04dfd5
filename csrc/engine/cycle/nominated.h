/* Pods that are to come to a row where others have to go first. */
#ifndef PKC_CYCLE_NOMINATED_H
#define PKC_CYCLE_NOMINATED_H

#include "engine/rules/rule.h"

/* A pod of another class comes (sign 1) or goes (-1) for a moment: the accounts of the pod whose
 * cycle it is are revised. */
void pkc_revise(pkc_engine *e, const pod_class *c, int32_t other_class, int64_t sign);
/* Filters twice where pods are nominated to the row: with them, and without. */
void pkc_filter_with_nominated(pkc_engine *e, int32_t class_index, int32_t row,
                               verdict *verdict_out);
/* 1 if some filter looks beyond the row for the pod that was prepared. */
int pkc_looks_beyond(const pkc_engine *e);
/* -inf where such a filter refuses, or where the pod does not fit beside the pods nominated. */
void pkc_mask_beyond(pkc_engine *e, int32_t class_index, double *total);

#endif
