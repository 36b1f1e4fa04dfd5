/* The engine's handle, the scheduling cycle, and its account of one pod. */
#include <math.h>
#include <string.h>

#include "engine.h"

int pkc_engine_new(int32_t kernel_index, int32_t tie, uint64_t seed, pkc_engine **engine_out) {
    if (tie != PKC_TIE_RANK && tie != PKC_TIE_RANDOM) {
        return PKC_ERR_INVALID;
    }
    if (kernel_at(kernel_index) == NULL) {
        return PKC_ERR_NOT_FOUND;
    }
    pkc_engine *e = calloc(1, sizeof *e);
    int32_t *log = malloc(LOG_ROWS * sizeof *log);
    if (e == NULL || log == NULL) {
        free(e);
        free(log);
        return PKC_ERR_NO_MEMORY;
    }
    e->log = log;
    e->free_pod = -1;
    e->kernel = kernel_at(kernel_index);
    e->tie = tie;
    e->random_state = seed;
    e->resource_count = PKC_RESOURCE_EPHEMERAL_STORAGE + 1;
    *engine_out = e;
    return PKC_OK;
}

void pkc_engine_free(pkc_engine *e) {
    if (e == NULL) {
        return;
    }
    for (int64_t i = 0; i < e->classes.count; i++) {
        rows_free(e, &e->classes.data[i]);
        class_clear(&e->classes.data[i]);
    }
    for (int64_t i = 0; i < e->profiles.count; i++) {
        profile_clear(&e->profiles.data[i]);
    }
    vec_free(&e->classes);
    vec_free(&e->profiles);
    vec_free(&e->pods);
    node_table_free(e);
    free(e->log);
    free(e);
}

/* helper.DefaultNormalizeScore with a maximum of 100. */
static int64_t normalize_default(int64_t raw, int64_t maximum, int reverse) {
    if (maximum == 0) {
        return reverse ? SCORE_MAX : raw;
    }
    int64_t score = raw * SCORE_MAX / maximum;
    return reverse ? SCORE_MAX - score : score;
}

/* Adds a plugin whose scores are normalised by the maximum over the feasible rows. */
static void add_normalized(pkc_engine *e, const int32_t *raw, int64_t weight, int reverse) {
    int32_t maximum = 0;
    for (int32_t row = 0; row < e->row_count; row++) {
        int32_t here = e->work[row] == -INFINITY ? 0 : raw[row];
        maximum = here > maximum ? here : maximum;
    }
    if (maximum == 0) {
        return; /* the same score everywhere */
    }
    for (int32_t row = 0; row < e->row_count; row++) {
        e->work[row] += (double)(weight * normalize_default(raw[row], maximum, reverse));
    }
}

/* The row that one pod of the class goes to, -1 if none, or a status below that. */
static int64_t cycle(pkc_engine *e, pod_class *c) {
    int status = rows_refresh(e, c);
    if (status < 0) {
        return (int64_t)status - 1;
    }
    const profile *p = &e->profiles.data[c->profile_index];
    const row_cache *r = &c->cache;
    int random = p->weight[PKC_PLUGIN_RANDOM] != 0;
    int taints = r->taint_raw != NULL && r->taint_any;
    if (!taints && r->affinity_raw == NULL) {
        return select_row(e, r->total, r->block_max, random);
    }
    if (e->row_count > 0) {
        memcpy(e->work, r->total, (size_t)e->row_count * sizeof *e->work);
    }
    if (taints) {
        add_normalized(e, r->taint_raw, p->weight[PKC_PLUGIN_TAINT_TOLERATION], 1);
    }
    if (r->affinity_raw != NULL) {
        add_normalized(e, r->affinity_raw, p->weight[PKC_PLUGIN_NODE_AFFINITY], 0);
    }
    e->kernel->maxima(e->work, e->row_count, e->work_block);
    return select_row(e, e->work, e->work_block, random);
}

int pkc_engine_place(pkc_engine *e, int64_t count, const int32_t *classes, int32_t *row_out,
                     int32_t *pod_out, int64_t *done_out) {
    *done_out = 0;
    if (count < 0 || count > INT32_MAX) {
        return PKC_ERR_INVALID;
    }
    for (int64_t i = 0; i < count; i++) {
        if (classes[i] < 0 || classes[i] >= e->classes.count) {
            return PKC_ERR_NOT_FOUND;
        }
    }
    int status = pods_reserve(e, count);
    int placed = 0;
    for (int64_t i = 0; status == PKC_OK && i < count; i++) {
        pod_class *c = &e->classes.data[classes[i]];
        int64_t row = cycle(e, c);
        if (row < -1) {
            status = (int)(row + 1);
            break;
        }
        row_out[i] = (int32_t)row;
        pod_out[i] = -1;
        if (row >= 0) {
            if (!pod_fits_in_columns(e, c, (int32_t)row)) {
                status = PKC_ERR_OVERFLOW;
                break;
            }
            pod_out[i] = pod_add(e, classes[i], (int32_t)row);
            placed++;
        }
        *done_out = i + 1;
    }
    return status < 0 ? status : placed;
}

