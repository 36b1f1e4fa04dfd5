"""Horizontal pod autoscalers."""

from __future__ import annotations

from typing import Final

from pykube_core.api.autoscaling.metrics import metrics_text
from pykube_core.api.autoscaling.validation import (
    validate_autoscaler,
    validate_autoscaler_status_update,
)
from pykube_core.api.machinery.columns import AGE, NAME, UNSET, age, strings
from pykube_core.api.machinery.object_meta import validate_create
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

CPU_PERCENT: Final = 80
"""The utilization of cpu that a pod autoscaler aims at where nobody says."""

COLUMNS: Final = (
    NAME,
    *strings("Reference", "Targets", "MinPods", "MaxPods", "Replicas"),
    AGE,
)
_PERIOD_SECONDS: Final = 15
_PODS: Final = {"type": "Pods", "value": 4, "periodSeconds": _PERIOD_SECONDS}
_PERCENT: Final = {"type": "Percent", "value": 100, "periodSeconds": _PERIOD_SECONDS}


def cpu_metric(percent: int) -> KubeObject:
    """Return the metric of a utilization of cpu."""
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def default_autoscaler(autoscaler: KubeObject) -> None:
    """Fill in an autoscaler's defaults, in place."""
    spec = autoscaler.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        spec["metrics"] = [cpu_metric(CPU_PERCENT)]
    behavior = spec.get("behavior")
    if behavior is None:
        return
    up, down = (behavior.setdefault(field, {}) for field in ("scaleUp", "scaleDown"))
    up.setdefault("stabilizationWindowSeconds", 0)
    up.setdefault("policies", [dict(_PODS), dict(_PERCENT)])
    down.setdefault("policies", [dict(_PERCENT)])
    for rules in (up, down):
        rules.setdefault("selectPolicy", "Max")


def prepare_autoscaler(autoscaler: KubeObject) -> None:
    """Give a new autoscaler its first status, in place."""
    autoscaler["status"] = {"desiredReplicas": 0, "currentMetrics": None}


def autoscaler_cells(autoscaler: KubeObject, now_ns: int) -> list[Json]:
    """Return an autoscaler's cells."""
    spec, status = autoscaler.get("spec", {}), autoscaler.get("status", {})
    target = spec.get("scaleTargetRef", {})
    return [
        name_of(autoscaler),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        metrics_text(spec.get("metrics") or [], status.get("currentMetrics") or []),
        str(spec.get("minReplicas", UNSET)),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age(autoscaler, now_ns),
    ]


HORIZONTAL_POD_AUTOSCALERS: Final = Resource(
    kind="HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    group="autoscaling",
    version="v2",
    short_names=("hpa",),
    categories=("all",),
    default=default_autoscaler,
    prepare=prepare_autoscaler,
    validate=validate_autoscaler,
    validate_create=validate_create,
    validate_status_update=validate_autoscaler_status_update,
    counts_generations=True,
    has_status=True,
    columns=COLUMNS,
    cells=autoscaler_cells,
)
