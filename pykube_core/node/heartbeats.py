"""Reports of kubelets on their nodes: that they live, each 10 s, and how they are.

Source: ``k8s.io/component-helpers/apimachinery/lease/controller.go``,
``k8s.io/kubernetes/pkg/kubelet/kubelet_node_status.go`` and ``nodestatus/setters.go`` v1.34.
Differences: all nodes renew their leases at the same moment, so that it is one batch; there are no
cgroups, and so no event NodeAllocatableEnforced.
"""

from __future__ import annotations

import heapq
from typing import Final, NamedTuple

import msgspec

from pykube_core.api.coordination import LEASES
from pykube_core.api.core import NODES
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.machinery.times import NANO, micro_time_text, parse_time, time_text
from pykube_core.client import Client
from pykube_core.client.recorder import NORMAL, EventRecorder, EventText, Reference
from pykube_core.node.admission import Node, NodeView
from pykube_core.node.network import NOT_READY_MESSAGE
from pykube_core.node.registration import HEALTHY, STARTING
from pykube_core.objects import ApiObject, Body

LEASE_NAMESPACE: Final = "kube-node-lease"
RENEWAL_NS: Final = 10 * NANO
CHECK_NS: Final = 10 * NANO
REPORT_NS: Final = 300 * NANO

_HEALTH_EVENTS: Final = ("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID")
_LEASE_SECONDS: Final = 40
_AT_ONCE_NS: Final = 1
_RETRY_NS: Final = NANO
_IMAGES_MAX: Final = 50
_READY: Final = ("True", "KubeletReady", "kubelet is posting ready status")
_NOT_READY: Final = ("False", "KubeletNotReady", NOT_READY_MESSAGE)


class _LeaseSpec(msgspec.Struct, gc=False):
    renewTime: str = ""


class _LeaseView(msgspec.Struct, gc=False):
    spec: _LeaseSpec = msgspec.field(default_factory=_LeaseSpec)


class _Report(NamedTuple):
    """The last report on a node: where, what it showed, and when, as conditions say it."""

    revision: int
    shown: tuple[bool, list[KubeObject]]
    beat: bytes


class Leases:
    """The leases of nodes, renewed all at once.

    Attributes
    ----------
    due_ns : int
        When to step again; 0 for never.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._held: dict[str, ApiObject] = {}
        self._owners: dict[str, str] = {}
        self._new: dict[str, str] = {}
        self.due_ns = 0

    def add(self, name: str, uid: str) -> None:
        """Keep a node's lease from the next step on."""
        self._new[name] = self._owners[name] = uid

    def remove(self, name: str) -> None:
        """Renew a node's lease no more."""
        for table in (self._held, self._new, self._owners):
            table.pop(name, None)

    def step(self, now_ns: int) -> None:
        """Create leases that are missing, and renew all when it is time."""
        if self._new:
            self._begin(now_ns)
        if not self._held:
            self.due_ns = 0
        if not self.due_ns or now_ns < self.due_ns:
            return
        tail = _tail(now_ns)
        renewed = [obj.with_tail(tail) for obj in self._held.values()]
        outcomes = self._client.batch.put_owned(LEASES, renewed)
        self.due_ns = now_ns + RENEWAL_NS
        for name, outcome in zip(self._held, outcomes, strict=True):
            if type(outcome) is ApiObject:
                self._held[name] = outcome
            else:
                self._new[name] = self._owners[name]
        if self._new:
            self._begin(now_ns)

    def _begin(self, now_ns: int) -> None:
        """Take over the leases of new nodes, or create them."""
        missing, due_ns = [], []
        for name, uid in self._new.items():
            renewed_ns = self._take_over(name)
            if renewed_ns is None:
                missing.append((name, uid))
            else:
                due_ns.append(renewed_ns + RENEWAL_NS)
        owners, self._new = self._new, {}
        tail = _tail(now_ns)
        uids = self._client.new_uids(len(missing))
        objects = [
            _lease(name, owner, uid, time_text(now_ns), tail)
            for (name, owner), uid in zip(missing, uids, strict=True)
        ]
        for (name, _), outcome in zip(
            missing, self._client.batch.put_owned(LEASES, objects), strict=True
        ):
            if isinstance(outcome, ApiObject):
                self._held[name] = outcome
            elif self._take_over(name) is None:  # The object that is there is none.
                self._new[name] = owners[name]
        if missing:
            due_ns.append(now_ns + RENEWAL_NS)
        if self.due_ns > now_ns:
            due_ns.append(self.due_ns)
        self.due_ns = min(due_ns, default=0)

    def _take_over(self, name: str) -> int | None:
        """Hold a lease that is there, whoever wrote it; return when it was renewed last."""
        try:
            obj = self._client.get(LEASES, name, LEASE_NAMESPACE)
        except StatusError:
            self._held.pop(name, None)
            return None
        renewed = obj.view(_LeaseView).spec.renewTime
        spec = {"holderIdentity": name, "leaseDurationSeconds": _LEASE_SECONDS}
        # Members that others may have put behind the spec go: a renewal changes the end.
        whole = {"metadata": msgspec.json.decode(obj.data)["metadata"]}
        renewal = {"spec": spec | {"renewTime": micro_time_text(0)}}
        self._held[name] = obj.changed_to(whole | renewal)
        return parse_time(renewed) if renewed else 0


