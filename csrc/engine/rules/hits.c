/* Which counters the pods of a class change. */
#include "engine/rules/hits.h"

static int matches(const pkc_engine *e, int32_t matcher_index, const pod_class *c) {
    return pkc_matcher_matches(&e->matchers.data[matcher_index], c);
}

static int matches_all(const pkc_engine *e, const pod_class *owner, const pod_class *c) {
    for (int64_t i = 0; i < owner->affinity.count; i++) {
        if (!matches(e, owner->affinity.data[i].matcher, c)) {
            return 0;
        }
    }
    return 1;
}

static int push_held(const pkc_engine *e, pod_class *c, const pod_term_vec *terms,
                     int32_t index) {
    const counter *k = &e->counters.data[index];
    for (int64_t i = 0; i < terms->count; i++) {
        const pod_term *t = &terms->data[i];
        if (t->held_matcher == k->matcher && t->key == e->topologies.data[k->topology].key) {
            hit h = {index, t->weight};
            if (vec_push(&c->hits, h) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* Adds counter index to what pods of the class change and to what an incoming one looks at. */
static int examine(const pkc_engine *e, pod_class *c, int32_t index) {
    const counter *k = &e->counters.data[index];
    hit one = {index, 1};
    switch (k->kind) {
    case COUNTER_MATCHED:
    case COUNTER_SPREAD: return matches(e, k->matcher, c) ? vec_push(&c->hits, one) : 0;
    case COUNTER_MATCHED_ALL:
        return matches_all(e, &e->classes.data[k->owner], c) ? vec_push(&c->hits, one) : 0;
    default: break;
    }
    if (matches(e, k->matcher, c) && vec_push(&c->held_hits, one) < 0) {
        return -1;
    }
    const pod_term_vec *terms = k->kind == COUNTER_HELD_ANTI       ? &c->anti_affinity
                                : k->kind == COUNTER_HELD_AFFINITY ? &c->affinity
                                                                   : &c->preferred_pods;
    return push_held(e, c, terms, index);
}

int pkc_hits_extend(const pkc_engine *e, pod_class *c) {
    if (c->hits_epoch != e->matcher_epoch) {
        c->hits.count = 0;
        c->held_hits.count = 0;
        c->hits_seen = 0;
        c->hits_epoch = e->matcher_epoch;
    }
    for (; c->hits_seen < e->counters.count; c->hits_seen++) {
        int64_t hits = c->hits.count;
        int64_t held = c->held_hits.count;
        if (examine(e, c, (int32_t)c->hits_seen) < 0) {
            c->hits.count = hits;
            c->held_hits.count = held;
            return PKC_ERR_NO_MEMORY;
        }
    }
    return PKC_OK;
}
