/* Nodes come, change and go. */
#include <string.h>

#include "common/sort.h"
#include "engine/cycle/pods.h"
#include "engine/state/columns.h"
#include "engine/state/usage.h"

static int one_node_valid(const pkc_nodes *in, int64_t i) {
    if (in->resource_count < 0 || in->resource_count > PKC_RESOURCE_COUNT_MAX ||
        in->pod_slots[i] < 0 || in->device_count[i] < 0 ||
        in->device_count[i] > PKC_DEVICE_COUNT_MAX || !pkc_node_lists_valid(in, i)) {
        return 0;
    }
    for (int64_t r = 0; r < in->resource_count; r++) {
        if (in->allocatable[i * in->resource_count + r] < 0) {
            return 0;
        }
    }
    return 1;
}

static void devices_fill(pkc_engine *e, int32_t row, int32_t count) {
    e->nodes[row].device_count = count;
    for (int32_t d = 0; d < PKC_DEVICE_COUNT_MAX; d++) {
        e->device_free[(int64_t)row * PKC_DEVICE_COUNT_MAX + d] = d < count ? PKC_DEVICE_MILLI : -1;
    }
}

/* Everything of the row but its pods. Lists are in place already. */
static void node_fill(pkc_engine *e, int32_t row, const pkc_nodes *in, int64_t i) {
    node *n = &e->nodes[row];
    for (int32_t r = 0; r < e->resource_count; r++) {
        int64_t amount = r < in->resource_count ? in->allocatable[i * in->resource_count + r] : 0;
        if (amount < pkc_column_allocatable(e, r)[row]) {
            e->maxima_stale = 1;
        }
        pkc_column_allocatable(e, r)[row] = amount;
        if (amount > e->resource_max[r]) {
            e->resource_max[r] = amount;
            e->maxima_epoch++;
        }
    }
    pkc_column(e, PKC_FIELD_POD_SLOTS)[row] = in->pod_slots[i];
    n->unschedulable = in->unschedulable[i] != 0;
    for (int32_t t = 0; t < n->taint_count; t++) {
        e->any_soft_taint |= n->taints[t].effect == PKC_EFFECT_PREFER_NO_SCHEDULE;
    }
    n->rank = in->rank[i];
    e->rank_shuffled |= row > 0 && e->nodes[row - 1].rank >= n->rank;
    e->rank_shuffled |= row + 1 < e->row_count && n->rank >= e->nodes[row + 1].rank;
    n->epoch = ++e->epoch;
    pkc_row_touch(e, row);
}

/* Lists of all nodes of a batch behind the rows in use, room for their images: all or nothing. */
static int lists_prepare(pkc_engine *e, int32_t count, const pkc_nodes *in) {
    int32_t done = 0;
    int status = PKC_OK;
    for (; status == PKC_OK && done < count; done++) {
        node *n = &e->nodes[e->row_count + done];
        status = pkc_node_lists_copy(in, done, n);
        if (status == PKC_OK) {
            status = pkc_images_reserve(e, n);
        }
    }
    while (status < 0 && done > 0) {
        pkc_node_lists_free(&e->nodes[e->row_count + --done]);
    }
    return status;
}

int pkc_engine_nodes_add(pkc_engine *e, int32_t count, const pkc_nodes *in) {
    if (count < 0 || count > PKC_NODE_COUNT_MAX - e->row_count) {
        return count < 0 ? PKC_ERR_INVALID : PKC_ERR_LIMIT;
    }
    for (int64_t i = 0; i < count; i++) {
        if (!one_node_valid(in, i)) {
            return PKC_ERR_INVALID;
        }
    }
    int status = pkc_resources_reserve(e, in->resource_count);
    if (status >= 0) {
        status = pkc_rows_reserve(e, e->row_count + count);
    }
    if (status >= 0 && (vec_reserve(&e->odd_rows, (int64_t)e->row_count + count) < 0 ||
                        vec_reserve(&e->order, e->order.count + count) < 0)) {
        status = PKC_ERR_NO_MEMORY;
    }
    if (status >= 0) {
        status = lists_prepare(e, count, in);
    }
    if (status < 0) {
        return status;
    }
    int32_t first = e->row_count;
    for (int32_t i = 0; i < count; i++) {
        int32_t row = e->row_count++;
        e->order.data[e->order.count++] = row;
        e->nodes[row].first_pod = -1;
        e->nodes[row].alive = 1;
        e->alive_count++;
        pkc_images_count(e, &e->nodes[row], 1);
        devices_fill(e, row, in->device_count[i]);
        node_fill(e, row, in, i);
    }
    pkc_view_all(e);
    return first;
}