int pkc_engine_scan(pkc_engine *e, int32_t class_index, double *total_out) {
    if (class_index < 0 || class_index >= e->classes.count) {
        return PKC_ERR_NOT_FOUND;
    }
    pod_class *c = &e->classes.data[class_index];
    int status = rows_refresh(e, c); /* static rules only are kept from it */
    if (status == PKC_OK) {
        status = rows_scan(e, c, c->cache.addend, total_out, e->work_block);
    }
    if (status < 0) {
        return status;
    }
    return e->row_count;
}

/* Raw scores of one plugin on one row; 1 if the plugin has a row of scores for this class. */
static int raw_score(const pkc_engine *e, const pod_class *c, int32_t row, int32_t plugin,
                     int64_t *raw_out) {
    const profile *p = &e->profiles.data[c->profile_index];
    const node *n = &e->nodes[row];
    switch (plugin) {
    case PKC_PLUGIN_TAINT_TOLERATION: *raw_out = score_taints(c, n); return 1;
    case PKC_PLUGIN_NODE_AFFINITY:
        *raw_out = score_affinity(c, n);
        return c->preferred.count > 0;
    case PKC_PLUGIN_NODE_RESOURCES_FIT: *raw_out = score_fit(e, p, c, row); return 1;
    case PKC_PLUGIN_BALANCED_ALLOCATION:
        *raw_out = score_balanced(e, p, c, row);
        return !c->balanced_skips;
    case PKC_PLUGIN_BEST_FIT:
    case PKC_PLUGIN_WORST_FIT:
    case PKC_PLUGIN_DOT_PRODUCT: *raw_out = score_packing(e, p, c, row, plugin); return 1;
    default: return 0;
    }
}

static void normalize(const pkc_engine *e, const uint8_t *code, int32_t plugin, const int64_t *raw,
                      int64_t *normalized) {
    int reverse = plugin == PKC_PLUGIN_TAINT_TOLERATION;
    int by_maximum = reverse || plugin == PKC_PLUGIN_NODE_AFFINITY;
    int64_t maximum = 0;
    for (int32_t row = 0; row < e->row_count; row++) {
        if (code[row] == PKC_CODE_FITS && raw[row] > maximum) {
            maximum = raw[row];
        }
    }
    for (int32_t row = 0; row < e->row_count; row++) {
        normalized[row] = by_maximum ? normalize_default(raw[row], maximum, reverse) : raw[row];
    }
}

int pkc_engine_evaluate(pkc_engine *e, int32_t class_index, uint8_t *plugin_out,
                        uint8_t *code_out, uint64_t *detail_out, int64_t *raw_out,
                        int64_t *normalized_out, double *total_out, uint8_t *scored_out) {
    if (class_index < 0 || class_index >= e->classes.count) {
        return PKC_ERR_NOT_FOUND;
    }
    pod_class *c = &e->classes.data[class_index];
    const profile *p = &e->profiles.data[c->profile_index];
    maxima_refresh(e, p);
    int feasible = 0;
    for (int32_t row = 0; row < e->row_count; row++) {
        verdict v;
        filter_node(e, c, row, &v);
        plugin_out[row] = v.plugin;
        code_out[row] = v.code;
        detail_out[row] = v.detail;
        total_out[row] = v.code == PKC_CODE_FITS ? 0.0 : -INFINITY;
        feasible += v.code == PKC_CODE_FITS;
    }
    memset(scored_out, 0, PKC_PLUGIN_COUNT);
    for (int32_t plugin = 1; plugin < PKC_PLUGIN_COUNT; plugin++) {
        int64_t *raw = raw_out + (int64_t)plugin * e->row_count;
        int64_t *normalized = normalized_out + (int64_t)plugin * e->row_count;
        if (p->weight[plugin] == 0 || feasible < 2) {
            continue;
        }
        for (int32_t row = 0; row < e->row_count; row++) {
            raw[row] = 0;
            if (code_out[row] == PKC_CODE_FITS) {
                scored_out[plugin] = (uint8_t)raw_score(e, c, row, plugin, &raw[row]);
            }
        }
        if (!scored_out[plugin]) {
            continue;
        }
        normalize(e, code_out, plugin, raw, normalized);
        for (int32_t row = 0; row < e->row_count; row++) {
            total_out[row] += (double)(p->weight[plugin] * normalized[row]);
        }
    }
    return feasible;
}
