/* Rules that compare a class with those of the pods of a row. */
#ifndef PKC_RULES_ROW_PODS_H
#define PKC_RULES_ROW_PODS_H

#include "engine/state/engine.h"

/* 1 if the class conflicts with that of some pod of the row. */
static inline int pkc_any_pod(const pkc_engine *e, const pod_class *c, int32_t row,
                              int (*conflict)(const pod_class *, const pod_class *)) {
    for (int32_t p = e->nodes[row].first_pod; p >= 0; p = e->pods.data[p].next) {
        if (conflict(c, pkc_class_of(e, &e->pods.data[p]))) {
            return 1;
        }
    }
    return 0;
}

#endif
