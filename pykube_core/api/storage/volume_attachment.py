"""Attachments of volumes."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, Column, age, strings
from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.field_errors import IMMUTABLE, FieldError, invalid, required
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def validate_volume_attachment(attachment: KubeObject) -> list[FieldError]:
    """Check that an attachment names its parts."""
    errors = validate_metadata(attachment, namespaced=False)
    spec = attachment.get("spec") or {}
    errors += [
        required(f"spec.{field}") for field in ("attacher", "nodeName") if not spec.get(field)
    ]
    return errors


def prepare_volume_attachment(attachment: KubeObject) -> None:
    """Give a new attachment its first status, in place."""
    attachment["status"] = {"attached": False}


def validate_volume_attachment_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another spec."""
    spec, was = new.get("spec", {}), old.get("spec", {})
    if means_the_same("storage.v1.VolumeAttachmentSpec", spec, was):
        return []
    return [invalid("spec", spec, IMMUTABLE)]


def volume_attachment_cells(attachment: KubeObject, now_ns: int) -> list[Json]:
    """Return an attachment's cells."""
    spec = attachment.get("spec", {})
    return [
        name_of(attachment),
        spec.get("attacher", ""),
        spec.get("source", {}).get("persistentVolumeName", ""),
        spec.get("nodeName", ""),
        attachment.get("status", {}).get("attached", False),
        age(attachment, now_ns),
    ]


VOLUME_ATTACHMENTS: Final = Resource(
    kind="VolumeAttachment",
    plural="volumeattachments",
    group="storage.k8s.io",
    namespaced=False,
    prepare=prepare_volume_attachment,
    validate=validate_volume_attachment,
    validate_create=validate_create,
    validate_update=validate_volume_attachment_update,
    has_status=True,
    unconditional_update=False,
    answers_with_object=True,
    columns=(
        NAME,
        Column("Attacher", format="name"),
        *strings("PV", "Node"),
        Column("Attached", "boolean"),
        AGE,
    ),
    cells=volume_attachment_cells,
    lister="volumeAttachments",
)
