"""Horizontal pod autoscalers of version v1, which names a utilization of cpu and nothing else.

All else of version v2 travels in annotations.

Source: ``k8s.io/kubernetes/pkg/apis/autoscaling/v1/conversion.go`` v1.37.2.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from pykube_core.api.autoscaling.horizontal_pod_autoscaler import (
    CPU_PERCENT,
    HORIZONTAL_POD_AUTOSCALERS,
    cpu_metric,
)
from pykube_core.api.autoscaling.metrics import SOURCES
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.registry import Resource

_PREFIX: Final = "autoscaling.alpha.kubernetes.io/"
_METRICS: Final = f"{_PREFIX}metrics"
_CURRENT: Final = f"{_PREFIX}current-metrics"
_CONDITIONS: Final = f"{_PREFIX}conditions"
_BEHAVIOR: Final = f"{_PREFIX}behavior"
_CARRIED: Final = (_METRICS, _CURRENT, _CONDITIONS, _BEHAVIOR)
_SPEC: Final = ("scaleTargetRef", "minReplicas", "maxReplicas")
_STATUS: Final = ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")
# Names of amounts: in this version, and in the target and the current value of version v2.
_TARGETS: Final = {
    "targetAverageUtilization": "averageUtilization",
    "targetAverageValue": "averageValue",
    "targetValue": "value",
}
_AMOUNTS: Final = {
    "currentAverageUtilization": "averageUtilization",
    "currentAverageValue": "averageValue",
    "currentValue": "value",
}
_KINDS: Final = (
    ("averageUtilization", "Utilization"), ("averageValue", "AverageValue"), ("value", "Value"),
)  # fmt: skip


def default_autoscaler(autoscaler: KubeObject) -> None:
    """Fill in an autoscaler's defaults, in place."""
    autoscaler.setdefault("spec", {}).setdefault("minReplicas", 1)


def to_version_2(autoscaler: KubeObject) -> KubeObject:
    """Return an autoscaler as version v2 has it."""
    spec, status = autoscaler.get("spec", {}), autoscaler.get("status", {})
    metadata, carried = _split(autoscaler["metadata"])
    new_spec = {field: spec[field] for field in _SPEC if field in spec}
    percent = spec.get("targetCPUUtilizationPercentage")
    cpu = [] if percent is None else [cpu_metric(percent)]
    others = [_to_version_2(metric, _TARGETS, "target") for metric in _list(carried, _METRICS)]
    new_spec["metrics"] = others + cpu or [cpu_metric(CPU_PERCENT)]
    behavior = _decoded(carried.get(_BEHAVIOR))
    if isinstance(behavior, dict) and behavior:
        new_spec["behavior"] = _with_names(behavior, str.lower)
    new_status = {field: status[field] for field in _STATUS if status.get(field)}
    new_status.setdefault("desiredReplicas", 0)
    used, metrics = status.get("currentCPUUtilizationPercentage"), _list(carried, _CURRENT)
    new_status["currentMetrics"] = None
    if metrics:
        listed = [_to_version_2(metric, _AMOUNTS, "current") for metric in metrics]
        new_status["currentMetrics"] = listed
    elif used is not None:
        amount = {"name": "cpu", "current": {"averageUtilization": used}}
        new_status["currentMetrics"] = [{"type": "Resource", "resource": amount}]
    conditions = _list(carried, _CONDITIONS)
    if conditions:
        new_status["conditions"] = conditions
    head = {"apiVersion": HORIZONTAL_POD_AUTOSCALERS.api_version, "metadata": metadata}
    return autoscaler | head | {"spec": new_spec, "status": new_status}


