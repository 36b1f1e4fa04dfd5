/* NodeResourcesFit (kubernetes v1.34.1, plugins/noderesources/fit.go and its scoring
 * strategies). */
#include <math.h>

#include "engine/rules/node_resources_fit.h"
#include "engine/rules/percent.h"
#include "engine/rules/table.h"

static int reads(const pod_class *c) {
    int found = READS_COLUMNS;
    for (int64_t i = 0; i < c->filter_request.count; i++) {
        found |= c->filter_request.data[i].resource > PKC_RESOURCE_MEMORY ? READS_ROW : 0;
    }
    return found;
}

static int lacks(const pkc_engine *e, const request *r, int32_t row) {
    return r->amount > 0 && r->amount > pkc_column_allocatable(e, r->resource)[row] -
                                            pkc_column_requested(e, r->resource)[row];
}

static void filter_row(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    uint64_t detail = 0;
    int unresolvable = 0;
    if (pkc_column(e, PKC_FIELD_POD_COUNT)[row] + 1 > pkc_column(e, PKC_FIELD_POD_SLOTS)[row]) {
        detail |= 1;
    }
    for (int64_t i = 0; i < c->filter_request.count; i++) {
        const request *r = &c->filter_request.data[i];
        if (lacks(e, r, row)) {
            detail |= UINT64_C(2) << r->resource;
            unresolvable |= r->amount > pkc_column_allocatable(e, r->resource)[row];
        }
    }
    if (detail != 0) {
        pkc_refuse(out, detail, unresolvable ? PKC_CODE_UNRESOLVABLE : PKC_CODE_UNSCHEDULABLE);
    }
}

/* Cpu, memory and pod slots are left to the kernel, or to pkc_fit_has_room. */
static int admits(pkc_engine *e, const pod_class *c, int32_t row) {
    for (int64_t i = 0; i < c->filter_request.count; i++) {
        const request *r = &c->filter_request.data[i];
        if (r->resource > PKC_RESOURCE_MEMORY && lacks(e, r, row)) {
            return 0;
        }
    }
    return 1;
}

int pkc_fit_has_room(const pkc_engine *e, const pod_class *c, int32_t row) {
    if (!pkc_has(c->filters, PKC_PLUGIN_NODE_RESOURCES_FIT)) {
        return 1;
    }
    if (pkc_column(e, PKC_FIELD_POD_COUNT)[row] >= pkc_column(e, PKC_FIELD_POD_SLOTS)[row]) {
        return 0;
    }
    for (int64_t i = 0; i < c->filter_request.count; i++) {
        if (lacks(e, &c->filter_request.data[i], row)) {
            return 0;
        }
    }
    return 1;
}

static int64_t wrapping_sum(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t wrapping_difference(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

/* least_allocated.go */
static int64_t least(int64_t capacity, int64_t requested) {
    if (requested > capacity) {
        return 0;
    }
    return pkc_wrapping_product(wrapping_difference(capacity, requested), SCORE_MAX) / capacity;
}

/* most_allocated.go */
static int64_t most(int64_t capacity, int64_t requested) {
    return pkc_wrapping_product(requested > capacity ? capacity : requested, SCORE_MAX) / capacity;
}

/* requested_to_capacity_ratio.go; a utilization outside 0..100, which only values that overflow can
 * give, takes the nearest end of the shape. */
static int64_t by_shape(const profile *p, int64_t capacity, int64_t requested) {
    int64_t utilization = requested > capacity
                              ? SCORE_MAX
                              : pkc_wrapping_product(requested, SCORE_MAX) / capacity;
    utilization = utilization < 0 ? 0 : utilization > SCORE_MAX ? SCORE_MAX : utilization;
    return p->shape[utilization];
}

static int64_t requested_for_score(const pkc_engine *e, int32_t resource, int32_t row) {
    switch (resource) {
    case PKC_RESOURCE_CPU: return pkc_column(e, PKC_FIELD_NONZERO_CPU)[row];
    case PKC_RESOURCE_MEMORY: return pkc_column(e, PKC_FIELD_NONZERO_MEMORY)[row];
    default: return pkc_column_requested(e, resource)[row];
    }
}

static int64_t score_row(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row) {
    int64_t sum = 0;
    int64_t weights = 0;
    for (int64_t i = 0; i < p->fit_resources.count; i++) {
        int32_t resource = p->fit_resources.data[i].resource;
        int64_t weight = p->fit_resources.data[i].amount;
        int64_t capacity = pkc_column_allocatable(e, resource)[row];
        int64_t ask = c->score_request[resource];
        if (capacity == 0 || (pkc_is_extended(resource) && ask == 0)) {
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

const rule pkc_rule_node_resources_fit = {.reads = reads,
                                          .filter_row = filter_row,
                                          .admits = admits,
                                          .score_reads = READS_COLUMNS,
                                          .score_row = score_row};
