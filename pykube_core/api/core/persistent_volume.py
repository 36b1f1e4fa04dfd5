"""Persistent volumes."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.resource_lists import round_up
from pykube_core.api.core.volume_columns import (
    access_modes_text,
    phase_text,
    storage_class_text,
)
from pykube_core.api.core.volume_defaults import set_source_defaults
from pykube_core.api.core.volume_validation import NOT_SOURCES, validate_volume_spec
from pykube_core.api.machinery.columns import AGE, NAME, UNSET, age, strings, wide
from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.field_errors import IMMUTABLE, FieldError, forbidden, invalid
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, SnapshotRules


def default_persistent_volume(volume: KubeObject) -> None:
    """Fill in a persistent volume's defaults, in place."""
    default_snapshot_volume(volume)
    set_source_defaults(volume["spec"])
    volume.setdefault("status", {}).setdefault("phase", "Pending")


def default_snapshot_volume(volume: KubeObject) -> None:
    """Fill in those defaults of a persistent volume that scheduling reads, in place."""
    spec = volume.setdefault("spec", {})
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")
    round_up(spec.get("capacity"))


def validate_persistent_volume(volume: KubeObject) -> list[FieldError]:
    """Check a persistent volume."""
    errors = validate_metadata(volume, namespaced=False)
    return errors + validate_volume_spec(volume.get("spec") or {})


def validate_persistent_volume_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another source, and another mode."""
    spec, was = new["spec"], old["spec"]
    errors: list[FieldError] = []
    sources = [
        {field: value for field, value in each.items() if field not in NOT_SOURCES}
        for each in (spec, was)
    ]
    if not means_the_same("core.v1.PersistentVolumeSpec", *sources):
        detail = "spec.persistentvolumesource is immutable after creation"
        errors.append(forbidden("spec.persistentvolumesource", detail))
    if spec.get("volumeMode") != was.get("volumeMode"):
        errors.append(invalid("volumeMode", spec.get("volumeMode"), IMMUTABLE))
    path, name = "spec.volumeAttributesClassName", spec.get("volumeAttributesClassName")
    if name is None and "volumeAttributesClassName" in was:
        errors.append(forbidden(path, "update from non-nil value to nil is forbidden"))
    return errors


def prepare_persistent_volume(volume: KubeObject) -> None:
    """Give a new persistent volume its first status, in place."""
    now = volume["metadata"]["creationTimestamp"]
    volume["status"] = {"phase": "Pending", "lastPhaseTransitionTime": now}


def persistent_volume_cells(volume: KubeObject, now_ns: int) -> list[Json]:
    """Return a persistent volume's cells."""
    spec, status, claim = volume.get("spec", {}), volume.get("status", {}), ""
    if "claimRef" in spec:
        claim = "/".join(spec["claimRef"].get(field, "") for field in ("namespace", "name"))
    return [
        name_of(volume),
        spec.get("capacity", {}).get("storage", "0"),
        access_modes_text(spec),
        spec.get("persistentVolumeReclaimPolicy", ""),
        phase_text(volume),
        claim,
        storage_class_text(volume),
        spec.get("volumeAttributesClassName", UNSET),
        status.get("reason", ""),
        age(volume, now_ns),
        spec.get("volumeMode", UNSET),
    ]


PERSISTENT_VOLUMES: Final = Resource(
    kind="PersistentVolume",
    plural="persistentvolumes",
    short_names=("pv",),
    namespaced=False,
    default=default_persistent_volume,
    prepare=prepare_persistent_volume,
    validate=validate_persistent_volume,
    validate_create=validate_create,
    validate_update=validate_persistent_volume_update,
    has_status=True,
    answers_with_object=True,
    columns=(
        NAME,
        *strings("Capacity", "Access Modes", "Reclaim Policy", "Status", "Claim"),
        *strings("StorageClass", "VolumeAttributesClass", "Reason"),
        AGE,
        *wide("VolumeMode"),
    ),
    cells=persistent_volume_cells,
    lister="persistentVolumes",
    snapshot=SnapshotRules(default=default_snapshot_volume),
)
