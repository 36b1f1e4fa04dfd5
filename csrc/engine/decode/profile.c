/* Profiles: which plugins filter in which order, which score with which weights and arguments. */
#include "engine/decode/profile.h"

static int valid_resource(int64_t resource) {
    return resource >= 0 && resource < PKC_RESOURCE_COUNT_MAX;
}

static int read_filters(words payload, profile *p) {
    for (int64_t i = 0; i < payload.count; i++) {
        int64_t plugin = payload.data[i];
        if (plugin <= PKC_PLUGIN_NONE || plugin >= PKC_PLUGIN_COUNT ||
            pkc_has(p->filters_with, (int32_t)plugin)) {
            return PKC_ERR_INVALID;
        }
        p->filters_with |= pkc_bit((int32_t)plugin);
        p->filters[p->filter_count++] = (uint8_t)plugin;
    }
    return PKC_OK;
}

static int read_scorers(words payload, profile *p) {
    if (payload.count % PKC_SCORER_WORDS != 0) {
        return PKC_ERR_INVALID;
    }
    for (int64_t i = 0; i < payload.count; i += PKC_SCORER_WORDS) {
        int64_t plugin = payload.data[i + PKC_SCORER_PLUGIN];
        int64_t weight = payload.data[i + PKC_SCORER_WEIGHT];
        if (plugin <= PKC_PLUGIN_NONE || plugin >= PKC_PLUGIN_COUNT || weight == 0 ||
            weight < INT32_MIN || weight > INT32_MAX || p->weight[plugin] != 0) {
            return PKC_ERR_INVALID;
        }
        p->weight[plugin] = weight;
        p->scores_with |= pkc_bit((int32_t)plugin);
    }
    return PKC_OK;
}

static int read_resources(words payload, integer_vec *out) {
    for (int64_t i = 0; i < payload.count; i++) {
        if (!valid_resource(payload.data[i])) {
            return PKC_ERR_INVALID;
        }
        if (vec_push(out, (int32_t)payload.data[i]) < 0) {
            return PKC_ERR_NO_MEMORY;
        }
    }
    return PKC_OK;
}

typedef struct {
    int64_t utilization;
    int64_t score;
} shape_point;

static shape_point point_at(words points, int64_t i) {
    return (shape_point){points.data[2 * i], points.data[2 * i + 1]};
}

/* helper.BuildBrokenLinearFunction, as a table over 0..100. */
static int read_shape(words points, profile *p) {
    int64_t count = points.count / 2;
    for (int64_t i = 0; i < count; i++) {
        shape_point at = point_at(points, i);
        if (!pkc_in_range(at.utilization, 0, SCORE_MAX) || !pkc_in_range(at.score, 0, SCORE_MAX) ||
            (i > 0 && point_at(points, i - 1).utilization >= at.utilization)) {
            return PKC_ERR_INVALID;
        }
    }
    for (int64_t x = 0; x <= SCORE_MAX && count > 0; x++) {
        int64_t i = 0;
        while (i < count && x > point_at(points, i).utilization) {
            i++;
        }
        shape_point above = point_at(points, i == count ? count - 1 : i);
        shape_point below = i == 0 || i == count ? above : point_at(points, i - 1);
        int64_t width = above.utilization - below.utilization;
        p->shape[x] = width == 0 ? above.score
                                 : below.score + (above.score - below.score) *
                                                     (x - below.utilization) / width;
    }
    return points.count % 2 == 0 ? PKC_OK : PKC_ERR_INVALID;
}

static int read_fit(words payload, profile *p) {
    if (payload.count < 3 ||
        !pkc_in_range(payload.data[0], 0, PKC_STRATEGY_REQUESTED_TO_CAPACITY_RATIO) ||
        !pkc_in_range(payload.data[1], 0, (payload.count - 3) / PKC_AMOUNT_WORDS)) {
        return PKC_ERR_INVALID;
    }
    p->strategy = (int32_t)pkc_words_take(&payload, 1).data[0];
    for (int64_t left = pkc_words_take(&payload, 1).data[0]; left > 0; left--) {
        const int64_t *w = pkc_words_take(&payload, PKC_AMOUNT_WORDS).data;
        if (!valid_resource(w[PKC_AMOUNT_RESOURCE]) ||
            !pkc_in_range(w[PKC_AMOUNT_AMOUNT], 1, SCORE_MAX)) {
            return PKC_ERR_INVALID;
        }
        request weighted = {(int32_t)w[PKC_AMOUNT_RESOURCE], w[PKC_AMOUNT_AMOUNT]};
        if (vec_push(&p->fit_resources, weighted) < 0) {
            return PKC_ERR_NO_MEMORY;
        }
    }
    int64_t points = pkc_words_take(&payload, 1).data[0];
    if (!pkc_in_range(points, 0, payload.count) || 2 * points != payload.count) {
        return PKC_ERR_INVALID;
    }
    return read_shape(payload, p);
}

static int read_affinity(words payload, profile *p) {
    if (payload.count != 2 || !pkc_in_range(payload.data[0], 0, SCORE_MAX)) {
        return PKC_ERR_INVALID;
    }
    p->hard_affinity_weight = payload.data[0];
    p->ignore_preferred = payload.data[1] != 0;
    return PKC_OK;
}

int pkc_decode_profile(words program, profile *p) {
    *p = (profile){.percentage = 100};
    while (program.count > 0) {
        int64_t tag;
        words payload;
        if (!pkc_section_next(&program, &tag, &payload)) {
            return PKC_ERR_INVALID;
        }
        switch (tag) {
        case PKC_PROFILE_FILTERS: PKC_TRY(read_filters(payload, p)); break;
        case PKC_PROFILE_SCORERS: PKC_TRY(read_scorers(payload, p)); break;
        case PKC_PROFILE_FIT: PKC_TRY(read_fit(payload, p)); break;
        case PKC_PROFILE_BALANCED: PKC_TRY(read_resources(payload, &p->balanced_resources)); break;
        case PKC_PROFILE_PACKING: PKC_TRY(read_resources(payload, &p->packing_resources)); break;
        case PKC_PROFILE_AFFINITY: PKC_TRY(read_affinity(payload, p)); break;
        default: return PKC_ERR_INVALID;
        }
    }
    return PKC_OK;
}
