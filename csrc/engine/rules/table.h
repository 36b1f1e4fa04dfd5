/* The table of rules. */
#ifndef PKC_RULES_TABLE_H
#define PKC_RULES_TABLE_H

#include "engine/rules/rule.h"

/* By plugin; row PKC_PLUGIN_NONE is what several plugins share. */
extern const rule *const pkc_rules[PKC_PLUGIN_COUNT];

extern const rule pkc_rule_shared_counters;
extern const rule pkc_rule_node_unschedulable;
extern const rule pkc_rule_node_name;
extern const rule pkc_rule_taint_toleration;
extern const rule pkc_rule_node_affinity;
extern const rule pkc_rule_node_ports;
extern const rule pkc_rule_node_resources_fit;
extern const rule pkc_rule_volume_restrictions;
extern const rule pkc_rule_node_volume_limits;
extern const rule pkc_rule_volume_binding;
extern const rule pkc_rule_volume_zone;
extern const rule pkc_rule_pod_topology_spread;
extern const rule pkc_rule_inter_pod_affinity;
extern const rule pkc_rule_gpu_share;
extern const rule pkc_rule_balanced_allocation;
extern const rule pkc_rule_image_locality;
extern const rule pkc_rule_best_fit;
extern const rule pkc_rule_worst_fit;
extern const rule pkc_rule_dot_product;
extern const rule pkc_rule_random;
extern const rule pkc_rule_policy;

#endif
