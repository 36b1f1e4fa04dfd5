"""Filters that refuse a pod on a node, plugin by plugin (kubernetes v1.34.1, framework/plugins)."""

from dataclasses import dataclass
from typing import NamedTuple

from _pykube_hotcore.program import (
    KEY_UNSCHEDULABLE,
    VALUE_EMPTY,
    Code,
    Effect,
    Plugin,
    PodClass,
    Taint,
)
from _pykube_hotcore.slow import affinity, spread, volumes
from _pykube_hotcore.slow.match import failed_selector, tolerates, untolerated_taint
from _pykube_hotcore.slow.state import Cluster, Pod, View, node_name

CORDON = Taint(KEY_UNSCHEDULABLE, VALUE_EMPTY, Effect.NO_SCHEDULE)


class Verdict(NamedTuple):
    """The plugin that refuses, its code and the detail."""

    plugin: Plugin
    code: Code
    detail: int


FITS = Verdict(Plugin.NONE, Code.FITS, 0)


@dataclass(slots=True)
class PreFilter:
    """The cycle state: all that the filters know of the cluster when they look at one node.

    Attributes
    ----------
    spread : spread.Counts
        Matching pods by domain for the hard constraints.
    affinity : affinity.Counts
        Topology pairs with their counts.
    once : volumes.OnceClaims
        Uses of the pod's ReadWriteOncePod claims.
    """

    spread: spread.Counts
    affinity: affinity.Counts
    once: volumes.OnceClaims

    @classmethod
    def of(cls, cluster: Cluster, spec: PodClass) -> "PreFilter":
        """Return the state before any pod is added or removed."""
        return cls(
            spread.hard_counts(cluster, spec),
            affinity.required_counts(cluster, spec),
            volumes.once_claims(cluster, spec),
        )

    def clone(self) -> "PreFilter":
        """Return a copy that can be changed."""
        return PreFilter(self.spread.clone(), self.affinity.clone(), self.once.clone())

    def update(self, cluster: Cluster, spec: PodClass, pod: Pod, view: View, sign: int) -> None:
        """Follow a pod that comes to the node (sign 1) or goes from it (-1)."""
        self.spread.update(cluster, spec, pod.spec, view.node, sign)
        self.affinity.update(cluster, spec, pod.spec, view.node, sign)
        self.once.update(spec, pod.spec, sign)


def filter_with_nominated(
    cluster: Cluster, class_index: int, pre: PreFilter, view: View
) -> Verdict:
    """Filter beside the nominated pods of no lower priority, then without them.

    runtime/framework.go, RunFilterPluginsWithNominatedPods: both must pass.
    """
    spec = cluster.classes[class_index]
    nominated = [
        cluster.classes[c]
        for c, row in cluster.nominated.values()
        if row == view.row and cluster.classes[c].priority >= spec.priority
    ]
    if nominated:
        state, crowded = pre.clone(), view
        for index, other in enumerate(nominated):
            pod = Pod(other, view.row, choose_devices(other, crowded), -1 - index)
            crowded = crowded.with_pod(pod)
            state.update(cluster, spec, pod, crowded, 1)
        verdict = filter_node(cluster, class_index, state, crowded)
        if verdict.code != Code.FITS:
            return verdict
    return filter_node(cluster, class_index, pre, view)


def filter_node(cluster: Cluster, class_index: int, pre: PreFilter, view: View) -> Verdict:
    """Return the first refusal in the profile's order."""
    spec = cluster.classes[class_index]
    if spec.node_set is not None and node_name(view.node) not in spec.node_set:
        return Verdict(Plugin.NONE, Code.UNRESOLVABLE, 0)
    for plugin in cluster.profiles[spec.profile].rules.filters:
        verdict = _filter(plugin, cluster, class_index, pre, view)
        if verdict is not None:
            code, detail = verdict
            return Verdict(plugin, code, detail)
    return FITS


def has_room(cluster: Cluster, class_index: int, view: View) -> bool:
    """Say whether NodeResourcesFit lets a pod on a node, or the profile does not ask it."""
    spec = cluster.classes[class_index]
    filters = cluster.profiles[spec.profile].rules.filters
    return Plugin.NODE_RESOURCES_FIT not in filters or _fit(spec, view) is None


Refusal = tuple[Code, int]


