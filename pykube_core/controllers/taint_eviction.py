"""Taint eviction: pods leave nodes whose NoExecute taints they do not tolerate, or no longer.

Source: ``k8s.io/kubernetes/pkg/controller/tainteviction`` v1.34.1 to v1.37.2. Differences: what is
due at one time is done in one batch; a pod that goes for its node's taints already is not told so
again. As upstream, a toleration's seconds count from when the controller sees pod and taint
together, so anew after its restart; an eviction that is due keeps its time, whatever becomes of the
seconds; and a pod that somebody else deletes is told as any other.

While no node has such a taint, a change of a pod costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from pykube_core.api.core import NODES, PODS
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.machinery.times import NANO
from pykube_core.client import Client
from pykube_core.client.informers import Change, Deleted, SharedInformer, Updated
from pykube_core.client.recorder import NORMAL, EventText, Reference
from pykube_core.controllers.controller import Controller, Note
from pykube_core.controllers.pod_conditions import decoded_status, disrupt
from pykube_core.controllers.pods import Pod, PodReader
from pykube_core.controllers.taints import NO_EXECUTE, Taint, Toleration
from pykube_core.objects import ApiObject

_REASON: Final = "DeletionByTaintManager"
_MESSAGE: Final = "Taint manager: deleting due to NoExecute taint"


class _NodeSpec(msgspec.Struct, gc=False):
    taints: list[Taint] = []


class _Node(msgspec.Struct, gc=False):
    spec: _NodeSpec = msgspec.field(default_factory=_NodeSpec)


class _PodSpec(msgspec.Struct, gc=False):
    nodeName: str = ""
    tolerations: list[Toleration] = []


class _PodView(msgspec.Struct, gc=False):
    spec: _PodSpec


class _Condition(msgspec.Struct, gc=False):
    type: str = ""
    reason: str = ""


class _Status(msgspec.Struct, gc=False):
    conditions: list[_Condition] = []


class _MarkView(msgspec.Struct, gc=False):
    status: _Status = msgspec.field(default_factory=_Status)


class _Eviction(NamedTuple):
    """A deletion to come: of the pod with this uid, on this node."""

    uid: str
    node: str


class TaintEvictionController(Controller):
    """The taint eviction controller.

    Parameters
    ----------
    pods : PodReader, optional
        Shared with other controllers.
    """

    name = "taint-eviction-controller"
    component = "taint-eviction-controller"

    def __init__(
        self, client: Client, log: SharedInformer, *, pods: PodReader | None = None
    ) -> None:
        super().__init__(client, log, (NODES, PODS), ignore_status=(NODES, PODS))
        self._reader = pods or PodReader()
        self._tainted: dict[str, list[Taint]] = {}
        self._changed: dict[str, None] = {}
        self._pending: dict[str, _Eviction] = {}

    def _note_of(self, resource: Resource) -> Note | None:
        if resource is NODES:
            return self._note_node
        return self._note_pod if self._tainted or self._pending else None

    def _note_node(self, change: Change, now_ns: int) -> None:
        obj = change.object
        name = obj.name
        if type(change) is Deleted:
            self._tainted.pop(name, None)
            self._changed.pop(name, None)
            return
        taints = [taint for taint in obj.view(_Node).spec.taints if taint.effect == NO_EXECUTE]
        if taints == self._tainted.get(name, []):
            return
        if taints:
            self._tainted[name] = taints
            self._changed[name] = None
            return
        del self._tainted[name]
        self._changed.pop(name, None)
        for key in [key for key, held in self._pending.items() if held.node == name]:
            self._cancel(key)

    def _note_pod(self, change: Change, now_ns: int) -> None:
        obj = change.object
        if type(change) is Deleted:
            self._reader.forget(obj.key)
            self._cancel(obj.key.decode())
            return
        pod = self._reader.read(obj)
        if pod.node not in self._tainted:
            return
        if type(change) is Updated and change.old.view(_PodView).spec == obj.view(_PodView).spec:
            return
        self._judge(obj, pod, now_ns)

    def _cancel(self, key: str) -> None:
        if self._pending.pop(key, None) is not None:
            self._queue.remove(key)
            self._tell(key, "Cancelling deletion of Pod")

    def _tell(self, key: str, what: str) -> None:
        namespace, name = PODS.split_key(key.encode())
        message = f"{what} {namespace}/{name}"
        text = EventText(NORMAL, "TaintManagerEviction", message)
        self._events.record(Reference(PODS, namespace, name, ""), text)

    def _judge(self, obj: ApiObject, pod: Pod, now_ns: int) -> None:
        """Say whether a pod has to leave its node, and when."""
        if pod.terminating and _is_marked(obj):
            return
        key = obj.key.decode()
        used = _used_tolerations(self._tainted[pod.node], obj.view(_PodView).spec.tolerations)
        seconds = 0 if used is None else _least_seconds(used)
        if seconds is None:
            self._cancel(key)
            return
        if used is not None and key in self._pending:
            return
        self._cancel(key)
        self._pending[key] = _Eviction(pod.uid, pod.node)
        self._queue.add_at(key, now_ns + seconds * NANO)

    def _work(self, keys: list[str], now_ns: int) -> None:
        if self._changed:
            self._judge_all(now_ns)
        due = {key: self._pending.pop(key) for key in keys if key in self._pending}
        if due:
            self._evict(due, now_ns)

    def _judge_all(self, now_ns: int) -> None:
        """Look at all pods of the nodes whose taints have changed."""
        changed, self._changed = self._changed, {}
        for obj, pod in self._reader.readable(self._log.all(PODS)):
            if pod.node in changed:
                self._judge(obj, pod, now_ns)

    def _evict(self, due: dict[str, _Eviction], now_ns: int) -> None:
        """Mark pods and delete them; what fails is tried again."""
        marked = []
        for key in due:
            namespace, name = PODS.split_key(key.encode())
            obj = self._log.get(PODS, name, namespace)
            if obj is not None:
                self._tell(key, "Marking for deletion Pod")
                marked.append((obj, _marked_status(obj, now_ns)))
        outcomes = self._client.batch.patch_status(PODS, marked)
        written, failed = [], []
        for (obj, _), outcome in zip(marked, outcomes, strict=True):
            if isinstance(outcome, ApiObject):
                self._wrote(outcome)
                written.append(obj.key)
            else:
                failed.append(obj.key.decode())
        targets = [(*PODS.split_key(key), due[key.decode()].uid) for key in written]
        for at, deleted in zip(written, self._client.batch.delete(PODS, targets), strict=True):
            key = at.decode()
            if not isinstance(deleted, StatusError):
                self._wrote(deleted.object)
            elif deleted.code not in (404, 409):
                failed.append(key)
                continue
            self._queue.succeed(key)
        for key in failed:
            self._pending[key] = due[key]
            self._queue.retry(key, now_ns)


def _used_tolerations(
    taints: Iterable[Taint], tolerations: list[Toleration]
) -> list[Toleration] | None:
    """Return the first toleration of each taint; None when one of them is not tolerated."""
    used = []
    for taint in taints:
        found = next((t for t in tolerations if t.tolerates(taint)), None)
        if found is None:
            return None
        used.append(found)
    return used


def _least_seconds(tolerations: Iterable[Toleration]) -> int | None:
    """Return how long all of them hold; None is for ever."""
    given = [t.tolerationSeconds for t in tolerations if t.tolerationSeconds is not None]
    return max(min(given), 0) if given else None


def _is_marked(obj: ApiObject) -> bool:
    """Say whether a pod's status tells already that it goes for taints of its node."""
    conditions = obj.view(_MarkView).status.conditions
    return any(c.type == "DisruptionTarget" and c.reason == _REASON for c in conditions)


def _marked_status(obj: ApiObject, now_ns: int) -> bytes:
    """Return a pod's status with the condition that tells why it is deleted."""
    status, generation = decoded_status(obj)
    disrupt(status, generation, _REASON, _MESSAGE, now_ns)
    return msgspec.json.encode(status)
