"""Deployments."""

from __future__ import annotations

from typing import Final

from pykube_core.api.apps.workload import (
    internal_strategy,
    is_zero,
    validate_at_most_replicas,
    validate_collision_count,
    validate_counts,
    validate_status_counts,
    validate_workload,
    validate_workload_update,
)
from pykube_core.api.core.pod.template import (
    TEMPLATE_COLUMNS,
    set_template_defaults,
    template_cells,
    validate_template,
    validate_template_create,
)
from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.field_errors import (
    NEGATIVE,
    FieldError,
    forbidden,
    invalid,
    not_supported,
    required,
)
from pykube_core.api.machinery.int_or_string import validate_share
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_STRATEGIES: Final = ("Recreate", "RollingUpdate")


# Kubernetes has no limit; this one is its counts' own.
_SURGE_PERCENT_MAX: Final = 2**31 - 1


def default_deployment(deployment: KubeObject) -> None:
    """Fill in a deployment's defaults, in place."""
    spec = set_template_defaults(deployment)
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)


def prepare_deployment(deployment: KubeObject) -> None:
    """Give a new deployment its first status, in place."""
    deployment["status"] = {}


def validate_deployment(deployment: KubeObject) -> list[FieldError]:
    """Check a deployment and its pod template."""
    errors = validate_workload(deployment, "empty selector is invalid for deployment")
    spec = deployment["spec"]
    errors += validate_counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
    errors += validate_template(spec, "ReplicaSet")
    errors += _validate_strategy(spec["strategy"])
    deadline = spec["progressDeadlineSeconds"]
    if deadline < 0:
        errors.append(invalid("spec.progressDeadlineSeconds", deadline, NEGATIVE))
    if deadline <= spec.get("minReadySeconds", 0):
        detail = "must be greater than minReadySeconds"
        errors.append(invalid("spec.progressDeadlineSeconds", deadline, detail))
    return errors


def _validate_strategy(strategy: KubeObject) -> list[FieldError]:
    """Check how a deployment replaces its pods; more than all of them may be new."""
    path, here = "spec.strategy", "spec.strategy.rollingUpdate"
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind not in _STRATEGIES:
        return [not_supported(path, internal_strategy(strategy), _STRATEGIES)]
    if kind == "Recreate":
        detail = f"may not be specified when strategy `type` is '{kind}'"
        return [] if rolling is None else [forbidden(here, detail)]
    if rolling is None:
        return [required(here, "this should be defaulted and never be nil")]
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    errors = validate_share(unavailable, f"{here}.maxUnavailable")
    errors += validate_share(surge, f"{here}.maxSurge", _SURGE_PERCENT_MAX)
    if not errors and is_zero(unavailable) and is_zero(surge):
        detail = "may not be 0 when `maxSurge` is 0"
        errors.append(invalid(f"{here}.maxUnavailable", unavailable, detail))
    return errors


def validate_deployment_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check a deployment's counts."""
    fields = (
        "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas",
        "unavailableReplicas", "terminatingReplicas", "collisionCount",
    )  # fmt: skip
    errors = validate_status_counts(new, fields)
    errors += validate_at_most_replicas(
        new, ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return errors + validate_collision_count(new, old)


def deployment_cells(deployment: KubeObject, now_ns: int) -> list[Json]:
    """Return a deployment's cells."""
    spec, status = deployment["spec"], deployment.get("status", {})
    return [
        name_of(deployment),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        str(status.get("updatedReplicas", 0)),
        str(status.get("availableReplicas", 0)),
        age(deployment, now_ns),
        *template_cells(spec),
    ]


DEPLOYMENTS: Final = Resource(
    kind="Deployment",
    plural="deployments",
    group="apps",
    short_names=("deploy",),
    categories=("all",),
    default=default_deployment,
    prepare=prepare_deployment,
    validate=validate_deployment,
    validate_create=validate_template_create,
    validate_update=validate_workload_update,
    validate_status_update=validate_deployment_status_update,
    counts_generations=True,
    counts_annotations=True,
    has_status=True,
    has_scale=True,
    columns=(NAME, *strings("Ready", "Up-to-date", "Available"), AGE, *TEMPLATE_COLUMNS),
    cells=deployment_cells,
)
