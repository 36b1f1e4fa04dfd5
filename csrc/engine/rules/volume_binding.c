/* VolumeBinding and VolumeZone: pkc_engine_external_set says where each of them refuses a class. */
#include <math.h>

#include "engine/rules/table.h"

static int reads(const pod_class *c) {
    return c->has_external ? READS_OTHERS : 0;
}

static int prepare(pkc_engine *e, pod_class *c) {
    (void)e;
    return c->external != NULL;
}

static void filter_by(const uint8_t *reasons, const pod_class *c, int32_t row, verdict *out) {
    if (c->external != NULL && row < c->external_rows && reasons[row] != 0) {
        pkc_refuse(out, reasons[row], PKC_CODE_UNRESOLVABLE);
    }
}

static void mask_by(const uint8_t *reasons, const pod_class *c, double *total) {
    for (int32_t row = 0; row < c->external_rows; row++) {
        if (reasons[row] != 0) {
            total[row] = -INFINITY;
        }
    }
}

static void filter_binding(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    (void)e;
    filter_by(c->external, c, row, out);
}

static void mask_binding(pkc_engine *e, const pod_class *c, double *total) {
    (void)e;
    mask_by(c->external, c, total);
}

static void filter_zone(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    (void)e;
    filter_by(c->external == NULL ? NULL : c->external + c->external_rows, c, row, out);
}

static void mask_zone(pkc_engine *e, const pod_class *c, double *total) {
    (void)e;
    mask_by(c->external + c->external_rows, c, total);
}

const rule pkc_rule_volume_binding = {
    .reads = reads, .prepare = prepare, .filter_row = filter_binding, .mask = mask_binding};

const rule pkc_rule_volume_zone = {
    .reads = reads, .prepare = prepare, .filter_row = filter_zone, .mask = mask_zone};