def of_version_2(autoscaler: KubeObject) -> KubeObject:
    """Return an autoscaler of version v2 as this version has it."""
    spec, status = autoscaler.get("spec", {}), autoscaler.get("status", {})
    metadata, _ = _split(autoscaler["metadata"])
    metrics, current = spec.get("metrics") or [], status.get("currentMetrics") or []
    new_spec = {field: spec[field] for field in _SPEC if field in spec}
    percents = [percent for metric in metrics if (percent := _percent(metric, "target"))]
    if percents:
        new_spec["targetCPUUtilizationPercentage"] = percents[0]
    new_status = {"currentReplicas": 0} | {f: status[f] for f in _STATUS if f in status}
    used = [percent for metric in current if (percent := _percent(metric, "current")) is not None]
    if used:
        new_status["currentCPUUtilizationPercentage"] = used[-1]
    others = [metric for metric in metrics if _percent(metric, "target") is None]
    carried: dict[str, Any] = {
        _METRICS: [_of_version_2(metric, _TARGETS, "target") for metric in others],
        _CURRENT: [_of_version_2(metric, _AMOUNTS, "current") for metric in current],
        _CONDITIONS: status.get("conditions"),
        _BEHAVIOR: _with_names(spec.get("behavior"), str.upper),
    }
    texts = {
        key: json.dumps(value, separators=(",", ":")) for key, value in carried.items() if value
    }
    if texts:
        metadata["annotations"] = metadata.get("annotations", {}) | texts
    head = {"apiVersion": HORIZONTAL_POD_AUTOSCALERS_V1.api_version, "metadata": metadata}
    return autoscaler | head | {"spec": new_spec, "status": new_status}


def _split(metadata: KubeObject) -> tuple[KubeObject, dict[str, str]]:
    """Return metadata without what annotations carry, and that."""
    annotations: dict[str, str] = metadata.get("annotations", {})
    kept = {key: text for key, text in annotations.items() if key not in _CARRIED}
    out = {key: value for key, value in metadata.items() if key != "annotations"}
    if kept:
        out["annotations"] = kept
    return out, {key: text for key, text in annotations.items() if key in _CARRIED}


def _decoded(text: str | None) -> Json:
    """Return the value of an annotation; None when it is no JSON, which upstream ignores."""
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return None


def _list(carried: dict[str, str], key: str) -> list[KubeObject]:
    value = _decoded(carried.get(key))
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]


def _percent(metric: KubeObject, field: str) -> int | None:
    """Return the utilization of cpu that a metric aims at or has; None of all others."""
    resource = metric.get("resource", {})
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    percent: int | None = resource.get(field, {}).get("averageUtilization")
    return percent


def _of_version_2(metric: KubeObject, names: dict[str, str], field: str) -> KubeObject:
    """Return a metric, or its status, as annotations carry it."""
    kind = metric.get("type", "")
    source = SOURCES.get(kind, "")
    held = dict(metric.get(source, {}))
    amounts, identity = held.pop(field, {}), held.pop("metric", {})
    for name, amount in names.items():
        if amount in amounts:
            held[name] = amounts[amount]
    if identity:
        held["metricName"] = identity.get("name", "")
        if "selector" in identity:
            held["selector" if kind != "External" else "metricSelector"] = identity["selector"]
    if "describedObject" in held:
        held["target"] = held.pop("describedObject")
    return {"type": kind, source: held}


def _to_version_2(metric: KubeObject, names: dict[str, str], field: str) -> KubeObject:
    """Return a metric, or its status, from an annotation."""
    kind = metric.get("type", "")
    source = SOURCES.get(kind, "")
    found = metric.get(source)
    held = dict(found) if isinstance(found, dict) else {}
    amounts = {amount: held.pop(name) for name, amount in names.items() if name in held}
    if field == "target":
        amounts["type"] = next((word for amount, word in _KINDS if amount in amounts), "")
    identity: KubeObject = {}
    if "metricName" in held:
        identity["name"] = held.pop("metricName")
    for name in ("selector", "metricSelector"):
        if name in held:
            identity["selector"] = held.pop(name)
    if "target" in held:
        held["describedObject"] = held.pop("target")
    if identity:
        held["metric"] = identity
    return {"type": kind, source: held | {field: amounts}}


def _with_names(value: Json, change: Any) -> Json:  # noqa: ANN401
    """Return a behavior whose fields begin as upstream's own structure has them, or back."""
    if isinstance(value, dict):
        return {change(key[:1]) + key[1:]: _with_names(item, change) for key, item in value.items()}
    return [_with_names(item, change) for item in value] if isinstance(value, list) else value


def cells(autoscaler: KubeObject, now_ns: int) -> list[Json]:
    """Return an autoscaler's cells."""
    return HORIZONTAL_POD_AUTOSCALERS.cells(to_version_2(autoscaler), now_ns)


HORIZONTAL_POD_AUTOSCALERS_V1: Final[Resource] = replace(
    HORIZONTAL_POD_AUTOSCALERS,
    version="v1",
    default=default_autoscaler,
    storage=HORIZONTAL_POD_AUTOSCALERS,
    to_storage=to_version_2,
    from_storage=of_version_2,
    cells=cells,
)
