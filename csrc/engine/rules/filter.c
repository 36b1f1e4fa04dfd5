/* What refuses a pod on a row: the plain rules, and the parts that a scan caches. */
#include "engine/state/engine.h"

static int unschedulable_refuses(const pod_class *c, const node *n) {
    static const taint CORDON = {PKC_KEY_UNSCHEDULABLE, PKC_VALUE_EMPTY, PKC_EFFECT_NO_SCHEDULE};
    return n->unschedulable && !pkc_tolerates(c->tolerations, &CORDON);
}

static int32_t node_name(const node *n) {
    return n->label_count > 0 && n->labels[0].key == PKC_KEY_NODE_NAME ? n->labels[0].value : -1;
}

/* Index of the first taint that keeps the pod off, or -1. */
int32_t pkc_untolerated_taint(const pod_class *c, const node *n) {
    for (int32_t t = 0; t < n->taint_count; t++) {
        if (n->taints[t].effect != PKC_EFFECT_PREFER_NO_SCHEDULE &&
            !pkc_tolerates(c->tolerations, &n->taints[t])) {
            return t;
        }
    }
    return -1;
}

/* The reason of the first required selector that the node fails, or -1. */
static int64_t failed_selector(const pod_class *c, const node *n) {
    for (int64_t i = 0; i < c->selectors.count; i++) {
        words s = c->selectors.data[i];
        if (!pkc_selector_match((words){s.data + 1, s.count - 1}, n)) {
            return s.data[0];
        }
    }
    return -1;
}

int pkc_outside_node_set(const pod_class *c, const node *n) {
    if (!c->has_node_set) {
        return 0;
    }
    int32_t name = node_name(n);
    for (int64_t i = 0; i < c->node_set.count; i++) {
        if (c->node_set.data[i] == name) {
            return 0;
        }
    }
    return 1;
}

static void filter_fit(const pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    uint64_t detail = 0;
    int unresolvable = 0;
    if (pkc_column(e, PKC_FIELD_POD_COUNT)[row] + 1 >
        pkc_column(e, PKC_FIELD_POD_SLOTS)[row]) {
        detail |= 1;
    }
    for (int64_t i = 0; i < c->filter_request.count; i++) {
        const request *r = &c->filter_request.data[i];
        int64_t allocatable = pkc_column_allocatable(e, r->resource)[row];
        if (r->amount > 0 && r->amount > allocatable - pkc_column_requested(e, r->resource)[row]) {
            detail |= UINT64_C(2) << r->resource;
            unresolvable |= r->amount > allocatable;
        }
    }
    if (detail != 0) {
        *out = (verdict){detail, PKC_PLUGIN_NODE_RESOURCES_FIT,
                         unresolvable ? PKC_CODE_UNRESOLVABLE : PKC_CODE_UNSCHEDULABLE};
    }
}

/* Free devices that take the pod: the row's devices with room, or fewer than it asks for. */
static int32_t devices_with_room(const pkc_engine *e, const pod_class *c, int32_t row) {
    const int32_t *device = e->device_free + (int64_t)row * PKC_DEVICE_COUNT_MAX;
    int32_t count = 0;
    for (int32_t d = 0; d < PKC_DEVICE_COUNT_MAX; d++) {
        count += device[d] >= c->device_milli;
    }
    return count;
}

/* The tightest devices with room, lowest index first among equals; none where they do not fit. */
uint32_t pkc_devices_choose(const pkc_engine *e, const pod_class *c, int32_t row) {
    const int32_t *device = e->device_free + (int64_t)row * PKC_DEVICE_COUNT_MAX;
    uint32_t chosen = 0;
    for (int32_t i = 0; i < c->device_count; i++) {
        int32_t best = -1;
        for (int32_t d = 0; d < PKC_DEVICE_COUNT_MAX; d++) {
            if (device[d] >= c->device_milli && !(chosen & (UINT32_C(1) << d)) &&
                (best < 0 || device[d] < device[best])) {
                best = d;
            }
        }
        if (best < 0) {
            return 0;
        }
        chosen |= UINT32_C(1) << best;
    }
    return chosen;
}

static void filter_devices(const pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    if (c->device_count > 0 && devices_with_room(e, c, row) < c->device_count) {
        int never = e->nodes[row].device_count < c->device_count;
        *out = (verdict){0, PKC_PLUGIN_GPU_SHARE,
                         never ? PKC_CODE_UNRESOLVABLE : PKC_CODE_UNSCHEDULABLE};
    }
}

static void filter_volumes(pkc_engine *e, const pod_class *c, int32_t row, uint8_t plugin,
                           verdict *out) {
    int zone = plugin == PKC_PLUGIN_VOLUME_ZONE;
    uint8_t detail = 0;
    if (c->external != NULL && row < c->external_rows) {
        detail = c->external[zone ? c->external_rows + row : row];
    }
    switch (plugin) {
    case PKC_PLUGIN_VOLUME_RESTRICTIONS:
        if (e->skip_restrictions) {
            break;
        }
        if (pkc_disks_conflict(e, c, row)) {
            *out = (verdict){0, plugin, PKC_CODE_UNSCHEDULABLE};
        } else if (e->once_conflicts > 0) {
            *out = (verdict){1, plugin, PKC_CODE_UNSCHEDULABLE};
        }
        break;
    case PKC_PLUGIN_NODE_VOLUME_LIMITS:
        if (pkc_csi_over_limit(e, c, row)) {
            *out = (verdict){0, plugin, PKC_CODE_UNSCHEDULABLE};
        }
        break;
    default:
        if (detail != 0) {
            *out = (verdict){detail, plugin, PKC_CODE_UNRESOLVABLE};
        }
        break;
    }
}

