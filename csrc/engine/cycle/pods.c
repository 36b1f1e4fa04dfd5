/* Pods as slots on rows, and what they take from the columns. */
#include "engine/cycle/pods.h"

#include "engine/rules/table.h"
#include "engine/state/columns.h"
int pkc_pods_reserve(pkc_engine *e, int64_t count) {
    if (count > PKC_POD_COUNT_MAX - e->pods.count) {
        return PKC_ERR_LIMIT;
    }
    return vec_reserve(&e->pods, e->pods.count + count) < 0 ? PKC_ERR_NO_MEMORY : PKC_OK;
}

int pkc_pod_fits_in_columns(const pkc_engine *e, const pod_class *c, int32_t row) {
    int64_t sum;
    for (int64_t i = 0; i < c->request.count; i++) {
        const request *r = &c->request.data[i];
        if (__builtin_add_overflow(pkc_column_requested(e, r->resource)[row], r->amount, &sum)) {
            return 0;
        }
    }
    return !__builtin_add_overflow(pkc_column(e, PKC_FIELD_NONZERO_CPU)[row], c->nonzero_cpu,
                                   &sum) &&
           !__builtin_add_overflow(pkc_column(e, PKC_FIELD_NONZERO_MEMORY)[row],
                                   c->nonzero_memory, &sum);
}

static void account(pkc_engine *e, const pod_class *c, int32_t row, int64_t sign) {
    for (int64_t i = 0; i < c->request.count; i++) {
        const request *r = &c->request.data[i];
        pkc_column_requested(e, r->resource)[row] += sign * r->amount;
    }
    pkc_column(e, PKC_FIELD_NONZERO_CPU)[row] += sign * c->nonzero_cpu;
    pkc_column(e, PKC_FIELD_NONZERO_MEMORY)[row] += sign * c->nonzero_memory;
    pkc_column(e, PKC_FIELD_POD_COUNT)[row] += sign;
}

void pkc_pod_attach(pkc_engine *e, int32_t slot) {
    pod *p = &e->pods.data[slot];
    pod_class *c = &e->classes.data[p->class_index];
    node *n = &e->nodes[p->row];
    p->next = n->first_pod;
    p->previous = -1;
    if (n->first_pod >= 0) {
        e->pods.data[n->first_pod].previous = slot;
    }
    n->first_pod = slot;
    p->class_next = c->first_pod;
    p->class_previous = -1;
    if (c->first_pod >= 0) {
        e->pods.data[c->first_pod].class_previous = slot;
    }
    c->first_pod = slot;
    e->pod_count++;
    account(e, c, p->row, 1);
    for (plugin_set left = c->attaches; left != 0; left = pkc_rest(left)) {
        pkc_rules[pkc_first(left)]->attach(e, p);
    }
    pkc_row_touch(e, p->row);
}

void pkc_pod_detach(pkc_engine *e, int32_t slot) {
    pod *p = &e->pods.data[slot];
    pod_class *c = &e->classes.data[p->class_index];
    if (p->previous >= 0) {
        e->pods.data[p->previous].next = p->next;
    } else {
        e->nodes[p->row].first_pod = p->next;
    }
    if (p->next >= 0) {
        e->pods.data[p->next].previous = p->previous;
    }
    if (p->class_previous >= 0) {
        e->pods.data[p->class_previous].class_next = p->class_next;
    } else {
        c->first_pod = p->class_next;
    }
    if (p->class_next >= 0) {
        e->pods.data[p->class_next].class_previous = p->class_previous;
    }
    e->pod_count--;
    account(e, c, p->row, -1);
    for (plugin_set left = c->attaches; left != 0; left = pkc_rest(left)) {
        pkc_rules[pkc_first(left)]->detach(e, p);
    }
    pkc_row_touch(e, p->row);
}

