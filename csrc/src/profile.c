/* Profiles: which plugins filter in which order, which score with which weights and arguments. */
#include "engine.h"

void profile_clear(profile *p) {
    vec_free(&p->fit_resources);
    vec_free(&p->balanced_resources);
    vec_free(&p->packing_resources);
}

static int valid_resource(int64_t resource) {
    return resource >= 0 && resource < PKC_RESOURCE_COUNT_MAX;
}

static int read_filters(words payload, profile *p) {
    for (int64_t i = 0; i < payload.count; i++) {
        int64_t plugin = payload.data[i];
        if (plugin <= PKC_PLUGIN_NONE || plugin >= PKC_PLUGIN_BALANCED_ALLOCATION ||
            p->filters_with[plugin]) {
            return PKC_ERR_INVALID;
        }
        p->filters_with[plugin] = 1;
        p->filters[p->filter_count++] = (uint8_t)plugin;
    }
    return PKC_OK;
}

static int read_scorers(words payload, profile *p) {
    if (payload.count % 2 != 0) {
        return PKC_ERR_INVALID;
    }
    for (int64_t i = 0; i < payload.count; i += 2) {
        int64_t plugin = payload.data[i];
        int64_t weight = payload.data[i + 1];
        if (plugin <= PKC_PLUGIN_NONE || plugin >= PKC_PLUGIN_COUNT || weight == 0 ||
            weight < INT32_MIN || weight > INT32_MAX || p->weight[plugin] != 0) {
            return PKC_ERR_INVALID;
        }
        p->weight[plugin] = weight;
        p->any_scorer = 1;
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

/* helper.BuildBrokenLinearFunction, as a table over 0..100. */
static int read_shape(words payload, profile *p) {
    const int64_t *point = payload.data;
    int64_t count = payload.count / 2;
    for (int64_t i = 0; i < count; i++) {
        if (point[2 * i] < 0 || point[2 * i] > SCORE_MAX || point[2 * i + 1] < 0 ||
            point[2 * i + 1] > SCORE_MAX || (i > 0 && point[2 * i - 2] >= point[2 * i])) {
            return PKC_ERR_INVALID;
        }
    }
    for (int64_t x = 0; x <= SCORE_MAX && count > 0; x++) {
        int64_t i = 0;
        while (i < count && x > point[2 * i]) {
            i++;
        }
        if (i == 0 || i == count) {
            p->shape[x] = point[2 * (i == 0 ? 0 : count - 1) + 1];
        } else {
            int64_t x0 = point[2 * i - 2];
            int64_t y0 = point[2 * i - 1];
            p->shape[x] = y0 + (point[2 * i + 1] - y0) * (x - x0) / (point[2 * i] - x0);
        }
    }
    return payload.count % 2 == 0 ? PKC_OK : PKC_ERR_INVALID;
}

static int read_fit(words payload, profile *p) {
    const int64_t *data = payload.data;
    if (payload.count < 3 || data[0] < 0 ||
        data[0] > PKC_STRATEGY_REQUESTED_TO_CAPACITY_RATIO || data[1] < 0 ||
        data[1] > (payload.count - 3) / 2) {
        return PKC_ERR_INVALID;
    }
    p->strategy = (int32_t)data[0];
    for (int64_t i = 0; i < data[1]; i++) {
        int64_t resource = data[2 + 2 * i];
        int64_t weight = data[3 + 2 * i];
        if (!valid_resource(resource) || weight < 1 || weight > SCORE_MAX) {
            return PKC_ERR_INVALID;
        }
        request r = {(int32_t)resource, weight};
        if (vec_push(&p->fit_resources, r) < 0) {
            return PKC_ERR_NO_MEMORY;
        }
    }
    const int64_t *shape = data + 2 + 2 * data[1];
    if (shape[0] < 0 || shape[0] > payload.count ||
        3 + 2 * data[1] + 2 * shape[0] != payload.count) {
        return PKC_ERR_INVALID;
    }
    return read_shape((words){shape + 1, 2 * shape[0]}, p);
}

/* The fused kernel covers Fit by LeastAllocated or MostAllocated over cpu and memory, with or
 * without balanced allocation over the same two. */
static int is_fused(const profile *p) {
    int cpu = 0;
    int memory = 0;
    for (int64_t i = 0; i < p->fit_resources.count; i++) {
        cpu += p->fit_resources.data[i].resource == PKC_RESOURCE_CPU;
        memory += p->fit_resources.data[i].resource == PKC_RESOURCE_MEMORY;
    }
    int fit = cpu == 1 && memory == 1 && p->fit_resources.count == 2 &&
              p->strategy != PKC_STRATEGY_REQUESTED_TO_CAPACITY_RATIO;
    int even = p->weight[PKC_PLUGIN_BALANCED_ALLOCATION] == 0 ||
               (p->balanced_resources.count == 2 &&
                p->balanced_resources.data[0] + p->balanced_resources.data[1] == 1);
    int others = p->weight[PKC_PLUGIN_BEST_FIT] != 0 || p->weight[PKC_PLUGIN_WORST_FIT] != 0 ||
                 p->weight[PKC_PLUGIN_DOT_PRODUCT] != 0;
    return p->filters_with[PKC_PLUGIN_NODE_RESOURCES_FIT] && even && !others &&
           (fit || p->weight[PKC_PLUGIN_NODE_RESOURCES_FIT] == 0);
}

static int decode(profile *p, const int64_t *program, int64_t word_count) {
    const int64_t *at = program;
    const int64_t *end = program + word_count;
    while (at < end) {
        int64_t tag;
        words payload;
        int status = PKC_ERR_INVALID;
        if (!sections_next(&at, end, &tag, &payload)) {
            return status;
        }
        switch (tag) {
        case PKC_PROFILE_FILTERS: status = read_filters(payload, p); break;
        case PKC_PROFILE_SCORERS: status = read_scorers(payload, p); break;
        case PKC_PROFILE_FIT: status = read_fit(payload, p); break;
        case PKC_PROFILE_BALANCED: status = read_resources(payload, &p->balanced_resources); break;
        case PKC_PROFILE_AFFINITY:
            if (payload.count == 2 && payload.data[0] >= 0 && payload.data[0] <= SCORE_MAX) {
                p->hard_affinity_weight = payload.data[0];
                p->ignore_preferred = payload.data[1] != 0;
                status = PKC_OK;
            }
            break;
        case PKC_PROFILE_PACKING: status = read_resources(payload, &p->packing_resources); break;
        default: break;
        }
        if (status < 0) {
            return status;
        }
    }
    return PKC_OK;
}

int pkc_engine_profile_add(pkc_engine *e, const int64_t *program, int64_t word_count,
                           pkc_policy_function policy) {
    profile p = {.policy = policy, .percentage = 100};
    int status = word_count < 0 ? PKC_ERR_INVALID : decode(&p, program, word_count);
    if (status >= 0 && (p.weight[PKC_PLUGIN_POLICY] != 0) != (policy != NULL)) {
        status = PKC_ERR_INVALID;
    }
    int32_t resources = 0;
    for (int64_t i = 0; i < p.fit_resources.count; i++) {
        int32_t needed = p.fit_resources.data[i].resource + 1;
        resources = needed > resources ? needed : resources;
    }
    for (int64_t i = 0; i < p.balanced_resources.count; i++) {
        int32_t needed = p.balanced_resources.data[i] + 1;
        resources = needed > resources ? needed : resources;
    }
    if (status >= 0) {
        status = resources_reserve(e, resources);
    }
    if (status >= 0) {
        p.fused = (uint8_t)is_fused(&p);
        status = vec_push(&e->profiles, p) < 0 ? PKC_ERR_NO_MEMORY : PKC_OK;
    }
    if (status < 0) {
        profile_clear(&p);
        return status;
    }
    return (int)(e->profiles.count - 1);
}
