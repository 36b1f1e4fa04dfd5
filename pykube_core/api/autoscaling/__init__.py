"""The group autoscaling."""

from __future__ import annotations

from typing import Final

from pykube_core.api.autoscaling.horizontal_pod_autoscaler import (
    HORIZONTAL_POD_AUTOSCALERS as HORIZONTAL_POD_AUTOSCALERS,
)
from pykube_core.api.autoscaling.version_1 import (
    HORIZONTAL_POD_AUTOSCALERS_V1 as HORIZONTAL_POD_AUTOSCALERS_V1,
)

RESOURCES: Final = (HORIZONTAL_POD_AUTOSCALERS, HORIZONTAL_POD_AUTOSCALERS_V1)
