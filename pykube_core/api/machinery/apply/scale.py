"""Managed fields of an object as its ``scale`` subresource has them, and back.

Source: ``k8s.io/apimachinery/pkg/util/managedfields`` v0.37.2 (``scalehandler.go``).
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.apply.field_sets import FieldSet, Path
from pykube_core.api.machinery.apply.managers import Managed, Owned, decoded, encoded
from pykube_core.api.machinery.objects import Json, KubeObject

_SCALE_VERSION: Final = "autoscaling/v1"
REPLICAS: Final[Path] = ("f:spec", "f:replicas")
"""Where replicas stand in a ``Scale``, and in all built-in kinds that have one."""


def scale_entries(entries: Json, api_version: str, path: Path = REPLICAS) -> list[KubeObject]:
    """Return the entries of a ``Scale``: those of its object whose manager owns the replicas.

    Parameters
    ----------
    entries : list
        ``managedFields`` of the object.
    api_version : str
        The object's.
    path : tuple of str
        Where its replicas stand.
    """
    managed = decoded(entries)
    out = Managed(times=managed.times)
    for manager, owned in managed.owned.items():
        if owned.api_version == api_version and path in owned.fields:
            fields = FieldSet.of(REPLICAS)
            out.owned[manager] = Owned(fields, _SCALE_VERSION, owned.applied)
    return encoded(out)


def with_scale_entries(
    entries: Json, scale: Json, api_version: str, path: Path = REPLICAS
) -> list[KubeObject]:
    """Return the entries of an object once its ``Scale`` has been written.

    Parameters
    ----------
    entries, scale : list
        ``managedFields`` of the object before, and of its ``Scale`` now.
    """
    managed, scaled = decoded(entries), decoded(scale)
    left = dict(scaled.owned)
    out = Managed(times=managed.times)
    replicas = FieldSet.of(path)
    for manager, owned in managed.owned.items():
        if owned.api_version != api_version:
            continue
        if path not in owned.fields or left.pop(manager, None) is not None:
            out.owned[manager] = owned
        elif rest := owned.fields - replicas:
            out.owned[manager] = Owned(rest, owned.api_version, owned.applied)
    for manager, owned in left.items():
        if REPLICAS in owned.fields:
            out.owned[manager] = Owned(replicas, api_version, owned.applied)
    return encoded(out)
