"""CSI drivers."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.volume_validation import validate_driver_name
from pykube_core.api.machinery.columns import AGE, NAME, NONE, UNSET, age, booleans, strings
from pykube_core.api.machinery.field_errors import FieldError
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, SnapshotRules, nothing

_DEFAULTS: Final = {
    "attachRequired": True,
    "podInfoOnMount": False,
    "storageCapacity": False,
    "fsGroupPolicy": "ReadWriteOnceWithFSType",
    "requiresRepublish": False,
    "seLinuxMount": False,
    "preventPodSchedulingIfMissing": False,
}


def default_csi_driver(driver: KubeObject) -> None:
    """Fill in a driver's defaults, in place."""
    spec = driver.setdefault("spec", {})
    for field, value in _DEFAULTS.items():
        spec.setdefault(field, value)
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]


def validate_csi_driver(driver: KubeObject) -> list[FieldError]:
    """Check a CSIDriver's name."""
    errors = validate_metadata(driver, namespaced=False)
    name = (driver.get("metadata") or {}).get("name") or ""
    return errors + (validate_driver_name(name, "metadata.name") if name else [])


def csi_driver_cells(driver: KubeObject, now_ns: int) -> list[Json]:
    """Return a driver's cells."""
    spec = driver.get("spec", {})
    tokens = UNSET
    if "tokenRequests" in spec:
        tokens = ",".join(request.get("audience", "") for request in spec["tokenRequests"])
    return [
        name_of(driver),
        spec.get("attachRequired", True),
        spec.get("podInfoOnMount", False),
        spec.get("storageCapacity", False),
        tokens,
        spec.get("requiresRepublish", False),
        ",".join(spec.get("volumeLifecycleModes", ())) or NONE,
        age(driver, now_ns),
    ]


CSI_DRIVERS: Final = Resource(
    kind="CSIDriver",
    plural="csidrivers",
    group="storage.k8s.io",
    namespaced=False,
    default=default_csi_driver,
    validate=validate_csi_driver,
    validate_create=validate_create,
    unconditional_update=False,
    answers_with_object=True,
    columns=(
        NAME,
        *booleans("AttachRequired", "PodInfoOnMount", "StorageCapacity"),
        *strings("TokenRequests"),
        *booleans("RequiresRepublish"),
        *strings("Modes"),
        AGE,
    ),
    cells=csi_driver_cells,
    lister="csiDrivers",
    snapshot=SnapshotRules(default=nothing),
)
