/* The cycle's verdict on one pod on every row, plugin by plugin. */
#include <math.h>
#include <string.h>

#include "engine/cycle/filter.h"
#include "engine/cycle/nominated.h"
#include "engine/cycle/pods.h"
#include "engine/cycle/totals.h"
#include "engine/rules/table.h"

/* Raw scores of one plugin over the feasible rows, none of them from a cache. 1 if it has any, 0 if
 * not, or a status. */
static int raw_scores(pkc_engine *e, const pod_class *c, int32_t plugin, const double *total,
                      int64_t *raw) {
    const rule *r = pkc_rules[plugin];
    if (r->raw != NULL) {
        return r->raw(e, c, total, raw);
    }
    if (r->score_row == NULL || (r->prescore_skips && !r->differs(e, c))) {
        return 0;
    }
    const profile *p = pkc_profile_of(e, c);
    int scores = 0;
    for (int32_t row = 0; row < e->row_count; row++) {
        int feasible = total[row] != -INFINITY;
        raw[row] = feasible ? r->score_row(e, p, c, row) : 0;
        scores |= feasible;
    }
    return scores;
}

/* Scores by one plugin, added to the totals; e->work.total holds which rows are feasible. */
static int score_plugin(pkc_engine *e, const pod_class *c, int32_t plugin, int64_t *raw,
                        int64_t *normalized, double *total_out, uint8_t *scored_out) {
    int64_t weight = pkc_profile_of(e, c)->weight[plugin];
    int found = weight == 0 ? 0 : raw_scores(e, c, plugin, e->work.total, raw);
    if (found <= 0) {
        return found;
    }
    *scored_out = 1;
    memcpy(normalized, raw, (size_t)e->row_count * sizeof *raw);
    if (pkc_rules[plugin]->normalize != NULL) {
        pkc_rules[plugin]->normalize(e, e->work.total, normalized);
    }
    for (int32_t row = 0; row < e->row_count; row++) {
        total_out[row] += (double)(weight * normalized[row]);
    }
    return PKC_OK;
}

/* Adds up in the order of the cycle: what a row alone decides, the policy of the user's own, what
 * is normalised. */
static int score_all(pkc_engine *e, const pod_class *c, int64_t *raw_out,
                     int64_t *normalized_out, double *total_out, uint8_t *scored_out) {
    memcpy(e->work.total, total_out, (size_t)e->row_count * sizeof *total_out);
    int status = PKC_OK;
    for (int normalized = 0; normalized <= 1; normalized++) {
        for (int32_t plugin = 1; status == PKC_OK && plugin < PKC_PLUGIN_COUNT; plugin++) {
            int64_t at = (int64_t)plugin * e->row_count;
            if ((pkc_rules[plugin]->normalize != NULL) == normalized) {
                status = score_plugin(e, c, plugin, raw_out + at, normalized_out + at, total_out,
                                      &scored_out[plugin]);
            }
        }
        if (status == PKC_OK && !normalized) {
            status = pkc_add_policy(e, c, 0, e->row_count, total_out);
        }
    }
    return status;
}

int pkc_engine_evaluate(pkc_engine *e, int32_t class_index, uint8_t *plugin_out,
                        uint8_t *code_out, uint64_t *detail_out, int64_t *raw_out,
                        int64_t *normalized_out, double *total_out, uint8_t *scored_out) {
    if (class_index < 0 || class_index >= e->classes.count) {
        return PKC_ERR_NOT_FOUND;
    }
    pkc_prepare_scores(e, pkc_profile_of(e, &e->classes.data[class_index]));
    int status = pkc_prepare(e, class_index);
    if (status == PKC_OK) {
        status = pkc_pods_reserve(e, e->nomination_count);
    }
    if (status < 0) {
        return status;
    }
    int feasible = 0;
    for (int32_t row = 0; row < e->row_count; row++) {
        verdict v;
        pkc_filter_with_nominated(e, class_index, row, &v);
        plugin_out[row] = v.plugin;
        code_out[row] = v.code;
        detail_out[row] = v.detail;
        total_out[row] = v.code == PKC_CODE_FITS ? 0.0 : -INFINITY;
        feasible += v.code == PKC_CODE_FITS;
    }
    memset(scored_out, 0, PKC_PLUGIN_COUNT);
    if (feasible > 1) {
        status = score_all(e, &e->classes.data[class_index], raw_out, normalized_out, total_out,
                           scored_out);
    }
    return status < 0 ? status : feasible;
}

int pkc_engine_filter_row(pkc_engine *e, int32_t class_index, int32_t row, uint8_t *plugin_out,
                          uint8_t *code_out, uint64_t *detail_out) {
    if (class_index < 0 || class_index >= e->classes.count || row < 0 || row >= e->row_count) {
        return PKC_ERR_NOT_FOUND;
    }
    int status = pkc_prepare(e, class_index);
    if (status == PKC_OK) {
        status = pkc_pods_reserve(e, e->nomination_count);
    }
    if (status < 0) {
        return status;
    }
    verdict v;
    pkc_filter_with_nominated(e, class_index, row, &v);
    *plugin_out = v.plugin;
    *code_out = v.code;
    *detail_out = v.detail;
    return PKC_OK;
}
