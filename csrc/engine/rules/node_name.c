/* NodeName (kubernetes v1.34.1, plugins/nodename/node_name.go). */
#include "engine/rules/table.h"

static int reads(const pod_class *c) {
    return c->node_name >= 0 ? READS_NODE : 0;
}

static int admits(pkc_engine *e, const pod_class *c, int32_t row) {
    return c->node_name == pkc_node_name(&e->nodes[row]);
}

static void filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    if (!admits(e, c, row)) {
        pkc_refuse(out, 0, PKC_CODE_UNRESOLVABLE);
    }
}

const rule pkc_rule_node_name = {.reads = reads, .filter_row = filter_row, .admits = admits};
