/* GpuShare: devices of a thousand milli each, of which a pod takes a share of one or several. */
#include "engine/rules/table.h"

static int reads(const pod_class *c) {
    return c->device_count > 0 ? READS_ROW : 0;
}

static int keeps(const pod_class *c) {
    return c->device_count > 0;
}

static int32_t *devices_of(const pkc_engine *e, int32_t row) {
    return e->device_free + (int64_t)row * PKC_DEVICE_COUNT_MAX;
}

static int admits(pkc_engine *e, const pod_class *c, int32_t row) {
    const int32_t *device = devices_of(e, row);
    int32_t with_room = 0;
    for (int32_t d = 0; d < PKC_DEVICE_COUNT_MAX; d++) {
        with_room += device[d] >= c->device_milli;
    }
    return with_room >= c->device_count;
}

static void filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    if (!admits(e, c, row)) {
        int never = e->nodes[row].device_count < c->device_count;
        pkc_refuse(out, 0, never ? PKC_CODE_UNRESOLVABLE : PKC_CODE_UNSCHEDULABLE);
    }
}

/* The tightest devices with room, lowest index first among equals; none where they do not fit. */
static void reserve(pkc_engine *e, const pod_class *c, pod *p) {
    const int32_t *device = devices_of(e, p->row);
    uint32_t chosen = 0;
    for (int32_t i = 0; i < c->device_count; i++) {
        int32_t best = -1;
        for (int32_t d = 0; d < PKC_DEVICE_COUNT_MAX; d++) {
            if (device[d] >= c->device_milli && !(chosen & (UINT32_C(1) << d)) &&
                (best < 0 || device[d] < device[best])) {
                best = d;
            }
        }
        if (best < 0) {
            return;
        }
        chosen |= UINT32_C(1) << best;
    }
    p->devices = chosen;
}

static void account(pkc_engine *e, const pod *p, int32_t milli) {
    int32_t *device = devices_of(e, p->row);
    for (uint32_t left = p->devices; left != 0; left &= left - 1) {
        device[__builtin_ctz(left)] += milli;
    }
}

static void attach(pkc_engine *e, const pod *p) {
    account(e, p, -pkc_class_of(e, p)->device_milli);
}

static void detach(pkc_engine *e, const pod *p) {
    account(e, p, pkc_class_of(e, p)->device_milli);
}

const rule pkc_rule_gpu_share = {.reads = reads,
                                 .filter_row = filter_row,
                                 .admits = admits,
                                 .keeps = keeps,
                                 .reserve = reserve,
                                 .attach = attach,
                                 .detach = detach};
