"""The group policy."""

from __future__ import annotations

from typing import Final

from pykube_core.api.policy.pod_disruption_budget import (
    POD_DISRUPTION_BUDGETS as POD_DISRUPTION_BUDGETS,
)

RESOURCES: Final = (POD_DISRUPTION_BUDGETS,)
