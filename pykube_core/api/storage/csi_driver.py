"""CSI drivers, as far as scheduling reads them."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.volume_validation import validate_driver_name
from pykube_core.api.machinery.field_errors import FieldError
from pykube_core.api.machinery.object_meta import validate_metadata
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource


def validate_csi_driver(driver: KubeObject) -> list[FieldError]:
    """Check a CSIDriver's name."""
    errors = validate_metadata(driver, namespaced=False)
    name = (driver.get("metadata") or {}).get("name") or ""
    return errors + (validate_driver_name(name, "metadata.name") if name else [])


CSI_DRIVERS: Final = Resource(
    kind="CSIDriver",
    plural="csidrivers",
    group="storage.k8s.io",
    namespaced=False,
    served=False,
    validate=validate_csi_driver,
    lister="csiDrivers",
)