class NodeStatuses:
    """The statuses of nodes: at once when readiness changes, within 10 s when something else did.

    A status that does not change is written each 5 minutes, for its heartbeat.

    Attributes
    ----------
    due_ns : int
        When to step again; 0 for never.
    """

    def __init__(self, client: Client, recorder: EventRecorder) -> None:
        self._client = client
        self._recorder = recorder
        self._nodes: dict[str, Node] = {}
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self._reports: dict[str, _Report] = {}
        self.due_ns = 0

    def add(self, node: Node, view: NodeView) -> None:
        """Report a node from now on; what is not as it should be is written in the next step."""
        self._nodes[node.name] = node
        ready = next((c for c in view.status.conditions if c.type == "Ready"), None)
        if ready is None or ready.message == STARTING:
            self._tell(node, "Starting", "Starting kubelet.")
            for reason in _HEALTH_EVENTS:
                self._tell(node, reason, f"Node {node.name} status is now: {reason}")
        else:
            node.ready = ready.status == "True"
        shown = (ready.status, ready.reason, ready.message) if ready else None
        due_ns = _AT_ONCE_NS
        if (
            ready
            and ready.lastHeartbeatTime
            and shown == (_READY if node.network_up else _NOT_READY)
        ):
            due_ns = parse_time(ready.lastHeartbeatTime) + REPORT_NS
        self._set_due(node.name, due_ns)

    def remove(self, name: str) -> None:
        """Report a node no more."""
        for table in (self._nodes, self._due, self._reports):
            table.pop(name, None)

    def changed(self, node: Node, now_ns: int) -> None:
        """Say that a node's images changed: its status is written at the next check."""
        self._set_due(node.name, min(self._due[node.name], now_ns + CHECK_NS))

    def report_now(self, node: Node) -> None:
        """Say that a node became ready, or is not any more: its status is written now."""
        self._set_due(node.name, _AT_ONCE_NS)

    def _set_due(self, name: str, due_ns: int) -> None:
        if self._due.get(name) != due_ns:
            self._due[name] = due_ns
            heapq.heappush(self._heap, (due_ns, name))
        self.due_ns = min(self.due_ns or due_ns, due_ns)

    def step(self, now_ns: int) -> None:
        """Write the statuses whose time has come."""
        if not self.due_ns or self.due_ns > now_ns:
            return
        due: dict[str, None] = {}
        while self._heap and self._heap[0][0] <= now_ns:
            due_ns, name = heapq.heappop(self._heap)
            if self._due.get(name) == due_ns:
                due[name] = None
        self._write([self._nodes[name] for name in due], now_ns)
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # overtaken by another time, or of a node that is gone
        self.due_ns = self._heap[0][0] if self._heap else 0

    def _write(self, nodes: list[Node], now_ns: int) -> None:
        beat = _beat(now_ns)
        shown = [(node.network_up, _images(node, now_ns)) for node in nodes]
        items = [
            (node.obj, self._status(node, facts, beat, now_ns))
            for node, facts in zip(nodes, shown, strict=True)
        ]
        outcomes = self._client.batch.patch_status(NODES, items)
        for node, facts, outcome in zip(nodes, shown, outcomes, strict=True):
            if isinstance(outcome, StatusError):
                self._set_due(node.name, now_ns + _RETRY_NS)
                continue
            node.obj = outcome
            self._reports[node.name] = _Report(outcome.revision, facts, beat)
            coming_ns = max([t for t in node.images.values() if t > now_ns], default=0)
            check_ns = coming_ns + CHECK_NS if coming_ns else now_ns + REPORT_NS
            self._set_due(node.name, min(check_ns, now_ns + REPORT_NS))
            self._tell_ready(node)

    def _status(
        self, node: Node, shown: tuple[bool, list[KubeObject]], beat: bytes, now_ns: int
    ) -> bytes:
        """Return a node's status as it is now, encoded: that of its last report with a new time."""
        old = node.obj.status
        last = self._reports.get(node.name)
        if last is not None and (last.revision, last.shown) == (node.obj.revision, shown):
            # A condition of somebody else that shows the same time is not ours to change.
            if old.count(last.beat) == len(HEALTHY) + 1:
                return old.replace(last.beat, beat)
        return _changed_status(old, *shown, now_ns)

    def _tell_ready(self, node: Node) -> None:
        """Say that a node became ready or is not any more."""
        if node.ready != node.network_up:
            node.ready = node.network_up
            reason = "NodeReady" if node.ready else "NodeNotReady"
            self._tell(node, reason, f"Node {node.name} status is now: {reason}")

    def _tell(self, node: Node, reason: str, message: str) -> None:
        # A kubelet knows its node by its name alone, and writes that for the uid.
        about = Reference(NODES, "", node.name, node.name)
        self._recorder.record(about, EventText(NORMAL, reason, message), host=node.name)


