"""Pod GC: pods that nobody else would ever remove.

Source: ``k8s.io/kubernetes/pkg/controller/podgc/gc_controller.go`` v1.36. Difference: a pass is
made only when there is something for it, at the times at which upstream makes all of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from pykube_core.api.core import NODES, PODS
from pykube_core.api.machinery.objects import DONE_PHASES
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.machinery.times import NANO
from pykube_core.client import Client
from pykube_core.client.informers import Change, Deleted, SharedInformer
from pykube_core.controllers.controller import Controller, Note
from pykube_core.controllers.pod_conditions import decoded_status, disrupt
from pykube_core.controllers.pods import Pod, PodReader
from pykube_core.controllers.taints import OUT_OF_SERVICE, Taint
from pykube_core.objects import ApiObject

PERIOD_NS: Final = 20 * NANO
QUARANTINE_NS: Final = 40 * NANO

_PASS: Final = "pass"
_REASON: Final = "DeletionByPodGC"
_MESSAGE: Final = "PodGC: node no longer exists"


class _NodeSpec(msgspec.Struct, gc=False):
    taints: list[Taint] = []


class _Condition(msgspec.Struct, gc=False):
    type: str
    status: str = ""


class _NodeStatus(msgspec.Struct, gc=False):
    conditions: list[_Condition] = []


class _Node(msgspec.Struct, gc=False):
    spec: _NodeSpec = msgspec.field(default_factory=_NodeSpec)
    status: _NodeStatus = msgspec.field(default_factory=_NodeStatus)

    @property
    def is_out_of_service(self) -> bool:
        """Whether somebody said that it is off for good, and it is not ready either."""
        if not any(taint.key == OUT_OF_SERVICE for taint in self.spec.taints):
            return False
        conditions = self.status.conditions
        return not any(c.type == "Ready" and c.status == "True" for c in conditions)


class PodGcController(Controller):
    """The pod garbage collector.

    Parameters
    ----------
    terminated_pod_threshold : int
        How many ended pods may stay; 0 is any number.
    pods : PodReader, optional
        Shared with other controllers.
    """

    name = "pod-garbage-collector-controller"
    component = "pod-garbage-collector-controller"

    def __init__(
        self,
        client: Client,
        log: SharedInformer,
        *,
        terminated_pod_threshold: int = 12_500,
        pods: PodReader | None = None,
    ) -> None:
        super().__init__(client, log, (NODES, PODS))
        self._threshold = terminated_pod_threshold
        self._reader = pods or PodReader()
        # Each node that is there, and whether it is out of service.
        self._nodes: dict[str, bool] = {}
        self._missing: dict[str, int] = {}
        self._ended: dict[bytes, Pod] = {}
        self._stuck: dict[bytes, None] = {}

    def _note_of(self, resource: Resource) -> Note:
        return self._note_node if resource is NODES else self._note_pod

    def _note_pod(self, change: Change, now_ns: int) -> None:
        obj = change.object
        key = obj.key
        if type(change) is Deleted:
            self._ended.pop(key, None)
            self._stuck.pop(key, None)
            self._reader.forget(key)
            return
        pod = self._reader.read(obj)
        if pod.phase in DONE_PHASES:
            self._ended[key] = pod
            if 0 < self._threshold < len(self._ended):
                self._queue.add_at(_PASS, _tick(now_ns))
        elif self._ended:
            self._ended.pop(key, None)
        node = pod.node
        if node and node not in self._nodes:
            self._miss(node, now_ns)
        if pod.terminating and self._is_stuck(pod):
            self._stuck[key] = None
            self._queue.add_at(_PASS, _tick(now_ns))

    def _is_stuck(self, pod: Pod) -> bool:
        """Say whether nobody is left to end a pod that is being deleted."""
        return pod.terminating and (not pod.node or bool(self._nodes.get(pod.node)))

    def _note_node(self, change: Change, now_ns: int) -> None:
        obj = change.object
        name = obj.name
        if type(change) is Deleted:
            if self._nodes.pop(name, None) is not None:
                self._miss(name, now_ns)
            return
        self._missing.pop(name, None)
        out_of_service = obj.view(_Node).is_out_of_service
        if out_of_service and not self._nodes.get(name):
            for pod_obj, pod in self._pods():
                if pod.node == name and pod.terminating:
                    self._stuck[pod_obj.key] = None
            self._queue.add_at(_PASS, _tick(now_ns))
        self._nodes[name] = out_of_service

    def _miss(self, node: str, now_ns: int) -> None:
        """Give a node that is not there the time to come back."""
        if node not in self._missing:
            self._missing[node] = due_ns = _tick(now_ns) + QUARANTINE_NS
            self._queue.add_at(_PASS, due_ns)

    def _pods(self) -> Iterator[tuple[ApiObject, Pod]]:
        """Return every pod that can be read."""
        return self._reader.readable(self._log.all(PODS))

    def _sync(self, key: str, now_ns: int) -> bool:
        self._delete_ended(now_ns)
        stuck, self._stuck = self._stuck, {}
        self._delete(stuck, now_ns, stuck=True)
        gone = [node for node, due_ns in self._missing.items() if due_ns <= now_ns]
        if gone:
            for node in gone:
                del self._missing[node]
            orphans = [obj.key for obj, pod in self._pods() if pod.node in gone]
            self._delete(orphans, now_ns, orphaned=True)
        if self._missing:
            self._queue.add_at(_PASS, min(self._missing.values()))
        return True

    def _delete_ended(self, now_ns: int) -> None:
        """Delete the oldest of too many pods that have ended, evicted ones first."""
        excess = len(self._ended) - self._threshold
        if not 0 < self._threshold < len(self._ended):
            return
        ranked = sorted(
            self._ended.items(),
            key=lambda item: (item[1].reason != "Evicted", item[1].created, item[0]),
        )
        self._delete([key for key, _ in ranked[:excess]], now_ns)

    def _delete(
        self, keys: Iterable[bytes], now_ns: int, *, orphaned: bool = False, stuck: bool = False
    ) -> None:
        """Mark pods failed and delete them at once.

        An orphaned one is told why; a stuck one may have a node again that ends it.
        """
        alive, targets = [], []
        held = [self._log.get(PODS, *PODS.split_key(key)[::-1]) for key in keys]
        for obj, pod in self._reader.readable(filter(None, held)):
            if stuck and not self._is_stuck(pod):
                continue
            targets.append((*PODS.split_key(obj.key), pod.uid))
            if pod.phase not in DONE_PHASES:
                alive.append((obj, _failed_status(obj, orphaned, now_ns)))
        for outcome in self._client.batch.patch_status(PODS, alive) if alive else ():
            if isinstance(outcome, ApiObject):
                self._wrote(outcome)
        if not targets:
            return
        outcomes = self._client.batch.delete(PODS, targets, grace_period_seconds=0)
        for (namespace, name, _), deleted in zip(targets, outcomes, strict=True):
            if not isinstance(deleted, StatusError):
                self._wrote(deleted.object)
            elif deleted.code not in (404, 409):
                self._stuck[PODS.key(namespace, name)] = None
                self._queue.add_at(_PASS, _tick(now_ns))


def _tick(now_ns: int) -> int:
    """Return the time of the next pass."""
    return (now_ns // PERIOD_NS + 1) * PERIOD_NS


def _failed_status(obj: ApiObject, orphaned: bool, now_ns: int) -> bytes:
    """Return the status of a pod that is given up."""
    status, generation = decoded_status(obj)
    status["phase"] = "Failed"
    if generation:
        status["observedGeneration"] = generation
    if orphaned:
        disrupt(status, generation, _REASON, _MESSAGE, now_ns)
    return msgspec.json.encode(status)
