/* Sets of plugins by what they look at, and what the fused kernel needs. */
#include "engine/rules/derive.h"

#include <math.h>

#include "engine/rules/table.h"

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
    plugin_set built_in =
        pkc_bit(PKC_PLUGIN_NODE_RESOURCES_FIT) | pkc_bit(PKC_PLUGIN_BALANCED_ALLOCATION);
    return pkc_has(p->filters_with, PKC_PLUGIN_NODE_RESOURCES_FIT) && even &&
           (p->scores_row & ~built_in) == 0 &&
           (fit || p->weight[PKC_PLUGIN_NODE_RESOURCES_FIT] == 0);
}

int pkc_derive_profile(profile *p) {
    for (plugin_set left = p->filters_with; left != 0; left = pkc_rest(left)) {
        if (pkc_rules[pkc_first(left)]->filter_row == NULL) {
            return PKC_ERR_INVALID;
        }
    }
    for (plugin_set left = p->scores_with; left != 0; left = pkc_rest(left)) {
        int32_t plugin = pkc_first(left);
        const rule *r = pkc_rules[plugin];
        if (r->score_row != NULL && r->score_reads == READS_COLUMNS) {
            p->scores_row |= pkc_bit(plugin);
        } else if (r->score_row != NULL) {
            p->scores_node |= pkc_bit(plugin);
        }
        p->scores_normalized |= r->normalize != NULL ? pkc_bit(plugin) : 0;
        p->scores_prepared |= r->prepare_scores != NULL ? pkc_bit(plugin) : 0;
    }
    p->fused = (uint8_t)is_fused(p);
    return PKC_OK;
}

static double filter_threshold(const pod_class *c, int32_t resource) {
    for (int64_t i = 0; i < c->filter_request.count; i++) {
        const request *r = &c->filter_request.data[i];
        if (r->resource == resource && r->amount > 0) {
            return (double)r->amount;
        }
    }
    return -INFINITY;
}

/* Fit's resources count alike where the profile names no weight. */
static double fit_weight(const profile *p, int32_t resource) {
    double weight = 1.0;
    for (int64_t i = 0; i < p->fit_resources.count; i++) {
        if (p->fit_resources.data[i].resource == resource) {
            weight = (double)p->fit_resources.data[i].amount;
        }
    }
    return weight;
}

static fused_constants fused_of(const profile *p, const pod_class *c) {
    int balances = pkc_has(c->scores_row, PKC_PLUGIN_BALANCED_ALLOCATION);
    fused_constants f = {
        .filter_cpu = filter_threshold(c, PKC_RESOURCE_CPU),
        .filter_memory = filter_threshold(c, PKC_RESOURCE_MEMORY),
        .request_cpu = (double)pkc_class_request(c, PKC_RESOURCE_CPU),
        .request_memory = (double)pkc_class_request(c, PKC_RESOURCE_MEMORY),
        .score_cpu = (double)c->score_request[PKC_RESOURCE_CPU],
        .score_memory = (double)c->score_request[PKC_RESOURCE_MEMORY],
        .fit_weight = (double)p->weight[PKC_PLUGIN_NODE_RESOURCES_FIT],
        .fit_cpu_weight = fit_weight(p, PKC_RESOURCE_CPU),
        .fit_memory_weight = fit_weight(p, PKC_RESOURCE_MEMORY),
        .balanced_weight = balances ? (double)p->weight[PKC_PLUGIN_BALANCED_ALLOCATION] : 0.0};
    f.fit_weight_inverse = 1.0 / (f.fit_cpu_weight + f.fit_memory_weight);
    f.unit = f.fit_weight == 1.0 && f.balanced_weight == 1.0 && f.fit_cpu_weight == 1.0 &&
             f.fit_memory_weight == 1.0 && f.filter_cpu == f.request_cpu &&
             f.filter_memory == f.request_memory;
    return f;
}

void pkc_derive_class(const pkc_engine *e, pod_class *c) {
    const profile *p = pkc_profile_of(e, c);
    for (plugin_set left = p->filters_with; left != 0; left = pkc_rest(left)) {
        int32_t plugin = pkc_first(left);
        const rule *r = pkc_rules[plugin];
        int reads = r->reads(c);
        c->filters |= reads != 0 ? pkc_bit(plugin) : 0;
        c->filters_node |= reads & READS_NODE ? pkc_bit(plugin) : 0;
        c->filters_row |= reads & READS_ROW ? pkc_bit(plugin) : 0;
        c->filters_others |= reads & READS_OTHERS ? pkc_bit(plugin) : 0;
        int asked = reads & READS_OTHERS || (reads != 0 && r->prepare != NULL);
        c->prepares |= asked ? pkc_bit(plugin) : 0;
    }
    for (plugin_set left = p->scores_with; left != 0; left = pkc_rest(left)) {
        int32_t plugin = pkc_first(left);
        const rule *r = pkc_rules[plugin];
        int differs = r->score_reads == READS_OTHERS || r->differs == NULL || r->differs(e, c);
        c->scores_row |= differs ? pkc_bit(plugin) & p->scores_row : 0;
        c->scores_raw |= differs && r->raw != NULL ? pkc_bit(plugin) : 0;
    }
    for (int32_t plugin = 0; plugin < PKC_PLUGIN_COUNT; plugin++) {
        const rule *r = pkc_rules[plugin];
        int keeps = r->keeps == NULL || r->keeps(c);
        c->reserves |= keeps && r->reserve != NULL ? pkc_bit(plugin) : 0;
        c->attaches |= keeps && r->attach != NULL ? pkc_bit(plugin) : 0;
    }
    c->fused = fused_of(p, c);
}
