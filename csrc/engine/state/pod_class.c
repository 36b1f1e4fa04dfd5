/* Facts of a pod class about nodes, and its end. */
#include "engine/state/pod_class.h"

int64_t pkc_class_request(const pod_class *c, int32_t resource) {
    for (int64_t i = 0; i < c->request.count; i++) {
        if (c->request.data[i].resource == resource) {
            return c->request.data[i].amount;
        }
    }
    return 0;
}

int pkc_class_tolerates(const pod_class *c, const taint *t) {
    for (int64_t i = 0; i < c->tolerations.count; i++) {
        const toleration *own = &c->tolerations.data[i];
        if ((own->effect < 0 || own->effect == t->effect) &&
            (own->key < 0 || own->key == t->key) && (own->exists || own->value == t->value)) {
            return 1;
        }
    }
    return 0;
}

int pkc_selector_matches(const pod_class *c, const selector *s, const node *n) {
    for (int32_t i = 0; i < s->term_count; i++) {
        if (pkc_term_matches_node(&c->required_terms, s->term_first + i, n)) {
            return 1;
        }
    }
    return 0;
}

int pkc_outside_node_set(const pod_class *c, const node *n) {
    if (!c->has_node_set) {
        return 0;
    }
    int32_t name = pkc_node_name(n);
    for (int64_t i = 0; i < c->node_set.count; i++) {
        if (c->node_set.data[i] == name) {
            return 0;
        }
    }
    return 1;
}

void pkc_class_clear(pod_class *c) {
    vec_free(&c->request);
    vec_free(&c->filter_request);
    vec_free(&c->tolerations);
    vec_free(&c->node_set);
    vec_free(&c->selectors);
    pkc_terms_clear(&c->required_terms);
    vec_free(&c->preferred_weights);
    pkc_terms_clear(&c->preferred_terms);
    vec_free(&c->labels);
    vec_free(&c->ports);
    vec_free(&c->images);
    vec_free(&c->spread);
    vec_free(&c->affinity);
    vec_free(&c->anti_affinity);
    vec_free(&c->preferred_pods);
    vec_free(&c->disks);
    vec_free(&c->claims);
    vec_free(&c->once_claims);
    vec_free(&c->csi_volumes);
    vec_free(&c->hits);
    vec_free(&c->held_hits);
    vec_free(&c->own);
    free(c->external);
    free(c->lacks_key);
}
