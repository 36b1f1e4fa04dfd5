"""CSI drivers of a node."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.volume_validation import validate_driver_name
from pykube_core.api.machinery.columns import AGE, NAME, age, integers
from pykube_core.api.machinery.field_errors import (
    NEGATIVE,
    FieldError,
    duplicate,
    invalid,
    required,
)
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def validate_csi_node(csi_node: KubeObject) -> list[FieldError]:
    """Check the drivers that a CSINode lists."""
    errors = validate_metadata(csi_node, namespaced=False)
    taken: set[str] = set()
    for index, driver in enumerate((csi_node.get("spec") or {}).get("drivers") or ()):
        path, name = f"spec.drivers[{index}]", driver.get("name") or ""
        errors += validate_driver_name(name, f"{path}.name")
        if name in taken:
            errors.append(duplicate(f"{path}.name", name))
        taken.add(name)
        if not driver.get("nodeID"):
            errors.append(required(f"{path}.nodeID"))
        count = (driver.get("allocatable") or {}).get("count") or 0
        if count < 0:
            errors.append(invalid(f"{path}.allocatable.count", count, NEGATIVE))
    return errors


def prepare_csi_node(csi_node: KubeObject) -> None:
    """Give a new CSINode its first status, in place."""
    csi_node["status"] = {}


def csi_node_cells(csi_node: KubeObject, now_ns: int) -> list[Json]:
    """Return a CSINode's cells."""
    drivers = csi_node.get("spec", {}).get("drivers") or ()
    return [name_of(csi_node), len(drivers), age(csi_node, now_ns)]


CSI_NODES: Final = Resource(
    kind="CSINode",
    plural="csinodes",
    group="storage.k8s.io",
    namespaced=False,
    prepare=prepare_csi_node,
    validate=validate_csi_node,
    validate_create=validate_create,
    has_status=True,
    unconditional_update=False,
    answers_with_object=True,
    columns=(NAME, *integers("Drivers"), AGE),
    cells=csi_node_cells,
    lister="csiNodes",
)
