/* InterPodAffinity (kubernetes v1.34.1, plugins/interpodaffinity/{filtering,scoring}.go). */
#include <math.h>
#include <string.h>

#include "engine/rules/counters.h"
#include "engine/rules/table.h"

enum { DETAIL_AFFINITY = 0, DETAIL_ANTI_AFFINITY = 1, DETAIL_EXISTING_ANTI_AFFINITY = 2 };

/* Pods that are there may refuse any pod. */
static int reads(const pod_class *c) {
    (void)c;
    return READS_OTHERS;
}

static const counter *held_counter(const pkc_engine *e, const pod_class *c, int64_t index) {
    return &e->counters.data[c->held_hits.data[index].counter];
}

static int prepare(pkc_engine *e, pod_class *c) {
    if (c->affinity.count > 0 || c->anti_affinity.count > 0) {
        return 1;
    }
    for (int64_t i = 0; i < c->held_hits.count; i++) {
        const counter *k = held_counter(e, c, i);
        if (k->kind == COUNTER_HELD_ANTI && k->members > 0) {
            return 1;
        }
    }
    return 0;
}

static int64_t count_at(const pkc_engine *e, const counter *k, int32_t row) {
    int32_t domain = e->topologies.data[k->topology].domain[row];
    return domain < 0 ? 0 : k->count[domain];
}

/* 1 if the pod may be the first of its kind: nothing matches anywhere, and it matches itself. */
static int may_be_first(const pkc_engine *e, const pod_class *c) {
    for (int64_t i = pkc_own_affinity(c); i < pkc_own_anti(c); i++) {
        if (pkc_own_counter(e, c, i)->members > 0) {
            return 0;
        }
    }
    return c->affinity_matches_itself;
}

static int affinity_holds(const pkc_engine *e, const pod_class *c, int32_t row) {
    int counted = 1;
    for (int64_t i = pkc_own_affinity(c); i < pkc_own_anti(c); i++) {
        const counter *k = pkc_own_counter(e, c, i);
        if (e->topologies.data[k->topology].domain[row] < 0) {
            return 0;
        }
        counted = counted && count_at(e, k, row) > 0;
    }
    return counted || may_be_first(e, c);
}

static int anti_affinity_holds(const pkc_engine *e, const pod_class *c, int32_t row) {
    for (int64_t i = pkc_own_anti(c); i < pkc_own_preferred(c); i++) {
        if (count_at(e, pkc_own_counter(e, c, i), row) > 0) {
            return 0;
        }
    }
    return 1;
}

static int existing_anti_affinity_holds(const pkc_engine *e, const pod_class *c, int32_t row) {
    for (int64_t i = 0; i < c->held_hits.count; i++) {
        const counter *k = held_counter(e, c, i);
        if (k->kind == COUNTER_HELD_ANTI && count_at(e, k, row) > 0) {
            return 0;
        }
    }
    return 1;
}

static void filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    if (!pkc_has(e->prepared.masks, PKC_PLUGIN_INTER_POD_AFFINITY)) {
        return;
    }
    if (!affinity_holds(e, c, row)) {
        pkc_refuse(out, DETAIL_AFFINITY, PKC_CODE_UNRESOLVABLE);
    } else if (!anti_affinity_holds(e, c, row)) {
        pkc_refuse(out, DETAIL_ANTI_AFFINITY, PKC_CODE_UNSCHEDULABLE);
    } else if (!existing_anti_affinity_holds(e, c, row)) {
        pkc_refuse(out, DETAIL_EXISTING_ANTI_AFFINITY, PKC_CODE_UNSCHEDULABLE);
    }
}

/* -inf on rows whose domain has pods that must not be near. */
static void mask_positive(const pkc_engine *e, const counter *k, double *total) {
    if (k->members == 0) {
        return;
    }
    const int32_t *domain = e->topologies.data[k->topology].domain;
    for (int32_t row = 0; row < e->row_count; row++) {
        if (domain[row] >= 0 && k->count[domain[row]] > 0) {
            total[row] = -INFINITY;
        }
    }
}

