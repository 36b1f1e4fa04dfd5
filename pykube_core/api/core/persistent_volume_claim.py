"""Claims of persistent volumes."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.resource_lists import round_up
from pykube_core.api.core.volume_columns import (
    access_modes_text,
    phase_text,
    storage_class_text,
)
from pykube_core.api.core.volume_defaults import set_claim_defaults
from pykube_core.api.core.volume_validation import validate_claim_spec
from pykube_core.api.machinery.columns import AGE, NAME, UNSET, age, strings, wide
from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.field_errors import IMMUTABLE, FieldError, forbidden, invalid
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.quantity import parse_quantity
from pykube_core.api.machinery.registry import Resource, SnapshotRules


def default_persistent_volume_claim(claim: KubeObject) -> None:
    """Fill in a claim's defaults, in place."""
    default_snapshot_claim(claim)
    claim.setdefault("status", {}).setdefault("phase", "Pending")


def default_snapshot_claim(claim: KubeObject) -> None:
    """Fill in those defaults of a claim that scheduling reads, in place."""
    set_claim_defaults(claim.setdefault("spec", {}))
    status = claim.get("status", {})
    for field in ("capacity", "allocatedResources"):
        round_up(status.get(field))


def validate_persistent_volume_claim(claim: KubeObject) -> list[FieldError]:
    """Check a claim."""
    errors = validate_metadata(claim)
    return errors + validate_claim_spec(claim.get("spec") or {}, "spec")


def validate_persistent_volume_claim_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse changes of a claim but those of the size and the attributes of a bound one."""
    spec, was = new["spec"], old["spec"]
    before, free = dict(was), set[str]()
    if not was.get("volumeName"):
        free.add("volumeName")
    if new.get("status", {}).get("phase") == "Bound":
        free.add("volumeAttributesClassName")
        before["resources"] = _with_storage(was.get("resources", {}), spec.get("resources", {}))
    before |= {field: spec[field] for field in free if field in spec}
    before = {field: value for field, value in before.items() if field in spec or field not in free}
    errors: list[FieldError] = []
    if not means_the_same("core.v1.PersistentVolumeClaimSpec", spec, before):
        detail = (
            "spec is immutable after creation except resources.requests and "
            "volumeAttributesClassName for bound claims"
        )
        errors.append(forbidden("spec", detail))
    size, least = _storage(spec), _storage(was)
    held = parse_quantity(new.get("status", {}).get("capacity", {}).get("storage", "0")).nano
    if size < least and size <= held:
        path = "spec.resources.requests.storage"
        errors.append(forbidden(path, "field can not be less than status.capacity"))
    if spec.get("volumeMode") != was.get("volumeMode"):
        errors.append(invalid("volumeMode", spec.get("volumeMode"), IMMUTABLE))
    return errors


def _storage(spec: KubeObject) -> int:
    text = spec.get("resources", {}).get("requests", {}).get("storage", "0")
    return parse_quantity(text).nano


def _with_storage(resources: KubeObject, other: KubeObject) -> KubeObject:
    """Return resources with the storage that others ask for."""
    requests = resources.get("requests", {})
    wanted = other.get("requests", {}).get("storage", requests.get("storage"))
    return resources | {"requests": requests | {"storage": wanted}}


def prepare_persistent_volume_claim(claim: KubeObject) -> None:
    """Give a new claim its first status, in place."""
    claim["status"] = {"phase": "Pending"}


def persistent_volume_claim_cells(claim: KubeObject, now_ns: int) -> list[Json]:
    """Return a claim's cells; a claim without a volume has no capacity."""
    spec, status = claim.get("spec", {}), claim.get("status", {})
    volume = spec.get("volumeName", "")
    return [
        name_of(claim),
        phase_text(claim),
        volume,
        status.get("capacity", {}).get("storage", "0") if volume else "",
        access_modes_text(status) if volume else "",
        storage_class_text(claim),
        spec.get("volumeAttributesClassName", UNSET),
        age(claim, now_ns),
        spec.get("volumeMode", UNSET),
    ]


PERSISTENT_VOLUME_CLAIMS: Final = Resource(
    kind="PersistentVolumeClaim",
    plural="persistentvolumeclaims",
    short_names=("pvc",),
    default=default_persistent_volume_claim,
    prepare=prepare_persistent_volume_claim,
    validate=validate_persistent_volume_claim,
    validate_create=validate_create,
    validate_update=validate_persistent_volume_claim_update,
    has_status=True,
    answers_with_object=True,
    columns=(
        NAME,
        *strings("Status", "Volume", "Capacity", "Access Modes"),
        *strings("StorageClass", "VolumeAttributesClass"),
        AGE,
        *wide("VolumeMode"),
    ),
    cells=persistent_volume_claim_cells,
    lister="persistentVolumeClaims",
    snapshot=SnapshotRules(default=default_snapshot_claim),
)
