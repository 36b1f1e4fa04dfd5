"""Replica sets: so many pods of a template, no more and no less.

Source: ``k8s.io/kubernetes/pkg/controller/replicaset/replica_set.go`` v1.36. Differences: pods are
created in batches without a slow start, since a batch is one transaction; no events are recorded;
``terminatingReplicas`` is not counted; pods to be deleted are not ranked by how many related pods
share their node, nor by age on a logarithmic scale.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from pykube_core.api.builtin import PODS, REPLICA_SETS
from pykube_core.api.objects import Json, KubeObject
from pykube_core.api.patch import STRATEGIC_MERGE_PATCH
from pykube_core.api.selectors import LabelSelector, parse_label_selector
from pykube_core.api.status import StatusError
from pykube_core.api.tables import parse_time
from pykube_core.apiserver import ApiObject, ApiServer
from pykube_core.apiserver.lifecycle import NANO, time_text
from pykube_core.apiserver.log import Change, ObjectLog

BURST_REPLICAS: Final = 500

_RETRY_MIN_NS: Final = 5_000_000
_RETRY_MAX_NS: Final = 1000 * NANO
_PHASES: Final = {"Pending": 0, "Unknown": 1, "Running": 2}


class _Owner(msgspec.Struct, gc=False):
    uid: str
    controller: bool = False


class _PodMetadata(msgspec.Struct, gc=False):
    uid: str
    creationTimestamp: str = ""
    deletionTimestamp: str = ""
    labels: dict[str, str] = {}
    ownerReferences: list[_Owner] = []


class _PodSpec(msgspec.Struct, gc=False):
    nodeName: str = ""


class _Condition(msgspec.Struct, gc=False):
    type: str
    status: str = ""
    lastTransitionTime: str = ""


class _PodStatus(msgspec.Struct, gc=False):
    phase: str = ""
    conditions: list[_Condition] = []


class _PodView(msgspec.Struct, gc=False):
    metadata: _PodMetadata
    spec: _PodSpec
    status: _PodStatus = msgspec.field(default_factory=_PodStatus)


class _Pod(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a pod; ``ready_ns`` is None when it is not ready."""

    uid: str
    owner: str
    labels: dict[str, str]
    active: bool
    ready_ns: int | None


class _SetMetadata(msgspec.Struct, gc=False):
    name: str
    namespace: str
    uid: str
    generation: int = 0
    deletionTimestamp: str = ""


class _SetSpec(msgspec.Struct, gc=False):
    selector: Json
    template: Json
    replicas: int = 1
    minReadySeconds: int = 0


class _SetView(msgspec.Struct, gc=False):
    metadata: _SetMetadata
    spec: _SetSpec
    status: KubeObject = {}


class _Set(NamedTuple):
    key: bytes
    view: _SetView
    selector: LabelSelector


