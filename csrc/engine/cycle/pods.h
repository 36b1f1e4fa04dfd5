/* Pods as slots on rows, and what they take there. */
#ifndef PKC_CYCLE_PODS_H
#define PKC_CYCLE_PODS_H

#include "engine/state/engine.h"

/* Room for count more pods. */
int pkc_pods_reserve(pkc_engine *e, int64_t count);
/* 1 if adding the class to the row keeps every sum within int64. */
int pkc_pod_fits_in_columns(const pkc_engine *e, const pod_class *c, int32_t row);
/* Puts a new pod on a row and returns its slot. Room in the pod vector and in the columns was made
 * sure of by the caller. */
int32_t pkc_pod_add(pkc_engine *e, int32_t class_index, int32_t row);
void pkc_pod_drop(pkc_engine *e, int32_t slot);
/* Puts a slot's pod on its row, in all accounts. */
void pkc_pod_attach(pkc_engine *e, int32_t slot);
/* Takes a pod off its row and out of all accounts; the slot stays the pod's. */
void pkc_pod_detach(pkc_engine *e, int32_t slot);

#endif
