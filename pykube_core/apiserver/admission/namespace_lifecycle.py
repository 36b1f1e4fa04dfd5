"""NamespaceLifecycle: no object without its namespace, and namespaces that never go.

Source: ``k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle`` v1.34.1.
"""

from __future__ import annotations

from typing import Final

import msgspec

from pykube_core.api.core import NAMESPACES
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import forbidden, not_found
from pykube_core.apiserver.registry.unvalidated import Written, check_decodable
from pykube_core.objects import ApiObject
from pykube_core.store import StoreLike

_IMMORTAL_NAMESPACES: Final = ("default", "kube-public", "kube-system")


class _Metadata(msgspec.Struct):
    deletionTimestamp: str = ""


class _Namespace(msgspec.Struct):
    metadata: _Metadata


def admit_namespace(
    store: StoreLike, written: Written, resource: Resource, name: str, namespace: str
) -> None:
    """Refuse an object in a namespace that is not there (404), goes (403) or is none (500)."""
    held = store.get(NAMESPACES.key("", namespace))
    if held is None:
        raise not_found(NAMESPACES, namespace)
    check_decodable(written, NAMESPACES, held)
    if msgspec.json.decode(held.value, type=_Namespace).metadata.deletionTimestamp:
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
