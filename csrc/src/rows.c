/* The cached totals of a class: scanned once, then mended where the log of changes says so. */
#include <math.h>
#include <string.h>

#include "engine.h"

void rows_free(pkc_engine *e, pod_class *c) {
    row_cache *r = &c->cache;
    if (r->addend != r->static_addend) {
        free(r->addend);
    }
    free(r->static_addend);
    free(r->total);
    free(r->block_max);
    free(r->taint_raw);
    free(r->affinity_raw);
    e->cache_bytes -= r->bytes;
    *r = (row_cache){0};
}

static int rows_allocate(pkc_engine *e, pod_class *c) {
    rows_free(e, c);
    const profile *p = &e->profiles.data[c->profile_index];
    size_t rows = (size_t)e->capacity;
    row_cache r = {.rows = e->capacity};
    int taints = p->weight[PKC_PLUGIN_TAINT_TOLERATION] != 0;
    int affinity = p->weight[PKC_PLUGIN_NODE_AFFINITY] != 0 && c->preferred.count > 0;
    r.bytes = (int64_t)rows * 8 * (2 + (c->has_extras ? 1 : 0)) +
              (int64_t)rows * 4 * (taints + affinity);
    if (e->cache_bytes + r.bytes > CACHE_BYTES_MAX) {
        for (int64_t i = 0; i < e->classes.count; i++) {
            rows_free(e, &e->classes.data[i]);
        }
    }
    r.static_addend = malloc(rows * sizeof *r.static_addend);
    r.addend = c->has_extras ? malloc(rows * sizeof *r.addend) : r.static_addend;
    r.total = malloc(rows * sizeof *r.total);
    r.block_max = malloc((rows / BLOCK_ROWS + 1) * sizeof *r.block_max);
    r.taint_raw = taints ? malloc(rows * sizeof *r.taint_raw) : NULL;
    r.affinity_raw = affinity ? malloc(rows * sizeof *r.affinity_raw) : NULL;
    int whole = r.static_addend != NULL && r.addend != NULL && r.total != NULL &&
                r.block_max != NULL && (!taints || r.taint_raw != NULL) &&
                (!affinity || r.affinity_raw != NULL);
    c->cache = r;
    e->cache_bytes += r.bytes;
    if (!whole) {
        rows_free(e, c);
        return PKC_ERR_NO_MEMORY;
    }
    return PKC_OK;
}

/* What depends on labels, taints and names alone, for the rows that changed since. */
static void refresh_static(pkc_engine *e, pod_class *c) {
    row_cache *r = &c->cache;
    const profile *p = &e->profiles.data[c->profile_index];
    int64_t image_weight = c->images.count > 0 ? p->weight[PKC_PLUGIN_IMAGE_LOCALITY] : 0;
    if (r->epoch_seen == e->epoch) {
        return;
    }
    for (int32_t row = 0; image_weight != 0 && row < e->row_count; row++) {
        r->static_addend[row] = -INFINITY; /* every node counts in the score of every image */
        if (filter_static(e, c, row)) {
            int64_t score = image_weight * score_images(e, c, &e->nodes[row]);
            r->static_addend[row] = (double)score;
        }
        r->scored = 0;
    }
    for (int32_t row = 0; row < e->row_count; row++) {
        const node *n = &e->nodes[row];
        if (n->epoch <= r->epoch_seen) {
            continue;
        }
        if (image_weight == 0) {
            r->static_addend[row] = filter_static(e, c, row) ? 0.0 : -INFINITY;
        }
        if (r->taint_raw != NULL) {
            r->taint_raw[row] = n->alive ? (int32_t)score_taints(c, n) : 0;
            r->taint_any |= r->taint_raw[row] != 0;
        }
        if (r->affinity_raw != NULL) {
            r->affinity_raw[row] = n->alive ? (int32_t)score_affinity(c, n) : 0;
        }
    }
    r->epoch_seen = e->epoch;
}

static double addend_of(pkc_engine *e, const pod_class *c, int32_t row) {
    double addend = c->cache.static_addend[row];
    return addend != -INFINITY && !filter_extras(e, c, row) ? -INFINITY : addend;
}

