/* Requirements on node labels, and tolerations of taints, over the words of a program. */
#include "engine/state/engine.h"

const label *pkc_find_label(const node *n, int64_t key) {
    int32_t low = 0;
    int32_t high = n->label_count;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (n->labels[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < n->label_count && n->labels[low].key == key ? &n->labels[low] : NULL;
}

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

/* One requirement at data; nodes without the key pass NotIn and DoesNotExist only
 * (k8s.io/apimachinery pkg/labels/selector.go, Requirement.Matches). */
static int requirement_match(const int64_t *data, const node *n) {
    const label *found = pkc_find_label(n, data[1]);
    const int64_t *values = data + REQUIREMENT_HEAD;
    switch (data[0]) {
    case PKC_OP_IN: return found != NULL && contains(values, data[3], found->value);
    case PKC_OP_NOT_IN: return found == NULL || !contains(values, data[3], found->value);
    case PKC_OP_EXISTS: return found != NULL;
    case PKC_OP_DOES_NOT_EXIST: return found == NULL;
    case PKC_OP_GREATER_THAN:
        return found != NULL && found->number >= 0 && found->number > data[2];
    case PKC_OP_LESS_THAN:
        return found != NULL && found->number >= 0 && found->number < data[2];
    default: return 0;
    }
}

int64_t pkc_requirements_valid(const int64_t *data, int64_t count) {
    if (count < 1 || data[0] < 0) {
        return -1;
    }
    int64_t at = 1;
    for (int64_t i = 0; i < data[0]; i++) {
        if (count - at < REQUIREMENT_HEAD) {
            return -1;
        }
        const int64_t *r = data + at;
        at += REQUIREMENT_HEAD;
        if (r[0] < PKC_OP_IN || r[0] > PKC_OP_NEVER || r[1] < 0 || r[1] > INT32_MAX || r[3] < 0 ||
            r[3] > count - at) {
            return -1;
        }
        for (int64_t v = 1; v < r[3]; v++) {
            if (data[at + v - 1] >= data[at + v]) {
                return -1;
            }
        }
        at += r[3];
    }
    return at;
}

int pkc_selector_valid(const int64_t *data, int64_t count) {
    if (count < 1 || data[0] < 0) {
        return 0;
    }
    int64_t at = 1;
    for (int64_t i = 0; i < data[0]; i++) {
        int64_t used = pkc_requirements_valid(data + at, count - at);
        if (used < 0) {
            return 0;
        }
        at += used;
    }
    return at == count;
}

int pkc_requirements_match(const int64_t *data, const node *n, const int64_t **end_out) {
    const int64_t *r = data + 1;
    int matches = 1;
    for (int64_t i = 0; i < data[0]; i++) {
        matches = matches && requirement_match(r, n);
        r += REQUIREMENT_HEAD + r[3];
    }
    *end_out = r;
    return matches;
}

int pkc_selector_match(words selector, const node *n) {
    const int64_t *term = selector.data + 1;
    for (int64_t i = 0; i < selector.data[0]; i++) {
        if (pkc_requirements_match(term, n, &term)) {
            return 1;
        }
    }
    return 0;
}

/* k8s.io/api core/v1 Toleration.ToleratesTaint. */
int pkc_tolerates(words tolerations, const taint *t) {
    for (int64_t i = 0; i < tolerations.count; i += 4) {
        const int64_t *toleration = tolerations.data + i;
        if ((toleration[3] < 0 || toleration[3] == t->effect) &&
            (toleration[0] < 0 || toleration[0] == t->key) &&
            (toleration[1] || toleration[2] == t->value)) {
            return 1;
        }
    }
    return 0;
}
