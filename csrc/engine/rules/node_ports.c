/* NodePorts (kubernetes v1.34.1, plugins/nodeports/node_ports.go). */
#include "engine/rules/row_pods.h"
#include "engine/rules/table.h"

static int reads(const pod_class *c) {
    return c->ports.count > 0 ? READS_ROW : 0;
}

/* Same protocol and port, and the same address or either of them any (framework/types.go,
 * HostPortInfo.CheckConflict). */
static int meet(const host_port *a, const host_port *b) {
    return a->protocol == b->protocol && a->port == b->port &&
           (a->ip == b->ip || a->ip == PKC_VALUE_ANY_IP || b->ip == PKC_VALUE_ANY_IP);
}

static int conflict(const pod_class *c, const pod_class *other) {
    for (int64_t i = 0; i < c->ports.count; i++) {
        for (int64_t j = 0; j < other->ports.count; j++) {
            if (meet(&c->ports.data[i], &other->ports.data[j])) {
                return 1;
            }
        }
    }
    return 0;
}

static int admits(pkc_engine *e, const pod_class *c, int32_t row) {
    return !pkc_any_pod(e, c, row, conflict);
}

static void filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    if (!admits(e, c, row)) {
        pkc_refuse(out, 0, PKC_CODE_UNSCHEDULABLE);
    }
}

const rule pkc_rule_node_ports = {.reads = reads, .filter_row = filter_row, .admits = admits};