def _beat(now_ns: int) -> bytes:
    """Return the time of a heartbeat as conditions show it; no text in JSON can look like it."""
    return f'"lastHeartbeatTime":"{time_text(now_ns)}"'.encode()


def _changed_status(old: bytes, ready: bool, images: list[KubeObject], now_ns: int) -> bytes:
    """Return a status with the kubelet's conditions and images as of now."""
    status: KubeObject = msgspec.json.decode(old)
    now = time_text(now_ns)
    held = {c.get("type", ""): c for c in status.get("conditions", ())}
    facts = [(type, "False", reason, message) for type, reason, message in HEALTHY]
    facts.append(("Ready", *(_READY if ready else _NOT_READY)))
    before = {type: c.get("status") for type, c in held.items()}
    for type, value, reason, message in facts:
        since = held[type].get("lastTransitionTime", now) if before.get(type) == value else now
        held[type] = {
            "type": type,
            "status": value,
            "lastHeartbeatTime": now,
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        }
    status["conditions"] = list(held.values())
    if images or "images" in status:
        status["images"] = images
    return msgspec.json.encode(status)


def _images(node: Node, now_ns: int) -> list[KubeObject]:
    """Return the largest images that are on a node, as its status lists them."""
    there = [
        (-entry["sizeBytes"], image, entry)
        for image, entry in node.listed.items()
        if node.images[image] <= now_ns
    ]
    return [entry for _, _, entry in sorted(there, key=_by_size)[:_IMAGES_MAX]]


def _by_size(entry: tuple[int, str, KubeObject]) -> tuple[int, str]:
    return entry[:2]


def _tail(now_ns: int) -> bytes:
    """Return the tail of a lease that is renewed now."""
    return f'{micro_time_text(now_ns)}"}}'.encode()


def _spec(name: str) -> bytes:
    return (
        f',"spec":{{"holderIdentity":"{name}","leaseDurationSeconds":{_LEASE_SECONDS},"renewTime":"'
    ).encode()


def _lease(name: str, node_uid: str, uid: str, now: str, tail: bytes) -> ApiObject:
    """Return the new lease of a node, which owns it."""
    metadata = (
        f',"creationTimestamp":"{now}","namespace":"{LEASE_NAMESPACE}","ownerReferences":['
        f'{{"apiVersion":"v1","kind":"Node","name":"{name}","uid":"{node_uid}"}}]}}'
    ).encode()
    body = Body.of(LEASES, b'"' + metadata + _spec(name), b"")
    return ApiObject(LEASES, LEASES.key(LEASE_NAMESPACE, name), uid, body, "", tail, 0)
