/* Nodes as rows: the int64 matrix, its float64 mirror, labels and taints. */
#include <string.h>

#include "engine.h"

enum { HOT_COLUMN_COUNT = 8, CAPACITY_STEP = 64 };

static void hot_point(hot_columns *hot, double *base, int64_t capacity) {
    hot->allocatable_cpu = base;
    hot->allocatable_memory = base + capacity;
    hot->requested_cpu = base + 2 * capacity;
    hot->requested_memory = base + 3 * capacity;
    hot->left_cpu = base + 4 * capacity;
    hot->left_memory = base + 5 * capacity;
    hot->percent_cpu = base + 6 * capacity;
    hot->percent_memory = base + 7 * capacity;
}

static int64_t field_count(int32_t resource_count) {
    return PKC_FIELD_RESOURCES + 2 * (int64_t)resource_count;
}

/* A zeroed matrix of the wanted shape with the old one's values, or NULL. */
static int64_t *matrix_copy(const pkc_engine *e, int32_t resource_count, int32_t capacity) {
    int64_t *matrix = calloc((size_t)(field_count(resource_count) * capacity), sizeof *matrix);
    if (matrix == NULL) {
        return NULL;
    }
    for (int64_t f = 0; f < field_count(e->resource_count) && e->row_count > 0; f++) {
        memcpy(matrix + f * capacity, e->matrix + f * e->capacity,
               (size_t)e->row_count * sizeof *matrix);
    }
    return matrix;
}

static void free_work(pkc_engine *e) {
    free(e->work);
    free(e->work_block);
    free(e->work_raw);
    free(e->work_sum);
    free(e->work_counted);
    free(e->sample_rows);
    free(e->sample_bits);
    free(e->zeros);
}

int nodes_reserve(pkc_engine *e, int32_t wanted) {
    if (wanted <= e->capacity) {
        return PKC_OK;
    }
    if (wanted > PKC_NODE_COUNT_MAX) {
        return PKC_ERR_LIMIT;
    }
    int64_t capacity = e->capacity < CAPACITY_STEP ? CAPACITY_STEP : e->capacity;
    while (capacity < wanted) {
        capacity *= 2;
    }
    int status = PKC_ERR_NO_MEMORY;
    size_t rows = (size_t)capacity;
    int64_t *matrix = matrix_copy(e, e->resource_count, (int32_t)capacity);
    double *hot = calloc(rows * HOT_COLUMN_COUNT, sizeof *hot);
    node *nodes = calloc(rows, sizeof *nodes);
    int32_t *devices = calloc(rows * PKC_DEVICE_COUNT_MAX, sizeof *devices);
    double *work = calloc(rows, sizeof *work);
    double *work_block = calloc(rows / BLOCK_ROWS + 1, sizeof *work_block);
    int64_t *work_raw = calloc(rows, sizeof *work_raw);
    double *work_sum = calloc(rows, sizeof *work_sum);
    double *work_counted = calloc(rows, sizeof *work_counted);
    int32_t *sample_rows = calloc(rows, sizeof *sample_rows);
    uint64_t *sample_bits = calloc(rows / 64 + 1, sizeof *sample_bits);
    double *zeros = calloc(rows, sizeof *zeros);
    if (matrix == NULL || hot == NULL || nodes == NULL || devices == NULL || work == NULL ||
        work_block == NULL || work_raw == NULL || work_sum == NULL || work_counted == NULL ||
        sample_rows == NULL || sample_bits == NULL || zeros == NULL) {
        free(matrix);
        free(hot);
        free(nodes);
        free(devices);
        free(work);
        free(work_block);
        free(work_raw);
        free(work_sum);
        free(work_counted);
        free(sample_rows);
        free(sample_bits);
        free(zeros);
        goto out;
    }
    size_t used = (size_t)e->row_count;
    if (used > 0) {
        for (int64_t c = 0; c < HOT_COLUMN_COUNT; c++) {
            memcpy(hot + c * capacity, e->hot.allocatable_cpu + c * e->capacity,
                   used * sizeof *hot);
        }
        memcpy(nodes, e->nodes, used * sizeof *nodes);
        memcpy(devices, e->device_free, used * PKC_DEVICE_COUNT_MAX * sizeof *devices);
    }
    free(e->matrix);
    free(e->hot.allocatable_cpu);
    free(e->nodes);
    free(e->device_free);
    free_work(e);
    e->matrix = matrix;
    hot_point(&e->hot, hot, capacity);
    e->nodes = nodes;
    e->device_free = devices;
    e->work = work;
    e->work_block = work_block;
    e->work_raw = work_raw;
    e->work_sum = work_sum;
    e->work_counted = work_counted;
    e->sample_rows = sample_rows;
    e->sample_bits = sample_bits;
    e->zeros = zeros;
    e->capacity = (int32_t)capacity;
    status = PKC_OK;
out:
    return status;
}

