/* Counters: what other pods have to do with a pod, one number per domain.
 *
 * A class registers its counters once. A counter is made when it is first needed, kept up by every
 * pod that comes or goes, and made anew after a change of nodes or of a matcher's namespaces.
 *
 * Example: pods of class A spread over zones by the label app=a. The counter SPREAD (app=a, zone,
 * A) holds {zone 0: 3, zone 1: 2}. Class B has that label too: its hits name the counter with
 * weight 1, so a pod of B in zone 1 makes it {3, 3}. */
#include <limits.h>
#include <string.h>

#include "engine/state/engine.h"

void pkc_counter_clear(counter *k) {
    free(k->count);
    free(k->eligible);
    free(k->admitted);
}

static int same_words(words a, words b) {
    return a.count == b.count &&
           (a.count == 0 || memcmp(a.data, b.data, (size_t)a.count * sizeof *a.data) == 0);
}

/* 1 if the rows that two classes admit for spread counters of these bits are the same. */
static int same_admission(const pod_class *a, const pod_class *b, int32_t honours) {
    int same = a == b || (same_words(a->spread, b->spread) &&
                          a->spread_needs_all_keys == b->spread_needs_all_keys);
    if (same && (honours & HONOUR_AFFINITY)) {
        same = a->selectors.count == b->selectors.count;
        for (int64_t i = 0; same && i < a->selectors.count; i++) {
            same = same_words(a->selectors.data[i], b->selectors.data[i]);
        }
    }
    return same &&
           (!(honours & HONOUR_TAINTS) || same_words(a->tolerations, b->tolerations));
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
                                     : same_words(a->affinity, b->affinity);
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

static int register_spread(pkc_engine *e, pod_class *c, int32_t class_index, const int64_t *w) {
    /* Soft constraints on the hostname count the node's own pods, whatever the policies say. */
    int own_row = !w[0] && w[2];
    int topology_index = pkc_topology_find(e, own_row ? -1 : (int32_t)w[1]);
    if (topology_index < 0) {
        return topology_index;
    }
    counter wanted = {.kind = own_row ? COUNTER_MATCHED : COUNTER_SPREAD,
                      .matcher = (int32_t)w[5],
                      .topology = topology_index,
                      .owner = own_row ? -1 : class_index};
    if (!own_row) {
        wanted.honours = (w[0] ? HONOUR_HARD : 0) |
                         (w[0] || c->spread_needs_all_keys ? HONOUR_ALL_KEYS : 0) |
                         (w[7] ? HONOUR_AFFINITY : 0) | (w[8] ? HONOUR_TAINTS : 0);
    }
    return own_push(e, c, &wanted);
}

static int register_terms(pkc_engine *e, pod_class *c, int32_t class_index, words terms,
                          counter_kind own, counter_kind held) {
    for (int64_t i = 0; i < terms.count; i += TERM_WORDS) {
        const int64_t *w = terms.data + i;
        int topology_index = pkc_topology_find(e, (int32_t)w[2]);
        if (topology_index < 0) {
            return topology_index;
        }
        int all = own == COUNTER_MATCHED_ALL;
        counter mine = {.kind = own,
                        .matcher = all ? -1 : (int32_t)w[0],
                        .topology = topology_index,
                        .owner = all ? class_index : -1};
        counter kept = {
            .kind = held, .matcher = (int32_t)w[1], .topology = topology_index, .owner = -1};
        int status = own_push(e, c, &mine);
        if (status == PKC_OK) {
            status = counter_find(e, &kept);
        }
        if (status < 0) {
            return status;
        }
    }
    return PKC_OK;
}

/* Makes the counters that a class reads, and those of the terms that its pods hold. */
int pkc_counters_register(pkc_engine *e, int32_t class_index) {
    pod_class *c = &e->classes.data[class_index];
    int status = PKC_OK;
    for (int64_t i = 0; status == PKC_OK && i < c->spread.count; i += SPREAD_WORDS) {
        status = register_spread(e, c, class_index, c->spread.data + i);
    }
    if (status == PKC_OK) {
        status = register_terms(e, c, class_index, c->affinity, COUNTER_MATCHED_ALL,
                                COUNTER_HELD_AFFINITY);
    }
    if (status == PKC_OK) {
        status = register_terms(e, c, class_index, c->anti_affinity, COUNTER_MATCHED,
                                COUNTER_HELD_ANTI);
    }
    if (status == PKC_OK) {
        status = register_terms(e, c, class_index, c->preferred_pods, COUNTER_MATCHED,
                                COUNTER_HELD_PREFERRED);
    }
    return status;
}

/* Takes back the counters that a class which failed to register made: they are the last ones. */
void pkc_counters_forget(pkc_engine *e, int32_t class_index) {
    while (e->counters.count > 0 &&
           e->counters.data[e->counters.count - 1].owner == class_index) {
        pkc_counter_clear(&e->counters.data[--e->counters.count]);
    }
}

static int matches_all(const pkc_engine *e, const pod_class *owner, const pod_class *c) {
    for (int64_t i = 0; i < owner->affinity.count; i += TERM_WORDS) {
        if (!pkc_matcher_matches(e, (int32_t)owner->affinity.data[i], c)) {
            return 0;
        }
    }
    return 1;
}

static int push_held(const pkc_engine *e, pod_class *c, words terms, int32_t index) {
    const counter *k = &e->counters.data[index];
    for (int64_t i = 0; i < terms.count; i += TERM_WORDS) {
        const int64_t *w = terms.data + i;
        if (w[1] == k->matcher && w[2] == e->topologies.data[k->topology].key) {
            hit h = {index, w[3]};
            if (vec_push(&c->hits, h) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* Adds counter index to what pods of the class change and to what an incoming one looks at. */
static int hits_examine(const pkc_engine *e, pod_class *c, int32_t index) {
    const counter *k = &e->counters.data[index];
    hit one = {index, 1};
    int matches;
    switch (k->kind) {
    case COUNTER_MATCHED:
    case COUNTER_SPREAD:
        return pkc_matcher_matches(e, k->matcher, c) ? vec_push(&c->hits, one) : 0;
    case COUNTER_MATCHED_ALL:
        matches = matches_all(e, &e->classes.data[k->owner], c);
        return matches ? vec_push(&c->hits, one) : 0;
    default: break;
    }
    if (pkc_matcher_matches(e, k->matcher, c) && vec_push(&c->held_hits, one) < 0) {
        return -1;
    }
    words terms = k->kind == COUNTER_HELD_ANTI       ? c->anti_affinity
                  : k->kind == COUNTER_HELD_AFFINITY ? c->affinity
                                                     : c->preferred_pods;
    return push_held(e, c, terms, index);
}

static int hits_extend(const pkc_engine *e, pod_class *c) {
    if (c->hits_epoch != e->matcher_epoch) {
        c->hits.count = 0;
        c->held_hits.count = 0;
        c->hits_seen = 0;
        c->hits_epoch = e->matcher_epoch;
    }
    for (; c->hits_seen < e->counters.count; c->hits_seen++) {
        int64_t hits = c->hits.count;
        int64_t held = c->held_hits.count;
        if (hits_examine(e, c, (int32_t)c->hits_seen) < 0) {
            c->hits.count = hits;
            c->held_hits.count = held;
            return PKC_ERR_NO_MEMORY;
        }
    }
    return PKC_OK;
}

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
    for (int64_t i = 0; i < c->spread.count; i += SPREAD_WORDS) {
        const int64_t *w = c->spread.data + i;
        uint8_t *of_kind = lacks + (w[0] ? rows : 0);
        for (int32_t row = 0; row < e->row_count; row++) {
            of_kind[row] |= pkc_find_label(&e->nodes[row], w[1]) == NULL;
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
        words s = c->selectors.data[i];
        if (s.data[0] == 0 && !pkc_selector_match((words){s.data + 1, s.count - 1}, n)) {
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
            status = hits_extend(e, &e->classes.data[i]);
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
int pkc_counters_prepare(pkc_engine *e, int32_t class_index) {
    pod_class *c = &e->classes.data[class_index];
    int status = hits_extend(e, c);
    for (int64_t i = 0; status == PKC_OK && i < c->own.count; i++) {
        status = counter_refresh(e, c->own.data[i]);
    }
    for (int64_t i = 0; status == PKC_OK && i < c->held_hits.count; i++) {
        status = counter_refresh(e, c->held_hits.data[i].counter);
    }
    return status;
}

/* Counts a pod that came (sign 1) or goes (-1). */
void pkc_counters_pod(pkc_engine *e, int32_t class_index, int32_t row, int64_t sign) {
    if (e->counters.count == 0) {
        return;
    }
    pod_class *c = &e->classes.data[class_index];
    if (hits_extend(e, c) < 0) {
        for (int64_t i = 0; i < e->counters.count; i++) {
            e->counters.data[i].epoch_seen = 0; /* made anew when memory is there again */
        }
        return;
    }
    for (int64_t i = 0; i < c->hits.count; i++) {
        counter *k = &e->counters.data[c->hits.data[i].counter];
        if (is_fresh(e, k)) {
            counter_apply(k, &e->topologies.data[k->topology], row, c->hits.data[i].weight, sign);
        }
    }
}

/* The smallest count of a spread counter over its eligible domains, INT32_MAX if there is none. */
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
