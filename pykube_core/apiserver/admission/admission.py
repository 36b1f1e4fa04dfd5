"""What other objects have to say about a new one, and which namespaces stay.

Source: the admission plugins NamespaceLifecycle and Priority, v1.34.1; what plugins do to updates
of pods (Priority, DefaultTolerationSeconds) is in `pykube_core.api.core.pod.strategy`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from pykube_core.api.core import NAMESPACES, PODS
from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import forbidden, not_found
from pykube_core.api.scheduling import PRIORITY_CLASSES
from pykube_core.api.scheduling.priority import PriorityError, global_default, resolve_priority
from pykube_core.apiserver.registry.unvalidated import Written, check_decodable, is_decodable
from pykube_core.objects import ApiObject
from pykube_core.store import StoreLike, prefix_end

_IMMORTAL_NAMESPACES: Final = ("default", "kube-public", "kube-system")


class _Metadata(msgspec.Struct):
    deletionTimestamp: str = ""


class _Doomed(msgspec.Struct):
    metadata: _Metadata


def admit_namespace(
    store: StoreLike, written: Written, resource: Resource, name: str, namespace: str
) -> None:
    """Refuse an object in a namespace that is not there (404), goes (403) or is none (500)."""
    held = store.get(NAMESPACES.key("", namespace))
    if held is None:
        raise not_found(NAMESPACES, namespace)
    check_decodable(written, NAMESPACES, held)
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


def admit_priority(
    store: StoreLike, written: Written, resource: Resource, obj: KubeObject, *, is_new: bool
) -> None:
    """Set a new pod's priority from its class, in place, and refuse a second default class (403).

    A pod is refused when its class is not there, or they disagree. Classes that do not decode are
    passed over.
    """
    if resource is PODS and is_new:
        try:
            resolve_priority(obj, _priority_classes(store, written))
        except PriorityError as error:
            raise forbidden(PODS, name_of(obj), str(error)) from None
    elif resource is PRIORITY_CLASSES and obj.get("globalDefault"):
        held = global_default(_priority_classes(store, written))
        if held is not None and (is_new or name_of(held) != name_of(obj)):
            already = f"PriorityClass {name_of(held)} is already marked as default."
            why = f"{already} Only one default can exist"
            raise forbidden(PRIORITY_CLASSES, name_of(obj), why)


def _priority_classes(store: StoreLike, written: Written) -> list[KubeObject]:
    held = store.range(PRIORITY_CLASSES.prefix, prefix_end(PRIORITY_CLASSES.prefix)).kvs
    classes = [kv.value for kv in held if is_decodable(written, PRIORITY_CLASSES, kv)]
    return [msgspec.json.decode(data) for data in classes]