int32_t resources_reserve(pkc_engine *e, int32_t count) {
    if (count > PKC_RESOURCE_COUNT_MAX) {
        return PKC_ERR_LIMIT;
    }
    if (count > e->resource_count) {
        if (e->capacity > 0) {
            int64_t *matrix = matrix_copy(e, count, e->capacity);
            if (matrix == NULL) {
                return PKC_ERR_NO_MEMORY;
            }
            free(e->matrix);
            e->matrix = matrix;
        }
        e->resource_count = count;
    }
    return e->resource_count;
}

static int hot_holds(int64_t allocatable, int64_t requested, int64_t nonzero) {
    return allocatable > 0 && allocatable <= HOT_VALUE_MAX && requested <= HOT_VALUE_MAX &&
           nonzero <= HOT_VALUE_MAX;
}

/* Brings the float64 columns of a row up to date. Odd rows are closed to the vector kernel there,
 * with values that it can compute on. */
void hot_refresh(pkc_engine *e, int32_t row) {
    node *n = &e->nodes[row];
    int64_t cpu = column_allocatable(e, PKC_RESOURCE_CPU)[row];
    int64_t memory = column_allocatable(e, PKC_RESOURCE_MEMORY)[row];
    int64_t requested_cpu = column_requested(e, PKC_RESOURCE_CPU)[row];
    int64_t requested_memory = column_requested(e, PKC_RESOURCE_MEMORY)[row];
    int64_t nonzero_cpu = engine_column(e, PKC_FIELD_NONZERO_CPU)[row];
    int64_t nonzero_memory = engine_column(e, PKC_FIELD_NONZERO_MEMORY)[row];
    int64_t free_slots = engine_column(e, PKC_FIELD_POD_SLOTS)[row] -
                         engine_column(e, PKC_FIELD_POD_COUNT)[row];
    int odd = n->alive && !(hot_holds(cpu, requested_cpu, nonzero_cpu) &&
                            hot_holds(memory, requested_memory, nonzero_memory));
    if (odd && !n->odd) {
        PKC_CHECK(vec_push(&e->odd_rows, row) == 0);
    }
    n->odd = n->odd || odd;
    int open = n->alive && !odd;
    e->hot.allocatable_cpu[row] = open ? (double)cpu : 1.0;
    e->hot.allocatable_memory[row] = open ? (double)memory : 1.0;
    e->hot.requested_cpu[row] = open && free_slots > 0 ? (double)requested_cpu : CLOSED;
    e->hot.requested_memory[row] = open ? (double)requested_memory : 0.0;
    e->hot.left_cpu[row] = open ? (double)(cpu - nonzero_cpu) : 0.0;
    e->hot.left_memory[row] = open ? (double)(memory - nonzero_memory) : 0.0;
    e->hot.percent_cpu[row] = (double)SCORE_MAX / e->hot.allocatable_cpu[row];
    e->hot.percent_memory[row] = (double)SCORE_MAX / e->hot.allocatable_memory[row];
}

void engine_touch(pkc_engine *e, int32_t row) {
    hot_refresh(e, row);
    e->log[e->log_position % LOG_ROWS] = row;
    e->log_position++;
    e->nodes[row].touched = e->log_position;
}

/* Brings resource_max down where the node that had the largest allocatable shrank or went, for a
 * profile that reads it. */
void maxima_refresh(pkc_engine *e, const profile *p) {
    if (p->weight[PKC_PLUGIN_BEST_FIT] == 0 && p->weight[PKC_PLUGIN_WORST_FIT] == 0 &&
        p->weight[PKC_PLUGIN_DOT_PRODUCT] == 0) {
        return;
    }
    for (int32_t r = 0; e->maxima_stale && r < e->resource_count; r++) {
        const int64_t *allocatable = column_allocatable(e, r);
        int64_t largest = 0;
        for (int32_t row = 0; row < e->row_count; row++) {
            if (e->nodes[row].alive && allocatable[row] > largest) {
                largest = allocatable[row];
            }
        }
        e->maxima_epoch += largest != e->resource_max[r];
        e->resource_max[r] = largest;
    }
    e->maxima_stale = 0;
}

static int one_node_valid(const pkc_nodes *in, int64_t i) {
    if (in->resource_count < 0 || in->resource_count > PKC_RESOURCE_COUNT_MAX ||
        in->pod_slots[i] < 0 || in->device_count[i] < 0 ||
        in->device_count[i] > PKC_DEVICE_COUNT_MAX || !node_lists_valid(in, i)) {
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
        e->device_free[(int64_t)row * PKC_DEVICE_COUNT_MAX + d] = d < count ? DEVICE_MILLI : -1;
    }
}

