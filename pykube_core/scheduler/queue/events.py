"""Cluster events: what changed, in the few kinds that can make a pending pod schedulable.

An event is a resource and a set of action bits. A plugin registers for events; an incoming event
matches a registration if the resources match, they share a bit, and the incoming bits are no larger
as a number. The last rule keeps a plain ``UPDATE``, which is all update bits at once, from matching
a registration for a single one.

Source: kubernetes v1.34.1, kube-scheduler/framework/types.go, pkg/scheduler/framework/events.go
and types.go.
"""

from collections.abc import Iterable, Mapping
from enum import IntFlag
from typing import Any, Final, NamedTuple

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.quantity import Quantity, parse_quantity
from pykube_core.scheduler.tables.requests import pod_requests


class ActionType(IntFlag):
    """Kinds of changes of an object, as flags."""

    ADD = 1 << 0
    DELETE = 1 << 1
    UPDATE_NODE_ALLOCATABLE = 1 << 2
    UPDATE_NODE_LABEL = 1 << 3
    UPDATE_NODE_TAINT = 1 << 4
    UPDATE_NODE_CONDITION = 1 << 5
    UPDATE_NODE_ANNOTATION = 1 << 6
    UPDATE_POD_LABEL = 1 << 7
    UPDATE_POD_SCALE_DOWN = 1 << 8
    UPDATE_POD_TOLERATION = 1 << 9
    UPDATE_POD_SCHEDULING_GATES_ELIMINATED = 1 << 10
    UPDATE_POD_GENERATED_RESOURCE_CLAIM = 1 << 11
    UPDATE = (1 << 12) - (1 << 2)
    ALL = (1 << 12) - 1


class ClusterEvent(NamedTuple):
    """A resource, such as ``"Node"``, and what happened to it.

    Incoming events about pods have the resource ``AssignedPod`` or ``UnschedulablePod``; both match
    a registration for ``Pod``.
    """

    resource: str
    action: ActionType

    def matches(self, incoming: "ClusterEvent") -> bool:
        """Return whether this registration asks for the incoming event."""
        if self == WILDCARD:
            return True
        return (
            (
                self.resource in ("*", incoming.resource)
                or (self.resource == "Pod" and incoming.resource in _PODS)
            )
            and bool(self.action & incoming.action)
            and incoming.action <= self.action
        )


_PODS: Final = ("AssignedPod", "UnschedulablePod")

WILDCARD: Final = ClusterEvent("*", ActionType.ALL)
ASSIGNED_POD_ADD: Final = ClusterEvent("AssignedPod", ActionType.ADD)
ASSIGNED_POD_DELETE: Final = ClusterEvent("AssignedPod", ActionType.DELETE)
NODE_ADD: Final = ClusterEvent("Node", ActionType.ADD)
NODE_DELETE: Final = ClusterEvent("Node", ActionType.DELETE)


def matches_any(incoming: ClusterEvent, registered: Iterable[ClusterEvent]) -> bool:
    """Return whether any of the registrations asks for the incoming event."""
    return any(event.matches(incoming) for event in registered)


def pod_update_events(old: KubeObject, new: KubeObject) -> list[ClusterEvent]:
    """Return the events of an update of a pod, a plain UPDATE if nothing that counts changed."""
    resource = "AssignedPod" if _at(new, "spec").get("nodeName") else "UnschedulablePod"
    old_spec, new_spec = _at(old, "spec"), _at(new, "spec")
    actions = []
    if _labels(new) != _labels(old):
        actions.append(ActionType.UPDATE_POD_LABEL)
    if _is_scaled_down(old, new):
        actions.append(ActionType.UPDATE_POD_SCALE_DOWN)
    if old_spec.get("schedulingGates") and not new_spec.get("schedulingGates"):
        actions.append(ActionType.UPDATE_POD_SCHEDULING_GATES_ELIMINATED)
    # The API only lets tolerations be added, so that their number tells.
    if len(old_spec.get("tolerations") or ()) != len(new_spec.get("tolerations") or ()):
        actions.append(ActionType.UPDATE_POD_TOLERATION)
    if _claim_statuses(old) != _claim_statuses(new):
        actions.append(ActionType.UPDATE_POD_GENERATED_RESOURCE_CLAIM)
    return [ClusterEvent(resource, action) for action in actions or [ActionType.UPDATE]]


def node_update_events(old: KubeObject, new: KubeObject) -> list[ClusterEvent]:
    """Return the events of an update of a node; none if nothing that counts changed."""
    old_spec, new_spec = _at(old, "spec"), _at(new, "spec")
    actions = []
    if old_spec.get("unschedulable") and not new_spec.get("unschedulable"):
        actions.append(ActionType.UPDATE_NODE_TAINT)
    if _allocatable(old) != _allocatable(new):
        actions.append(ActionType.UPDATE_NODE_ALLOCATABLE)
    if _labels(new) != _labels(old):
        actions.append(ActionType.UPDATE_NODE_LABEL)
    if (old_spec.get("taints") or []) != (new_spec.get("taints") or []):
        actions.append(ActionType.UPDATE_NODE_TAINT)
    if _conditions(old) != _conditions(new):
        actions.append(ActionType.UPDATE_NODE_CONDITION)
    old_meta, new_meta = _at(old, "metadata"), _at(new, "metadata")
    if _at(old_meta, "annotations") != _at(new_meta, "annotations"):
        actions.append(ActionType.UPDATE_NODE_ANNOTATION)
    return [ClusterEvent("Node", action) for action in actions]


def _at(value: Mapping[str, Any], name: str) -> KubeObject:
    return value.get(name) or {}


def _labels(value: KubeObject) -> KubeObject:
    return _at(_at(value, "metadata"), "labels")


def _allocatable(node: KubeObject) -> dict[str, Quantity]:
    amounts = _at(_at(node, "status"), "allocatable")
    return {name: parse_quantity(value) for name, value in amounts.items()}


def _conditions(node: KubeObject) -> dict[Any, Any]:
    conditions = _at(node, "status").get("conditions") or ()
    return {condition.get("type"): condition.get("status") for condition in conditions}


def _claim_statuses(pod: KubeObject) -> tuple[list[Any], Any]:
    status = _at(pod, "status")
    return (
        status.get("resourceClaimStatuses") or [],
        status.get("extendedResourceClaimStatus"),
    )


def _is_scaled_down(old: KubeObject, new: KubeObject) -> bool:
    # Requests are the same object in nearly every update; comparing them first saves the sums.
    if _at(old, "spec") == _at(new, "spec") and _at(old, "status") == _at(new, "status"):
        return False
    after = pod_requests(new, use_status=True)
    return any(
        name not in after or _in_milli(before) > _in_milli(after[name])
        for name, before in pod_requests(old, use_status=True).items()
    )


def _in_milli(nano: int) -> int:
    return -(-nano // 1_000_000)
