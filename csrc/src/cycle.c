/* The scheduling cycle: filter, score, normalise, select, assume. */
#include <math.h>
#include <string.h>

#include "engine.h"

/* helper.DefaultNormalizeScore with a maximum of 100, in place, over rows with total != -inf. */
static void normalize_default(const pkc_engine *e, const double *total, int reverse,
                              int64_t *raw) {
    int64_t maximum = 0;
    for (int32_t i = 0; i < e->view_count; i++) {
        if (total[i] != -INFINITY && raw[i] > maximum) {
            maximum = raw[i];
        }
    }
    if (maximum > 0) {
        scale_to_percent(e, raw, maximum);
    }
    for (int32_t i = 0; reverse && i < e->view_count; i++) {
        raw[i] = SCORE_MAX - raw[i];
    }
}

/* PreFilter and PreScore: makes right whatever the filters and scores of a class look at beyond
 * the row. */
int cycle_prepare(pkc_engine *e, int32_t class_index) {
    int status = e->counters.count > 0 ? counters_prepare(e, class_index) : PKC_OK;
    const pod_class *c = &e->classes.data[class_index];
    e->once_conflicts = once_conflicts(e, c);
    e->skip_restrictions = c->disks.count == 0 && e->once_conflicts == 0;
    e->skip_pod_affinity = !has_pod_affinity_filter(e, c);
    return status;
}

/* -inf where a rule that looks beyond the row refuses. */
void mask_beyond(pkc_engine *e, int32_t class_index, double *total) {
    pod_class *c = &e->classes.data[class_index];
    const uint8_t *with = e->profiles.data[c->profile_index].filters_with;
    int closed = with[PKC_PLUGIN_VOLUME_RESTRICTIONS] && e->once_conflicts > 0;
    for (int32_t row = 0; row < e->row_count && (closed || c->external != NULL); row++) {
        int refused = closed;
        if (c->external != NULL && row < c->external_rows) {
            refused |= with[PKC_PLUGIN_VOLUME_BINDING] && c->external[row] != 0;
            refused |= with[PKC_PLUGIN_VOLUME_ZONE] && c->external[c->external_rows + row] != 0;
        }
        if (refused) {
            total[row] = -INFINITY;
        }
    }
    if (with[PKC_PLUGIN_POD_TOPOLOGY_SPREAD] && c->has_hard_spread) {
        mask_spread(e, c, total);
    }
    if (with[PKC_PLUGIN_INTER_POD_AFFINITY] && !e->skip_pod_affinity) {
        mask_pod_affinity(e, c, total);
    }
    if (e->nomination_count > 0) {
        mask_nominated(e, class_index, total);
    }
}

/* 1 if some filter of the class, whose cycle is prepared, looks beyond the row. */
int looks_beyond(const pkc_engine *e, const pod_class *c) {
    return c->has_hard_spread || c->external != NULL || e->once_conflicts > 0 ||
           e->nomination_count > 0 || !e->skip_pod_affinity;
}

/* Raw scores of a plugin whose scores are normalised over the feasible rows, into work_raw. 1 if
 * it has any, 0 if not, or a status. */
static int raw_normalized(pkc_engine *e, const pod_class *c, int32_t plugin,
                          const double *total) {
    const row_cache *r = &c->cache;
    int64_t *raw = e->work_raw;
    switch (plugin) {
    case PKC_PLUGIN_TAINT_TOLERATION:
        for (int32_t i = 0; r->taint_any && i < e->view_count; i++) {
            raw[i] = r->taint_raw[view_row(e, i)];
        }
        return r->taint_any;
    case PKC_PLUGIN_NODE_AFFINITY:
        for (int32_t i = 0; r->affinity_raw != NULL && i < e->view_count; i++) {
            raw[i] = r->affinity_raw[view_row(e, i)];
        }
        return r->affinity_raw != NULL;
    case PKC_PLUGIN_POD_TOPOLOGY_SPREAD: return raw_spread(e, c, total, raw, e->work_counted);
    case PKC_PLUGIN_INTER_POD_AFFINITY: return raw_pod_affinity(e, c, raw);
    default: return 0;
    }
}

void normalize_plugin(pkc_engine *e, int32_t plugin, const double *total, int64_t *raw) {
    switch (plugin) {
    case PKC_PLUGIN_TAINT_TOLERATION: normalize_default(e, total, 1, raw); break;
    case PKC_PLUGIN_NODE_AFFINITY: normalize_default(e, total, 0, raw); break;
    case PKC_PLUGIN_POD_TOPOLOGY_SPREAD: normalize_spread(e, e->work_counted, raw); break;
    case PKC_PLUGIN_INTER_POD_AFFINITY: normalize_pod_affinity(e, total, raw); break;
    default: break;
    }
}

static const int32_t NORMALIZED[] = {PKC_PLUGIN_TAINT_TOLERATION, PKC_PLUGIN_NODE_AFFINITY,
                                     PKC_PLUGIN_POD_TOPOLOGY_SPREAD, PKC_PLUGIN_INTER_POD_AFFINITY};
enum { NORMALIZED_COUNT = sizeof NORMALIZED / sizeof NORMALIZED[0] };

