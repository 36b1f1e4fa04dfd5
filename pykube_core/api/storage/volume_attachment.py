"""Attachments of volumes, as far as scheduling reads them."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.field_errors import FieldError, required
from pykube_core.api.machinery.object_meta import validate_metadata
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource


def validate_volume_attachment(attachment: KubeObject) -> list[FieldError]:
    """Check that an attachment names its parts."""
    errors = validate_metadata(attachment, namespaced=False)
    spec = attachment.get("spec") or {}
    errors += [
        required(f"spec.{field}") for field in ("attacher", "nodeName") if not spec.get(field)
    ]
    return errors


VOLUME_ATTACHMENTS: Final = Resource(
    kind="VolumeAttachment",
    plural="volumeattachments",
    group="storage.k8s.io",
    namespaced=False,
    served=False,
    validate=validate_volume_attachment,
    lister="volumeAttachments",
)
