"""Health of a node: taints by its conditions, and the conditions of one that says nothing.

Source: ``k8s.io/kubernetes/pkg/controller/nodelifecycle/node_lifecycle_controller.go`` v1.36.
"""

from __future__ import annotations

from typing import Final

import msgspec

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.times import NANO, time_text
from pykube_core.controllers import taints as keys
from pykube_core.controllers.taints import NO_EXECUTE, NO_SCHEDULE, Taint
from pykube_core.objects import ApiObject

UNKNOWN: Final = "Unknown"

_NO_EXECUTE_KEYS: Final = {"False": keys.NOT_READY, UNKNOWN: keys.UNREACHABLE}
_NO_SCHEDULE_KEYS: Final = {
    ("Ready", "False"): keys.NOT_READY,
    ("Ready", UNKNOWN): keys.UNREACHABLE,
    ("MemoryPressure", "True"): keys.MEMORY_PRESSURE,
    ("DiskPressure", "True"): keys.DISK_PRESSURE,
    ("NetworkUnavailable", "True"): keys.NETWORK_UNAVAILABLE,
    ("PIDPressure", "True"): keys.PID_PRESSURE,
}
_OWN_KEYS: Final = (*_NO_SCHEDULE_KEYS.values(), keys.UNSCHEDULABLE)
_MONITORED: Final = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
_LABEL_PAIRS: Final = (
    ("kubernetes.io/os", "beta.kubernetes.io/os"),
    ("kubernetes.io/arch", "beta.kubernetes.io/arch"),
)
_ZONE_LABELS: Final = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")
_EXCLUDED: Final = "node.kubernetes.io/exclude-disruption"
_PARTIAL_COUNT_MIN: Final = 3
_PARTIAL_SHARE: Final = 0.55
_LARGE_ZONE: Final = 50
_TAINT_PERIOD_NS: Final = 10 * NANO
_SLOW_TAINT_PERIOD_NS: Final = 100 * NANO


class _Metadata(msgspec.Struct, gc=False):
    name: str
    uid: str
    creationTimestamp: str
    labels: dict[str, str] = {}


class _Spec(msgspec.Struct, gc=False):
    unschedulable: bool = False
    taints: list[Taint] = []


class _Condition(msgspec.Struct, gc=False):
    type: str = ""
    status: str = ""
    lastHeartbeatTime: str | None = None


class _Status(msgspec.Struct, gc=False):
    conditions: list[_Condition] = []


class NodeView(msgspec.Struct, gc=False):
    """A node as the node lifecycle controller reads it."""

    metadata: _Metadata
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def ready(self) -> _Condition | None:
        """Its condition Ready; None when nobody has told it yet."""
        for condition in self.status.conditions:
            if condition.type == "Ready":
                return condition
        return None

    @property
    def zone(self) -> tuple[str, ...]:
        """Its region and zone."""
        return tuple(self.metadata.labels.get(label, "") for label in _ZONE_LABELS)

    @property
    def counts_for_disruption(self) -> bool:
        """Whether its health says something about its zone's."""
        return _EXCLUDED not in self.metadata.labels

    @property
    def facts(self) -> tuple[object, ...]:
        """All that its taints and labels follow from; equal unless there is something to do."""
        conditions = [(c.type, c.status) for c in self.status.conditions]
        return self.spec, conditions, self.metadata.labels


class Zone:
    """How many nodes of a zone are ready, and how fast the others may get NoExecute taints.

    Attributes
    ----------
    ready, unready : int
    next_ns : int
        When the next node may get one.
    waiting : dict
        Names of the nodes that wait until the zone is better.
    """

    def __init__(self) -> None:
        self.ready = 0
        self.unready = 0
        self.next_ns = 0
        self.waiting: dict[str, None] = {}

    @property
    def period_ns(self) -> int | None:
        """The time between two nodes: 10 s, more when most nodes are not ready; None is never."""
        total = self.ready + self.unready
        partial = self.ready and self.unready >= _PARTIAL_COUNT_MIN
        if not partial or self.unready / total < _PARTIAL_SHARE:
            return _TAINT_PERIOD_NS
        return _SLOW_TAINT_PERIOD_NS if total > _LARGE_ZONE else None


