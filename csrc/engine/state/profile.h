/* A profile: which plugins filter in which order, which score with which weights and arguments. */
#ifndef PKC_STATE_PROFILE_H
#define PKC_STATE_PROFILE_H

#include "common/vec.h"
#include "engine/state/limits.h"

typedef struct {
    int32_t resource;
    int64_t amount;
} request;

typedef VEC(request) request_vec;
typedef VEC(int32_t) integer_vec;

typedef struct {
    int64_t weight[PKC_PLUGIN_COUNT]; /* 0 for plugins that do not score */
    uint8_t filters[PKC_PLUGIN_COUNT];
    int32_t filter_count;
    plugin_set filters_with;      /* plugins that filter */
    plugin_set scores_with;       /* plugins that have a weight */
    plugin_set scores_row;        /* those of them whose score a row's own columns decide */
    plugin_set scores_node;       /* those whose score labels, taints and images decide */
    plugin_set scores_normalized; /* those that look at all feasible rows once more */
    plugin_set scores_prepared;   /* those that PreScore has to ask */
    int32_t strategy;
    request_vec fit_resources; /* amount is the weight */
    integer_vec balanced_resources;
    integer_vec packing_resources;
    int64_t shape[SCORE_MAX + 1]; /* score by utilization, RequestedToCapacityRatio */
    pkc_policy_function policy;
    int64_t hard_affinity_weight;
    int32_t percentage; /* of nodes to score */
    uint8_t ignore_preferred; /* ignorePreferredTermsOfExistingPods */
    uint8_t fused; /* the fused kernel computes the scores of rows */
} profile;

static inline void pkc_profile_clear(profile *p) {
    vec_free(&p->fit_resources);
    vec_free(&p->balanced_resources);
    vec_free(&p->packing_resources);
}

#endif
