/* VolumeRestrictions (kubernetes v1.34.1, plugins/volumerestrictions/volume_restrictions.go):
 * disks that two pods of a node may not share, and ReadWriteOncePod claims in use on whatever
 * node. */
#include <math.h>

#include "engine/rules/row_pods.h"
#include "engine/rules/table.h"
#include "engine/state/usage.h"

enum { DETAIL_DISK = 0, DETAIL_CLAIM = 1 };

static int reads(const pod_class *c) {
    return (c->disks.count > 0 ? READS_ROW : 0) | (c->once_claims.count > 0 ? READS_OTHERS : 0);
}

/* The same volume, unless both only read it and its kind lets them. */
static int meet(const disk *a, const disk *b) {
    int shared = a->read_only && b->read_only && !a->exclusive && !b->exclusive;
    return a->token == b->token && !shared;
}

static int conflict(const pod_class *c, const pod_class *other) {
    for (int64_t i = 0; i < c->disks.count; i++) {
        for (int64_t j = 0; j < other->disks.count; j++) {
            if (meet(&c->disks.data[i], &other->disks.data[j])) {
                return 1;
            }
        }
    }
    return 0;
}

/* How many of the pod's ReadWriteOncePod claims are in use. */
static int prepare(pkc_engine *e, pod_class *c) {
    int64_t conflicts = 0;
    for (int64_t i = 0; i < c->once_claims.count; i++) {
        int32_t token = c->once_claims.data[i].token;
        conflicts += token < e->claim_uses.count && e->claim_uses.data[token] > 0;
    }
    e->prepared.once_conflicts = conflicts;
    e->prepared.skips_restrictions = c->disks.count == 0 && conflicts == 0;
    return conflicts > 0;
}

/* Claims of a pod whose name, in whatever namespace, is that of one of c's once-claims: so much
 * does upstream believe its removal to lift (conflictingPVCRefCountForPod). */
static void revise(pkc_engine *e, const pod_class *c, const pod_class *other, int64_t sign) {
    for (int64_t i = 0; i < other->claims.count; i++) {
        for (int64_t j = 0; j < c->once_claims.count; j++) {
            if (c->once_claims.data[j].name == other->claims.data[i].name) {
                e->prepared.once_conflicts += sign;
                break;
            }
        }
    }
}

static int admits(pkc_engine *e, const pod_class *c, int32_t row) {
    return !pkc_any_pod(e, c, row, conflict);
}

static void filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    if (e->prepared.skips_restrictions) {
        return;
    }
    if (!admits(e, c, row)) {
        pkc_refuse(out, DETAIL_DISK, PKC_CODE_UNSCHEDULABLE);
    } else if (e->prepared.once_conflicts > 0) {
        pkc_refuse(out, DETAIL_CLAIM, PKC_CODE_UNSCHEDULABLE);
    }
}

static void mask(pkc_engine *e, const pod_class *c, double *total) {
    (void)c;
    for (int32_t row = 0; row < e->row_count; row++) {
        total[row] = -INFINITY;
    }
}

static int keeps(const pod_class *c) {
    return c->claims.count > 0;
}

static void attach(pkc_engine *e, const pod *p) {
    pkc_claims_count(e, pkc_class_of(e, p), 1);
}

static void detach(pkc_engine *e, const pod *p) {
    pkc_claims_count(e, pkc_class_of(e, p), -1);
}

const rule pkc_rule_volume_restrictions = {.reads = reads,
                                           .prepare = prepare,
                                           .revise = revise,
                                           .filter_row = filter_row,
                                           .admits = admits,
                                           .mask = mask,
                                           .keeps = keeps,
                                           .attach = attach,
                                           .detach = detach};