int pkc_engine_node_update(pkc_engine *e, int32_t row, const pkc_nodes *in, int32_t index) {
    if (!pkc_row_alive(e, row)) {
        return PKC_ERR_NOT_FOUND;
    }
    node *n = &e->nodes[row];
    if (!one_node_valid(in, index)) {
        return PKC_ERR_INVALID;
    }
    if (in->device_count[index] != n->device_count && n->first_pod >= 0) {
        return PKC_ERR_INVALID; /* pods may hold devices that would vanish */
    }
    node lists = {0};
    int status = pkc_resources_reserve(e, in->resource_count);
    if (status >= 0) {
        status = pkc_node_lists_copy(in, index, &lists);
    }
    if (status >= 0) {
        status = pkc_images_reserve(e, &lists);
    }
    if (status < 0) {
        pkc_node_lists_free(&lists);
        return status;
    }
    pkc_images_count(e, n, -1);
    pkc_node_lists_move(n, &lists);
    pkc_images_count(e, n, 1);
    if (in->device_count[index] != n->device_count) {
        devices_fill(e, row, in->device_count[index]);
    }
    node_fill(e, row, in, index);
    return PKC_OK;
}

int pkc_engine_node_remove(pkc_engine *e, int32_t row) {
    if (!pkc_row_alive(e, row)) {
        return PKC_ERR_NOT_FOUND;
    }
    node *n = &e->nodes[row];
    e->scratch.count = 0;
    for (int32_t p = n->first_pod; p >= 0; p = e->pods.data[p].next) {
        if (vec_push(&e->scratch, p) < 0) {
            return PKC_ERR_NO_MEMORY;
        }
    }
    /* In order of their slots, since a dry run shuffles the list: free slots are used again
     * alike. */
    int dropped = (int)e->scratch.count;
    pkc_sort_numbers(e->scratch.data, dropped);
    while (e->scratch.count > 0) {
        pkc_pod_drop(e, e->scratch.data[--e->scratch.count]);
    }
    pkc_images_count(e, n, -1);
    pkc_node_lists_free(n);
    int64_t kept = 0;
    for (int64_t i = 0; i < e->order.count; i++) {
        if (e->order.data[i] != row) {
            e->order.data[kept++] = e->order.data[i];
        }
    }
    e->order.count = kept;
    n->alive = 0;
    e->alive_count--;
    e->maxima_stale = 1;
    n->epoch = ++e->epoch;
    pkc_row_touch(e, row);
    return dropped;
}

int pkc_engine_resource_reserve(pkc_engine *e, int32_t count) {
    return count < 0 ? PKC_ERR_INVALID : pkc_resources_reserve(e, count);
}

int pkc_engine_row_count(const pkc_engine *e) {
    return e->row_count;
}

int pkc_engine_column(const pkc_engine *e, int32_t field, int64_t *column_out) {
    if (field < 0 || field >= pkc_field_count(e->resource_count)) {
        return PKC_ERR_INVALID;
    }
    if (e->row_count > 0) {
        memcpy(column_out, pkc_column(e, field), (size_t)e->row_count * sizeof *column_out);
    }
    return PKC_OK;
}

int pkc_engine_devices(const pkc_engine *e, int32_t *free_out) {
    if (e->row_count > 0) {
        memcpy(free_out, e->device_free,
               (size_t)e->row_count * PKC_DEVICE_COUNT_MAX * sizeof *free_out);
    }
    return PKC_OK;
}
