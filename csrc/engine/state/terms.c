/* Terms over labels, matched. */
#include "engine/state/terms.h"

static int contains(const int64_t *ascending, int64_t count, int64_t value) {
    int64_t low = 0;
    int64_t high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (ascending[middle] < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && ascending[low] == value;
}

static int names(const term_set *set, const requirement *r, int64_t value) {
    return contains(set->values.data + r->value_first, r->value_count, value);
}

/* Nodes without the key pass NotIn and DoesNotExist only (k8s.io/apimachinery
 * pkg/labels/selector.go, Requirement.Matches). */
static int matches_node(const term_set *set, const requirement *r, const node *n) {
    const label *found = pkc_node_label(n, r->key);
    switch (r->operation) {
    case PKC_OP_IN: return found != NULL && names(set, r, found->value);
    case PKC_OP_NOT_IN: return found == NULL || !names(set, r, found->value);
    case PKC_OP_EXISTS: return found != NULL;
    case PKC_OP_DOES_NOT_EXIST: return found == NULL;
    case PKC_OP_GREATER_THAN:
        return found != NULL && found->number >= 0 && found->number > r->number;
    case PKC_OP_LESS_THAN:
        return found != NULL && found->number >= 0 && found->number < r->number;
    default: return 0;
    }
}

int pkc_term_matches_node(const term_set *set, int64_t index, const node *n) {
    const term *t = &set->terms.data[index];
    for (int32_t i = 0; i < t->count; i++) {
        if (!matches_node(set, &set->requirements.data[t->first + i], n)) {
            return 0;
        }
    }
    return 1;
}

/* The value of a pod's label, or -1. */
static int64_t value_of(const pod_label *labels, int64_t count, int32_t key) {
    int64_t low = 0;
    int64_t high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (labels[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && labels[low].key == key ? labels[low].value : -1;
}

static int matches_pod(const term_set *set, const requirement *r, int64_t value) {
    switch (r->operation) {
    case PKC_OP_IN: return value >= 0 && names(set, r, value);
    case PKC_OP_NOT_IN: return value < 0 || !names(set, r, value);
    case PKC_OP_EXISTS: return value >= 0;
    case PKC_OP_DOES_NOT_EXIST: return value < 0;
    default: return 0;
    }
}

int pkc_term_matches_pod(const term_set *set, int64_t index, const pod_label *labels,
                         int64_t count) {
    const term *t = &set->terms.data[index];
    for (int32_t i = 0; i < t->count; i++) {
        const requirement *r = &set->requirements.data[t->first + i];
        if (!matches_pod(set, r, value_of(labels, count, r->key))) {
            return 0;
        }
    }
    return 1;
}

int pkc_terms_equal(const term_set *a, const term_set *b) {
    return vec_equal(&a->terms, &b->terms) && vec_equal(&a->requirements, &b->requirements) &&
           vec_equal(&a->values, &b->values);
}

void pkc_terms_clear(term_set *set) {
    vec_free(&set->terms);
    vec_free(&set->requirements);
    vec_free(&set->values);
}
