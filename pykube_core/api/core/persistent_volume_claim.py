"""Claims of persistent volumes, as far as scheduling reads them."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.resource_lists import round_up
from pykube_core.api.core.volume_defaults import set_claim_defaults
from pykube_core.api.core.volume_validation import validate_claim_spec
from pykube_core.api.machinery.field_errors import FieldError
from pykube_core.api.machinery.object_meta import validate_metadata
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource


def default_persistent_volume_claim(claim: KubeObject) -> None:
    """Fill in a claim's defaults, in place."""
    set_claim_defaults(claim.setdefault("spec", {}))
    status = claim.get("status", {})
    for field in ("capacity", "allocatedResources"):
        round_up(status.get(field))


def validate_persistent_volume_claim(claim: KubeObject) -> list[FieldError]:
    """Check a claim."""
    errors = validate_metadata(claim)
    return errors + validate_claim_spec(claim.get("spec") or {}, "spec")


PERSISTENT_VOLUME_CLAIMS: Final = Resource(
    kind="PersistentVolumeClaim",
    plural="persistentvolumeclaims",
    served=False,
    default=default_persistent_volume_claim,
    validate=validate_persistent_volume_claim,
    lister="persistentVolumeClaims",
)
