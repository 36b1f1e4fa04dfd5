/* Filters that refuse a pod on a row: the plugins of its profile in their order, and the parts
 * that a scan caches. */
#ifndef PKC_CYCLE_FILTER_H
#define PKC_CYCLE_FILTER_H

#include "engine/rules/rule.h"

/* PreFilter: makes right whatever the filters and scores of a class look at beyond the row. */
int pkc_prepare(pkc_engine *e, int32_t class_index);
/* The first refusal in the profile's order; code PKC_CODE_FITS if there is none. After prepare. */
void pkc_filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *verdict_out);
/* 1 if the rules on labels, taints and names let the pod on the row. */
int pkc_admits_node(pkc_engine *e, const pod_class *c, int32_t row);
/* 1 if the rules on the row's pods, on devices and on resources beyond cpu and memory do. */
int pkc_admits_row(pkc_engine *e, const pod_class *c, int32_t row);
/* -inf where a rule that looks beyond the row refuses. After prepare. */
void pkc_mask(pkc_engine *e, const pod_class *c, double *total);

#endif
