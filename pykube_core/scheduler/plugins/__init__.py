"""kube-scheduler's plugins and our own, one module each.

A module's plugin says how a pod compiles for it and what its refusals mean; the engine filters and
scores.
"""

from collections.abc import Mapping

from pykube_core.scheduler.plugins import (
    gpu_share,
    image_locality,
    inter_pod_affinity,
    node_affinity,
    node_name,
    node_ports,
    node_resources_fit,
    node_unschedulable,
    node_volume_limits,
    packing,
    pod_topology_spread,
    priority_sort,
    scheduling_gates,
    score_only,
    taint_toleration,
    volume_binding,
    volume_restrictions,
    volume_zone,
)
from pykube_core.scheduler.plugins.base import (
    ClassBuilder,
    CompileContext,
    Refusal,
    SchedulerPlugin,
)

PLUGINS: Mapping[str, SchedulerPlugin] = {
    plugin.name: plugin
    for plugin in (
        scheduling_gates.PLUGIN,
        priority_sort.PLUGIN,
        node_unschedulable.PLUGIN,
        node_name.PLUGIN,
        taint_toleration.PLUGIN,
        node_affinity.PLUGIN,
        node_ports.PLUGIN,
        node_resources_fit.PLUGIN,
        volume_restrictions.PLUGIN,
        node_volume_limits.PLUGIN,
        volume_binding.PLUGIN,
        volume_zone.PLUGIN,
        pod_topology_spread.PLUGIN,
        inter_pod_affinity.PLUGIN,
        image_locality.PLUGIN,
        gpu_share.PLUGIN,
        *score_only.PLUGINS,
        *packing.PLUGINS,
    )
}
"""Plugins by the name that a configuration gives them."""

__all__ = ["PLUGINS", "ClassBuilder", "CompileContext", "Refusal", "SchedulerPlugin"]
