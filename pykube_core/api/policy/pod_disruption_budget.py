"""Disruption budgets, as far as scheduling reads them."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.field_errors import FieldError, invalid, not_supported
from pykube_core.api.machinery.int_or_string import validate_share
from pykube_core.api.machinery.object_meta import validate_label_selector, validate_metadata
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource

_EVICTION_POLICIES: Final = ("AlwaysAllow", "IfHealthyBudget")


def validate_pod_disruption_budget(budget: KubeObject) -> list[FieldError]:
    """Check a disruption budget."""
    errors = validate_metadata(budget)
    spec = budget.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        detail = "minAvailable and maxUnavailable cannot be both set"
        errors.append(invalid("spec", spec, detail))
    errors += validate_share(least, "spec.minAvailable")
    errors += validate_share(most, "spec.maxUnavailable")
    errors += validate_label_selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _EVICTION_POLICIES:
        path = "spec.unhealthyPodEvictionPolicy"
        errors.append(not_supported(path, policy, _EVICTION_POLICIES))
    return errors


POD_DISRUPTION_BUDGETS: Final = Resource(
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    group="policy",
    served=False,
    validate=validate_pod_disruption_budget,
    lister="podDisruptionBudgets",
)
