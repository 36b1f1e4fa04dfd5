/* NodeUnschedulable (kubernetes v1.34.1, plugins/nodeunschedulable/node_unschedulable.go). */
#include "engine/rules/table.h"

static int reads(const pod_class *c) {
    (void)c;
    return READS_NODE;
}

static int admits(pkc_engine *e, const pod_class *c, int32_t row) {
    static const taint CORDON = {PKC_KEY_UNSCHEDULABLE, PKC_VALUE_EMPTY, PKC_EFFECT_NO_SCHEDULE};
    return !e->nodes[row].unschedulable || pkc_class_tolerates(c, &CORDON);
}

static void filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    if (!admits(e, c, row)) {
        pkc_refuse(out, 0, PKC_CODE_UNRESOLVABLE);
    }
}

const rule pkc_rule_node_unschedulable = {
    .reads = reads, .filter_row = filter_row, .admits = admits};
