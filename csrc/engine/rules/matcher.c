/* Matchers of pods, and label keys as topologies of domains. */
#include <string.h>

#include "engine/state/engine.h"

void pkc_matcher_clear(matcher *m) {
    free(m->term);
    free(m->namespaces);
}

void pkc_topology_clear(topology *t) {
    free(t->domain);
    vec_free(&t->by_value);
}

static int namespaces_copy(const int32_t *namespaces, int32_t count, int32_t **copy_out) {
    if (count < -1) {
        return PKC_ERR_INVALID;
    }
    size_t used = count > 0 ? (size_t)count : 0;
    for (size_t i = 1; i < used; i++) {
        if (namespaces[i - 1] >= namespaces[i]) {
            return PKC_ERR_INVALID;
        }
    }
    int32_t *copy = malloc((used + 1) * sizeof *copy);
    if (copy == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    if (used > 0) {
        memcpy(copy, namespaces, used * sizeof *copy);
    }
    *copy_out = copy;
    return PKC_OK;
}

int pkc_engine_matcher_add(pkc_engine *e, const int64_t *term, int64_t word_count,
                           const int32_t *namespaces, int32_t namespace_count,
                           int skip_terminating) {
    if (word_count < 1 || pkc_requirements_valid(term, word_count) != word_count) {
        return PKC_ERR_INVALID;
    }
    matcher m = {.namespace_count = namespace_count, .skip_terminating = skip_terminating != 0};
    int status = namespaces_copy(namespaces, namespace_count, &m.namespaces);
    if (status < 0) {
        return status;
    }
    m.term = malloc((size_t)word_count * sizeof *m.term);
    if (m.term == NULL || vec_push(&e->matchers, m) < 0) {
        pkc_matcher_clear(&m);
        return PKC_ERR_NO_MEMORY;
    }
    memcpy(m.term, term, (size_t)word_count * sizeof *m.term);
    return (int)(e->matchers.count - 1);
}

int pkc_engine_matcher_namespaces(pkc_engine *e, int32_t index, const int32_t *namespaces,
                                  int32_t namespace_count) {
    if (index < 0 || index >= e->matchers.count) {
        return PKC_ERR_NOT_FOUND;
    }
    int32_t *copy;
    int status = namespaces_copy(namespaces, namespace_count, &copy);
    if (status < 0) {
        return status;
    }
    matcher *m = &e->matchers.data[index];
    free(m->namespaces);
    m->namespaces = copy;
    m->namespace_count = namespace_count;
    e->matcher_epoch++;
    return PKC_OK;
}

/* The value of a pod's label, or -1. */
static int64_t pod_label(const pod_class *c, int64_t key) {
    int64_t low = 0;
    int64_t high = c->labels.count / 2;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (c->labels.data[2 * middle] < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    int found = low < c->labels.count / 2 && c->labels.data[2 * low] == key;
    return found ? c->labels.data[2 * low + 1] : -1;
}

static int has_value(const int64_t *requirement, int64_t value) {
    for (int64_t i = 0; i < requirement[3]; i++) {
        if (requirement[REQUIREMENT_HEAD + i] == value) {
            return 1;
        }
    }
    return 0;
}

static int pod_requirement(const int64_t *requirement, const pod_class *c) {
    int64_t value = pod_label(c, requirement[1]);
    switch (requirement[0]) {
    case PKC_OP_IN: return value >= 0 && has_value(requirement, value);
    case PKC_OP_NOT_IN: return value < 0 || !has_value(requirement, value);
    case PKC_OP_EXISTS: return value >= 0;
    case PKC_OP_DOES_NOT_EXIST: return value < 0;
    default: return 0;
    }
}

static int in_namespaces(const matcher *m, int32_t namespace_id) {
    if (m->namespace_count < 0) {
        return 1;
    }
    for (int32_t i = 0; i < m->namespace_count; i++) {
        if (m->namespaces[i] == namespace_id) {
            return 1;
        }
    }
    return 0;
}

int pkc_matcher_matches(const pkc_engine *e, int32_t index, const pod_class *c) {
    const matcher *m = &e->matchers.data[index];
    if (!in_namespaces(m, c->namespace_id) || (m->skip_terminating && c->terminating)) {
        return 0;
    }
    const int64_t *requirement = m->term + 1;
    for (int64_t i = 0; i < m->term[0]; i++) {
        if (!pod_requirement(requirement, c)) {
            return 0;
        }
        requirement += REQUIREMENT_HEAD + requirement[3];
    }
    return 1;
}

int pkc_engine_match(const pkc_engine *e, const int64_t *selector, int64_t word_count,
                     uint8_t *match_out) {
    if (word_count < 1 || !pkc_selector_valid(selector, word_count)) {
        return PKC_ERR_INVALID;
    }
    for (int32_t row = 0; row < e->row_count; row++) {
        const node *n = &e->nodes[row];
        match_out[row] = n->alive && pkc_selector_match((words){selector, word_count}, n);
    }
    return PKC_OK;
}

/* Index of the topology of a key, made if need be; key -1 is that of the rows. */
int pkc_topology_find(pkc_engine *e, int32_t key) {
    for (int64_t i = 0; i < e->topologies.count; i++) {
        if (e->topologies.data[i].key == key) {
            return (int)i;
        }
    }
    topology t = {.key = key};
    if (vec_push(&e->topologies, t) < 0) {
        return PKC_ERR_NO_MEMORY;
    }
    return (int)(e->topologies.count - 1);
}

/* Domain of a value, a new one if need be; -1 when out of memory. */
static int32_t domain_of(topology *t, int32_t value) {
    while (t->by_value.count <= value) {
        if (vec_push(&t->by_value, -1) < 0) {
            return -1;
        }
    }
    if (t->by_value.data[value] < 0) {
        t->by_value.data[value] = t->domain_count++;
    }
    return t->by_value.data[value];
}

/* Brings the domains of rows up to date. O(rows) after a change of nodes. */
int pkc_topology_refresh(pkc_engine *e, int32_t index) {
    topology *t = &e->topologies.data[index];
    if (t->capacity < e->capacity) {
        int32_t *grown = realloc(t->domain, (size_t)e->capacity * sizeof *grown);
        if (grown == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        t->domain = grown;
        t->capacity = e->capacity;
    }
    if (t->epoch_seen == e->epoch) {
        return PKC_OK;
    }
    for (int32_t row = 0; row < e->row_count; row++) {
        const node *n = &e->nodes[row];
        if (n->epoch <= t->epoch_seen) {
            continue;
        }
        const label *l = t->key < 0 ? NULL : pkc_find_label(n, t->key);
        int32_t domain = -1;
        if (n->alive && t->key < 0) {
            domain = row;
        } else if (n->alive && l != NULL) {
            domain = domain_of(t, l->value);
            if (domain < 0) {
                return PKC_ERR_NO_MEMORY;
            }
        }
        t->domain[row] = domain;
    }
    if (t->key < 0) {
        t->domain_count = e->row_count;
    }
    t->epoch_seen = e->epoch;
    return PKC_OK;
}
