"""Namespaces that are being deleted: first what is in them, then they themselves.

Source: ``k8s.io/kubernetes/pkg/controller/namespace`` (namespace_controller.go,
deletion/namespaced_resources_deleter.go, deletion/status_condition_utils.go) v1.36.
"""

from __future__ import annotations

from typing import Final

import msgspec

from pykube_core.api.core import NAMESPACES, PODS
from pykube_core.api.machinery.objects import DONE_PHASES, KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.machinery.times import NANO, time_text
from pykube_core.client import Client
from pykube_core.client.informers import Change, Deleted, SharedInformer
from pykube_core.controllers.controller import Controller, Note
from pykube_core.controllers.ownership import check_status
from pykube_core.controllers.pods import read_time
from pykube_core.objects import ApiObject

FINALIZER: Final = "kubernetes"

_BEGIN_NS: Final = 5 * NANO
_FINALIZER_SECONDS: Final = 15
_CONDITIONS: Final = {
    "NamespaceDeletionDiscoveryFailure": (
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": (
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    ),
}


class _Metadata(msgspec.Struct, gc=False):
    name: str
    uid: str
    deletionTimestamp: str = ""


class _Spec(msgspec.Struct, gc=False):
    finalizers: list[str] = []


class _View(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: KubeObject = {}


class _ContentMetadata(msgspec.Struct, gc=False):
    finalizers: list[str] = []


class _Content(msgspec.Struct, gc=False):
    metadata: _ContentMetadata


class _PodSpec(msgspec.Struct, gc=False):
    terminationGracePeriodSeconds: int = 0


class _PodStatus(msgspec.Struct, gc=False):
    phase: str = ""


class _Pod(msgspec.Struct, gc=False):
    spec: _PodSpec
    status: _PodStatus = msgspec.field(default_factory=_PodStatus)


class _Totals:
    """The rest of a namespace's content, and how long it may take.

    Attributes
    ----------
    resources, finalizers : dict
        How many objects remain of a resource, as upstream writes it, and with a finalizer.
    errors : list of str
    seconds : int
        An estimate; 0 when nothing remains that takes time.
    """

    def __init__(self) -> None:
        self.resources: dict[str, int] = {}
        self.finalizers: dict[str, int] = {}
        self.errors: list[str] = []
        self.seconds = 0

    def conditions(self) -> dict[str, tuple[str, str]]:
        """Return reason and message of the conditions that are true."""
        out = {}
        if self.errors:
            message = (
                f"Failed to delete all resource types, {len(self.errors)} remaining: "
                f"{', '.join(sorted(self.errors))}"
            )
            out["NamespaceDeletionContentFailure"] = "ContentDeletionFailed", message
        if self.resources:
            parts = (f"{name} has {n} resource instances" for name, n in self.resources.items())
            message = f"Some resources are remaining: {', '.join(sorted(parts))}"
            out["NamespaceContentRemaining"] = "SomeResourcesRemain", message
        if self.finalizers:
            parts = (f"{name} in {n} resource instances" for name, n in self.finalizers.items())
            message = (
                "Some content in the namespace has finalizers remaining: "
                f"{', '.join(sorted(parts))}"
            )
            out["NamespaceFinalizersRemaining"] = "SomeFinalizersRemain", message
        return out


class NamespaceController(Controller):
    """The namespace controller."""

    name = "namespace-controller"
    component = "namespace-controller"
    retry_max_ns = 60 * NANO

    def __init__(self, client: Client, log: SharedInformer) -> None:
        super().__init__(client, log, (NAMESPACES,))
        # Pods first: what they use goes only after them.
        others = [r for r in client.registry.kept if r.namespaced and r is not PODS]
        self._resources = [PODS, *others]

    def _note_of(self, resource: Resource) -> Note:
        return self._note

    def _note(self, change: Change, now_ns: int) -> None:
        obj = change.object
        name = obj.name
        if type(change) is Deleted:
            self._queue.remove(name)
        elif obj.view(_View).metadata.deletionTimestamp:
            # Other API servers get this time to see that nothing more may be created.
            self._queue.add_at(name, now_ns + _BEGIN_NS)

    def _sync(self, key: str, now_ns: int) -> bool:
        obj = self._log.get(NAMESPACES, key)
        if obj is None:
            return True
        view = obj.view(_View)
        check_status(view.status)
        if not view.metadata.deletionTimestamp or FINALIZER not in view.spec.finalizers:
            return True
        totals = self._delete_content(view, now_ns)
        self._write_status(obj, view, totals, now_ns)
        if totals.errors:
            return False
        if totals.seconds:
            self._queue.add_at(key, now_ns + (totals.seconds // 2 + 1) * NANO)
            return True
        finalizers = [f for f in view.spec.finalizers if f != FINALIZER]
        patch = {"metadata": {"uid": view.metadata.uid}, "spec": {"finalizers": finalizers}}
        try:
            done = self._client.patch(NAMESPACES, patch, key, subresource="finalize")
        except StatusError as error:
            return error.code == 404
        self._wrote(done)
        return True

    def _delete_content(self, view: _View, now_ns: int) -> _Totals:
        """Delete what there is; while there are pods, nothing else."""
        totals = _Totals()
        for resource in self._resources:
            try:
                self._delete_all(resource, view, totals, now_ns)
            except StatusError as error:
                totals.errors.append(error.message)
            if resource is PODS and (totals.resources or totals.errors):
                break
        return totals

    def _delete_all(self, resource: Resource, view: _View, totals: _Totals, now_ns: int) -> None:
        namespace = view.metadata.name
        items = self._client.list(resource, namespace).items
        if not items:
            return
        seconds = 0
        if resource is PODS:
            seconds = _grace(items)
            if now_ns - read_time(view.metadata.deletionTimestamp) >= seconds * NANO:
                seconds = 0
        targets = [(namespace, obj.name, obj.uid) for obj in items]
        grace = None if resource is PODS else 0
        # All of the namespace goes, so nothing in it waits for its dependents.
        outcomes = self._client.batch.delete(
            resource, targets, grace_period_seconds=grace, propagation="Background"
        )
        for outcome in outcomes:
            if not isinstance(outcome, StatusError):
                self._wrote(outcome.object)
            elif outcome.code not in (404, 409):
                totals.errors.append(outcome.message)
        self._count_left(resource, namespace, totals, seconds)

    def _count_left(
        self, resource: Resource, namespace: str, totals: _Totals, seconds: int
    ) -> None:
        """Count what was not gone at once."""
        left = self._client.list(resource, namespace).items
        if not left:
            return
        totals.resources[f"{resource.plural}.{resource.group}"] = len(left)
        held = [obj.view(_Content).metadata.finalizers for obj in left]
        for finalizer in (finalizer for finalizers in held for finalizer in finalizers):
            totals.finalizers[finalizer] = totals.finalizers.get(finalizer, 0) + 1
        if not seconds:
            if any(held):
                seconds = _FINALIZER_SECONDS
            else:
                kind = f"{resource.group}/{resource.version}, Resource={resource.plural}"
                totals.errors.append(
                    f"unexpected items still remain in namespace: {namespace} for gvr: {kind}"
                )
        totals.seconds = max(totals.seconds, seconds)

    def _write_status(self, obj: ApiObject, view: _View, totals: _Totals, now_ns: int) -> None:
        """Write the conditions, if they are news."""
        held = {c.get("type", ""): c for c in view.status.get("conditions", ())}
        conditions = dict(held)
        found = totals.conditions()
        for type, (reason, message) in (_CONDITIONS | found).items():
            value = "True" if type in found else "False"
            new = {"type": type, "status": value, "reason": reason, "message": message}
            old = held.get(type)
            since = time_text(now_ns)
            if old is not None and old.get("status") == value:
                since = old.get("lastTransitionTime", since)
            conditions[type] = new | {"lastTransitionTime": since}
        status = view.status | {"phase": "Terminating", "conditions": list(conditions.values())}
        if status == view.status:
            return
        encoded = msgspec.json.encode(status)
        outcome = self._client.batch.patch_status(NAMESPACES, [(obj, encoded)])[0]
        if not isinstance(outcome, StatusError):
            self._wrote(outcome)


def _grace(pods: list[ApiObject]) -> int:
    """Return the longest time that one of the pods may take to end, in seconds."""
    views = (pod.view(_Pod) for pod in pods)
    alive = (view for view in views if view.status.phase not in DONE_PHASES)
    return max((view.spec.terminationGracePeriodSeconds for view in alive), default=0)
