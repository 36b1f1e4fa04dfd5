/* Counters of a class: found among those that are there, or made. */
#include "engine/rules/register.h"

#include <string.h>

#include "engine/state/topology.h"

/* 1 if the rows that two classes admit for spread counters of these bits are the same. */
static int same_admission(const pod_class *a, const pod_class *b, int32_t honours) {
    int same = a == b || (vec_equal(&a->spread, &b->spread) &&
                          a->spread_needs_all_keys == b->spread_needs_all_keys);
    if (same && (honours & HONOUR_AFFINITY)) {
        same = vec_equal(&a->selectors, &b->selectors) &&
               pkc_terms_equal(&a->required_terms, &b->required_terms);
    }
    return same && (!(honours & HONOUR_TAINTS) || vec_equal(&a->tolerations, &b->tolerations));
}

static int same_counter(const pkc_engine *e, const counter *k, const counter *wanted) {
    if (k->kind != wanted->kind || k->topology != wanted->topology ||
        k->matcher != wanted->matcher || k->honours != wanted->honours) {
        return 0;
    }
    if (k->owner == wanted->owner) {
        return 1;
    }
    const pod_class *a = &e->classes.data[k->owner];
    const pod_class *b = &e->classes.data[wanted->owner];
    return k->kind == COUNTER_SPREAD ? same_admission(a, b, k->honours)
                                     : vec_equal(&a->affinity, &b->affinity);
}

/* Index of such a counter, made if need be. */
static int counter_find(pkc_engine *e, const counter *wanted) {
    for (int64_t i = 0; i < e->counters.count; i++) {
        if (same_counter(e, &e->counters.data[i], wanted)) {
            return (int)i;
        }
    }
    if (e->counters.count >= INT32_MAX || vec_push(&e->counters, *wanted) < 0) {
        return PKC_ERR_NO_MEMORY;
    }
    return (int)(e->counters.count - 1);
}

static int own_push(pkc_engine *e, pod_class *c, const counter *wanted) {
    int found = counter_find(e, wanted);
    if (found < 0) {
        return found;
    }
    return vec_push(&c->own, found) < 0 ? PKC_ERR_NO_MEMORY : PKC_OK;
}

static int register_spread(pkc_engine *e, pod_class *c, int32_t class_index,
                           const spread_constraint *s) {
    /* Soft constraints on the hostname count the node's own pods, whatever the policies say. */
    int own_row = !s->hard && s->is_hostname;
    int topology_index = pkc_topology_find(e, own_row ? -1 : s->key);
    if (topology_index < 0) {
        return topology_index;
    }
    counter wanted = {.kind = own_row ? COUNTER_MATCHED : COUNTER_SPREAD,
                      .matcher = s->matcher,
                      .topology = topology_index,
                      .owner = own_row ? -1 : class_index};
    if (!own_row) {
        wanted.honours = (s->hard ? HONOUR_HARD : 0) |
                         (s->hard || c->spread_needs_all_keys ? HONOUR_ALL_KEYS : 0) |
                         (s->honors_affinity ? HONOUR_AFFINITY : 0) |
                         (s->honors_taints ? HONOUR_TAINTS : 0);
    }
    return own_push(e, c, &wanted);
}

static int register_terms(pkc_engine *e, pod_class *c, int32_t class_index,
                          const pod_term_vec *terms, counter_kind own, counter_kind held) {
    for (int64_t i = 0; i < terms->count; i++) {
        const pod_term *t = &terms->data[i];
        int topology_index = pkc_topology_find(e, t->key);
        if (topology_index < 0) {
            return topology_index;
        }
        int all = own == COUNTER_MATCHED_ALL;
        counter mine = {.kind = own,
                        .matcher = all ? -1 : t->matcher,
                        .topology = topology_index,
                        .owner = all ? class_index : -1};
        counter kept = {
            .kind = held, .matcher = t->held_matcher, .topology = topology_index, .owner = -1};
        PKC_TRY(own_push(e, c, &mine));
        PKC_TRY(counter_find(e, &kept));
    }
    return PKC_OK;
}

int pkc_counters_register(pkc_engine *e, int32_t class_index) {
    pod_class *c = &e->classes.data[class_index];
    for (int64_t i = 0; i < c->spread.count; i++) {
        PKC_TRY(register_spread(e, c, class_index, &c->spread.data[i]));
    }
    PKC_TRY(register_terms(e, c, class_index, &c->affinity, COUNTER_MATCHED_ALL,
                           COUNTER_HELD_AFFINITY));
    PKC_TRY(register_terms(e, c, class_index, &c->anti_affinity, COUNTER_MATCHED,
                           COUNTER_HELD_ANTI));
    return register_terms(e, c, class_index, &c->preferred_pods, COUNTER_MATCHED,
                          COUNTER_HELD_PREFERRED);
}

void pkc_counters_forget(pkc_engine *e, int32_t class_index) {
    while (e->counters.count > 0 &&
           e->counters.data[e->counters.count - 1].owner == class_index) {
        pkc_counter_clear(&e->counters.data[--e->counters.count]);
    }
}
