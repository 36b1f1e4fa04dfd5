/* The parts built into the vector kernel of NodeResourcesFit and balanced allocation, for one row
 * by the int64 rule, and whether it may be used. */
#ifndef PKC_RULES_NODE_RESOURCES_FIT_H
#define PKC_RULES_NODE_RESOURCES_FIT_H

#include "engine/state/engine.h"

/* 1 if the row has a pod slot and all that the class asks for, or the profile does not filter by
 * Fit. */
int pkc_fit_has_room(const pkc_engine *e, const pod_class *c, int32_t row);
/* 1 for resources that only pods have a score for which ask for them. */
static inline int pkc_is_extended(int32_t resource) {
    return resource > PKC_RESOURCE_EPHEMERAL_STORAGE;
}

#endif
