/* The cached totals of a class: scanned once, then mended where the log of changes says so. */
#include <math.h>
#include <string.h>

#include "engine.h"

void rows_free(pkc_engine *e, pod_class *c) {
    row_cache *r = &c->cache;
    free(r->extra_addend);
    free(r->static_addend);
    free(r->total);
    free(r->block_max);
    free(r->taint_raw);
    free(r->affinity_raw);
    e->cache_bytes -= r->bytes;
    *r = (row_cache){0};
}

/* Makes room for a cache of so many bytes. Which one goes is drawn: a sweep over more classes than
 * fit would otherwise always throw out the one that it needs next. */
static void evict(pkc_engine *e, int64_t bytes) {
    while (e->cache_bytes > 0 && e->cache_bytes + bytes > CACHE_BYTES_MAX) {
        int64_t at = (int64_t)random_below(&e->eviction_state, (uint64_t)e->classes.count);
        while (e->classes.data[at].cache.bytes == 0) {
            at = at + 1 == e->classes.count ? 0 : at + 1;
        }
        rows_free(e, &e->classes.data[at]);
    }
}

static int rows_allocate(pkc_engine *e, pod_class *c) {
    rows_free(e, c);
    const profile *p = &e->profiles.data[c->profile_index];
    int32_t wanted = e->row_count + e->row_count / 8 + BLOCK_ROWS; /* room for some more nodes */
    size_t rows = (size_t)(wanted < e->capacity ? wanted : e->capacity);
    int taints = e->any_soft_taint && p->weight[PKC_PLUGIN_TAINT_TOLERATION] != 0;
    int affinity = p->weight[PKC_PLUGIN_NODE_AFFINITY] != 0 && c->preferred.count > 0;
    row_cache r = {.rows = (int32_t)rows};
    r.bytes = (int64_t)rows * (8 * (1 + c->has_extras) + 4 * (taints + affinity));
    evict(e, r.bytes);
    r.extra_addend = c->has_extras ? malloc(rows * sizeof *r.extra_addend) : NULL;
    r.total = malloc(rows * sizeof *r.total);
    r.block_max = malloc((rows / BLOCK_ROWS + 1) * sizeof *r.block_max);
    r.taint_raw = taints ? malloc(rows * sizeof *r.taint_raw) : NULL;
    r.affinity_raw = affinity ? malloc(rows * sizeof *r.affinity_raw) : NULL;
    int whole = (!c->has_extras || r.extra_addend != NULL) && r.total != NULL &&
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

/* The column that the kernels add: the engine's zeros as long as the class has none of its own. */
const double *rows_addend(const pkc_engine *e, const pod_class *c) {
    const row_cache *r = &c->cache;
    return r->extra_addend != NULL    ? r->extra_addend
           : r->static_addend != NULL ? r->static_addend
                                      : e->zeros;
}

/* Gives the class a static column of its own, zeros at first. */
static int own_static(pkc_engine *e, row_cache *r) {
    if (r->static_addend == NULL) {
        r->static_addend = calloc((size_t)r->rows, sizeof *r->static_addend);
        if (r->static_addend == NULL) {
            return PKC_ERR_NO_MEMORY;
        }
        int64_t bytes = (int64_t)r->rows * (int64_t)sizeof *r->static_addend;
        r->bytes += bytes;
        e->cache_bytes += bytes;
    }
    return PKC_OK;
}

/* Every node counts in the score of every image, so any change of nodes changes all rows. */
static void refresh_images(pkc_engine *e, pod_class *c, int64_t weight) {
    row_cache *r = &c->cache;
    for (int32_t row = 0; row < e->row_count; row++) {
        r->static_addend[row] = -INFINITY;
        if (filter_static(e, c, row)) {
            r->static_addend[row] = (double)(weight * score_images(e, c, &e->nodes[row]));
        }
    }
    r->scored = 0;
}

/* What depends on labels, taints and names alone, for the rows that changed since. */
static int refresh_static(pkc_engine *e, pod_class *c) {
    row_cache *r = &c->cache;
    const profile *p = &e->profiles.data[c->profile_index];
    int64_t image_weight = c->images.count > 0 ? p->weight[PKC_PLUGIN_IMAGE_LOCALITY] : 0;
    int status = image_weight != 0 ? own_static(e, r) : PKC_OK;
    for (int32_t row = 0; status == PKC_OK && row < e->row_count; row++) {
        const node *n = &e->nodes[row];
        if (n->epoch <= r->epoch_seen) {
            continue;
        }
        int refused = !filter_static(e, c, row);
        if (refused) {
            status = own_static(e, r);
        }
        if (status == PKC_OK && r->static_addend != NULL) {
            r->static_addend[row] = refused ? -INFINITY : 0.0;
        }
        if (r->taint_raw != NULL) {
            r->taint_raw[row] = n->alive ? (int32_t)score_taints(c, n) : 0;
            r->taint_any |= r->taint_raw[row] != 0;
        }
        if (r->affinity_raw != NULL) {
            r->affinity_raw[row] = n->alive ? (int32_t)score_affinity(c, n) : 0;
        }
    }
    if (status == PKC_OK) {
        if (image_weight != 0) {
            refresh_images(e, c, image_weight);
        }
        r->epoch_seen = e->epoch;
    }
    return status;
}

static double addend_of(pkc_engine *e, const pod_class *c, int32_t row) {
    const double *own = c->cache.static_addend;
    double addend = own == NULL ? 0.0 : own[row];
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

static void score_range(const pkc_engine *e, const pod_class *c, const double *addend,
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
}

/* Totals of all rows, and the maximum of every block. */
int rows_scan(pkc_engine *e, const pod_class *c, const double *addend, double *total,
              double *block_max) {
    const profile *p = &e->profiles.data[c->profile_index];
    score_range(e, c, addend, 0, e->row_count, total);
    for (int64_t i = 0; p->fused && i < e->odd_rows.count; i++) {
        int32_t row = e->odd_rows.data[i];
        total[row] = score_row(e, c, row, addend[row]);
    }
    int status = add_policy(e, c, 0, e->row_count, total);
    e->kernel->maxima(total, e->row_count, block_max);
    return status;
}

/* Rescores one row that changed. */
static int mend_row(pkc_engine *e, pod_class *c, int32_t row) {
    row_cache *r = &c->cache;
    if (c->has_extras) {
        r->extra_addend[row] = addend_of(e, c, row);
    }
    double before = r->total[row];
    if (e->nodes[row].odd) {
        r->total[row] = score_row(e, c, row, rows_addend(e, c)[row]);
    } else {
        score_range(e, c, rows_addend(e, c), row, row + 1, r->total);
    }
    int status = add_policy(e, c, row, row + 1, r->total);
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
        r->extra_addend[row] = addend_of(e, c, row);
    }
    r->scored = 0;
    int status = rows_scan(e, c, rows_addend(e, c), r->total, r->block_max);
    r->scored = status == PKC_OK;
    return status;
}

/* How many changes it is worth to mend: a row mended costs as much as this share of a scan. */
static uint64_t changes_worth_mending(const pkc_engine *e, const pod_class *c) {
    int vector = e->profiles.data[c->profile_index].fused && !c->has_extras;
    uint64_t worth = 16 + (uint64_t)e->row_count / (vector ? 40 : 2);
    return worth < LOG_ROWS ? worth : LOG_ROWS;
}

int rows_refresh(pkc_engine *e, pod_class *c) {
    row_cache *r = &c->cache;
    const profile *p = &e->profiles.data[c->profile_index];
    maxima_refresh(e, p);
    int lacks_taints = e->any_soft_taint && r->taint_raw == NULL &&
                       p->weight[PKC_PLUGIN_TAINT_TOLERATION] != 0;
    int status = PKC_OK;
    if (r->rows < e->row_count || r->total == NULL || lacks_taints) {
        status = rows_allocate(e, c);
    }
    if (status == PKC_OK && r->epoch_seen != e->epoch) {
        status = refresh_static(e, c);
    }
    if (status < 0) {
        return status;
    }
    uint64_t pending = e->log_position - r->log_seen;
    if (!r->scored || r->maxima_seen != e->maxima_epoch ||
        pending > changes_worth_mending(e, c)) {
        status = scan_anew(e, c);
        r->maxima_seen = e->maxima_epoch;
    } else {
        for (uint64_t at = r->log_seen; status == PKC_OK && at < e->log_position; at++) {
            int32_t row = e->log[at % LOG_ROWS];
            if (e->nodes[row].touched == at + 1) { /* else it comes again, further on */
                status = mend_row(e, c, row);
            }
        }
        r->scored = status == PKC_OK;
    }
    r->log_seen = e->log_position;
    return status;
}
