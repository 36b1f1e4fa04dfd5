"""Services, as far as scheduling reads them."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import FieldError
from pykube_core.api.machinery.object_meta import validate_labels, validate_metadata
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource


def validate_service(service: KubeObject) -> list[FieldError]:
    """Check a service's name and selector."""
    errors = validate_metadata(service, names.dns_1035_label)
    return errors + validate_labels((service.get("spec") or {}).get("selector"), "spec.selector")


SERVICES: Final = Resource(
    kind="Service",
    plural="services",
    served=False,
    validate=validate_service,
    lister="services",
)
