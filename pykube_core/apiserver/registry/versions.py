"""Versions of a kind that are shown, while another one is stored."""

from __future__ import annotations

from pykube_core.api.intake import Mode, complete
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.objects import ApiObject, encode


def shown(resource: Resource, obj: ApiObject) -> ApiObject:
    """Return a stored object as a version of its kind shows it."""
    if resource.storage is None:
        return obj
    held = view(resource, obj.decode())
    held["metadata"].pop("resourceVersion", None)
    return ApiObject.parse(resource, obj.key, encode(resource, held), obj.revision)


def view(resource: Resource, obj: KubeObject) -> KubeObject:
    """Return a decoded object, which is stored, as a version of its kind shows it."""
    return obj if resource.storage is None else resource.from_storage(obj)


def to_storage(resource: Resource, obj: KubeObject) -> KubeObject:
    """Return a decoded object of a version as the version that is stored."""
    if resource.storage is None:
        return obj
    complete(resource, obj, Mode.SERVER)
    return resource.to_storage(obj)