int plugin_normalizes(int32_t plugin) {
    for (int32_t i = 0; i < NORMALIZED_COUNT; i++) {
        if (NORMALIZED[i] == plugin) {
            return 1;
        }
    }
    return 0;
}

/* 1 if some plugin that normalises may tell rows apart. */
static int any_normalized(const pkc_engine *e, const pod_class *c) {
    const profile *p = &e->profiles.data[c->profile_index];
    const row_cache *r = &c->cache;
    return (r->taint_raw != NULL && r->taint_any) || r->affinity_raw != NULL ||
           (p->weight[PKC_PLUGIN_POD_TOPOLOGY_SPREAD] != 0 && c->has_soft_spread) ||
           (p->weight[PKC_PLUGIN_INTER_POD_AFFINITY] != 0 &&
            (c->preferred_pods.count > 0 || c->held_hits.count > 0));
}

static int add_normalized(pkc_engine *e, const pod_class *c, double *total) {
    const profile *p = &e->profiles.data[c->profile_index];
    for (int32_t i = 0; i < NORMALIZED_COUNT; i++) {
        int32_t plugin = NORMALIZED[i];
        int found = p->weight[plugin] == 0 ? 0 : raw_normalized(e, c, plugin, total);
        if (found < 0) {
            return found;
        }
        if (found) {
            normalize_plugin(e, plugin, total, e->work_raw);
            e->kernel->add_weighted(e->work_raw, p->weight[plugin], e->view_count, total);
        }
    }
    return PKC_OK;
}

/* The row that one pod of the class goes to in *row_out, -1 if none fits. */
static int cycle(pkc_engine *e, int32_t class_index, int32_t *row_out) {
    pod_class *c = &e->classes.data[class_index];
    int status = rows_refresh(e, c);
    if (status == PKC_OK) {
        status = cycle_prepare(e, class_index);
    }
    if (status < 0) {
        return status;
    }
    int random = e->profiles.data[c->profile_index].weight[PKC_PLUGIN_RANDOM] != 0;
    const double *total = c->cache.total;
    const double *block_max = c->cache.block_max;
    int normalized = any_normalized(e, c);
    int32_t wanted = sample_size(e, c);
    if (looks_beyond(e, c) && e->row_count > 0) {
        memcpy(e->work, total, (size_t)e->row_count * sizeof *e->work);
        mask_beyond(e, class_index, e->work);
        total = e->work;
    }
    if (wanted > 0) {
        status = view_sample(e, c, wanted, total);
    }
    if (status == PKC_OK && (normalized || total == e->work || wanted > 0)) {
        for (int32_t i = 0; i < e->view_count; i++) {
            e->work[i] = total[view_row(e, i)]; /* in place: positions are not behind their rows */
        }
        status = normalized ? add_normalized(e, c, e->work) : PKC_OK;
        e->kernel->maxima(e->work, e->view_count, e->work_block);
        total = e->work;
        block_max = e->work_block;
    }
    if (status == PKC_OK) {
        *row_out = select_row(e, total, block_max, random);
    }
    view_all(e);
    return status;
}

int pkc_engine_place(pkc_engine *e, int64_t count, const int32_t *classes, int stop_at_misfit,
                     int32_t *row_out, int32_t *pod_out, int64_t *done_out) {
    *done_out = 0;
    if (count < 0 || count > INT32_MAX) {
        return PKC_ERR_INVALID;
    }
    for (int64_t i = 0; i < count; i++) {
        if (classes[i] < 0 || classes[i] >= e->classes.count) {
            return PKC_ERR_NOT_FOUND;
        }
    }
    int status = pods_reserve(e, count + e->nomination_count);
    int placed = 0;
    for (int64_t i = 0; status == PKC_OK && i < count; i++) {
        int32_t row = -1;
        status = cycle(e, classes[i], &row);
        if (status == PKC_OK && row >= 0 &&
            !pod_fits_in_columns(e, &e->classes.data[classes[i]], row)) {
            status = PKC_ERR_OVERFLOW;
        }
        if (status < 0) {
            break;
        }
        row_out[i] = row;
        pod_out[i] = row < 0 ? -1 : pod_add(e, classes[i], row);
        placed += row >= 0;
        *done_out = i + 1;
        if (row < 0 && stop_at_misfit) {
            break;
        }
    }
    return status < 0 ? status : placed;
}

int pkc_engine_scan(pkc_engine *e, int32_t class_index, int64_t count, double *total_out) {
    if (class_index < 0 || class_index >= e->classes.count) {
        return PKC_ERR_NOT_FOUND;
    }
    if (count != e->row_count) {
        return PKC_ERR_INVALID;
    }
    pod_class *c = &e->classes.data[class_index];
    int status = rows_refresh(e, c); /* static rules only are kept from it */
    if (status == PKC_OK) {
        status = rows_scan(e, c, rows_addend(e, c), total_out, e->work_block);
    }
    if (status == PKC_OK) {
        status = cycle_prepare(e, class_index);
    }
    if (status == PKC_OK) {
        status = pods_reserve(e, e->nomination_count);
    }
    if (status == PKC_OK && looks_beyond(e, c)) {
        mask_beyond(e, class_index, total_out);
    }
    return status < 0 ? status : e->row_count;
}
