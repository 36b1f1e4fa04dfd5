/* NodeAffinity (kubernetes v1.34.1, plugins/nodeaffinity/node_affinity.go). */
#include "engine/rules/percent.h"
#include "engine/rules/table.h"

static int reads(const pod_class *c) {
    return c->selectors.count > 0 ? READS_NODE : 0;
}

/* The first required selector that the node fails, or NULL. */
static const selector *failed_selector(const pod_class *c, const node *n) {
    for (int64_t i = 0; i < c->selectors.count; i++) {
        if (!pkc_selector_matches(c, &c->selectors.data[i], n)) {
            return &c->selectors.data[i];
        }
    }
    return NULL;
}

static int admits(pkc_engine *e, const pod_class *c, int32_t row) {
    return failed_selector(c, &e->nodes[row]) == NULL;
}

static void filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    const selector *failed = failed_selector(c, &e->nodes[row]);
    if (failed != NULL) {
        pkc_refuse(out, (uint64_t)failed->reason, PKC_CODE_UNRESOLVABLE);
    }
}

static int differs(const pkc_engine *e, const pod_class *c) {
    (void)e;
    return c->preferred_weights.count > 0;
}

/* Sum of the weights of preferred terms that match. */
static int64_t score_row(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row) {
    (void)p;
    int64_t sum = 0;
    for (int64_t i = 0; i < c->preferred_weights.count; i++) {
        if (pkc_term_matches_node(&c->preferred_terms, i, &e->nodes[row])) {
            sum += c->preferred_weights.data[i];
        }
    }
    return sum;
}

static void normalize(pkc_engine *e, const double *total, int64_t *raw) {
    pkc_percent_of_best(e, total, raw);
}

const rule pkc_rule_node_affinity = {.reads = reads,
                                     .filter_row = filter_row,
                                     .admits = admits,
                                     .score_reads = READS_NODE,
                                     .differs = differs,
                                     .prescore_skips = 1,
                                     .score_row = score_row,
                                     .normalize = normalize};
