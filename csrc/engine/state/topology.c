/* Label keys as topologies of domains. */
#include "engine/state/topology.h"

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
        const label *l = t->key < 0 ? NULL : pkc_node_label(n, t->key);
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
