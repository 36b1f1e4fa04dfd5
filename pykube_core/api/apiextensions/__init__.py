"""The group apiextensions.k8s.io."""

from __future__ import annotations

from typing import Final

from pykube_core.api.apiextensions.custom_resource_definition import (
    CUSTOM_RESOURCE_DEFINITIONS as CUSTOM_RESOURCE_DEFINITIONS,
)

RESOURCES: Final = (CUSTOM_RESOURCE_DEFINITIONS,)
