/* Scores of one row by the int64 rule (kubernetes v1.34.1, pkg/scheduler/framework/plugins). */
#include <math.h>

#include "engine.h"

/* Go's int64 product wraps around; so does this one. */
static int64_t wrapping_product(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

static int64_t wrapping_sum(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t wrapping_difference(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

void scale_to_percent(const pkc_engine *e, int64_t *values, int64_t maximum) {
    const uint64_t exact = (UINT64_C(1) << 53) / SCORE_MAX;
    uint64_t bits = 0; /* of all values: no value is larger, and a negative one makes it huge */
    for (int32_t i = 0; i < e->view_count; i++) {
        bits |= (uint64_t)values[i];
    }
    if (bits < exact) {
        e->kernel->scale(values, e->view_count, maximum);
        return;
    }
    for (int32_t i = 0; i < e->view_count; i++) {
        values[i] = wrapping_product(values[i], SCORE_MAX) / maximum;
    }
}

/* noderesources/least_allocated.go */
static int64_t least(int64_t capacity, int64_t requested) {
    if (requested > capacity) {
        return 0;
    }
    return wrapping_product(wrapping_difference(capacity, requested), SCORE_MAX) / capacity;
}

/* noderesources/most_allocated.go */
static int64_t most(int64_t capacity, int64_t requested) {
    return wrapping_product(requested > capacity ? capacity : requested, SCORE_MAX) / capacity;
}

/* noderesources/requested_to_capacity_ratio.go; a utilization outside 0..100, which only values
 * that overflow can give, takes the nearest end of the shape. */
static int64_t by_shape(const profile *p, int64_t capacity, int64_t requested) {
    int64_t utilization = requested > capacity
                              ? SCORE_MAX
                              : wrapping_product(requested, SCORE_MAX) / capacity;
    utilization = utilization < 0 ? 0 : utilization > SCORE_MAX ? SCORE_MAX : utilization;
    return p->shape[utilization];
}

static int64_t requested_for_score(const pkc_engine *e, int32_t resource, int32_t row) {
    switch (resource) {
    case PKC_RESOURCE_CPU: return engine_column(e, PKC_FIELD_NONZERO_CPU)[row];
    case PKC_RESOURCE_MEMORY: return engine_column(e, PKC_FIELD_NONZERO_MEMORY)[row];
    default: return column_requested(e, resource)[row];
    }
}

static int64_t asked(const pod_class *c, int32_t resource) {
    return resource < c->score_request_count ? c->score_request[resource] : 0;
}

static int is_extended(int32_t resource) {
    return resource > PKC_RESOURCE_EPHEMERAL_STORAGE;
}

int64_t score_fit(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row) {
    int64_t sum = 0;
    int64_t weights = 0;
    for (int64_t i = 0; i < p->fit_resources.count; i++) {
        int32_t resource = p->fit_resources.data[i].resource;
        int64_t weight = p->fit_resources.data[i].amount;
        int64_t capacity = column_allocatable(e, resource)[row];
        int64_t ask = asked(c, resource);
        if (capacity == 0 || (is_extended(resource) && ask == 0)) {
            continue;
        }
        int64_t requested = wrapping_sum(requested_for_score(e, resource, row), ask);
        int64_t score;
        switch (p->strategy) {
        case PKC_STRATEGY_LEAST_ALLOCATED: score = least(capacity, requested); break;
        case PKC_STRATEGY_MOST_ALLOCATED: score = most(capacity, requested); break;
        default:
            score = by_shape(p, capacity, requested);
            if (score == 0) {
                continue;
            }
            break;
        }
        sum += score * weight;
        weights += weight;
    }
    if (weights == 0) {
        return 0;
    }
    return p->strategy == PKC_STRATEGY_REQUESTED_TO_CAPACITY_RATIO
               ? (int64_t)round((double)sum / (double)weights)
               : sum / weights;
}

/* noderesources/balanced_allocation.go; the same order of float64 operations. A sum past int64
 * counts as full, where upstream's wraps around and the cycle fails on the score. */
int64_t score_balanced(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row) {
    double fractions[PKC_RESOURCE_COUNT_MAX];
    double total = 0.0;
    int32_t count = 0;
    for (int64_t i = 0; i < p->balanced_resources.count; i++) {
        int32_t resource = p->balanced_resources.data[i];
        int64_t capacity = column_allocatable(e, resource)[row];
        int64_t ask = class_request(c, resource);
        if (capacity == 0 || (is_extended(resource) && ask == 0)) {
            continue;
        }
        int64_t requested;
        if (__builtin_add_overflow(column_requested(e, resource)[row], ask, &requested)) {
            requested = INT64_MAX;
        }
        double fraction = (double)requested / (double)capacity;
        fraction = fraction > 1.0 ? 1.0 : fraction;
        total += fraction;
        fractions[count++] = fraction;
    }
    double deviation = 0.0;
    if (count == 2) {
        deviation = fabs((fractions[0] - fractions[1]) / 2.0);
    } else if (count > 2) {
        double mean = total / (double)count;
        double squares = 0.0;
        for (int32_t i = 0; i < count; i++) {
            squares = squares + (fractions[i] - mean) * (fractions[i] - mean);
        }
        deviation = sqrt(squares / (double)count);
    }
    return (int64_t)((1.0 - deviation) * (double)SCORE_MAX);
}

/* BestFit, WorstFit and DotProduct (formulas in the profile's documentation): the mean over the
 * resources asked for, in units of the largest allocatable of any node, cut to 0..100. */
int64_t score_packing(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row,
                      int32_t plugin) {
    double sum = 0.0;
    int32_t count = 0;
    for (int32_t resource = 0; resource < e->resource_count; resource++) {
        int64_t ask = class_request(c, resource);
        int listed = ask > 0;
        for (int64_t i = 0; i < p->packing_resources.count; i++) {
            listed |= p->packing_resources.data[i] == resource;
        }
        if (!listed || e->resource_max[resource] == 0) {
            continue;
        }
        double largest = (double)e->resource_max[resource];
        int64_t free_amount =
            column_allocatable(e, resource)[row] - column_requested(e, resource)[row];
        sum += plugin == PKC_PLUGIN_DOT_PRODUCT
                   ? ((double)free_amount / largest) * ((double)ask / largest)
                   : ((double)free_amount - (double)ask) / largest;
        count++;
    }
    double mean = count > 0 ? sum / (double)count : 0.0;
    mean = mean < 0.0 ? 0.0 : mean > 1.0 ? 1.0 : mean;
    return (int64_t)((plugin == PKC_PLUGIN_WORST_FIT ? mean : 1.0 - mean) * (double)SCORE_MAX);
}

/* tainttoleration/taint_toleration.go: PreferNoSchedule taints that the pod does not tolerate. Of
 * its tolerations only those with that effect or none count. */
int64_t score_taints(const pod_class *c, const node *n) {
    int64_t count = 0;
    for (int32_t t = 0; t < n->taint_count; t++) {
        count += n->taints[t].effect == PKC_EFFECT_PREFER_NO_SCHEDULE &&
                 !tolerates(c->tolerations, &n->taints[t]);
    }
    return count;
}

/* nodeaffinity/node_affinity.go: sum of the weights of preferred terms that match. */
int64_t score_affinity(const pod_class *c, const node *n) {
    const int64_t *at = c->preferred.data;
    const int64_t *end = at + c->preferred.count;
    int64_t sum = 0;
    while (at < end) {
        int64_t weight = *at;
        if (requirements_match(at + 1, n, &at)) {
            sum += weight;
        }
    }
    return sum;
}

/* 1 if the row has a pod slot and what the Fit filter asks of it, or the profile does not ask. */
int has_room(const pkc_engine *e, const pod_class *c, int32_t row) {
    if (!e->profiles.data[c->profile_index].filters_with[PKC_PLUGIN_NODE_RESOURCES_FIT]) {
        return 1;
    }
    if (engine_column(e, PKC_FIELD_POD_COUNT)[row] >= engine_column(e, PKC_FIELD_POD_SLOTS)[row]) {
        return 0;
    }
    for (int64_t i = 0; i < c->filter_request.count; i++) {
        const request *r = &c->filter_request.data[i];
        if (r->amount > 0 && r->amount > column_allocatable(e, r->resource)[row] -
                                             column_requested(e, r->resource)[row]) {
            return 0;
        }
    }
    return 1;
}

/* The sum of the weighted node-local scores, or -inf where the pod does not fit. A policy of the
 * user's own is added by the caller. */
double score_row(const pkc_engine *e, const pod_class *c, int32_t row, double addend) {
    const profile *p = &e->profiles.data[c->profile_index];
    if (addend == -INFINITY || !has_room(e, c, row)) {
        return -INFINITY;
    }
    int64_t total = 0;
    if (p->weight[PKC_PLUGIN_NODE_RESOURCES_FIT] != 0) {
        total += p->weight[PKC_PLUGIN_NODE_RESOURCES_FIT] * score_fit(e, p, c, row);
    }
    if (p->weight[PKC_PLUGIN_BALANCED_ALLOCATION] != 0 && !c->balanced_skips) {
        total += p->weight[PKC_PLUGIN_BALANCED_ALLOCATION] * score_balanced(e, p, c, row);
    }
    for (int32_t plugin = PKC_PLUGIN_BEST_FIT; plugin <= PKC_PLUGIN_DOT_PRODUCT; plugin++) {
        if (p->weight[plugin] != 0) {
            total += p->weight[plugin] * score_packing(e, p, c, row, plugin);
        }
    }
    return addend + (double)total;
}