/* Adds the score of the user's policy on rows [begin, end). */
int add_policy(const pkc_engine *e, const pod_class *c, int32_t begin, int32_t end,
               double *total) {
    const profile *p = &e->profiles.data[c->profile_index];
    if (p->policy == NULL) {
        return PKC_OK;
    }
    int64_t asked[PKC_RESOURCE_COUNT_MAX] = {0};
    for (int64_t i = 0; i < c->request.count; i++) {
        asked[c->request.data[i].resource] = c->request.data[i].amount;
    }
    double weight = (double)p->weight[PKC_PLUGIN_POLICY];
    for (int32_t first = begin; first < end; first += BLOCK_ROWS) {
        double score[BLOCK_ROWS];
        int32_t count = end - first < BLOCK_ROWS ? end - first : BLOCK_ROWS;
        p->policy(e->matrix + first, e->capacity, count, asked, e->resource_count, score);
        for (int32_t i = 0; i < count; i++) {
            if (total[first + i] != -INFINITY) {
                if (!isfinite(score[i])) {
                    return PKC_ERR_SCORE;
                }
                total[first + i] += weight * score[i];
            }
        }
    }
    return PKC_OK;
}

static int score_range(const pkc_engine *e, const pod_class *c, const double *addend,
                       int32_t begin, int32_t end, double *total) {
    const profile *p = &e->profiles.data[c->profile_index];
    if (p->fused) {
        const kernel *k = e->kernel;
        (p->strategy == PKC_STRATEGY_MOST_ALLOCATED ? k->scan_most
         : c->fused.unit                            ? k->scan_unit
                                                    : k->scan_least)(&e->hot, &c->fused, addend,
                                                                     begin, end, total);
    } else {
        for (int32_t row = begin; row < end; row++) {
            total[row] = score_row(e, c, row, addend[row]);
        }
    }
    return PKC_OK;
}

/* Totals of all rows, and the maximum of every block. */
int rows_scan(pkc_engine *e, const pod_class *c, const double *addend, double *total,
              double *block_max) {
    const profile *p = &e->profiles.data[c->profile_index];
    int status = score_range(e, c, addend, 0, e->row_count, total);
    for (int64_t i = 0; p->fused && i < e->odd_rows.count; i++) {
        int32_t row = e->odd_rows.data[i];
        total[row] = score_row(e, c, row, addend[row]);
    }
    if (status == PKC_OK) {
        status = add_policy(e, c, 0, e->row_count, total);
    }
    e->kernel->maxima(total, e->row_count, block_max);
    return status;
}

/* Rescores one row that changed. */
static int mend_row(pkc_engine *e, pod_class *c, int32_t row) {
    row_cache *r = &c->cache;
    if (c->has_extras) {
        r->addend[row] = addend_of(e, c, row);
    }
    double before = r->total[row];
    int status = PKC_OK;
    if (e->nodes[row].odd) {
        r->total[row] = score_row(e, c, row, r->addend[row]);
    } else {
        status = score_range(e, c, r->addend, row, row + 1, r->total);
    }
    if (status == PKC_OK) {
        status = add_policy(e, c, row, row + 1, r->total);
    }
    int32_t block = row / BLOCK_ROWS;
    if (r->total[row] >= r->block_max[block]) {
        r->block_max[block] = r->total[row];
    } else if (before == r->block_max[block]) {
        int32_t begin = block * BLOCK_ROWS;
        int32_t count = e->row_count - begin < BLOCK_ROWS ? e->row_count - begin : BLOCK_ROWS;
        r->block_max[block] = e->kernel->maximum(r->total + begin, count);
    }
    return status;
}

static int scan_anew(pkc_engine *e, pod_class *c) {
    row_cache *r = &c->cache;
    for (int32_t row = 0; c->has_extras && row < e->row_count; row++) {
        r->addend[row] = addend_of(e, c, row);
    }
    r->scored = 0;
    int status = rows_scan(e, c, r->addend, r->total, r->block_max);
    r->scored = status == PKC_OK;
    return status;
}

int rows_refresh(pkc_engine *e, pod_class *c) {
    row_cache *r = &c->cache;
    maxima_refresh(e, &e->profiles.data[c->profile_index]);
    if (r->rows < e->row_count || r->total == NULL) {
        int status = rows_allocate(e, c);
        if (status < 0) {
            return status;
        }
    }
    refresh_static(e, c);
    uint64_t pending = e->log_position - r->log_seen;
    /* Mending a row costs about ten times its share of a scan. */
    uint64_t worth = 16 + (uint64_t)e->row_count / 10;
    uint64_t limit = worth < LOG_ROWS ? worth : LOG_ROWS;
    int status = PKC_OK;
    if (!r->scored || r->maxima_seen != e->maxima_epoch || pending > limit) {
        status = scan_anew(e, c);
        r->maxima_seen = e->maxima_epoch;
    } else {
        for (uint64_t at = r->log_seen; status == PKC_OK && at < e->log_position; at++) {
            status = mend_row(e, c, e->log[at % LOG_ROWS]);
        }
        r->scored = status == PKC_OK;
    }
    r->log_seen = e->log_position;
    return status;
}
