"""Rules of ingresses."""

from __future__ import annotations

from pykube_core.api.machinery.field_errors import FieldError
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import KubeObject


def validate_ingress(ingress: KubeObject) -> list[FieldError]:
    """Check an ingress."""
    return validate_metadata(ingress)


def validate_ingress_create(ingress: KubeObject) -> list[FieldError]:
    """Check what holds of a new ingress alone."""
    return validate_create(ingress)
