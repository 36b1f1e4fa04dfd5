"""Rules of services."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import FieldError
from pykube_core.api.machinery.object_meta import validate_labels, validate_metadata
from pykube_core.api.machinery.objects import KubeObject

_EXTERNAL_TYPES: Final = ("NodePort", "LoadBalancer")


def is_externally_accessible(spec: KubeObject) -> bool:
    """Say whether a service can be reached from outside the cluster."""
    kind = spec.get("type")
    return kind in _EXTERNAL_TYPES or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def validate_snapshot_service(service: KubeObject) -> list[FieldError]:
    """Check a service's name and selector."""
    errors = validate_metadata(service, names.dns_1035_label)
    return errors + validate_labels((service.get("spec") or {}).get("selector"), "spec.selector")


def validate_service(service: KubeObject) -> list[FieldError]:
    """Check a service."""
    return validate_snapshot_service(service)


def validate_service_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check the change of a service."""
    return []