class ReplicaSetController:
    """The replica set controller: a component over the log.

    Parameters
    ----------
    server : ApiServer
        Where it writes.
    log : ObjectLog
        What it reads.
    """

    name = "replicaset-controller"

    def __init__(self, server: ApiServer, log: ObjectLog) -> None:
        self._server = server
        self._log = log
        self.cursor = log.cursor(REPLICA_SETS, PODS)
        self._sets: dict[str, _Set] = {}
        self._uids: dict[str, dict[str, None]] = {}
        self._pods: dict[bytes, _Pod] = {}
        self._owned: dict[str, dict[bytes, None]] = {}
        self._orphans: dict[str, dict[bytes, None]] = {}
        self._claimable: dict[str, dict[bytes, None]] = {}
        self._dirty: dict[str, None] = {}
        self._due: dict[str, int] = {}
        self._failures: dict[str, int] = {}
        self._written = 0

    def step(self, now_ns: int) -> int | None:
        """Bring every replica set that something happened to, or whose time has come, forward."""
        for change in self.cursor.read():
            if change.object.resource is PODS:
                self._note_pod(change)
            else:
                self._note_set(change)
        if self._log.revision < self._written:
            return None
        for uid, due_ns in list(self._due.items()):
            if due_ns <= now_ns:
                del self._due[uid]
                self._dirty[uid] = None
        dirty, self._dirty = self._dirty, {}
        for uid in dirty:
            held = self._sets.get(uid)
            if held is not None:
                self._sync(held, now_ns)
        return min(self._due.values(), default=None)

    def _note_set(self, change: Change) -> None:
        obj = change.object
        if change.new is None or (change.old and _uid(change.old) != _uid(obj)):
            uid = _uid(change.old or obj)
            self._sets.pop(uid, None)
            self._uids.get(obj.namespace, {}).pop(uid, None)
            self._due.pop(uid, None)
            self._failures.pop(uid, None)
            self._claimable.pop(uid, None)
        if change.new is not None:
            view = obj.view(_SetView)
            uid = view.metadata.uid
            self._sets[uid] = _Set(obj.key, view, parse_label_selector(view.spec.selector))
            self._uids.setdefault(obj.namespace, {})[uid] = None
            self._dirty[uid] = None
            for key in self._orphans.get(obj.namespace, ()):
                self._note_orphan(key, uid)

    def _note_orphan(self, key: bytes, uid: str) -> None:
        """Let a set claim a pod without a controller, if it matches."""
        pod = self._pods[key]
        if pod.active and self._sets[uid].selector.matches(pod.labels):
            self._claimable.setdefault(uid, {})[key] = None
            self._dirty[uid] = None

    def _note_pod(self, change: Change) -> None:
        obj, key = change.object, change.object.key
        old = self._pods.pop(key, None)
        if old is not None:
            self._owned.get(old.owner, {}).pop(key, None)
            self._orphans.get(obj.namespace, {}).pop(key, None)
            self._dirty[old.owner] = None
        if change.new is None:
            return
        pod = _pod_of(obj.view(_PodView))
        self._pods[key] = pod
        if pod.owner:
            self._owned.setdefault(pod.owner, {})[key] = None
            self._dirty[pod.owner] = None
            return
        self._orphans.setdefault(obj.namespace, {})[key] = None
        for uid in self._uids.get(obj.namespace, ()):
            self._note_orphan(key, uid)

    def _sync(self, held: _Set, now_ns: int) -> None:
        uid = held.view.metadata.uid
        failure: tuple[str, StatusError] | None = None
        deleting = bool(held.view.metadata.deletionTimestamp)
        if not deleting:
            self._claim(held)
        active = [key for key in self._owned.get(uid, ()) if self._pods[key].active]
        excess = len(active) - held.view.spec.replicas
        if not deleting and excess < 0:
            failure = self._create(held, min(-excess, BURST_REPLICAS))
        elif not deleting and excess > 0:
            failure = self._delete(active, min(excess, BURST_REPLICAS))
        self._write_status(held, active, failure, now_ns)
        if failure is None:
            self._failures.pop(uid, None)
        else:
            count = self._failures[uid] = self._failures.get(uid, 0) + 1
            delay_ns = min(_RETRY_MIN_NS << min(count - 1, 32), _RETRY_MAX_NS)
            self._due[uid] = min(now_ns + delay_ns, self._due.get(uid, now_ns + delay_ns))

    def _claim(self, held: _Set) -> None:
        """Adopt pods that match and have no controller, release those that match no more."""
        metadata = held.view.metadata
        for key in self._claimable.pop(metadata.uid, ()):
            pod = self._pods.get(key)
            if pod is not None and not pod.owner:
                self._patch_owner(key, pod, _reference(metadata))
        for key in list(self._owned.get(metadata.uid, ())):
            pod = self._pods[key]
            if pod.active and not held.selector.matches(pod.labels):
                self._patch_owner(key, pod, {"$patch": "delete", "uid": metadata.uid})

    def _patch_owner(self, key: bytes, pod: _Pod, reference: KubeObject) -> None:
        namespace, name = PODS.split_key(key)
        patch = {"metadata": {"uid": pod.uid, "ownerReferences": [reference]}}
        try:
            done = self._server.patch(
                PODS, patch, name, namespace, patch_type=STRATEGIC_MERGE_PATCH
            )
        except StatusError as error:
            if error.code not in (404, 409):
                raise
            return
        self._written = max(self._written, done.revision)
        old = self._log.get(PODS, name, namespace)
        self._note_pod(Change(old, done))

    def _create(self, held: _Set, count: int) -> tuple[str, StatusError] | None:
        """Create pods of the template; return why not all of them."""
        metadata, template = held.view.metadata, held.view.spec.template
        given = template.get("metadata", {})
        kept = {
            field: given[field]
            for field in ("labels", "annotations", "finalizers")
            if field in given
        }
        kept |= {"generateName": f"{metadata.name}-", "ownerReferences": [_reference(metadata)]}
        pod = {"metadata": kept, "spec": template.get("spec", {})}
        try:
            outcomes = self._server.create_copies(PODS, pod, metadata.namespace, count=count)
        except StatusError as error:
            return "FailedCreate", error
        failed = None
        for outcome in outcomes:
            if isinstance(outcome, StatusError):
                failed = "FailedCreate", outcome
            else:
                self._written = max(self._written, outcome.revision)
        return failed

    def _delete(self, active: list[bytes], count: int) -> tuple[str, StatusError] | None:
        """Delete the pods that are missed least; return why not all of them."""
        failed = None
        for key in sorted(active, key=self._worth)[:count]:
            namespace, name = PODS.split_key(key)
            try:
                done = self._server.delete(PODS, name, namespace, uid=self._pods[key].uid)
            except StatusError as error:
                if error.code not in (404, 409):
                    failed = "FailedDelete", error
                continue
            self._written = max(self._written, done.object.revision)
        return failed

    def _worth(self, key: bytes) -> tuple[bool, int, bool, int, int, bytes]:
        """Return a pod's place among those to be deleted: the least comes first.

        Without a node before with one, pending before running, not ready before ready, ready for a
        short time before long, young before old.
        """
        namespace, name = PODS.split_key(key)
        obj = self._log.get(PODS, name, namespace)
        if obj is None:
            return (False, 0, False, 0, 0, key)
        view, pod = obj.view(_PodView), self._pods[key]
        return (
            bool(view.spec.nodeName),
            _PHASES.get(view.status.phase, 0),
            pod.ready_ns is not None,
            -(pod.ready_ns or 0),
            -parse_time(view.metadata.creationTimestamp),
            key,
        )

    def _write_status(
        self,
        held: _Set,
        active: list[bytes],
        failure: tuple[str, StatusError] | None,
        now_ns: int,
    ) -> None:
        """Write what there is, if that is news."""
        metadata, spec, old = held.view.metadata, held.view.spec, held.view.status
        pods = [self._pods[key] for key in active]
        labels = (spec.template.get("metadata", {}).get("labels") or {}).items()
        wait_ns = spec.minReadySeconds * NANO
        ready_ns = [pod.ready_ns for pod in pods if pod.ready_ns is not None]
        coming = [since + wait_ns for since in ready_ns if since + wait_ns > now_ns]
        if coming:
            self._due[metadata.uid] = min(coming)
        counts = {
            "fullyLabeledReplicas": sum(labels <= pod.labels.items() for pod in pods),
            "readyReplicas": len(ready_ns),
            "availableReplicas": len(ready_ns) - len(coming),
            "observedGeneration": metadata.generation,
        }
        new: KubeObject = {"replicas": len(pods)}
        new |= {name: count for name, count in counts.items() if count}
        conditions = _conditions(old.get("conditions", []), failure, now_ns)
        if conditions:
            new["conditions"] = conditions
        if new == old:
            return
        obj = self._log.get(REPLICA_SETS, metadata.name, metadata.namespace)
        if obj is None:
            return
        status = msgspec.json.encode(new)
        outcome = self._server.replace_status_many(REPLICA_SETS, [(obj, status)])[0]
        # What came between is news, and brings the set here again.
        if not isinstance(outcome, StatusError):
            self._written = max(self._written, outcome.revision)


