/* The counters' numbers, and the row of the table that keeps them for all plugins that read
 * them. */
#include "engine/rules/counters.h"

#include <limits.h>
#include <string.h>

#include "engine/rules/hits.h"
#include "engine/rules/table.h"
#include "engine/rules/taints.h"
#include "engine/state/topology.h"

/* Which rows lack a key of a class's constraints, once for all of them. */
static int lacks_refresh(const pkc_engine *e, pod_class *c) {
    if (c->lacks_key != NULL && c->lacks_epoch == e->epoch) {
        return PKC_OK;
    }
    size_t rows = (size_t)e->row_count;
    uint8_t *lacks = calloc(2 * rows + 1, 1);
    if (lacks == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    for (int64_t i = 0; i < c->spread.count; i++) {
        const spread_constraint *s = &c->spread.data[i];
        uint8_t *of_kind = lacks + (s->hard ? rows : 0);
        for (int32_t row = 0; row < e->row_count; row++) {
            of_kind[row] |= pkc_node_label(&e->nodes[row], s->key) == NULL;
        }
    }
    free(c->lacks_key);
    c->lacks_key = lacks;
    c->lacks_rows = e->row_count;
    c->lacks_epoch = e->epoch;
    return PKC_OK;
}

/* 1 if the policies of the owner's constraint admit a row. */
static int admits(const pkc_engine *e, const counter *k, int32_t row) {
    const node *n = &e->nodes[row];
    const pod_class *c = &e->classes.data[k->owner];
    if (!n->alive) {
        return 0;
    }
    int hard = (k->honours & HONOUR_HARD) != 0;
    if ((k->honours & HONOUR_ALL_KEYS) && c->lacks_key[(hard ? c->lacks_rows : 0) + row]) {
        return 0;
    }
    for (int64_t i = 0; (k->honours & HONOUR_AFFINITY) && i < c->selectors.count; i++) {
        const selector *s = &c->selectors.data[i];
        if (s->reason == 0 && !pkc_selector_matches(c, s, n)) {
            return 0;
        }
    }
    return !(k->honours & HONOUR_TAINTS) || pkc_untolerated_taint(c, n) < 0;
}

static int counter_reserve(const pkc_engine *e, counter *k, int32_t domains) {
    int spread = k->kind == COUNTER_SPREAD;
    if (k->capacity < domains || k->count == NULL) {
        size_t wanted = (size_t)domains + (size_t)domains / 2 + 8;
        int64_t *count = realloc(k->count, wanted * sizeof *count);
        k->count = count == NULL ? k->count : count;
        int64_t *eligible = spread ? realloc(k->eligible, wanted * sizeof *eligible) : NULL;
        k->eligible = eligible == NULL ? k->eligible : eligible;
        if (count == NULL || (spread && eligible == NULL)) {
            return PKC_ERR_NO_MEMORY;
        }
        k->capacity = (int32_t)wanted;
    }
    if (spread && k->row_capacity < e->capacity) {
        uint8_t *admitted = realloc(k->admitted, (size_t)e->capacity);
        if (admitted == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        k->admitted = admitted;
        k->row_capacity = e->capacity;
    }
    return PKC_OK;
}

/* The domain that a row counts in. Where not all keys are needed, a missing label is the value "",
 * as Go's map has it. */
static int32_t domain_for(const counter *k, const topology *t, int32_t row) {
    int32_t domain = t->domain[row];
    int missing_counts = k->kind == COUNTER_SPREAD && !(k->honours & HONOUR_ALL_KEYS);
    return domain < 0 && missing_counts ? pkc_empty_domain(t) : domain;
}

static void admit_rows(const pkc_engine *e, counter *k, const topology *t) {
    memset(k->eligible, 0, (size_t)t->domain_count * sizeof *k->eligible);
    k->eligible_domains = 0;
    for (int32_t row = 0; row < e->row_count; row++) {
        int32_t domain = domain_for(k, t, row);
        k->admitted[row] = (uint8_t)(domain >= 0 && admits(e, k, row));
        if (k->admitted[row] && k->eligible[domain]++ == 0) {
            k->eligible_domains++;
        }
    }
}

static void counter_apply(counter *k, const topology *t, int32_t row, int64_t weight,
                          int64_t sign) {
    int32_t domain = domain_for(k, t, row);
    if (domain < 0 || (k->kind == COUNTER_SPREAD && !k->admitted[row])) {
        return;
    }
    k->count[domain] += sign * weight;
    k->members += sign;
    k->minimum_known = 0;
}

static int is_fresh(const pkc_engine *e, const counter *k) {
    return k->epoch_seen == e->epoch && k->matchers_seen == e->matcher_epoch;
}

/* Makes a counter right. O(rows + pods that it counts) after a change of nodes or matchers. */
static int counter_refresh(pkc_engine *e, int32_t index) {
    counter *k = &e->counters.data[index];
    int status = pkc_topology_refresh(e, k->topology);
    if (status < 0 || is_fresh(e, k)) {
        return status;
    }
    const topology *t = &e->topologies.data[k->topology];
    status = counter_reserve(e, k, t->domain_count);
    if (status == PKC_OK && k->kind == COUNTER_SPREAD) {
        status = lacks_refresh(e, &e->classes.data[k->owner]);
    }
    for (int64_t i = 0; status == PKC_OK && i < e->classes.count; i++) {
        if (e->classes.data[i].first_pod >= 0) {
            status = pkc_hits_extend(e, &e->classes.data[i]);
        }
    }
    if (status < 0) {
        return status;
    }
    memset(k->count, 0, (size_t)t->domain_count * sizeof *k->count);
    k->domain_count = t->domain_count;
    k->members = 0;
    k->minimum_known = 0;
    if (k->kind == COUNTER_SPREAD) {
        admit_rows(e, k, t);
    }
    for (int64_t i = 0; i < e->classes.count; i++) {
        const pod_class *c = &e->classes.data[i];
        for (int64_t h = 0; c->first_pod >= 0 && h < c->hits.count; h++) {
            if (c->hits.data[h].counter != index) {
                continue;
            }
            for (int32_t p = c->first_pod; p >= 0; p = e->pods.data[p].class_next) {
                counter_apply(k, t, e->pods.data[p].row, c->hits.data[h].weight, 1);
            }
        }
    }
    k->epoch_seen = e->epoch;
    k->matchers_seen = e->matcher_epoch;
    return PKC_OK;
}

/* Makes right all counters that a pod of the class looks at. */
static int prepare(pkc_engine *e, pod_class *c) {
    if (e->counters.count == 0) {
        return 0;
    }
    PKC_TRY(pkc_hits_extend(e, c));
    for (int64_t i = 0; i < c->own.count; i++) {
        PKC_TRY(counter_refresh(e, c->own.data[i]));
    }
    for (int64_t i = 0; i < c->held_hits.count; i++) {
        PKC_TRY(counter_refresh(e, c->held_hits.data[i].counter));
    }
    return 0;
}

/* Counts a pod that came (sign 1) or goes (-1). */
static void count_pod(pkc_engine *e, const pod *p, int64_t sign) {
    if (e->counters.count == 0) {
        return;
    }
    pod_class *c = &e->classes.data[p->class_index];
    if (pkc_hits_extend(e, c) < 0) {
        for (int64_t i = 0; i < e->counters.count; i++) {
            e->counters.data[i].epoch_seen = 0; /* made anew when memory is there again */
        }
        return;
    }
    for (int64_t i = 0; i < c->hits.count; i++) {
        counter *k = &e->counters.data[c->hits.data[i].counter];
        if (is_fresh(e, k)) {
            const topology *t = &e->topologies.data[k->topology];
            counter_apply(k, t, p->row, c->hits.data[i].weight, sign);
        }
    }
}

static void attach(pkc_engine *e, const pod *p) {
    count_pod(e, p, 1);
}

static void detach(pkc_engine *e, const pod *p) {
    count_pod(e, p, -1);
}

int64_t pkc_counter_minimum(counter *k) {
    if (!k->minimum_known) {
        int64_t minimum = INT32_MAX;
        for (int32_t d = 0; d < k->domain_count; d++) {
            if (k->eligible[d] > 0 && k->count[d] < minimum) {
                minimum = k->count[d];
            }
        }
        k->minimum = minimum;
        k->minimum_known = 1;
    }
    return k->minimum;
}

/* Counters are no plugin's own: PodTopologySpread and InterPodAffinity read the same ones. */
const rule pkc_rule_shared_counters = {.prepare = prepare, .attach = attach, .detach = detach};
