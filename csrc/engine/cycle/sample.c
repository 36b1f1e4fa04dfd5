/* percentageOfNodesToScore: the search for so many feasible nodes that it is worth to score
 * (kubernetes v1.34.1, pkg/scheduler/schedule_one.go, findNodesThatPassFilters). */
#include "engine/cycle/sample.h"

#include <math.h>
#include <string.h>

enum { FEASIBLE_MIN = 100, PERCENTAGE_MIN = 5, PERCENTAGE_BASE = 50, NODES_PER_PERCENT = 125 };

int pkc_engine_sampling_set(pkc_engine *e, int32_t profile_index, int32_t percentage) {
    if (profile_index < 0 || profile_index >= e->profiles.count) {
        return PKC_ERR_NOT_FOUND;
    }
    if (percentage < 0 || percentage > 100) {
        return PKC_ERR_INVALID;
    }
    e->profiles.data[profile_index].percentage = percentage;
    return PKC_OK;
}

int pkc_engine_order_set(pkc_engine *e, int32_t count, const int32_t *rows) {
    uint8_t *seen = calloc((size_t)e->row_count + 1, 1);
    if (seen == NULL) {
        return PKC_ERR_NO_MEMORY;
    }
    int32_t found = 0;
    for (int32_t i = 0; i < count && found == i; i++) {
        int fresh = rows[i] >= 0 && rows[i] < e->row_count && e->nodes[rows[i]].alive &&
                    !seen[rows[i]];
        if (fresh) {
            seen[rows[i]] = 1;
            found++;
        }
    }
    free(seen);
    if (found != count || count != e->alive_count) {
        return PKC_ERR_INVALID;
    }
    if (count > 0) {
        memcpy(e->order.data, rows, (size_t)count * sizeof *rows);
    }
    e->order.count = count;
    return PKC_OK;
}

int32_t pkc_sample_size(const pkc_engine *e, const pod_class *c) {
    const profile *p = pkc_profile_of(e, c);
    if (p->percentage == 100) {
        return 0;
    }
    if (p->scores_with == 0) {
        return 1;
    }
    int64_t nodes = c->has_node_set ? c->node_set.count : e->alive_count;
    if (nodes < FEASIBLE_MIN) {
        return 0;
    }
    int64_t percentage = p->percentage;
    if (percentage == 0) {
        percentage = PERCENTAGE_BASE - nodes / NODES_PER_PERCENT;
        percentage = percentage < PERCENTAGE_MIN ? PERCENTAGE_MIN : percentage;
    }
    int64_t wanted = nodes * percentage / 100;
    return (int32_t)(wanted < FEASIBLE_MIN ? FEASIBLE_MIN : wanted);
}

/* Rows that a search for the class goes through, in order: all, or those of its node set. */
static int rows_to_search(pkc_engine *e, const pod_class *c, const int32_t **rows_out,
                          int64_t *count_out) {
    *rows_out = e->order.data;
    *count_out = e->order.count;
    if (!c->has_node_set) {
        return PKC_OK;
    }
    e->scratch.count = 0;
    for (int64_t i = 0; i < e->order.count; i++) {
        int32_t row = e->order.data[i];
        if (!pkc_outside_node_set(c, &e->nodes[row]) && vec_push(&e->scratch, row) < 0) {
            return PKC_ERR_NO_MEMORY;
        }
    }
    *rows_out = e->scratch.data;
    *count_out = e->scratch.count;
    return PKC_OK;
}

/* Puts the feasible rows (total != -inf) among rows [begin, end) of a search behind the sample,
 * until it has as many as are wanted; returns where the search ended. */
static int64_t sample_feasible(pkc_engine *e, const int32_t *rows, int64_t begin, int64_t end,
                               const double *total, int32_t wanted) {
    int32_t *sample = e->work.sample_rows;
    int32_t found = e->view_count;
    int64_t at = begin;
    for (; at < end && found < wanted; at++) {
        sample[found] = rows[at];
        found += total[rows[at]] > -INFINITY;
    }
    e->view_count = found;
    return at;
}

/* Makes the rows of the sample ascend; mostly they do, until a search goes beyond the last row. */
static void sample_sort(pkc_engine *e) {
    int32_t *sample = e->work.sample_rows;
    int shuffled = 0;
    for (int32_t i = 1; i < e->view_count; i++) {
        shuffled |= sample[i] < sample[i - 1];
    }
    if (!shuffled) {
        return;
    }
    memset(e->work.sample_bits, 0, ((size_t)e->row_count / 64 + 1) * sizeof *e->work.sample_bits);
    for (int32_t i = 0; i < e->view_count; i++) {
        e->work.sample_bits[sample[i] / 64] |= UINT64_C(1) << (sample[i] % 64);
    }
    int32_t count = 0;
    for (int32_t word = 0; word <= e->row_count / 64; word++) {
        for (uint64_t bits = e->work.sample_bits[word]; bits != 0; bits &= bits - 1) {
            sample[count++] = word * 64 + __builtin_ctzll(bits);
        }
    }
}

int pkc_view_sample(pkc_engine *e, const pod_class *c, int32_t wanted, const double *total) {
    const int32_t *rows;
    int64_t count;
    int status = rows_to_search(e, c, &rows, &count);
    if (status < 0) {
        return status;
    }
    e->view_rows = e->work.sample_rows;
    e->view_count = 0;
    if (count > 0) {
        int64_t start = e->next_start % count;
        int64_t met = sample_feasible(e, rows, start, count, total, wanted) - start;
        met += sample_feasible(e, rows, 0, start, total, wanted);
        e->next_start = (int32_t)((e->next_start + met) % e->order.count);
    }
    sample_sort(e);
    return PKC_OK;
}
