"""The group flowcontrol.apiserver.k8s.io: which requests wait for which."""

from __future__ import annotations

from typing import Final

from pykube_core.api.flowcontrol.flow_schema import FLOW_SCHEMAS as FLOW_SCHEMAS
from pykube_core.api.flowcontrol.priority_level_configuration import (
    PRIORITY_LEVEL_CONFIGURATIONS as PRIORITY_LEVEL_CONFIGURATIONS,
)

RESOURCES: Final = (FLOW_SCHEMAS, PRIORITY_LEVEL_CONFIGURATIONS)