int32_t pkc_pod_add(pkc_engine *e, int32_t class_index, int32_t row) {
    int32_t slot = e->free_pod;
    if (slot >= 0) {
        e->free_pod = e->pods.data[slot].next;
    } else {
        PKC_CHECK(e->pods.count < e->pods.capacity);
        slot = (int32_t)e->pods.count++;
    }
    pod *p = &e->pods.data[slot];
    *p = (pod){.class_index = class_index, .row = row, .start_ns = INT64_MAX};
    const pod_class *c = pkc_class_of(e, p);
    for (plugin_set left = c->reserves; left != 0; left = pkc_rest(left)) {
        pkc_rules[pkc_first(left)]->reserve(e, c, p);
    }
    pkc_pod_attach(e, slot);
    return slot;
}

void pkc_pod_drop(pkc_engine *e, int32_t slot) {
    pkc_pod_detach(e, slot);
    e->pods.data[slot] =
        (pod){.class_index = -1, .row = -1, .next = e->free_pod, .previous = -1};
    e->free_pod = slot;
}

int pkc_engine_bind(pkc_engine *e, int64_t count, const int32_t *classes, const int32_t *rows,
                    int32_t *pod_out) {
    if (count < 0) {
        return PKC_ERR_INVALID;
    }
    for (int64_t i = 0; i < count; i++) {
        if (classes[i] < 0 || classes[i] >= e->classes.count || rows[i] < 0 ||
            rows[i] >= e->row_count || !e->nodes[rows[i]].alive) {
            return PKC_ERR_NOT_FOUND;
        }
    }
    int status = pkc_pods_reserve(e, count);
    if (status < 0) {
        return status;
    }
    for (int64_t i = 0; i < count; i++) {
        if (!pkc_pod_fits_in_columns(e, &e->classes.data[classes[i]], rows[i])) {
            while (i-- > 0) {
                pkc_pod_drop(e, pod_out[i]);
            }
            return PKC_ERR_OVERFLOW;
        }
        pod_out[i] = pkc_pod_add(e, classes[i], rows[i]);
    }
    return PKC_OK;
}

int pkc_engine_remove(pkc_engine *e, int64_t count, const int32_t *pods) {
    if (count < 0) {
        return PKC_ERR_INVALID;
    }
    int status = PKC_OK;
    int64_t marked = 0;
    /* A slot named twice is found by marking: its class is taken away at the first mention. */
    for (; marked < count; marked++) {
        int32_t slot = pods[marked];
        if (slot < 0 || slot >= e->pods.count || e->pods.data[slot].class_index < 0) {
            status = PKC_ERR_NOT_FOUND;
            break;
        }
        e->pods.data[slot].class_index = ~e->pods.data[slot].class_index;
    }
    for (int64_t i = 0; i < marked; i++) {
        e->pods.data[pods[i]].class_index = ~e->pods.data[pods[i]].class_index;
    }
    for (int64_t i = 0; status == PKC_OK && i < count; i++) {
        pkc_pod_drop(e, pods[i]);
    }
    return status;
}

int pkc_engine_start_times(pkc_engine *e, int64_t count, const int32_t *pods,
                           const int64_t *start_ns) {
    for (int64_t i = 0; i < count; i++) {
        if (pods[i] < 0 || pods[i] >= e->pods.count || e->pods.data[pods[i]].class_index < 0) {
            return PKC_ERR_NOT_FOUND;
        }
    }
    for (int64_t i = 0; i < count; i++) {
        e->pods.data[pods[i]].start_ns = start_ns[i];
    }
    return PKC_OK;
}

int pkc_engine_row_pod_count(const pkc_engine *e, int32_t row) {
    if (row < 0 || row >= e->row_count) {
        return PKC_ERR_NOT_FOUND;
    }
    return (int)pkc_column(e, PKC_FIELD_POD_COUNT)[row];
}

int pkc_engine_pod_count(const pkc_engine *e) {
    return e->pod_count;
}