static void filter_plugin(pkc_engine *e, const pod_class *c, int32_t row, uint8_t plugin,
                          verdict *out) {
    const node *n = &e->nodes[row];
    int64_t found;
    switch (plugin) {
    case PKC_PLUGIN_NODE_UNSCHEDULABLE:
        if (unschedulable_refuses(c, n)) {
            *out = (verdict){0, plugin, PKC_CODE_UNRESOLVABLE};
        }
        break;
    case PKC_PLUGIN_NODE_NAME:
        if (c->node_name >= 0 && c->node_name != node_name(n)) {
            *out = (verdict){0, plugin, PKC_CODE_UNRESOLVABLE};
        }
        break;
    case PKC_PLUGIN_TAINT_TOLERATION:
        found = pkc_untolerated_taint(c, n);
        if (found >= 0) {
            *out = (verdict){(uint64_t)found, plugin, PKC_CODE_UNRESOLVABLE};
        }
        break;
    case PKC_PLUGIN_NODE_AFFINITY:
        found = failed_selector(c, n);
        if (found >= 0) {
            *out = (verdict){(uint64_t)found, plugin, PKC_CODE_UNRESOLVABLE};
        }
        break;
    case PKC_PLUGIN_NODE_RESOURCES_FIT: filter_fit(e, c, row, out); break;
    case PKC_PLUGIN_GPU_SHARE: filter_devices(e, c, row, out); break;
    case PKC_PLUGIN_NODE_PORTS:
        if (pkc_ports_conflict(e, c, row)) {
            *out = (verdict){0, plugin, PKC_CODE_UNSCHEDULABLE};
        }
        break;
    case PKC_PLUGIN_POD_TOPOLOGY_SPREAD: pkc_filter_spread(e, c, row, out); break;
    case PKC_PLUGIN_INTER_POD_AFFINITY:
        if (!e->skip_pod_affinity) {
            pkc_filter_pod_affinity(e, c, row, out);
        }
        break;
    default: filter_volumes(e, c, row, plugin, out); break;
    }
}

/* The first refusal in the profile's order; code PKC_CODE_FITS if there is none. Counters must be
 * prepared. */
void pkc_filter_node(pkc_engine *e, const pod_class *c, int32_t row, verdict *out) {
    *out = (verdict){0, PKC_PLUGIN_NONE, PKC_CODE_FITS};
    if (!e->nodes[row].alive) {
        out->code = PKC_CODE_NO_NODE;
        return;
    }
    if (pkc_outside_node_set(c, &e->nodes[row])) {
        out->code = PKC_CODE_UNRESOLVABLE;
        return;
    }
    const profile *p = &e->profiles.data[c->profile_index];
    for (int32_t i = 0; i < p->filter_count && out->code == PKC_CODE_FITS; i++) {
        filter_plugin(e, c, row, p->filters[i], out);
    }
}

/* 1 if the rules on labels, taints and names let the pod on the row. */
int pkc_filter_static(const pkc_engine *e, const pod_class *c, int32_t row) {
    const node *n = &e->nodes[row];
    const uint8_t *with = e->profiles.data[c->profile_index].filters_with;
    return n->alive && !pkc_outside_node_set(c, n) &&
           !(with[PKC_PLUGIN_NODE_UNSCHEDULABLE] && unschedulable_refuses(c, n)) &&
           !(with[PKC_PLUGIN_NODE_NAME] && c->node_name >= 0 && c->node_name != node_name(n)) &&
           !(with[PKC_PLUGIN_TAINT_TOLERATION] && pkc_untolerated_taint(c, n) >= 0) &&
           !(with[PKC_PLUGIN_NODE_AFFINITY] && failed_selector(c, n) >= 0);
}

/* 1 if the node-local rules beyond cpu, memory and pod slots let the pod on the row. */
int pkc_filter_extras(pkc_engine *e, const pod_class *c, int32_t row) {
    const uint8_t *with = e->profiles.data[c->profile_index].filters_with;
    verdict found = {0, 0, PKC_CODE_FITS};
    if (with[PKC_PLUGIN_NODE_RESOURCES_FIT]) {
        for (int64_t i = 0; i < c->filter_request.count; i++) {
            const request *r = &c->filter_request.data[i];
            if (r->resource > PKC_RESOURCE_MEMORY && r->amount > 0 &&
                r->amount > pkc_column_allocatable(e, r->resource)[row] -
                                pkc_column_requested(e, r->resource)[row]) {
                return 0;
            }
        }
    }
    if (with[PKC_PLUGIN_GPU_SHARE]) {
        filter_devices(e, c, row, &found);
    }
    return found.code == PKC_CODE_FITS &&
           !(with[PKC_PLUGIN_NODE_PORTS] && pkc_ports_conflict(e, c, row)) &&
           !(with[PKC_PLUGIN_VOLUME_RESTRICTIONS] && pkc_disks_conflict(e, c, row)) &&
           !(with[PKC_PLUGIN_NODE_VOLUME_LIMITS] && pkc_csi_over_limit(e, c, row));
}
