/* The cached totals of a class. */
#include "engine/cycle/totals.h"

#include <math.h>
#include <string.h>

#include "engine/cycle/filter.h"
#include "engine/cycle/random.h"
#include "engine/kernels/kernel.h"
#include "engine/rules/node_resources_fit.h"
#include "engine/rules/table.h"

void pkc_totals_free(pkc_engine *e, pod_class *c) {
    row_cache *r = &c->cache;
    free(r->extra_addend);
    free(r->static_addend);
    free(r->total);
    free(r->block_max);
    for (plugin_set left = r->raw_kept; left != 0; left = pkc_rest(left)) {
        free(r->raw[pkc_first(left)]);
    }
    e->cache_bytes -= r->bytes;
    *r = (row_cache){0};
}

/* Makes room for a cache of so many bytes. Which one goes is drawn: a sweep over more classes than
 * fit would otherwise always throw out the one that it needs next. */
static void evict(pkc_engine *e, int64_t bytes) {
    while (e->cache_bytes > 0 && e->cache_bytes + bytes > CACHE_BYTES_MAX) {
        int64_t at = (int64_t)pkc_random_below(&e->eviction_state, (uint64_t)e->classes.count);
        while (e->classes.data[at].cache.bytes == 0) {
            at = at + 1 == e->classes.count ? 0 : at + 1;
        }
        pkc_totals_free(e, &e->classes.data[at]);
    }
}

/* Of the profile's plugins that score nodes, those that tell nodes apart for pods of the class. */
static plugin_set that_differ(const pkc_engine *e, const pod_class *c, plugin_set plugins) {
    plugin_set found = 0;
    for (plugin_set left = plugins; left != 0; left = pkc_rest(left)) {
        int32_t plugin = pkc_first(left);
        const rule *r = pkc_rules[plugin];
        found |= r->differs == NULL || r->differs(e, c) ? pkc_bit(plugin) : 0;
    }
    return found;
}

/* Scores of nodes that are kept raw, since they are normalised over the feasible rows. */
static plugin_set raw_wanted(const pkc_engine *e, const pod_class *c) {
    const profile *p = pkc_profile_of(e, c);
    return that_differ(e, c, p->scores_node & p->scores_normalized);
}

/* Scores of nodes that are added as they are. */
static plugin_set added_wanted(const pkc_engine *e, const pod_class *c) {
    const profile *p = pkc_profile_of(e, c);
    return that_differ(e, c, p->scores_node & ~p->scores_normalized);
}

static int allocate(pkc_engine *e, pod_class *c) {
    pkc_totals_free(e, c);
    int32_t wanted = e->row_count + e->row_count / 8 + BLOCK_ROWS; /* room for some more nodes */
    size_t rows = (size_t)(wanted < e->capacity ? wanted : e->capacity);
    int extras = c->filters_row != 0;
    row_cache r = {.rows = (int32_t)rows, .raw_kept = raw_wanted(e, c)};
    r.bytes = (int64_t)rows * (8 * (1 + extras) + 4 * __builtin_popcount(r.raw_kept));
    evict(e, r.bytes);
    r.extra_addend = extras ? malloc(rows * sizeof *r.extra_addend) : NULL;
    r.total = malloc(rows * sizeof *r.total);
    r.block_max = malloc((rows / BLOCK_ROWS + 1) * sizeof *r.block_max);
    int whole = (!extras || r.extra_addend != NULL) && r.total != NULL && r.block_max != NULL;
    for (plugin_set left = r.raw_kept; left != 0; left = pkc_rest(left)) {
        int32_t *raw = malloc(rows * sizeof *raw);
        r.raw[pkc_first(left)] = raw;
        whole = whole && raw != NULL;
    }
    c->cache = r;
    e->cache_bytes += r.bytes;
    if (!whole) {
        pkc_totals_free(e, c);
        return PKC_ERR_NO_MEMORY;
    }
    return PKC_OK;
}

