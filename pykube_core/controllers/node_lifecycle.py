"""Node lifecycle: taints that follow from conditions, and nodes that are not heard of any more.

Source: ``k8s.io/kubernetes/pkg/controller/nodelifecycle`` v1.36. Differences: a lease was renewed
when it says so, within the time since the last look, as there is one clock; pods are marked
not ready before their node is marked unknown, so that a crash in between loses nothing; a node that
is there when the controller starts is announced only if it is younger than a minute; the limiter of
NoExecute taints does not start anew when a zone's state changes.

A node is looked at when what its taints follow from changes, and when it would be late had it not
been heard of since the last look; only then is its lease read, so that a renewal costs nothing.
These looks fall on multiples of the monitor's period, so that there are few of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from pykube_core.api.coordination import LEASES
from pykube_core.api.core import NODES, PODS
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.times import NANO
from pykube_core.client import Client
from pykube_core.client.informers import Change, Deleted, Housekeeping, SharedInformer
from pykube_core.client.recorder import NORMAL, WARNING, EventText, Reference
from pykube_core.controllers import node_health as health
from pykube_core.controllers.controller import Controller, Note
from pykube_core.controllers.node_health import NodeView, Zone
from pykube_core.controllers.pods import PodReader, read_time
from pykube_core.controllers.taints import NO_EXECUTE, NOT_READY, UNREACHABLE
from pykube_core.objects import ApiObject

NODE_LEASES: Final = "kube-node-lease"
MONITOR_PERIOD_NS: Final = 5 * NANO
MONITOR_GRACE_NS: Final = 50 * NANO
STARTUP_GRACE_NS: Final = 60 * NANO


class _Node(msgspec.Struct):
    """A node as it was read.

    Attributes
    ----------
    probe_ns : int
        When its status was last seen to change.
    renewed_ns : int
        When its lease was renewed, as of the last look.
    lease_revision : int
        The lease's, at the last look.
    settled : bool
        Whether it has all taints that follow from what it was last seen to be.
    """

    obj: ApiObject
    view: NodeView
    probe_ns: int
    renewed_ns: int = 0
    lease_revision: int = 0
    settled: bool = False


class _LeaseSpec(msgspec.Struct, gc=False):
    renewTime: str | None = None


class _Lease(msgspec.Struct, gc=False):
    spec: _LeaseSpec = msgspec.field(default_factory=_LeaseSpec)


class NodeLifecycleController(Controller):
    """The node lifecycle controller.

    Parameters
    ----------
    pods : PodReader, optional
        Shared with other controllers.
    """

    name = "node-lifecycle-controller"
    component = "node-controller"

    def __init__(
        self, client: Client, log: SharedInformer, *, pods: PodReader | None = None
    ) -> None:
        super().__init__(client, log, (NODES,))
        self._reader = pods or PodReader()
        self._nodes: dict[str, _Node] = {}
        self._zones: dict[tuple[str, ...], Zone] = {}
        self._ready_count = 0
        self._unready_count = 0
        self._began = False

    def step(self, now_ns: int) -> int | None:
        """Take in what is new, and look at the nodes where something is due."""
        again_ns = super().step(now_ns)
        self._began = True
        return None if again_ns is None else Housekeeping(again_ns)

    def _note_of(self, resource: Resource) -> Note:
        return self._note

    def _note(self, change: Change, now_ns: int) -> None:
        if type(change) is Deleted:
            self._remove(change.object.name, now_ns)
        else:
            self._read(change.object, now_ns)

    def _remove(self, name: str, now_ns: int) -> None:
        held = self._nodes.pop(name, None)
        self._queue.remove(name)
        if held is not None:
            self._recount(held.view, None, now_ns)
            self._tell_node(held.view, "RemovingNode", f"Removing Node {name} from Controller")

    def _read(self, obj: ApiObject, now_ns: int) -> None:
        view = obj.view(NodeView)
        name = view.metadata.name
        held = self._nodes.get(name)
        if held is None:
            self._nodes[name] = _Node(obj, view, now_ns)
            self._recount(None, view, now_ns)
            young_ns = now_ns - STARTUP_GRACE_NS
            if self._began or read_time(view.metadata.creationTimestamp) > young_ns:
                message = f"Registered Node {name} in Controller"
                self._tell_node(view, "RegisteredNode", message)
            self._queue.add(name)
            return
        old, held.obj, held.view = held.view, obj, view
        if _heartbeat(old) != _heartbeat(view):
            held.probe_ns = now_ns
        if old.facts != view.facts:
            self._recount(old, view, now_ns)
            held.settled = False
            self._queue.add(name)

    @property
    def _all_failed(self) -> bool:
        """Whether there are nodes that count, and none of them is ready."""
        return bool(self._unready_count) and not self._ready_count

    def _recount(self, old: NodeView | None, new: NodeView | None, now_ns: int) -> None:
        """Count a node anew; those that wait for their zone are looked at again."""
        all_failed = self._all_failed
        if old is not None:
            self._count(old, -1)
        if new is not None:
            self._count(new, 1)
        if all_failed != self._all_failed:
            for name, held in self._nodes.items():
                self._queue.add(name)
                held.settled = False
                if all_failed:
                    # Nobody could be heard: each node has its time to be heard again.
                    held.probe_ns = now_ns

    def _count(self, view: NodeView, sign: int) -> None:
        if not view.counts_for_disruption:
            return
        zone = self._zones.setdefault(view.zone, Zone())
        if _is_ready(view):
            zone.ready += sign
            self._ready_count += sign
        else:
            zone.unready += sign
            self._unready_count += sign
        for name in zone.waiting:
            self._queue.add(name)
        zone.waiting.clear()

    def _tell_node(self, view: NodeView, reason: str, message: str) -> None:
        name = view.metadata.name
        regarding = Reference(NODES, "", name, view.metadata.uid)
        self._events.record(regarding, EventText(NORMAL, reason, f"Node {name} event: {message}"))

    def _work(self, keys: list[str], now_ns: int) -> None:
        silent: list[_Node] = []
        tainted: list[ApiObject] = []
        for name in keys:
            held = self._nodes.get(name)
            if held is None:
                continue
            if self._is_late(held, now_ns):
                silent.append(held)
                continue
            changed = self._tainted(held, now_ns)
            if changed is not None:
                tainted.append(changed)
        if silent:
            self._mark_pods(silent, now_ns)
            self._mark_nodes(silent, now_ns)
        if tainted:
            self._check(self._client.batch.put(tainted), tainted, now_ns)

    def _is_late(self, held: _Node, now_ns: int) -> bool:
        """Say whether a node has just become late; if it is not, when to look again."""
        ready = held.view.ready
        if ready is not None and ready.status == health.UNKNOWN:
            return False
        grace_ns, probe_ns = MONITOR_GRACE_NS, held.probe_ns
        if ready is None:
            created = held.view.metadata.creationTimestamp
            grace_ns, probe_ns = STARTUP_GRACE_NS, read_time(created)
        self._read_lease(held, now_ns)
        due_ns = max(probe_ns, held.renewed_ns) + grace_ns
        if now_ns > due_ns:
            return True
        tick_ns = (due_ns // MONITOR_PERIOD_NS + 1) * MONITOR_PERIOD_NS
        self._queue.add_at(held.view.metadata.name, tick_ns)
        return False

    def _read_lease(self, held: _Node, now_ns: int) -> None:
        """Note when the lease was renewed, if it was since the last look."""
        lease = self._log.get(LEASES, held.view.metadata.name, NODE_LEASES)
        if lease is None or lease.revision == held.lease_revision:
            return
        held.lease_revision = lease.revision
        try:
            said_ns = read_time(lease.view(_Lease).spec.renewTime or "")
        except msgspec.ValidationError:  # It was written, by whatever clock.
            said_ns = now_ns
        held.renewed_ns = min(max(said_ns, held.renewed_ns), now_ns)

    def _tainted(self, held: _Node, now_ns: int) -> ApiObject | None:
        """Return a node with the taints and labels that it lacks; None when it has all."""
        if held.settled:
            return None
        view = held.view
        no_execute = self._no_execute(view, now_ns)
        taints = health.wanted_taints(view, no_execute, now_ns)
        labels = health.missing_labels(view)
        if not labels and taints == view.spec.taints:
            held.settled = no_execute == health.no_execute_key(view)
            return None
        return health.with_taints(held.obj, taints, labels)

    def _no_execute(self, view: NodeView, now_ns: int) -> str:
        """Return the key of the NoExecute taint that a node gets now, or keeps; "" for none.

        One node after the other gets it, and none while no node at all is ready: it is the control
        plane that has lost its connection then.
        """
        key = health.no_execute_key(view)
        if not key or self._all_failed:
            return ""
        own = (NOT_READY, UNREACHABLE)
        if any(t.key in own and t.effect == NO_EXECUTE for t in view.spec.taints):
            return key
        zone = self._zones.setdefault(view.zone, Zone())
        period_ns = zone.period_ns
        if period_ns is None:
            zone.waiting[view.metadata.name] = None
            return ""
        if now_ns < zone.next_ns:
            self._queue.add_at(view.metadata.name, zone.next_ns)
            return ""
        zone.next_ns = now_ns + period_ns
        return key

    def _mark_nodes(self, silent: list[_Node], now_ns: int) -> None:
        """Mark nodes unknown; their taints follow when that is in the log."""
        items = []
        for held in silent:
            view = held.view
            if _is_ready(view):
                name = view.metadata.name
                regarding = Reference(NODES, "", name, view.metadata.uid)
                message = f"Node {name} status is now: NodeNotReady"
                self._events.record(regarding, EventText(NORMAL, "NodeNotReady", message))
            created = view.metadata.creationTimestamp
            items.append((held.obj, health.silent_status(held.obj, created, now_ns)))
        outcomes = self._client.batch.patch_status(NODES, items)
        self._check(outcomes, [obj for obj, _ in items], now_ns)

    def _mark_pods(self, silent: list[_Node], now_ns: int) -> None:
        """Mark the pods of nodes not ready."""
        names = {held.view.metadata.name for held in silent if _is_ready(held.view)}
        found = [
            (obj, pod)
            for obj, pod in (self._reader.readable(self._log.all(PODS)) if names else ())
            if pod.node in names and pod.ready_ns is not None
        ]
        items = [(obj, health.unready_status(obj, now_ns)) for obj, _ in found]
        outcomes = self._client.batch.patch_status(PODS, items) if items else []
        for (obj, pod), outcome in zip(found, outcomes, strict=True):
            if isinstance(outcome, ApiObject):
                self._wrote(outcome)
                regarding = Reference(PODS, obj.namespace, obj.name, pod.uid)
                text = EventText(WARNING, "NodeNotReady", "Node is not ready")
                self._events.record(regarding, text, outcome.revision)

    def _check(self, outcomes: Sequence[object], objects: list[ApiObject], now_ns: int) -> None:
        """Wait for what was written; what was not is tried again."""
        for obj, outcome in zip(objects, outcomes, strict=True):
            if isinstance(outcome, ApiObject):
                self._wrote(outcome)
                self._queue.succeed(obj.name)
            else:
                self._queue.retry(obj.name, now_ns)


def _is_ready(view: NodeView) -> bool:
    ready = view.ready
    return ready is not None and ready.status == "True"


def _heartbeat(view: NodeView) -> str | None:
    ready = view.ready
    return None if ready is None else ready.lastHeartbeatTime
