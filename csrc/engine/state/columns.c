/* Nodes as rows: the int64 matrix and its float64 mirror. */
#include "engine/state/columns.h"

#include <string.h>

enum { CAPACITY_STEP = 64 };

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

int64_t pkc_field_count(int32_t resource_count) {
    return PKC_FIELD_RESOURCES + 2 * (int64_t)resource_count;
}

/* A zeroed matrix of the wanted shape with the old one's values, or NULL. */
static int64_t *matrix_copy(const pkc_engine *e, int32_t resource_count, int32_t capacity) {
    int64_t *matrix = calloc((size_t)(pkc_field_count(resource_count) * capacity), sizeof *matrix);
    if (matrix == NULL) {
        return NULL;
    }
    for (int64_t f = 0; f < pkc_field_count(e->resource_count) && e->row_count > 0; f++) {
        memcpy(matrix + f * capacity, e->matrix + f * e->capacity,
               (size_t)e->row_count * sizeof *matrix);
    }
    return matrix;
}

static void work_free(work_arrays *work) {
    free(work->total);
    free(work->block_max);
    free(work->raw);
    free(work->sum);
    free(work->counted);
    free(work->sample_rows);
    free(work->sample_bits);
    free(work->zeros);
    *work = (work_arrays){0};
}

static int work_new(size_t rows, work_arrays *work_out) {
    work_arrays work = {.total = calloc(rows, sizeof *work.total),
                        .block_max = calloc(rows / BLOCK_ROWS + 1, sizeof *work.block_max),
                        .raw = calloc(rows, sizeof *work.raw),
                        .sum = calloc(rows, sizeof *work.sum),
                        .counted = calloc(rows, sizeof *work.counted),
                        .sample_rows = calloc(rows, sizeof *work.sample_rows),
                        .sample_bits = calloc(rows / 64 + 1, sizeof *work.sample_bits),
                        .zeros = calloc(rows, sizeof *work.zeros)};
    if (work.total == NULL || work.block_max == NULL || work.raw == NULL || work.sum == NULL ||
        work.counted == NULL || work.sample_rows == NULL || work.sample_bits == NULL ||
        work.zeros == NULL) {
        work_free(&work);
        return PKC_ERR_NO_MEMORY;
    }
    *work_out = work;
    return PKC_OK;
}

/* Moves the rows to arrays of another capacity, which are all there or none. */
static int rows_move(pkc_engine *e, int64_t capacity) {
    size_t rows = (size_t)capacity;
    size_t used = (size_t)e->row_count;
    work_arrays work;
    int64_t *matrix = matrix_copy(e, e->resource_count, (int32_t)capacity);
    double *hot = calloc(rows * HOT_COLUMN_COUNT, sizeof *hot);
    node *nodes = calloc(rows, sizeof *nodes);
    int32_t *devices = calloc(rows * PKC_DEVICE_COUNT_MAX, sizeof *devices);
    if (matrix == NULL || hot == NULL || nodes == NULL || devices == NULL ||
        work_new(rows, &work) < 0) {
        free(matrix);
        free(hot);
        free(nodes);
        free(devices);
        return PKC_ERR_NO_MEMORY;
    }
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
    work_free(&e->work);
    e->matrix = matrix;
    hot_point(&e->hot, hot, capacity);
    e->nodes = nodes;
    e->device_free = devices;
    e->work = work;
    e->capacity = (int32_t)capacity;
    return PKC_OK;
}

int pkc_rows_reserve(pkc_engine *e, int32_t wanted) {
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
    return rows_move(e, capacity);
}

int pkc_resources_reserve(pkc_engine *e, int32_t count) {
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
static void hot_refresh(pkc_engine *e, int32_t row) {
    node *n = &e->nodes[row];
    int64_t cpu = pkc_column_allocatable(e, PKC_RESOURCE_CPU)[row];
    int64_t memory = pkc_column_allocatable(e, PKC_RESOURCE_MEMORY)[row];
    int64_t requested_cpu = pkc_column_requested(e, PKC_RESOURCE_CPU)[row];
    int64_t requested_memory = pkc_column_requested(e, PKC_RESOURCE_MEMORY)[row];
    int64_t nonzero_cpu = pkc_column(e, PKC_FIELD_NONZERO_CPU)[row];
    int64_t nonzero_memory = pkc_column(e, PKC_FIELD_NONZERO_MEMORY)[row];
    int64_t free_slots = pkc_column(e, PKC_FIELD_POD_SLOTS)[row] -
                         pkc_column(e, PKC_FIELD_POD_COUNT)[row];
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

void pkc_row_touch(pkc_engine *e, int32_t row) {
    hot_refresh(e, row);
    e->log[e->log_position % LOG_ROWS] = row;
    e->log_position++;
    e->nodes[row].touched = e->log_position;
}

void pkc_maxima_refresh(pkc_engine *e) {
    for (int32_t r = 0; e->maxima_stale && r < e->resource_count; r++) {
        const int64_t *allocatable = pkc_column_allocatable(e, r);
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

void pkc_columns_free(pkc_engine *e) {
    free(e->matrix);
    free(e->hot.allocatable_cpu);
    free(e->nodes);
    free(e->device_free);
    work_free(&e->work);
    vec_free(&e->odd_rows);
}
