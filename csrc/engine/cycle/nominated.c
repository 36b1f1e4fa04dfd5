/* Nominated pods (kubernetes v1.34.1, runtime/framework.go, RunFilterPluginsWithNominatedPods). */
#include "engine/cycle/nominated.h"

#include <math.h>

#include "engine/cycle/filter.h"
#include "engine/cycle/pods.h"
#include "engine/rules/table.h"

void pkc_revise(pkc_engine *e, const pod_class *c, int32_t other_class, int64_t sign) {
    for (plugin_set left = c->filters; left != 0; left = pkc_rest(left)) {
        const rule *r = pkc_rules[pkc_first(left)];
        if (r->revise != NULL) {
            r->revise(e, c, &e->classes.data[other_class], sign);
        }
    }
}

int pkc_engine_nominate(pkc_engine *e, int32_t class_index, int32_t row) {
    if (class_index < 0 || class_index >= e->classes.count || !pkc_row_alive(e, row)) {
        return PKC_ERR_NOT_FOUND;
    }
    nomination n = {class_index, row};
    for (int64_t i = 0; i < e->nominations.count; i++) {
        if (e->nominations.data[i].class_index < 0) {
            e->nominations.data[i] = n;
            e->nomination_count++;
            return (int)i;
        }
    }
    if (vec_reserve(&e->added, e->nominations.count + 1) < 0 ||
        vec_push(&e->nominations, n) < 0) {
        return PKC_ERR_NO_MEMORY;
    }
    e->nomination_count++;
    return (int)(e->nominations.count - 1);
}

int pkc_engine_nomination_drop(pkc_engine *e, int32_t handle) {
    if (handle < 0 || handle >= e->nominations.count ||
        e->nominations.data[handle].class_index < 0) {
        return PKC_ERR_NOT_FOUND;
    }
    e->nominations.data[handle].class_index = -1;
    e->nomination_count--;
    return PKC_OK;
}

/* Puts the pods nominated to a row on it that a pod of this priority has to respect; returns how
 * many, their slots in e->added. A pod that would leave the range of int64 is left out: on such
 * a row nothing fits. */
static int64_t add_nominated(pkc_engine *e, const pod_class *c, int32_t row) {
    int64_t added = 0;
    e->added.count = 0;
    for (int64_t i = 0; i < e->nominations.count; i++) {
        nomination n = e->nominations.data[i];
        if (n.class_index < 0 || n.row != row ||
            e->classes.data[n.class_index].priority < c->priority ||
            !pkc_pod_fits_in_columns(e, &e->classes.data[n.class_index], row)) {
            continue;
        }
        pkc_revise(e, c, n.class_index, 1);
        int32_t slot = pkc_pod_add(e, n.class_index, row);
        PKC_CHECK(vec_push(&e->added, slot) == 0);
        added++;
    }
    return added;
}

static void drop_nominated(pkc_engine *e, const pod_class *c) {
    while (e->added.count > 0) {
        int32_t slot = e->added.data[--e->added.count];
        pkc_revise(e, c, e->pods.data[slot].class_index, -1);
        pkc_pod_drop(e, slot);
    }
}

void pkc_filter_with_nominated(pkc_engine *e, int32_t class_index, int32_t row, verdict *out) {
    const pod_class *c = &e->classes.data[class_index];
    if (e->nomination_count > 0 && e->nodes[row].alive &&
        add_nominated(e, c, row) > 0) {
        pkc_filter_row(e, c, row, out);
        drop_nominated(e, c);
        if (out->code != PKC_CODE_FITS) {
            return;
        }
    }
    pkc_filter_row(e, c, row, out);
}

int pkc_looks_beyond(const pkc_engine *e) {
    return e->prepared.masks != 0 || e->nomination_count > 0;
}

void pkc_mask_beyond(pkc_engine *e, int32_t class_index, double *total) {
    pkc_mask(e, &e->classes.data[class_index], total);
    for (int64_t i = 0; i < e->nominations.count; i++) {
        nomination n = e->nominations.data[i];
        if (n.class_index >= 0 && total[n.row] != -INFINITY) {
            verdict v;
            pkc_filter_with_nominated(e, class_index, n.row, &v);
            if (v.code != PKC_CODE_FITS) {
                total[n.row] = -INFINITY;
            }
        }
    }
}
