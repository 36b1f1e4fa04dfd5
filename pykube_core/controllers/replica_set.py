"""Replica sets: so many pods of a template, no more and no less.

Source: ``k8s.io/kubernetes/pkg/controller/replicaset`` (replica_set.go, replica_set_utils.go)
v1.34.1 to v1.37.2. Differences: pods are created in batches without a slow start, since a batch is
one transaction; the pods of a deployment that count on a node are those that its replica sets own,
not all that their selectors match.
"""

from __future__ import annotations

from itertools import islice
from typing import Final, NamedTuple

import msgspec

from pykube_core.api.apps import REPLICA_SETS
from pykube_core.api.core import PODS
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.selectors import LabelSelector, parse_label_selector
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.machinery.times import NANO, time_text
from pykube_core.client import Client
from pykube_core.client.informers import Change, Deleted, SharedInformer
from pykube_core.client.recorder import NORMAL, WARNING, EventText, Reference
from pykube_core.controllers.controller import Controller, Note, namespace_is_going
from pykube_core.controllers.ownership import (
    OwnerReference,
    Ownership,
    check_status,
    controller_of,
    controller_reference,
)
from pykube_core.controllers.pod_ranking import candidate, least_missed
from pykube_core.controllers.pods import Pod, PodReader, is_active
from pykube_core.objects import ApiObject

BURST_REPLICAS: Final = 500


class _Metadata(msgspec.Struct, gc=False):
    name: str
    namespace: str
    uid: str
    generation: int = 0
    deletionTimestamp: str = ""
    ownerReferences: list[OwnerReference] = []


class _Spec(msgspec.Struct, gc=False):
    selector: Json
    template: Json
    replicas: int = 1
    minReadySeconds: int = 0


