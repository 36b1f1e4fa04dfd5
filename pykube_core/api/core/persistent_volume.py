"""Persistent volumes, as far as scheduling reads them."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.resource_lists import round_up
from pykube_core.api.core.volume_validation import validate_volume_spec
from pykube_core.api.machinery.field_errors import FieldError
from pykube_core.api.machinery.object_meta import validate_metadata
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource


def default_persistent_volume(volume: KubeObject) -> None:
    """Fill in a persistent volume's defaults, in place."""
    spec = volume.setdefault("spec", {})
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")
    round_up(spec.get("capacity"))


def validate_persistent_volume(volume: KubeObject) -> list[FieldError]:
    """Check a persistent volume."""
    errors = validate_metadata(volume, namespaced=False)
    return errors + validate_volume_spec(volume.get("spec") or {})


PERSISTENT_VOLUMES: Final = Resource(
    kind="PersistentVolume",
    plural="persistentvolumes",
    namespaced=False,
    served=False,
    default=default_persistent_volume,
    validate=validate_persistent_volume,
    lister="persistentVolumes",
)
