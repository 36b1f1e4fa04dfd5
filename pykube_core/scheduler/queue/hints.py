"""Queueing hints: which events each plugin asks for, and whether one may help a pod it rejected.

A plugin registers events, each with a hint: a function of the pod, and of the object before and
after the event (None when it was added or deleted), that returns whether the pod is worth another
try. No hint means always. A hint that cannot tell says yes.

Source: kubernetes v1.34.1, EventsToRegister of each in-tree plugin,
pkg/scheduler/scheduler.go (buildQueueingHintMap), pkg/scheduler/framework/runtime/framework.go
(fillEnqueueExtensions). The rules are in ``queueing_hint_rules`` and ``queueing_hint_volumes``.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from typing import Final, NamedTuple, TypeAlias

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.config import (
    IN_TREE_PLUGINS,
    NodeAffinityArgs,
    PodTopologySpreadArgs,
    Profile,
)
from pykube_core.scheduler.queue import hint_rules as rules
from pykube_core.scheduler.queue import hint_volumes as volumes
from pykube_core.scheduler.queue.events import ActionType, ClusterEvent

Hint: TypeAlias = Callable[[KubeObject, KubeObject | None, KubeObject | None], bool]


class Registration(NamedTuple):
    """An event that a plugin asks for, with its hint; None is always yes."""

    plugin: str
    event: ClusterEvent
    hint: Hint | None = None


_ADD: Final = ActionType.ADD
_DELETE: Final = ActionType.DELETE
_UPDATE: Final = ActionType.UPDATE
_LABEL: Final = ActionType.UPDATE_NODE_LABEL
_TAINT: Final = ActionType.UPDATE_NODE_TAINT

_IN_TREE: Final[Mapping[str, tuple[tuple[str, ActionType, Hint | None], ...]]] = {
    "DefaultPreemption": (("Pod", _DELETE, rules.never),),
    "DynamicResources": (
        ("Node", _ADD | _LABEL | ActionType.UPDATE_NODE_ALLOCATABLE, None),
        ("resource.k8s.io/ResourceClaim", _ADD | _UPDATE, volumes.after_resource_claim_change),
        ("Pod", ActionType.UPDATE_POD_GENERATED_RESOURCE_CLAIM, rules.after_own_update),
        ("resource.k8s.io/DeviceClass", _ADD | _UPDATE, None),
        ("resource.k8s.io/ResourceSlice", _ADD | _UPDATE, None),
    ),
    "InterPodAffinity": (
        ("Pod", _ADD | ActionType.UPDATE_POD_LABEL | _DELETE, rules.affinity_after_pod_change),
        ("Node", _ADD | _LABEL, rules.affinity_after_node_change),
    ),
    "NodeName": (("Node", _ADD, None),),
    "NodePorts": (("Pod", _DELETE, rules.ports_after_pod_deleted), ("Node", _ADD, None)),
    "NodeResourcesFit": (
        ("Pod", _DELETE | ActionType.UPDATE_POD_SCALE_DOWN, rules.fit_after_pod_event),
        ("Node", _ADD | ActionType.UPDATE_NODE_ALLOCATABLE, rules.fit_after_node_change),
    ),
    "NodeUnschedulable": (
        ("Node", _ADD | _TAINT, rules.unschedulable_after_node_change),
        ("Pod", ActionType.UPDATE_POD_TOLERATION, rules.unschedulable_after_toleration_change),
    ),
    "NodeVolumeLimits": (
        ("storage.k8s.io/CSINode", _ADD, None),
        ("storage.k8s.io/CSINode", _UPDATE, volumes.limits_after_csi_node_update),
        ("Pod", _DELETE, volumes.limits_after_pod_deleted),
        ("PersistentVolumeClaim", _ADD, volumes.after_own_claim_change),
        ("storage.k8s.io/VolumeAttachment", _DELETE, volumes.limits_after_attachment_deleted),
    ),
    "SchedulingGates": (
        ("Pod", ActionType.UPDATE_POD_SCHEDULING_GATES_ELIMINATED, rules.after_own_update),
    ),
    "TaintToleration": (
        ("Node", _ADD | _TAINT, rules.taints_after_node_change),
        ("Pod", ActionType.UPDATE_POD_TOLERATION, rules.after_own_update),
    ),
    "VolumeBinding": (
        ("storage.k8s.io/StorageClass", _ADD | _UPDATE, volumes.binding_after_class_change),
        ("PersistentVolumeClaim", _ADD | _UPDATE, volumes.after_own_claim_change),
        ("PersistentVolume", _ADD | _UPDATE, None),
        ("Node", _ADD | _LABEL, None),
        ("storage.k8s.io/CSINode", _ADD | _UPDATE, volumes.binding_after_csi_node_change),
        ("storage.k8s.io/CSIDriver", _UPDATE, volumes.binding_after_csi_driver_change),
        (
            "storage.k8s.io/CSIStorageCapacity",
            _ADD | _UPDATE,
            volumes.binding_after_capacity_change,
        ),
    ),
    "VolumeRestrictions": (
        ("Pod", _DELETE, volumes.restrictions_after_pod_deleted),
        ("Node", _ADD, None),
        ("PersistentVolumeClaim", _ADD, volumes.after_named_claim_change),
    ),
    "VolumeZone": (
        ("storage.k8s.io/StorageClass", _ADD, volumes.zone_after_class_added),
        ("Node", _ADD | _LABEL, None),
        ("PersistentVolumeClaim", _ADD | _UPDATE, volumes.after_named_claim_change),
        ("PersistentVolume", _ADD | _UPDATE, volumes.zone_after_volume_change),
    ),
}

# A plugin that registers nothing by itself is tried again after every event of these.
_EVERYTHING: Final = (
    "Pod",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "storage.k8s.io/CSINode",
    "storage.k8s.io/CSIDriver",
    "storage.k8s.io/CSIStorageCapacity",
    "storage.k8s.io/StorageClass",
    "resource.k8s.io/ResourceClaim",
    "resource.k8s.io/DeviceClass",
)
_REJECTING_POINTS: Final = frozenset({"preEnqueue", "preFilter", "filter", "reserve", "permit"})


class QueueingHints:
    """The registrations of a profile's plugins, looked up by event.

    Parameters
    ----------
    registrations : iterable of Registration
        In the order of the plugins.
    """

    def __init__(self, registrations: Iterable[Registration]) -> None:
        self._registrations = tuple(registrations)
        self._by_event: dict[ClusterEvent, tuple[tuple[str, Hint | None], ...]] = {}
        self._plugins: dict[ClusterEvent, frozenset[str]] = {}

    def for_event(self, event: ClusterEvent) -> tuple[tuple[str, Hint | None], ...]:
        """Return the plugins that asked for an event, each with its hint."""
        found = self._by_event.get(event)
        if found is None:
            found = tuple(
                (each.plugin, each.hint)
                for each in self._registrations
                if each.event.matches(event)
            )
            self._by_event[event] = found
        return found

    def plugins_for(self, event: ClusterEvent) -> frozenset[str]:
        """Return the names of the plugins that asked for an event."""
        found = self._plugins.get(event)
        if found is None:
            found = frozenset(plugin for plugin, _ in self.for_event(event))
            self._plugins[event] = found
        return found

    def events_of(self, plugin: str) -> list[ClusterEvent]:
        """Return the events that a plugin asked for."""
        return [each.event for each in self._registrations if each.plugin == plugin]


def queueing_hints(
    profile: Profile,
    registry: Mapping[str, Collection[str]] | None = None,
    default_selector: Callable[[KubeObject], KubeObject | None] | None = None,
) -> QueueingHints:
    """Return the hints of the plugins that a profile enables.

    Parameters
    ----------
    profile : Profile
        The profile.
    registry : mapping, optional
        Plugins of the user: name to the extension points that it implements. Plugins that can
        reject a pod are asked to try again after every event.
    default_selector : callable, optional
        Returns the selector that PodTopologySpread's default constraints have for a pod (from its
        services and controllers). Without it such pods are tried after every event that
        PodTopologySpread asks for.
    """
    registrations: list[Registration] = []
    for plugin in _enabled(profile):
        events = _events_of(plugin, profile, registry or {}, default_selector)
        registrations += [
            Registration(plugin, ClusterEvent(resource, action), hint)
            for resource, action, hint in events
        ]
        on_node = [action for resource, action, _ in events if resource == "Node"]
        if any(action & _ADD for action in on_node) and not any(
            action & _TAINT for action in on_node
        ):
            # Upstream's answer to kubernetes/kubernetes#109437, kept there until its pre-check of
            # new nodes goes.
            registrations.append(Registration(plugin, ClusterEvent("Node", _TAINT)))
    return QueueingHints(registrations)


def _enabled(profile: Profile) -> list[str]:
    names = (
        plugin.name
        for each in fields(profile.plugins)
        for plugin in getattr(profile.plugins, each.name)
    )
    return list(dict.fromkeys(names))


def _events_of(
    plugin: str,
    profile: Profile,
    registry: Mapping[str, Collection[str]],
    default_selector: Callable[[KubeObject], KubeObject | None] | None,
) -> tuple[tuple[str, ActionType, Hint | None], ...]:
    args = profile.args.get(plugin)
    if isinstance(args, NodeAffinityArgs):
        node_hint = rules.node_affinity_after_node_change(args.added_affinity)
        return (("Node", _ADD | _LABEL, node_hint),)
    if isinstance(args, PodTopologySpreadArgs):
        hints = rules.SpreadHints(args, default_selector)
        changes = ActionType.UPDATE_POD_LABEL | ActionType.UPDATE_POD_TOLERATION
        return (
            ("Pod", _ADD | changes | _DELETE, hints.after_pod_change),
            ("Node", _ADD | _DELETE | _LABEL | _TAINT, hints.after_node_change),
        )
    if plugin not in IN_TREE_PLUGINS and not _REJECTING_POINTS.isdisjoint(registry.get(plugin, ())):
        return tuple((resource, ActionType.ALL, None) for resource in _EVERYTHING)
    return _IN_TREE.get(plugin, ())