def no_execute_key(view: NodeView) -> str:
    """Return the key of the NoExecute taint that a node should have; "" for none."""
    ready = view.ready
    return "" if ready is None else _NO_EXECUTE_KEYS.get(ready.status, "")


def wanted_taints(view: NodeView, no_execute: str, now_ns: int) -> list[Taint]:
    """Return a node's taints as its conditions and its cordon have them; others stay.

    Parameters
    ----------
    no_execute : str
        The key of its NoExecute taint; "" for none.
    """
    found = (_NO_SCHEDULE_KEYS.get((c.type, c.status), "") for c in view.status.conditions)
    wanted = [(key, NO_SCHEDULE) for key in found if key]
    if view.spec.unschedulable:
        wanted.append((keys.UNSCHEDULABLE, NO_SCHEDULE))
    if no_execute:
        wanted.append((no_execute, NO_EXECUTE))
    held = view.spec.taints
    kept = [t for t in held if (t.key, t.effect) in wanted or not _is_own(t)]
    has = [(taint.key, taint.effect) for taint in kept]
    now = time_text(now_ns)
    return kept + [
        Taint(k, e, timeAdded=now) for k, e in dict.fromkeys(wanted) if (k, e) not in has
    ]


def _is_own(taint: Taint) -> bool:
    if taint.effect == NO_EXECUTE:
        return taint.key in (keys.NOT_READY, keys.UNREACHABLE)
    return taint.effect == NO_SCHEDULE and taint.key in _OWN_KEYS


def missing_labels(view: NodeView) -> dict[str, str]:
    """Return the labels of old names that a node lacks, or has wrongly."""
    labels = view.metadata.labels
    return {
        old: labels[new]
        for new, old in _LABEL_PAIRS
        if new in labels and labels.get(old) != labels[new]
    }


def with_taints(obj: ApiObject, taints: list[Taint], labels: dict[str, str]) -> ApiObject:
    """Return a node with other taints and further labels."""
    spec: KubeObject = msgspec.json.decode(obj.body.spec or b"{}")
    spec.pop("taints", None)
    if taints:
        spec["taints"] = [_plain(taint) for taint in taints]
    metadata: KubeObject | None = None
    if labels:
        metadata = msgspec.json.decode(obj.data)["metadata"]
        metadata["labels"] = metadata.get("labels", {}) | labels
    return obj.with_members(metadata=metadata, spec=spec)


def _plain(taint: Taint) -> KubeObject:
    plain: KubeObject = msgspec.to_builtins(taint)
    return {key: value for key, value in plain.items() if value}


def silent_status(obj: ApiObject, created: str, now_ns: int) -> bytes:
    """Return the status of a node that has not been heard of for too long."""
    status: KubeObject = msgspec.json.decode(obj.status)
    conditions: list[KubeObject] = status.setdefault("conditions", [])
    now = time_text(now_ns)
    for type in _MONITORED:
        held = next((c for c in conditions if c.get("type") == type), None)
        if held is None:
            conditions.append(
                {
                    "type": type,
                    "status": UNKNOWN,
                    "lastHeartbeatTime": created,
                    "lastTransitionTime": now,
                    "reason": "NodeStatusNeverUpdated",
                    "message": "Kubelet never posted node status.",
                }
            )
        elif held["status"] != UNKNOWN:
            held |= {
                "status": UNKNOWN,
                "lastTransitionTime": now,
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
            }
    return msgspec.json.encode(status)


def unready_status(pod: ApiObject, now_ns: int) -> bytes:
    """Return the status of a pod whose node is not heard of any more."""
    status: KubeObject = msgspec.json.decode(pod.status)
    for condition in status["conditions"]:
        if condition.get("type") == "Ready":
            condition |= {"status": "False", "lastTransitionTime": time_text(now_ns)}
    return msgspec.json.encode(status)
