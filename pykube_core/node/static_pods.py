"""Pods that a node's kubelet runs by itself, and the mirror pods that show them in the API.

Source: ``k8s.io/kubernetes/pkg/kubelet/config/{common,file}.go`` and ``pod/mirror_client.go``
v1.34.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from pykube_core.api.core import PODS
from pykube_core.api.machinery.decoding import decode
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.machinery.times import NANO, time_text
from pykube_core.client import Client
from pykube_core.client.informers import SharedInformer
from pykube_core.node.admission import Node
from pykube_core.node.pods import Pod, Template, resumed_pod
from pykube_core.node.views import PodView
from pykube_core.objects import ApiObject, encode

HASH: Final = "kubernetes.io/config.hash"
MIRROR: Final = "kubernetes.io/config.mirror"
SEEN: Final = "kubernetes.io/config.seen"
SOURCE: Final = "kubernetes.io/config.source"

_RETRY_NS: Final = 10 * NANO


class StaticPods:
    """The static pods of all nodes.

    Parameters
    ----------
    client : Client
    log : SharedInformer
    manifests : mapping of str to sequence of dict
        Pods by node.
    template : callable
        Makes the template of a pod.

    Attributes
    ----------
    due_ns : int
        When to step again; 0 for never.
    """

    def __init__(
        self,
        client: Client,
        log: SharedInformer,
        manifests: Mapping[str, Sequence[KubeObject]],
        template: Callable[[ApiObject, PodView], Template],
    ) -> None:
        self._client = client
        self._log = log
        self._manifests = manifests
        self._template = template
        self._mirrors: dict[bytes, KubeObject] = {}
        self._missing: dict[bytes, Pod] = {}
        self._deleting: dict[bytes, str] = {}
        self.due_ns = 0

    def of(self, node: Node, now_ns: int) -> list[Pod]:
        """Return the static pods of a node, as far on as their mirrors say."""
        return [self._pod(m, node, now_ns) for m in self._manifests.get(node.name, ())]

    def _pod(self, manifest: KubeObject, node: Node, now_ns: int) -> Pod:
        digest = hashlib.md5(msgspec.json.encode(manifest), usedforsecurity=False).hexdigest()
        mirror = _mirror(manifest, node, digest, now_ns)
        metadata = mirror["metadata"]
        held = self._log.get(PODS, metadata["name"], metadata["namespace"])
        key = PODS.key(metadata["namespace"], metadata["name"])
        self._mirrors[key] = mirror
        view: PodView | None = None
        with suppress(msgspec.ValidationError):
            view = None if held is None else held.view(PodView)
        if held is not None and view is not None:
            if view.metadata.annotations.get(MIRROR) == digest:
                pod = resumed_pod(held, digest, node, self._template(held, view), view)
                pod.static, pod.mirror_uid = True, view.metadata.uid
                self.look_at_mirror(pod, view)
                return pod
        complete = mirror | {"metadata": metadata | {"uid": digest}}
        PODS.default(complete)
        PODS.prepare(complete)
        obj = ApiObject.parse(PODS, key, encode(PODS, complete), 0)
        view = obj.view(PodView)
        pod = resumed_pod(obj, digest, node, self._template(obj, view), view)
        pod.static = True
        self._missing[key] = pod
        return pod

    def is_orphan(self, key: bytes, view: PodView) -> bool:
        """Say whether a pod is the mirror of nothing; it is deleted in the next step."""
        if MIRROR not in view.metadata.annotations or key in self._mirrors:
            return False
        self._deleting[key] = view.metadata.uid
        return True

    def look_at_mirror(self, pod: Pod, view: PodView) -> None:
        """Delete a mirror that somebody else deletes: another comes in its place."""
        if view.metadata.deletionTimestamp:
            self._deleting[pod.obj.key] = pod.mirror_uid

    def lose_mirror(self, pod: Pod) -> None:
        """Make the mirror of a pod anew; the pod runs on."""
        pod.revision, pod.stale = 0, True
        self._missing[pod.obj.key] = pod

    def step(self, now_ns: int) -> list[Pod]:
        """Delete mirrors that are none, create those that are missing; return the pods of these."""
        self.due_ns = 0
        deleting, self._deleting = self._deleting, {}
        targets = [(*PODS.split_key(key), uid) for key, uid in deleting.items()]
        if targets:
            self._client.batch.delete(PODS, targets, grace_period_seconds=0)
        missing, self._missing = self._missing, {}
        return [pod for key, pod in missing.items() if self._create(key, pod, now_ns)]

    def _create(self, key: bytes, pod: Pod, now_ns: int) -> bool:
        try:
            obj = self._client.create(PODS, self._mirrors[key], pod.namespace)
        except StatusError as error:
            if error.reason == "AlreadyExists":
                with suppress(StatusError, msgspec.ValidationError):
                    other = self._client.get(PODS, pod.name, pod.namespace)
                    self._deleting[key] = other.uid
                    self.due_ns = now_ns
            self._missing[key] = pod
            self.due_ns = self.due_ns or now_ns + _RETRY_NS
            return False
        metadata = obj.view(PodView).metadata
        pod.obj, pod.revision = obj, obj.revision
        pod.mirror_uid, pod.generation = metadata.uid, metadata.generation
        return True


def _mirror(manifest: KubeObject, node: Node, digest: str, now_ns: int) -> KubeObject:
    """Return the pod that shows a manifest's in the API."""
    pod = decode("core.v1.Pod", manifest)
    metadata, spec = dict(pod["metadata"]), dict(pod["spec"])
    stamp = time_text(now_ns).removesuffix("Z") + f".{now_ns % NANO:09}Z"
    annotations = {HASH: digest, MIRROR: digest, SEEN: stamp, SOURCE: "file"}
    metadata["annotations"] = metadata.get("annotations", {}) | annotations
    metadata["name"] = f"{metadata['name']}-{node.name}"
    metadata.setdefault("namespace", "default")
    owner = {"apiVersion": "v1", "kind": "Node", "name": node.name, "uid": node.uid}
    metadata["ownerReferences"] = [owner | {"controller": True}]
    spec["nodeName"] = node.name
    tolerations = spec.get("tolerations", [])
    spec["tolerations"] = [*tolerations, {"operator": "Exists", "effect": "NoExecute"}]
    return pod | {"metadata": metadata, "spec": spec}
