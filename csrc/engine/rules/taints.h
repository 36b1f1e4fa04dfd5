/* Taints that keep a pod off a node, for TaintToleration and for inclusion policies. */
#ifndef PKC_RULES_TAINTS_H
#define PKC_RULES_TAINTS_H

#include "engine/state/pod_class.h"

/* Index of the first taint that keeps the pod off, or -1. */
static inline int32_t pkc_untolerated_taint(const pod_class *c, const node *n) {
    for (int32_t t = 0; t < n->taint_count; t++) {
        if (n->taints[t].effect != PKC_EFFECT_PREFER_NO_SCHEDULE &&
            !pkc_class_tolerates(c, &n->taints[t])) {
            return t;
        }
    }
    return -1;
}

#endif
