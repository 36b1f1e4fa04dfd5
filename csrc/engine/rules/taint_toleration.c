/* TaintToleration (kubernetes v1.34.1, plugins/tainttoleration/taint_toleration.go). */
#include "engine/rules/percent.h"
#include "engine/rules/table.h"
#include "engine/rules/taints.h"

static int reads(const pod_class *c) {
    (void)c;
    return READS_NODE;
}

static int admits(pkc_engine *e, const pod_class *c, int32_t row) {
    return pkc_untolerated_taint(c, &e->nodes[row]) < 0;
}

static void filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    int32_t found = pkc_untolerated_taint(c, &e->nodes[row]);
    if (found >= 0) {
        pkc_refuse(out, (uint64_t)found, PKC_CODE_UNRESOLVABLE);
    }
}

static int differs(const pkc_engine *e, const pod_class *c) {
    (void)c;
    return e->any_soft_taint;
}

/* PreferNoSchedule taints that the pod does not tolerate. Of its tolerations only those with that
 * effect or none count. */
static int64_t score_row(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row) {
    (void)p;
    const node *n = &e->nodes[row];
    int64_t count = 0;
    for (int32_t t = 0; t < n->taint_count; t++) {
        count += n->taints[t].effect == PKC_EFFECT_PREFER_NO_SCHEDULE &&
                 !pkc_class_tolerates(c, &n->taints[t]);
    }
    return count;
}

static void normalize(pkc_engine *e, const double *total, int64_t *raw) {
    pkc_percent_of_best(e, total, raw);
    for (int32_t i = 0; i < e->view_count; i++) {
        raw[i] = SCORE_MAX - raw[i];
    }
}

const rule pkc_rule_taint_toleration = {.reads = reads,
                                        .filter_row = filter_row,
                                        .admits = admits,
                                        .score_reads = READS_NODE,
                                        .differs = differs,
                                        .score_row = score_row,
                                        .normalize = normalize};
