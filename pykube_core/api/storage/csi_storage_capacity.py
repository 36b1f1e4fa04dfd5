"""Capacities of CSI storage."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery import names
from pykube_core.api.machinery.columns import NAME_AND_CREATED, name_and_created
from pykube_core.api.machinery.field_errors import NEGATIVE, FieldError, invalid, invalid_each
from pykube_core.api.machinery.object_meta import (
    validate_create,
    validate_label_selector,
    validate_metadata,
)
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.quantity import parse_quantity
from pykube_core.api.machinery.registry import Resource


def validate_csi_storage_capacity(capacity: KubeObject) -> list[FieldError]:
    """Check a CSIStorageCapacity."""
    errors = validate_metadata(capacity)
    storage_class = capacity.get("storageClassName") or ""
    complaints = names.dns_subdomain(storage_class)
    errors += invalid_each("storageClassName", storage_class, complaints)
    errors += validate_label_selector(capacity.get("nodeTopology"), "nodeTopology")
    for field in ("capacity", "maximumVolumeSize"):
        quantity = parse_quantity(capacity.get(field))
        if quantity.nano < 0:
            errors.append(invalid(field, quantity, NEGATIVE))
    return errors


CSI_STORAGE_CAPACITIES: Final = Resource(
    kind="CSIStorageCapacity",
    plural="csistoragecapacities",
    group="storage.k8s.io",
    validate=validate_csi_storage_capacity,
    validate_create=validate_create,
    unconditional_update=False,
    columns=NAME_AND_CREATED,
    cells=name_and_created,
    lister="csiStorageCapacities",
)