class _View(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _Spec
    status: KubeObject = {}


class _Set(NamedTuple):
    obj: ApiObject
    view: _View
    selector: LabelSelector
    labels: dict[str, str]
    controller: str


class _Tally(msgspec.Struct):
    """How many pods of a set end, how many are active, and of these ready or with all labels."""

    labels: dict[str, str]
    ending: int = 0
    active: int = 0
    ready: int = 0
    labeled: int = 0


_Failure = tuple[str, str] | None


class ReplicaSetController(Controller):
    """The replica set controller.

    Parameters
    ----------
    pods : PodReader, optional
        Shared with other controllers.
    """

    name = "replicaset-controller"
    component = "replicaset-controller"

    def __init__(
        self, client: Client, log: SharedInformer, *, pods: PodReader | None = None
    ) -> None:
        super().__init__(client, log, (REPLICA_SETS, PODS))
        self._reader = pods or PodReader()
        self._sets: dict[str, _Set] = {}
        self._pods: Ownership[Pod] = Ownership(
            PODS, self._queue, adopts=is_active, releases=is_active
        )
        self._tallies: dict[str, _Tally] = {}

    def _note_of(self, resource: Resource) -> Note:
        return self._note_pod if resource is PODS else self._note_set

    def _note_set(self, change: Change, now_ns: int) -> None:
        obj = change.object
        if type(change) is Deleted:
            uid = obj.uid
            self._sets.pop(uid, None)
            self._pods.remove_owner(uid, obj.namespace)
            self._tallies.pop(uid, None)
            self._queue.remove(uid)
            return
        view = obj.view(_View)
        check_status(view.status)
        uid = view.metadata.uid
        labels = view.spec.template.get("metadata", {}).get("labels") or {}
        held = self._sets.get(uid)
        controller = controller_of(view.metadata.ownerReferences)
        selector = parse_label_selector(view.spec.selector)
        self._sets[uid] = _Set(obj, view, selector, labels, controller)
        if held is None or (held.labels, held.selector) != (labels, selector):
            self._tallies[uid] = _Tally(labels)
            for pod in self._pods.of(uid).values():
                self._count(pod, 1)
        self._pods.add_owner(uid, view.metadata.namespace, selector)
        self._queue.add(uid)

    def _note_pod(self, change: Change, now_ns: int) -> None:
        obj = change.object
        key = obj.key
        if type(change) is Deleted:
            self._reader.forget(key)
            self._drop(key)
            return
        try:
            pod = self._reader.read(obj)
        except msgspec.ValidationError:
            self._drop(key)
            raise
        old = self._pods.get(key)
        if old is pod:
            return
        owner = pod.owner
        if old is not None:
            same = owner and old.owner == owner and old.labels == pod.labels
            same = same and old.active == pod.active and old.ending == pod.ending
            if same and old.ready_ns == pod.ready_ns:
                self._pods.renew(key, pod)
                return
            if owner and old.owner == owner:
                self._count(old, -1)
            else:
                self._drop(key)
        self._pods.put(key, pod)
        self._count(pod, 1)

    def _drop(self, key: bytes) -> None:
        old = self._pods.drop(key)
        if old is not None:
            self._count(old, -1)

    def _count(self, pod: Pod, sign: int) -> None:
        """Count a pod for its owner, or count it no more."""
        tally = self._tallies.get(pod.owner)
        if tally is None:
            return
        if pod.ending and self._sets[pod.owner].selector.matches(pod.labels):
            tally.ending += sign
        if not pod.active:
            return
        tally.active += sign
        if pod.ready_ns is not None:
            tally.ready += sign
        if tally.labels == pod.labels or tally.labels.items() <= pod.labels.items():
            tally.labeled += sign

    def _sync(self, key: str, now_ns: int) -> bool:
        held = self._sets.get(key)
        if held is None:
            return True
        failure: _Failure = None
        metadata = held.view.metadata
        if not metadata.deletionTimestamp:
            reference = controller_reference(REPLICA_SETS, metadata.name, key)
            claimed = self._pods.claim(self._client, key, reference)
            if claimed:
                # Counted, created and deleted once the log has what changed hands.
                for pod in claimed:
                    self._wrote(pod)
                return True
            excess = self._tallies[key].active - held.view.spec.replicas
            if excess < 0:
                failure = self._create(held, min(-excess, BURST_REPLICAS))
            elif excess > 0:
                failure = self._delete(held, min(excess, BURST_REPLICAS), now_ns)
        self._write_status(held, failure, now_ns)
        return failure is None

    def _create(self, held: _Set, count: int) -> _Failure:
        """Create pods of the template; return why not all of them."""
        metadata, template = held.view.metadata, held.view.spec.template
        if not held.labels:
            return "FailedCreate", "unable to create pods, no labels"
        reference = controller_reference(REPLICA_SETS, metadata.name, metadata.uid)
        pod = pod_of_template(template, f"{metadata.name}-", reference)
        outcomes: list[ApiObject | StatusError]
        try:
            outcomes = self._client.batch.create(PODS, pod, metadata.namespace, count=count)
        except StatusError as error:
            if namespace_is_going(error):
                return None
            outcomes = [error]
        failed: _Failure = None
        regarding, version, record = _regarding(held), held.obj.revision, self._events.record
        for outcome in outcomes:
            if isinstance(outcome, StatusError):
                failed = failed or ("FailedCreate", outcome.message)
                text = EventText(WARNING, "FailedCreate", f"Error creating: {outcome.message}")
            else:
                self._wrote(outcome)
                text = EventText(NORMAL, "SuccessfulCreate", f"Created pod: {outcome.name}")
            record(regarding, text, version)
        return failed

    def _delete(self, held: _Set, count: int, now_ns: int) -> _Failure:
        """Delete the pods that are missed least; return why not all of them."""
        failed: _Failure = None
        regarding, version, record = _regarding(held), held.obj.revision, self._events.record
        missed = self._least_missed(held, count, now_ns)
        targets = [(*PODS.split_key(key), pod.uid) for key, pod in missed]
        outcomes = self._client.batch.delete(PODS, targets)
        for (_, name, _), outcome in zip(targets, outcomes, strict=True):
            if not isinstance(outcome, StatusError):
                self._wrote(outcome.object)
                text = EventText(NORMAL, "SuccessfulDelete", f"Deleted pod: {name}")
                record(regarding, text, version)
            elif outcome.code not in (404, 409):
                failed = failed or ("FailedDelete", f"unable to delete pods: {outcome.message}")
                text = EventText(WARNING, "FailedDelete", f"Error deleting: {outcome.message}")
                record(regarding, text, version)
        return failed

    def _least_missed(self, held: _Set, count: int, now_ns: int) -> list[tuple[bytes, Pod]]:
        """Return so many active pods of a set, those that are missed least."""
        owned = self._pods.of(held.view.metadata.uid)
        if not held.view.spec.replicas:
            # All of them go: no need to tell them apart.
            active = ((key, pod) for key, pod in owned.items() if pod.active)
            return list(islice(active, count))
        related: dict[str, int] = {}
        # All replica sets of a deployment count; one that nobody controls has no relations.
        for uid, other in self._sets.items() if held.controller else ():
            if other.controller == held.controller:
                for pod in self._pods.of(uid).values():
                    if pod.active:
                        related[pod.node] = related.get(pod.node, 0) + 1
        found = []
        for key, pod in owned.items():
            namespace, name = PODS.split_key(key)
            obj = self._log.get(PODS, name, namespace)
            if obj is not None and pod.active:
                found.append(candidate(obj, pod, related.get(pod.node, 0)))
        return [(item.key, item.pod) for item in least_missed(found, count, now_ns)]

    def _write_status(self, held: _Set, failure: _Failure, now_ns: int) -> None:
        """Write what there is, if that is news."""
        metadata, spec, old = held.view.metadata, held.view.spec, held.view.status
        tally = self._tallies[metadata.uid]
        available = tally.ready
        if spec.minReadySeconds:
            available = self._count_available(metadata.uid, spec.minReadySeconds * NANO, now_ns)
        counts = {
            "fullyLabeledReplicas": tally.labeled,
            "readyReplicas": tally.ready,
            "availableReplicas": available,
            "observedGeneration": metadata.generation,
        }
        new: KubeObject = {"replicas": tally.active, "terminatingReplicas": tally.ending}
        new |= {name: count for name, count in counts.items() if count}
        conditions = _conditions(old.get("conditions", []), failure, now_ns)
        if conditions:
            new["conditions"] = conditions
        if new == old:
            return
        status = msgspec.json.encode(new)
        outcome = self._client.batch.patch_status(REPLICA_SETS, [(held.obj, status)])[0]
        # A write that came between is news, and brings the set here again.
        if not isinstance(outcome, StatusError):
            self._wrote(outcome)

    def _count_available(self, uid: str, wait_ns: int, now_ns: int) -> int:
        """Return how many active pods are available, and come back for the next one."""
        times = [pod.available_ns(wait_ns) for pod in self._pods.of(uid).values() if pod.active]
        known = [time_ns for time_ns in times if time_ns is not None]
        coming = [time_ns for time_ns in known if time_ns > now_ns]
        if coming:
            self._queue.add_at(uid, min(coming))
        return len(known) - len(coming)


def pod_of_template(template: KubeObject, prefix: str, reference: KubeObject) -> KubeObject:
    """Return a pod to be created of a template, its name generated from a prefix."""
    given = template.get("metadata", {})
    fields = ("labels", "annotations", "finalizers")
    metadata = {field: given[field] for field in fields if field in given}
    metadata |= {"generateName": prefix, "ownerReferences": [reference]}
    return {"metadata": metadata, "spec": template.get("spec", {})}


def _regarding(held: _Set) -> Reference:
    metadata = held.view.metadata
    return Reference(REPLICA_SETS, metadata.namespace, metadata.name, metadata.uid)


def _conditions(old: list[KubeObject], failure: _Failure, now_ns: int) -> list[KubeObject]:
    """Return the conditions: ReplicaFailure while pods cannot be made or deleted."""
    kept = [c for c in old if c.get("type") != "ReplicaFailure"]
    if failure is None:
        return kept
    if len(kept) < len(old):
        return old  # The first failure is told until there is none.
    reason, message = failure
    condition = {
        "type": "ReplicaFailure",
        "status": "True",
        "lastTransitionTime": time_text(now_ns),
        "reason": reason,
        "message": message,
    }
    return [*kept, condition]
