"""Bindings: pods with their nodes, by splice.

Source: ``pkg/registry/core/pod/storage/storage.go`` (assignPod), v1.37.2.
"""

from __future__ import annotations

import msgspec

from pykube_core.api.core import PODS
from pykube_core.api.machinery.field_errors import quoted
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.status import StatusError, conflict, not_found
from pykube_core.objects import ApiObject, Body


class Binding(msgspec.Struct, frozen=True, gc=False):
    """A pod and its node.

    Attributes
    ----------
    uid : str
        Makes sure that it is that very pod; "" is any.
    pod : ApiObject or None
        The pod as the caller knows it; it is read only if it has changed since.
    """

    namespace: str
    name: str
    node: str
    uid: str = ""
    pod: ApiObject | None = None


class _Metadata(msgspec.Struct, gc=False):
    generation: int = 0
    deletionTimestamp: str = ""


class _Spec(msgspec.Struct, gc=False):
    nodeName: str = ""
    schedulingGates: list[msgspec.Raw] = []


class _View(msgspec.Struct, gc=False):
    """The fields that a binding looks at."""

    metadata: _Metadata
    spec: _Spec


class BoundPods:
    """Pods with their nodes, at one time; copies are checked and equal statuses changed once."""

    def __init__(self, now: str) -> None:
        self._now = now
        self._statuses: dict[tuple[bytes, int], bytes] = {}
        # Of each body, why its pods cannot be bound, behind the name, and their generation.
        self._facts: dict[Body, tuple[str, int]] = {}

    def pod(self, binding: Binding, pod: ApiObject | None) -> ApiObject | StatusError:
        """Return a pod with its node, at the same revision, or why it cannot have it."""
        name = binding.name
        if pod is None:
            return not_found(PODS, name)
        body, uid, wanted = pod.body, pod.uid, binding.uid
        found = self._facts.get(body)
        if found is None:
            found = self._facts[body] = _facts(pod)
        refusal, generation = found
        why = ""
        if wanted and wanted != uid:
            why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}"
        elif refusal:
            why = f"pod {name} {refusal}"
        if why:
            subresource = "pods/binding"
            return conflict(PODS, name, why, qualified=subresource, kind=subresource)
        like = pod.status, generation
        status = self._statuses.get(like)
        if status is None:
            status = self._statuses[like] = self._scheduled(*like)
        node, bound = binding.node, body.bound
        return ApiObject(PODS, pod.key, uid, bound, node, status, pod.revision)

    def _scheduled(self, status: bytes, generation: int) -> bytes:
        """Return a status with the condition PodScheduled, and without a nomination."""
        decoded: KubeObject = msgspec.json.decode(status)
        decoded.pop("nominatedNodeName", None)
        condition: KubeObject = {
            "type": "PodScheduled",
            **({"observedGeneration": generation} if generation else {}),
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": self._now,
        }
        conditions = list(decoded.get("conditions") or ())
        for index, held in enumerate(conditions):
            if held.get("type") == "PodScheduled":
                if held.get("status") == "True":
                    condition["lastTransitionTime"] = held.get("lastTransitionTime")
                conditions[index] = condition
                break
        else:
            conditions.append(condition)
        return msgspec.json.encode(decoded | {"conditions": conditions})


def _facts(pod: ApiObject) -> tuple[str, int]:
    """Return why a pod cannot be bound, behind its name, and its generation."""
    view = pod.body.view(_View)
    metadata, spec = view.metadata, view.spec
    node, refusal = pod.bound_to or spec.nodeName, ""
    if metadata.deletionTimestamp:
        refusal = "is being deleted, cannot be assigned to a host"
    elif node:
        refusal = f"is already assigned to node {quoted(node)}"
    elif spec.schedulingGates:
        refusal = "has non-empty .spec.schedulingGates"
    return refusal, metadata.generation