def _filter(
    plugin: Plugin, cluster: Cluster, class_index: int, pre: PreFilter, view: View
) -> Refusal | None:
    """Return how and why one plugin refuses, or None."""
    spec = cluster.classes[class_index]
    if plugin in _LOCAL:
        return _LOCAL[plugin](spec, view)
    if plugin in (Plugin.VOLUME_BINDING, Plugin.VOLUME_ZONE):
        return _external(plugin, cluster, class_index, view)
    if plugin == Plugin.VOLUME_RESTRICTIONS:
        detail = volumes.restriction(spec, pre.once, view)
        return None if detail is None else (Code.UNSCHEDULABLE, detail)
    if plugin == Plugin.POD_TOPOLOGY_SPREAD:
        return spread.refusal(pre.spread, view.node)
    if plugin == Plugin.INTER_POD_AFFINITY:
        return affinity.refusal(spec, pre.affinity, view.node)
    return None


def _node_unschedulable(spec: PodClass, view: View) -> Refusal | None:
    refused = view.node.unschedulable and not tolerates(spec.tolerations, CORDON)
    return (Code.UNRESOLVABLE, 0) if refused else None


def _node_name(spec: PodClass, view: View) -> Refusal | None:
    refused = spec.node_name >= 0 and spec.node_name != node_name(view.node)
    return (Code.UNRESOLVABLE, 0) if refused else None


def _taints(spec: PodClass, view: View) -> Refusal | None:
    index = untolerated_taint(spec, view.node)
    return None if index is None else (Code.UNRESOLVABLE, index)


def _node_affinity(spec: PodClass, view: View) -> Refusal | None:
    reason = failed_selector(spec.selectors, view.node)
    return None if reason is None else (Code.UNRESOLVABLE, reason)


def _ports(spec: PodClass, view: View) -> Refusal | None:
    taken = [port for pod in view.pods for port in pod.spec.ports]
    clash = any(volumes.ports_conflict(a, b) for a in spec.ports for b in taken)
    return (Code.UNSCHEDULABLE, 0) if clash else None


def _fit(spec: PodClass, view: View) -> Refusal | None:
    """noderesources/fit.go: more than the node ever has is unresolvable, too many pods is not."""
    detail = 1 if len(view.pods) + 1 > view.node.pod_slots else 0
    code = Code.UNSCHEDULABLE
    wanted = spec.request if spec.filter_request is None else spec.filter_request
    for resource, amount in wanted:
        allocatable = view.allocatable(resource)
        if amount > 0 and amount > allocatable - view.requested(resource):
            detail |= 2 << resource
            if amount > allocatable:
                code = Code.UNRESOLVABLE
    return (code, detail) if detail else None


def _devices(spec: PodClass, view: View) -> Refusal | None:
    if spec.devices is None:
        return None
    count, milli = spec.devices
    if sum(free >= milli for free in view.device_free()) >= count:
        return None
    never = view.node.device_count < count
    return (Code.UNRESOLVABLE if never else Code.UNSCHEDULABLE, 0)


def _volume_limits(spec: PodClass, view: View) -> Refusal | None:
    return (Code.UNSCHEDULABLE, 0) if volumes.over_limit(spec, view) else None


_LOCAL = {
    Plugin.NODE_UNSCHEDULABLE: _node_unschedulable,
    Plugin.NODE_NAME: _node_name,
    Plugin.TAINT_TOLERATION: _taints,
    Plugin.NODE_AFFINITY: _node_affinity,
    Plugin.NODE_PORTS: _ports,
    Plugin.NODE_RESOURCES_FIT: _fit,
    Plugin.NODE_VOLUME_LIMITS: _volume_limits,
    Plugin.GPU_SHARE: _devices,
}


def _external(plugin: Plugin, cluster: Cluster, class_index: int, view: View) -> Refusal | None:
    """VolumeBinding and VolumeZone are decided by the caller: see ``SlowEngine.set_external``."""
    masks = cluster.external.get(class_index)
    if masks is None:
        return None
    mask = masks[plugin == Plugin.VOLUME_ZONE]
    detail = mask[view.row] if view.row < len(mask) else 0
    return (Code.UNRESOLVABLE, detail) if detail else None


def choose_devices(spec: PodClass, view: View) -> tuple[int, ...]:
    """Return the tightest devices with room, lowest index first among equals; none if too few."""
    if spec.devices is None:
        return ()
    count, milli = spec.devices
    free = view.device_free()
    room = sorted((f, d) for d, f in enumerate(free) if f >= milli)
    return tuple(d for _, d in room[:count]) if len(room) >= count else ()
