/* NodeVolumeLimits (kubernetes v1.34.1, plugins/nodevolumelimits/csi.go). */
#include "common/sort.h"
#include "engine/rules/table.h"

static int reads(const pod_class *c) {
    return c->csi_volumes.count > 0 ? READS_ROW : 0;
}

static int64_t count_distinct(int32_t *values, int64_t count) {
    pkc_sort_numbers(values, count);
    int64_t distinct = 0;
    for (int64_t i = 0; i < count; i++) {
        distinct += i == 0 || values[i] != values[i - 1];
    }
    return distinct;
}

/* The class's volumes of a driver, behind what is in scratch. */
static int push_volumes(pkc_engine *e, const pod_class *c, int32_t driver) {
    for (int64_t i = 0; i < c->csi_volumes.count; i++) {
        const csi_volume *v = &c->csi_volumes.data[i];
        if (v->driver == driver && vec_push(&e->scratch, v->volume) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The volumes of a driver of the row's pods, into scratch. */
static int collect_volumes(pkc_engine *e, int32_t row, int32_t driver) {
    e->scratch.count = 0;
    for (int32_t p = e->nodes[row].first_pod; p >= 0; p = e->pods.data[p].next) {
        if (push_volumes(e, pkc_class_of(e, &e->pods.data[p]), driver) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Distinct volumes of a driver that the row has, and in *added_out how many the pod adds to those
 * of the row's pods; -1 when out of memory. A volume that is attached for no pod of the row and
 * asked for by this one counts in both, as upstream has it. */
static int64_t volumes_of_driver(pkc_engine *e, const pod_class *c, int32_t row, int32_t driver,
                                 int64_t *added_out) {
    const node *n = &e->nodes[row];
    if (collect_volumes(e, row, driver) < 0) {
        return -1;
    }
    int64_t before = count_distinct(e->scratch.data, e->scratch.count);
    if (push_volumes(e, c, driver) < 0) {
        return -1;
    }
    *added_out = count_distinct(e->scratch.data, e->scratch.count) - before;
    if (collect_volumes(e, row, driver) < 0) {
        return -1;
    }
    for (int32_t i = 0; i < n->csi_attached_count; i++) {
        if (n->csi_attached[i].name == driver &&
            vec_push(&e->scratch, (int32_t)n->csi_attached[i].amount) < 0) {
            return -1;
        }
    }
    return count_distinct(e->scratch.data, e->scratch.count);
}

/* 1 if the pod brings no driver's volumes over the row's limit. A lack of memory counts as full. */
static int admits(pkc_engine *e, const pod_class *c, int32_t row) {
    const node *n = &e->nodes[row];
    for (int32_t i = 0; i < n->csi_limit_count; i++) {
        int64_t added = 1;
        int64_t volumes = volumes_of_driver(e, c, row, n->csi_limits[i].name, &added);
        if (volumes < 0 || (added > 0 && volumes + added > n->csi_limits[i].amount)) {
            return 0;
        }
    }
    return 1;
}

static void filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    if (!admits(e, c, row)) {
        pkc_refuse(out, 0, PKC_CODE_UNSCHEDULABLE);
    }
}

const rule pkc_rule_node_volume_limits = {
    .reads = reads, .filter_row = filter_row, .admits = admits};
