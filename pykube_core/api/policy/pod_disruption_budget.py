"""Disruption budgets."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, age, integers, strings
from pykube_core.api.machinery.field_errors import NEGATIVE, FieldError, invalid, not_supported
from pykube_core.api.machinery.int_or_string import validate_share
from pykube_core.api.machinery.object_meta import (
    validate_create,
    validate_label_selector,
    validate_metadata,
)
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_NOT_SET: Final = "N/A"
_COUNTS: Final = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
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


def prepare_pod_disruption_budget(budget: KubeObject) -> None:
    """Give a new disruption budget its first status, in place."""
    budget["status"] = dict.fromkeys(_COUNTS, 0)


def validate_pod_disruption_budget_status_update(
    new: KubeObject, old: KubeObject
) -> list[FieldError]:
    """Check a disruption budget's counts."""
    status = new.get("status", {})
    negative = [field for field in _COUNTS if status.get(field, 0) < 0]
    return [invalid(f"status.{field}", status[field], NEGATIVE) for field in negative]


def pod_disruption_budget_cells(budget: KubeObject, now_ns: int) -> list[Json]:
    """Return a disruption budget's cells."""
    spec, status = budget.get("spec", {}), budget.get("status", {})
    return [
        name_of(budget),
        str(spec.get("minAvailable", _NOT_SET)),
        str(spec.get("maxUnavailable", _NOT_SET)),
        status.get("disruptionsAllowed", 0),
        age(budget, now_ns),
    ]


POD_DISRUPTION_BUDGETS: Final = Resource(
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    group="policy",
    short_names=("pdb",),
    prepare=prepare_pod_disruption_budget,
    validate=validate_pod_disruption_budget,
    validate_create=validate_create,
    validate_status_update=validate_pod_disruption_budget_status_update,
    counts_generations=True,
    has_status=True,
    unconditional_update=False,
    columns=(
        NAME,
        *strings("Min Available", "Max Unavailable"),
        *integers("Allowed Disruptions"),
        AGE,
    ),
    cells=pod_disruption_budget_cells,
    lister="podDisruptionBudgets",
)