static void mask(pkc_engine *e, const pod_class *c, double *total) {
    int first = c->affinity.count > 0 && may_be_first(e, c);
    for (int64_t i = pkc_own_affinity(c); i < pkc_own_anti(c); i++) {
        const counter *k = pkc_own_counter(e, c, i);
        const int32_t *domain = e->topologies.data[k->topology].domain;
        for (int32_t row = 0; row < e->row_count; row++) {
            if (domain[row] < 0 || (!first && k->count[domain[row]] <= 0)) {
                total[row] = -INFINITY;
            }
        }
    }
    for (int64_t i = pkc_own_anti(c); i < pkc_own_preferred(c); i++) {
        mask_positive(e, pkc_own_counter(e, c, i), total);
    }
    for (int64_t i = 0; i < c->held_hits.count; i++) {
        const counter *k = held_counter(e, c, i);
        if (k->kind == COUNTER_HELD_ANTI) {
            mask_positive(e, k, total);
        }
    }
}

static void add_counts(pkc_engine *e, const counter *k, int64_t weight, int64_t *raw) {
    const int32_t *domain_of_row = e->topologies.data[k->topology].domain;
    for (int32_t i = 0; i < e->view_count; i++) {
        int32_t domain = domain_of_row[pkc_view_row(e, i)];
        raw[i] += domain < 0 ? 0 : weight * k->count[domain];
    }
}

/* 1 if some term may touch a value of a topology. */
static int differs(const pkc_engine *e, const pod_class *c) {
    (void)e;
    return c->preferred_pods.count > 0 || c->held_hits.count > 0;
}

/* Raw scores. Returns 0 if no term touched any value of a topology. */
static int raw_scores(pkc_engine *e, const pod_class *c, const double *total, int64_t *raw) {
    (void)total;
    const profile *p = pkc_profile_of(e, c);
    if (p->ignore_preferred && c->preferred_pods.count == 0) {
        return 0;
    }
    int64_t touched = 0;
    memset(raw, 0, (size_t)e->view_count * sizeof *raw);
    for (int64_t i = 0; i < c->preferred_pods.count; i++) {
        const counter *k = pkc_own_counter(e, c, pkc_own_preferred(c) + i);
        if (k->members > 0) {
            touched += k->members;
            add_counts(e, k, c->preferred_pods.data[i].weight, raw);
        }
    }
    for (int64_t i = 0; i < c->held_hits.count; i++) {
        const counter *k = held_counter(e, c, i);
        int64_t weight = k->kind == COUNTER_HELD_PREFERRED  ? 1
                         : k->kind == COUNTER_HELD_AFFINITY ? p->hard_affinity_weight
                                                            : 0;
        if (weight > 0 && k->members > 0) {
            touched += k->members;
            add_counts(e, k, weight, raw);
        }
    }
    return touched > 0;
}

/* int(100 * (s - min) / (max - min)) over feasible rows, 0 where they are equal. */
static void normalize(pkc_engine *e, const double *total, int64_t *raw) {
    int64_t minimum = INT64_MAX;
    int64_t maximum = INT64_MIN;
    for (int32_t i = 0; i < e->view_count; i++) {
        if (total[i] != -INFINITY) {
            minimum = raw[i] < minimum ? raw[i] : minimum;
            maximum = raw[i] > maximum ? raw[i] : maximum;
        }
    }
    double range = maximum > minimum ? (double)(maximum - minimum) : 0.0;
    for (int32_t i = 0; i < e->view_count; i++) {
        int counts = range > 0.0 && total[i] != -INFINITY;
        raw[i] = counts ? (int64_t)((double)SCORE_MAX * ((double)(raw[i] - minimum) / range))
                          : 0;
    }
}

const rule pkc_rule_inter_pod_affinity = {.reads = reads,
                                          .prepare = prepare,
                                          .filter_row = filter_row,
                                          .mask = mask,
                                          .score_reads = READS_OTHERS,
                                          .differs = differs,
                                          .raw = raw_scores,
                                          .normalize = normalize};