/* Everything of the row but its pods. Lists are in place already. */
static void node_fill(pkc_engine *e, int32_t row, const pkc_nodes *in, int64_t i) {
    node *n = &e->nodes[row];
    for (int32_t r = 0; r < e->resource_count; r++) {
        int64_t amount = r < in->resource_count ? in->allocatable[i * in->resource_count + r] : 0;
        if (amount < column_allocatable(e, r)[row]) {
            e->maxima_stale = 1;
        }
        column_allocatable(e, r)[row] = amount;
        if (amount > e->resource_max[r]) {
            e->resource_max[r] = amount;
            e->maxima_epoch++;
        }
    }
    engine_column(e, PKC_FIELD_POD_SLOTS)[row] = in->pod_slots[i];
    n->unschedulable = in->unschedulable[i] != 0;
    for (int32_t t = 0; t < n->taint_count; t++) {
        e->any_soft_taint |= n->taints[t].effect == PKC_EFFECT_PREFER_NO_SCHEDULE;
    }
    n->rank = in->rank[i];
    e->rank_shuffled |= row > 0 && e->nodes[row - 1].rank >= n->rank;
    e->rank_shuffled |= row + 1 < e->row_count && n->rank >= e->nodes[row + 1].rank;
    n->epoch = ++e->epoch;
    engine_touch(e, row);
}

/* Lists of all nodes of a batch behind the rows in use, room for their images: all or nothing. */
static int lists_prepare(pkc_engine *e, int32_t count, const pkc_nodes *in) {
    int32_t done = 0;
    int status = PKC_OK;
    for (; status == PKC_OK && done < count; done++) {
        node *n = &e->nodes[e->row_count + done];
        status = node_lists_copy(in, done, n);
        if (status == PKC_OK) {
            status = images_reserve(e, n);
        }
    }
    while (status < 0 && done > 0) {
        node_lists_free(&e->nodes[e->row_count + --done]);
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
    int status = resources_reserve(e, in->resource_count);
    if (status >= 0) {
        status = nodes_reserve(e, e->row_count + count);
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
        images_count(e, &e->nodes[row], 1);
        devices_fill(e, row, in->device_count[i]);
        node_fill(e, row, in, i);
    }
    view_all(e);
    return first;
}

int pkc_engine_node_update(pkc_engine *e, int32_t row, const pkc_nodes *in, int32_t index) {
    if (row < 0 || row >= e->row_count || !e->nodes[row].alive) {
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
    int status = resources_reserve(e, in->resource_count);
    if (status >= 0) {
        status = node_lists_copy(in, index, &lists);
    }
    if (status >= 0) {
        status = images_reserve(e, &lists);
    }
    if (status < 0) {
        node_lists_free(&lists);
        return status;
    }
    images_count(e, n, -1);
    node_lists_move(n, &lists);
    images_count(e, n, 1);
    if (in->device_count[index] != n->device_count) {
        devices_fill(e, row, in->device_count[index]);
    }
    node_fill(e, row, in, index);
    return PKC_OK;
}

int pkc_engine_node_remove(pkc_engine *e, int32_t row) {
    if (row < 0 || row >= e->row_count || !e->nodes[row].alive) {
        return PKC_ERR_NOT_FOUND;
    }
    node *n = &e->nodes[row];
    e->scratch.count = 0;
    for (int32_t p = n->first_pod; p >= 0; p = e->pods.data[p].next) {
        if (vec_push(&e->scratch, p) < 0) {
            return PKC_ERR_NO_MEMORY;
        }
    }
    /* In order of their slots, since a dry run shuffles the list: free slots are used again alike. */
    int dropped = (int)e->scratch.count;
    sort_numbers(e->scratch.data, dropped);
    while (e->scratch.count > 0) {
        pod_drop(e, e->scratch.data[--e->scratch.count]);
    }
    images_count(e, n, -1);
    node_lists_free(n);
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
    engine_touch(e, row);
    return dropped;
}

int pkc_engine_resource_reserve(pkc_engine *e, int32_t count) {
    return count < 0 ? PKC_ERR_INVALID : resources_reserve(e, count);
}

int pkc_engine_row_count(const pkc_engine *e) {
    return e->row_count;
}

int pkc_engine_column(const pkc_engine *e, int32_t field, int64_t *column_out) {
    if (field < 0 || field >= field_count(e->resource_count)) {
        return PKC_ERR_INVALID;
    }
    if (e->row_count > 0) {
        memcpy(column_out, engine_column(e, field), (size_t)e->row_count * sizeof *column_out);
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

void node_table_free(pkc_engine *e) {
    for (int32_t row = 0; row < e->row_count; row++) {
        node_lists_free(&e->nodes[row]);
    }
    free(e->matrix);
    free(e->hot.allocatable_cpu);
    free(e->nodes);
    free(e->device_free);
    free_work(e);
    vec_free(&e->odd_rows);
}
