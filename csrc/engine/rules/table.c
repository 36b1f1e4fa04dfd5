/* The table of rules: one row a plugin. */
#include "engine/rules/table.h"

/* The cycle itself knows these two: select.c draws the node, totals.c calls the policy's kernel
 * on runs of rows, since its scores are no integers. */
const rule pkc_rule_random = {0};
const rule pkc_rule_policy = {0};

const rule *const pkc_rules[PKC_PLUGIN_COUNT] = {
    [PKC_PLUGIN_NONE] = &pkc_rule_shared_counters,
    [PKC_PLUGIN_NODE_UNSCHEDULABLE] = &pkc_rule_node_unschedulable,
    [PKC_PLUGIN_NODE_NAME] = &pkc_rule_node_name,
    [PKC_PLUGIN_TAINT_TOLERATION] = &pkc_rule_taint_toleration,
    [PKC_PLUGIN_NODE_AFFINITY] = &pkc_rule_node_affinity,
    [PKC_PLUGIN_NODE_PORTS] = &pkc_rule_node_ports,
    [PKC_PLUGIN_NODE_RESOURCES_FIT] = &pkc_rule_node_resources_fit,
    [PKC_PLUGIN_VOLUME_RESTRICTIONS] = &pkc_rule_volume_restrictions,
    [PKC_PLUGIN_NODE_VOLUME_LIMITS] = &pkc_rule_node_volume_limits,
    [PKC_PLUGIN_VOLUME_BINDING] = &pkc_rule_volume_binding,
    [PKC_PLUGIN_VOLUME_ZONE] = &pkc_rule_volume_zone,
    [PKC_PLUGIN_POD_TOPOLOGY_SPREAD] = &pkc_rule_pod_topology_spread,
    [PKC_PLUGIN_INTER_POD_AFFINITY] = &pkc_rule_inter_pod_affinity,
    [PKC_PLUGIN_GPU_SHARE] = &pkc_rule_gpu_share,
    [PKC_PLUGIN_BALANCED_ALLOCATION] = &pkc_rule_balanced_allocation,
    [PKC_PLUGIN_IMAGE_LOCALITY] = &pkc_rule_image_locality,
    [PKC_PLUGIN_BEST_FIT] = &pkc_rule_best_fit,
    [PKC_PLUGIN_WORST_FIT] = &pkc_rule_worst_fit,
    [PKC_PLUGIN_DOT_PRODUCT] = &pkc_rule_dot_product,
    [PKC_PLUGIN_RANDOM] = &pkc_rule_random,
    [PKC_PLUGIN_POLICY] = &pkc_rule_policy,
};
