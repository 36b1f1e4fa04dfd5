/* What is taken of the nodes and what pods could use of them, mended where the log of changes says
 * so. */
#include <math.h>

#include "engine/cycle/filter.h"
#include "engine/cycle/nominated.h"
#include "engine/cycle/pods.h"
#include "engine/rules/node_resources_fit.h"

static int survey_valid(const pkc_engine *e, const pkc_survey *s) {
    if (s->class_count < 0 || s->resource_count < 0 ||
        s->resource_count > PKC_RESOURCE_COUNT_MAX || s->row_count != e->row_count) {
        return PKC_ERR_INVALID;
    }
    for (int32_t k = 0; k < s->class_count; k++) {
        if (s->classes[k] < 0 || s->classes[k] >= e->classes.count) {
            return PKC_ERR_NOT_FOUND;
        }
    }
    for (int32_t r = 0; r < s->resource_count; r++) {
        if (s->resources[r] < 0 || s->resources[r] >= e->resource_count) {
            return PKC_ERR_NOT_FOUND;
        }
    }
    return PKC_OK;
}

/* Sums wrap as those of NumPy do. */
static void add_wrapping(int64_t *sum, int64_t amount) {
    *sum = (int64_t)((uint64_t)*sum + (uint64_t)amount);
}

/* Brings the amounts of a row up to date; before_out has what was free. */
static void mend_amounts(const pkc_engine *e, pkc_survey *s, int32_t row, int64_t *before_out) {
    int32_t width = s->resource_count;
    int64_t *left = s->free_amount + (int64_t)row * width;
    int64_t *taken = s->requested + (int64_t)row * width;
    for (int32_t r = 0; r < width; r++) {
        int64_t requested = pkc_column_requested(e, s->resources[r])[row];
        int64_t now = pkc_column_allocatable(e, s->resources[r])[row] - requested;
        before_out[r] = left[r];
        left[r] = now > 0 ? now : 0;
        add_wrapping(&s->free_total[r], left[r] - before_out[r]);
        add_wrapping(&s->requested_total[r], requested - taken[r]);
        taken[r] = requested;
    }
    s->pod_count[row] = pkc_column(e, PKC_FIELD_POD_COUNT)[row];
}

/* Replaces what a row counts for, where rules on the row alone decide. */
static void mend_row(pkc_engine *e, pkc_survey *s, int32_t row) {
    int32_t width = s->resource_count;
    int64_t before[PKC_RESOURCE_COUNT_MAX];
    mend_amounts(e, s, row, before);
    const int64_t *now = s->free_amount + (int64_t)row * width;
    uint8_t *fits = s->fits + (int64_t)row * s->class_count;
    for (int32_t k = 0; k < s->class_count; k++) {
        const pod_class *c = &e->classes.data[s->classes[k]];
        int fitted = fits[k];
        /* The cheapest rules first: most often it is these that refuse. */
        fits[k] = pkc_fit_has_room(e, c, row) && pkc_admits_node(e, c, row) &&
                  pkc_admits_row(e, c, row);
        int64_t *alone = s->alone + (int64_t)k * width;
        for (int32_t r = 0; (fitted || fits[k]) && r < width; r++) {
            add_wrapping(&alone[r], (fits[k] ? now[r] : 0) - (fitted ? before[r] : 0));
        }
    }
}

/* Mends the rows that changed since, each once: all of them where nodes changed or the log is too
 * short to say. */
static void mend_rows(pkc_engine *e, pkc_survey *s) {
    int all = s->epoch_seen != e->epoch || e->log_position - s->log_seen > LOG_ROWS;
    for (int32_t row = 0; all && row < e->row_count; row++) {
        mend_row(e, s, row);
    }
    for (uint64_t at = s->log_seen; !all && at < e->log_position; at++) {
        int32_t row = e->log[at % LOG_ROWS];
        if (e->nodes[row].touched == at + 1) {
            mend_row(e, s, row);
        }
    }
    s->epoch_seen = e->epoch;
    s->log_seen = e->log_position;
}

/* Sums over the rows of a class with filters that look beyond the row. */
static void sum_beyond(pkc_engine *e, pkc_survey *s, int32_t k) {
    for (int32_t row = 0; row < e->row_count; row++) {
        e->work.total[row] = s->fits[(int64_t)row * s->class_count + k] ? 0.0 : -INFINITY;
    }
    pkc_mask_beyond(e, s->classes[k], e->work.total);
    int64_t *usable = s->usable + (int64_t)k * s->resource_count;
    for (int32_t r = 0; r < s->resource_count; r++) {
        usable[r] = 0;
    }
    for (int32_t row = 0; row < e->row_count; row++) {
        const int64_t *left = s->free_amount + (int64_t)row * s->resource_count;
        for (int32_t r = 0; e->work.total[row] != -INFINITY && r < s->resource_count; r++) {
            add_wrapping(&usable[r], left[r]);
        }
    }
}

int pkc_engine_survey(pkc_engine *e, pkc_survey *s) {
    int status = survey_valid(e, s);
    if (status == PKC_OK) {
        status = pkc_pods_reserve(e, e->nomination_count);
    }
    if (status < 0) {
        return status;
    }
    mend_rows(e, s);
    int64_t width = s->resource_count;
    for (int64_t i = 0; i < s->class_count * width; i++) {
        s->usable[i] = s->alone[i];
    }
    for (int32_t k = 0; status == PKC_OK && k < s->class_count; k++) {
        status = pkc_prepare(e, s->classes[k]);
        if (status == PKC_OK && pkc_looks_beyond(e)) {
            sum_beyond(e, s, k);
        }
    }
    return status;
}
