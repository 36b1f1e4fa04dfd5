"""What other objects have to say about a new one, and which namespaces stay.

Source: the admission plugins NamespaceLifecycle and Priority, v1.36.
"""

from __future__ import annotations

from typing import Final

import msgspec

from pykube_core.api.builtin import NAMESPACES, PODS, PRIORITY_CLASSES
from pykube_core.api.objects import KubeObject, name_of
from pykube_core.api.priority import PriorityError, resolve_priority
from pykube_core.api.registry import Resource
from pykube_core.api.status import forbidden, not_found
from pykube_core.apiserver.objects import ApiObject
from pykube_core.store import StoreLike, prefix_end

_IMMORTAL_NAMESPACES: Final = ("default", "kube-public", "kube-system")


class _Metadata(msgspec.Struct):
    deletionTimestamp: str = ""


class _Doomed(msgspec.Struct):
    metadata: _Metadata


def admit_namespace(store: StoreLike, resource: Resource, name: str, namespace: str) -> None:
    """Refuse an object in a namespace that is not there (404) or is going (403)."""
    held = store.get(NAMESPACES.key("", namespace))
    if held is None:
        raise not_found(NAMESPACES, namespace)
    if msgspec.json.decode(held.value, type=_Doomed).metadata.deletionTimestamp:
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        why = (
            f"unable to create new content in namespace {namespace} because it is being terminated"
        )
        raise forbidden(resource, name, why, [cause])


def admit_deletion(obj: ApiObject) -> None:
    """Refuse that a namespace goes which a cluster is never without (403)."""
    if obj.resource is NAMESPACES and obj.name in _IMMORTAL_NAMESPACES:
        raise forbidden(NAMESPACES, obj.name, "this namespace may not be deleted")


def admit_priority(store: StoreLike, pod: KubeObject) -> None:
    """Set a pod's priority from its class, in place: 403 when there is none, or they disagree."""
    classes = store.range(PRIORITY_CLASSES.prefix, prefix_end(PRIORITY_CLASSES.prefix))
    try:
        resolve_priority(pod, [msgspec.json.decode(kv.value) for kv in classes.kvs])
    except PriorityError as error:
        raise forbidden(PODS, name_of(pod), str(error)) from None
