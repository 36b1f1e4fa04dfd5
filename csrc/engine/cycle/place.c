/* The scheduling cycle: filter, score, normalise, select, assume. */
#include <math.h>
#include <string.h>

#include "engine/cycle/filter.h"
#include "engine/cycle/nominated.h"
#include "engine/cycle/pods.h"
#include "engine/cycle/sample.h"
#include "engine/cycle/select.h"
#include "engine/cycle/totals.h"
#include "engine/kernels/kernel.h"
#include "engine/rules/table.h"

/* Plugins that normalise and may tell rows apart. Plugins of nodes alone said so when the class
 * was cached. */
static plugin_set to_normalize(const pkc_engine *e, const pod_class *c) {
    plugin_set found = c->cache.raw_any;
    for (plugin_set left = c->scores_raw; left != 0; left = pkc_rest(left)) {
        int32_t plugin = pkc_first(left);
        const rule *r = pkc_rules[plugin];
        found |= r->score_reads != READS_OTHERS || r->differs(e, c) ? pkc_bit(plugin) : 0;
    }
    return found;
}

/* Raw scores of a plugin into e->work.raw. 1 if it has any, 0 if not, or a status. */
static int raw_scores(pkc_engine *e, const pod_class *c, int32_t plugin, const double *total) {
    const int32_t *kept = c->cache.raw[plugin];
    if (kept == NULL) {
        return pkc_rules[plugin]->raw(e, c, total, e->work.raw);
    }
    for (int32_t i = 0; i < e->view_count; i++) {
        e->work.raw[i] = kept[pkc_view_row(e, i)];
    }
    return 1;
}

static int add_normalized(pkc_engine *e, const pod_class *c, plugin_set plugins, double *total) {
    const profile *p = pkc_profile_of(e, c);
    for (plugin_set left = plugins; left != 0; left = pkc_rest(left)) {
        int32_t plugin = pkc_first(left);
        int found = raw_scores(e, c, plugin, total);
        if (found < 0) {
            return found;
        }
        if (found) {
            if (pkc_rules[plugin]->normalize != NULL) {
                pkc_rules[plugin]->normalize(e, total, e->work.raw);
            }
            e->kernel->add_weighted(e->work.raw, p->weight[plugin], e->view_count, total);
        }
    }
    return PKC_OK;
}

/* The totals of the view's rows by position. In place, too: positions are not behind their rows. */
static void gather(const pkc_engine *e, const double *total, double *work) {
    if (e->view_rows != NULL) {
        for (int32_t i = 0; i < e->view_count; i++) {
            work[i] = total[e->view_rows[i]];
        }
    } else if (total != work && e->view_count > 0) {
        memcpy(work, total, (size_t)e->view_count * sizeof *work);
    }
}

/* The row that one pod of the class goes to in *row_out, -1 if none fits. */
static int cycle(pkc_engine *e, int32_t class_index, int32_t *row_out) {
    pod_class *c = &e->classes.data[class_index];
    int status = pkc_totals_refresh(e, c);
    if (status == PKC_OK) {
        status = pkc_prepare(e, class_index);
    }
    if (status < 0) {
        return status;
    }
    int random = pkc_has(pkc_profile_of(e, c)->scores_with, PKC_PLUGIN_RANDOM);
    double *work = e->work.total;
    const double *total = c->cache.total;
    const double *block_max = c->cache.block_max;
    plugin_set normalized = to_normalize(e, c);
    int32_t wanted = pkc_sample_size(e, c);
    if (pkc_looks_beyond(e) && e->row_count > 0) {
        memcpy(work, total, (size_t)e->row_count * sizeof *work);
        pkc_mask_beyond(e, class_index, work);
        total = work;
    }
    if (wanted > 0) {
        status = pkc_view_sample(e, c, wanted, total);
    }
    if (status == PKC_OK && (normalized != 0 || total == work || wanted > 0)) {
        gather(e, total, work);
        status = add_normalized(e, c, normalized, work);
        e->kernel->maxima(work, e->view_count, e->work.block_max);
        total = work;
        block_max = e->work.block_max;
    }
    if (status == PKC_OK) {
        *row_out = pkc_select_row(e, total, block_max, random);
    }
    pkc_view_all(e);
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
    int status = pkc_pods_reserve(e, count + e->nomination_count);
    int placed = 0;
    for (int64_t i = 0; status == PKC_OK && i < count; i++) {
        int32_t row = -1;
        status = cycle(e, classes[i], &row);
        if (status == PKC_OK && row >= 0 &&
            !pkc_pod_fits_in_columns(e, &e->classes.data[classes[i]], row)) {
            status = PKC_ERR_OVERFLOW;
        }
        if (status < 0) {
            break;
        }
        row_out[i] = row;
        pod_out[i] = row < 0 ? -1 : pkc_pod_add(e, classes[i], row);
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
    int status = pkc_totals_refresh(e, c); /* static rules only are kept from it */
    if (status == PKC_OK) {
        status = pkc_totals_scan(e, c, pkc_totals_addend(e, c), total_out, e->work.block_max);
    }
    if (status == PKC_OK) {
        status = pkc_prepare(e, class_index);
    }
    if (status == PKC_OK) {
        status = pkc_pods_reserve(e, e->nomination_count);
    }
    if (status == PKC_OK && pkc_looks_beyond(e)) {
        pkc_mask_beyond(e, class_index, total_out);
    }
    return status < 0 ? status : e->row_count;
}