def _uid(obj: ApiObject) -> str:
    return obj.view(_Identified).metadata.uid


class _Identity(msgspec.Struct, gc=False):
    uid: str


class _Identified(msgspec.Struct, gc=False):
    metadata: _Identity


def _reference(metadata: _SetMetadata) -> KubeObject:
    """Return the owner reference that makes a replica set a pod's controller."""
    return {
        "apiVersion": REPLICA_SETS.api_version,
        "kind": REPLICA_SETS.kind,
        "name": metadata.name,
        "uid": metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _pod_of(view: _PodView) -> _Pod:
    metadata, status = view.metadata, view.status
    owner = next((o.uid for o in metadata.ownerReferences if o.controller), "")
    active = status.phase not in ("Succeeded", "Failed") and not metadata.deletionTimestamp
    ready = [c for c in status.conditions if c.type == "Ready" and c.status == "True"]
    since = ready[0].lastTransitionTime if ready else ""
    ready_ns = (parse_time(since) if since else 0) if ready else None
    return _Pod(metadata.uid, owner, metadata.labels, active, ready_ns)


def _conditions(
    old: list[KubeObject], failure: tuple[str, StatusError] | None, now_ns: int
) -> list[KubeObject]:
    """Return the conditions: ReplicaFailure while pods cannot be made or deleted."""
    kept = [c for c in old if c.get("type") != "ReplicaFailure"]
    if failure is None:
        return kept
    reason, error = failure
    held = next((c for c in old if c.get("type") == "ReplicaFailure"), None)
    if held is not None and held.get("reason") == reason:
        return old
    condition = {
        "type": "ReplicaFailure",
        "status": "True",
        "lastTransitionTime": time_text(now_ns),
        "reason": reason,
        "message": error.message,
    }
    return [*kept, condition]