const double *pkc_totals_addend(const pkc_engine *e, const pod_class *c) {
    const row_cache *r = &c->cache;
    return r->extra_addend != NULL    ? r->extra_addend
           : r->static_addend != NULL ? r->static_addend
                                      : e->work.zeros;
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

static int64_t weighted_sum(const pkc_engine *e, const pod_class *c, int32_t row,
                            plugin_set plugins) {
    const profile *p = pkc_profile_of(e, c);
    int64_t sum = 0;
    for (plugin_set left = plugins; left != 0; left = pkc_rest(left)) {
        int32_t plugin = pkc_first(left);
        sum += p->weight[plugin] * pkc_rules[plugin]->score_row(e, p, c, row);
    }
    return sum;
}

/* All nodes count in the score of an image, so any change of nodes changes all rows. */
static void refresh_added(pkc_engine *e, pod_class *c, plugin_set plugins) {
    row_cache *r = &c->cache;
    for (int32_t row = 0; row < e->row_count; row++) {
        r->static_addend[row] = -INFINITY;
        if (pkc_admits_node(e, c, row)) {
            r->static_addend[row] = (double)weighted_sum(e, c, row, plugins);
        }
    }
    r->scored = 0;
}

static void refresh_raw(pkc_engine *e, pod_class *c, int32_t row) {
    row_cache *r = &c->cache;
    const profile *p = pkc_profile_of(e, c);
    for (plugin_set left = r->raw_kept; left != 0; left = pkc_rest(left)) {
        int32_t plugin = pkc_first(left);
        int64_t score = e->nodes[row].alive ? pkc_rules[plugin]->score_row(e, p, c, row) : 0;
        r->raw[plugin][row] = (int32_t)score;
        r->raw_any |= score != 0 ? pkc_bit(plugin) : 0;
    }
}

/* Results of labels, taints and names alone, for the rows that changed since. */
static int refresh_static(pkc_engine *e, pod_class *c) {
    row_cache *r = &c->cache;
    plugin_set added = added_wanted(e, c);
    int status = added != 0 ? own_static(e, r) : PKC_OK;
    for (int32_t row = 0; status == PKC_OK && row < e->row_count; row++) {
        if (e->nodes[row].epoch <= r->epoch_seen) {
            continue;
        }
        int refused = !pkc_admits_node(e, c, row);
        if (refused) {
            status = own_static(e, r);
        }
        if (status == PKC_OK && r->static_addend != NULL) {
            r->static_addend[row] = refused ? -INFINITY : 0.0;
        }
        refresh_raw(e, c, row);
    }
    if (status == PKC_OK) {
        if (added != 0) {
            refresh_added(e, c, added);
        }
        r->epoch_seen = e->epoch;
    }
    return status;
}

static double addend_of(pkc_engine *e, const pod_class *c, int32_t row) {
    const double *own = c->cache.static_addend;
    double addend = own == NULL ? 0.0 : own[row];
    return addend != -INFINITY && !pkc_admits_row(e, c, row) ? -INFINITY : addend;
}

void pkc_prepare_scores(pkc_engine *e, const profile *p) {
    for (plugin_set left = p->scores_prepared; left != 0; left = pkc_rest(left)) {
        pkc_rules[pkc_first(left)]->prepare_scores(e);
    }
}

/* The sum of the weighted scores of a row's own columns, or -inf where the pod does not fit. The
 * fused kernel has Fit's filter built in, so Fit is asked by name here. */
static double score_row(const pkc_engine *e, const pod_class *c, int32_t row, double addend) {
    if (addend == -INFINITY || !pkc_fit_has_room(e, c, row)) {
        return -INFINITY;
    }
    return addend + (double)weighted_sum(e, c, row, c->scores_row);
}

int pkc_add_policy(const pkc_engine *e, const pod_class *c, int32_t begin, int32_t end,
               double *total) {
    const profile *p = pkc_profile_of(e, c);
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
    const profile *p = pkc_profile_of(e, c);
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

int pkc_totals_scan(pkc_engine *e, const pod_class *c, const double *addend, double *total,
              double *block_max) {
    const profile *p = pkc_profile_of(e, c);
    score_range(e, c, addend, 0, e->row_count, total);
    for (int64_t i = 0; p->fused && i < e->odd_rows.count; i++) {
        int32_t row = e->odd_rows.data[i];
        total[row] = score_row(e, c, row, addend[row]);
    }
    int status = pkc_add_policy(e, c, 0, e->row_count, total);
    e->kernel->maxima(total, e->row_count, block_max);
    return status;
}

/* Rescores one row that changed. */
static int mend_row(pkc_engine *e, pod_class *c, int32_t row) {
    row_cache *r = &c->cache;
    if (c->filters_row != 0) {
        r->extra_addend[row] = addend_of(e, c, row);
    }
    double before = r->total[row];
    if (e->nodes[row].odd) {
        r->total[row] = score_row(e, c, row, pkc_totals_addend(e, c)[row]);
    } else {
        score_range(e, c, pkc_totals_addend(e, c), row, row + 1, r->total);
    }
    int status = pkc_add_policy(e, c, row, row + 1, r->total);
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
    for (int32_t row = 0; c->filters_row != 0 && row < e->row_count; row++) {
        r->extra_addend[row] = addend_of(e, c, row);
    }
    r->scored = 0;
    int status = pkc_totals_scan(e, c, pkc_totals_addend(e, c), r->total, r->block_max);
    r->scored = status == PKC_OK;
    return status;
}

/* How many changes it is worth to mend: a row mended costs as much as this share of a scan. */
static uint64_t changes_worth_mending(const pkc_engine *e, const pod_class *c) {
    int vector = pkc_profile_of(e, c)->fused && c->filters_row == 0;
    uint64_t worth = 16 + (uint64_t)e->row_count / (vector ? 40 : 2);
    return worth < LOG_ROWS ? worth : LOG_ROWS;
}

int pkc_totals_refresh(pkc_engine *e, pod_class *c) {
    row_cache *r = &c->cache;
    pkc_prepare_scores(e, pkc_profile_of(e, c));
    int stale = r->epoch_seen != e->epoch;
    int lacks_raw = stale && (raw_wanted(e, c) & ~r->raw_kept) != 0;
    int status = PKC_OK;
    if (r->rows < e->row_count || r->total == NULL || lacks_raw) {
        status = allocate(e, c);
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
