/* BestFit, WorstFit and DotProduct (formulas in the profile's documentation): the mean over the
 * resources asked for, in units of the largest allocatable of any node, cut to 0..100. */
#include "engine/rules/table.h"
#include "engine/state/columns.h"

/* 1 if the score weighs the resource: the pod asks for it, or the profile names it. */
static int weighs(const pkc_engine *e, const profile *p, int32_t resource, int64_t ask) {
    int listed = ask > 0;
    for (int64_t i = 0; i < p->packing_resources.count; i++) {
        listed |= p->packing_resources.data[i] == resource;
    }
    return listed && e->resource_max[resource] != 0;
}

/* Of what is left of a resource and what is asked for, both in units of the largest node. */
typedef double measure(int64_t left, int64_t ask, double largest);

static double left_over(int64_t left, int64_t ask, double largest) {
    return ((double)left - (double)ask) / largest;
}

static double product(int64_t left, int64_t ask, double largest) {
    return ((double)left / largest) * ((double)ask / largest);
}

/* The mean of the measure, within 0..1. */
static double mean_of(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row,
                      measure *of) {
    double sum = 0.0;
    int32_t count = 0;
    for (int32_t resource = 0; resource < e->resource_count; resource++) {
        int64_t ask = pkc_class_request(c, resource);
        if (weighs(e, p, resource, ask)) {
            int64_t left = pkc_column_allocatable(e, resource)[row] -
                           pkc_column_requested(e, resource)[row];
            sum += of(left, ask, (double)e->resource_max[resource]);
            count++;
        }
    }
    double mean = count > 0 ? sum / (double)count : 0.0;
    return mean < 0.0 ? 0.0 : mean > 1.0 ? 1.0 : mean;
}

static int64_t best_fit(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row) {
    return (int64_t)((1.0 - mean_of(e, p, c, row, left_over)) * (double)SCORE_MAX);
}

static int64_t worst_fit(const pkc_engine *e, const profile *p, const pod_class *c, int32_t row) {
    return (int64_t)(mean_of(e, p, c, row, left_over) * (double)SCORE_MAX);
}

static int64_t dot_product(const pkc_engine *e, const profile *p, const pod_class *c,
                           int32_t row) {
    return (int64_t)((1.0 - mean_of(e, p, c, row, product)) * (double)SCORE_MAX);
}

const rule pkc_rule_best_fit = {.score_reads = READS_COLUMNS,
                                .prepare_scores = pkc_maxima_refresh,
                                .score_row = best_fit};

const rule pkc_rule_worst_fit = {.score_reads = READS_COLUMNS,
                                 .prepare_scores = pkc_maxima_refresh,
                                 .score_row = worst_fit};

const rule pkc_rule_dot_product = {.score_reads = READS_COLUMNS,
                                   .prepare_scores = pkc_maxima_refresh,
                                   .score_row = dot_product};
