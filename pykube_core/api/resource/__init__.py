"""The group resource.k8s.io: devices, and claims of them."""

from __future__ import annotations

from typing import Final

from pykube_core.api.resource.device_class import DEVICE_CLASSES as DEVICE_CLASSES
from pykube_core.api.resource.device_taint_rule import DEVICE_TAINT_RULES as DEVICE_TAINT_RULES
from pykube_core.api.resource.resource_claim import (
    RESOURCE_CLAIM_TEMPLATES as RESOURCE_CLAIM_TEMPLATES,
)
from pykube_core.api.resource.resource_claim import RESOURCE_CLAIMS as RESOURCE_CLAIMS
from pykube_core.api.resource.resource_slice import RESOURCE_SLICES as RESOURCE_SLICES

RESOURCES: Final = (
    DEVICE_CLASSES,
    DEVICE_TAINT_RULES,
    RESOURCE_CLAIMS,
    RESOURCE_CLAIM_TEMPLATES,
    RESOURCE_SLICES,
)
