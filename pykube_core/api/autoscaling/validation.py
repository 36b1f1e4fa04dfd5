"""Rules of horizontal pod autoscalers.

Source: ``k8s.io/kubernetes/pkg/apis/autoscaling/validation`` v1.37.2.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.autoscaling.metrics import SOURCES
from pykube_core.api.machinery.field_errors import (
    NEGATIVE,
    NOT_POSITIVE,
    FieldError,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from pykube_core.api.machinery.names import path_segment
from pykube_core.api.machinery.object_meta import validate_metadata
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.quantity import parse_quantity

_PERIOD_MAX: Final = 1800
_WINDOW_MAX: Final = 3600
_SELECTIONS: Final = ("Disabled", "Max", "Min")
_POLICIES: Final = ("Percent", "Pods")
# Of each source the amounts of which one must be given, the one that is asked for, and the words.
_AMOUNTS: Final = {
    "Object": (
        ("value", "averageValue"),
        "averageValue",
        "must set either a target value or averageValue",
    ),
    "Pods": (("averageValue",), "averageValue", "must specify a positive target averageValue"),
    "External": (
        ("value", "averageValue"),
        "averageValue",
        "must set either a target value for metric or a per-pod target",
    ),
    "Resource": (
        ("averageUtilization", "averageValue"),
        "averageUtilization",
        "must set either a target raw value or a target utilization",
    ),
    "ContainerResource": (
        ("averageUtilization", "averageValue"),
        "averageUtilization",
        "must set either a target raw value or a target utilization",
    ),
}
_EITHER: Final = {
    "External": "a target value for metric and a per-pod target",
    "Resource": "a target raw value and a target utilization",
    "ContainerResource": "a target raw value and a target utilization",
}
_TYPES: Final = tuple(sorted(SOURCES))


def validate_autoscaler(autoscaler: KubeObject) -> list[FieldError]:
    """Check an autoscaler."""
    errors, spec = validate_metadata(autoscaler), autoscaler["spec"]
    least, most = spec["minReplicas"], spec.get("maxReplicas", 0)
    if least < 0:
        errors.append(invalid("spec.minReplicas", least, NEGATIVE))
    if not most:
        errors.append(required("spec.maxReplicas", "must be set and greater than 0"))
    elif most < 0:
        detail = "must be greater than or equal to 1"
        errors.append(invalid("spec.maxReplicas", most, detail))
    if most < least:
        detail = "must be greater than or equal to `minReplicas`"
        errors.append(invalid("spec.maxReplicas", most, detail))
    target = spec.get("scaleTargetRef", {})
    errors += _validate_reference(target, "spec.scaleTargetRef")
    for index, metric in enumerate(spec["metrics"]):
        errors += _validate_metric(metric, f"spec.metrics[{index}]")
    if not least and not {"Object", "External"} & {m.get("type") for m in spec["metrics"]}:
        detail = (
            "must specify at least one Object or External metric to support scaling to zero "
            "replicas"
        )
        errors.append(forbidden("spec.metrics", detail))
    for field, rules in spec.get("behavior", {}).items():
        errors += _validate_rules(rules, f"spec.behavior.{field}")
    return errors


def _validate_reference(reference: KubeObject, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for field in ("kind", "name"):
        value = reference.get(field, "")
        if value:
            errors += invalid_each(f"{path}.{field}", value, path_segment(value))
        else:
            errors.append(required(f"{path}.{field}"))
    version = reference.get("apiVersion", "")
    if version.count("/") > 1:
        detail = f"unexpected GroupVersion string: {version}"
        errors.append(invalid(f"{path}.apiVersion", version, detail))
    return errors


def _validate_metric(metric: KubeObject, path: str) -> list[FieldError]:
    kind = metric.get("type", "")
    errors: list[FieldError] = []
    if not kind:
        errors.append(required(f"{path}.type", "must specify a metric source type"))
    if kind not in SOURCES:
        return [*errors, not_supported(f"{path}.type", kind, _TYPES)]
    source = SOURCES[kind]
    if source not in metric:
        detail = "must populate information for the given metric source"
        return [required(f"{path}.{source}", detail)]
    others = [field for field in SOURCES.values() if field in metric and field != source]
    detail = "must populate the given metric source only"
    return [forbidden(f"{path}.{field}", detail) for field in others] + _validate_source(
        kind, metric[source], f"{path}.{source}"
    )


def _validate_source(kind: str, source: KubeObject, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if kind in ("Resource", "ContainerResource"):
        if not source.get("name"):
            errors.append(required(f"{path}.name", "must specify a resource name"))
        if kind == "ContainerResource" and not source.get("container"):
            errors.append(required(f"{path}.container", "must specify a container"))
    else:
        name = source.get("metric", {}).get("name", "")
        if name:
            errors += invalid_each(f"{path}.metric.name", name, path_segment(name))
        else:
            errors.append(required(f"{path}.metric.name", "must specify a metric name"))
    if kind == "Object":
        errors += _validate_reference(source.get("describedObject", {}), f"{path}.describedObject")
    return errors + _validate_target(kind, source.get("target", {}), f"{path}.target")


def _validate_target(kind: str, target: KubeObject, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    word = target.get("type", "")
    if not word:
        errors.append(required(f"{path}.type", "must specify a metric target type"))
    if word not in ("Utilization", "Value", "AverageValue"):
        detail = "must be either Utilization, Value, or AverageValue"
        errors.append(invalid(f"{path}.type", word, detail))
    for field in ("value", "averageValue"):
        if field in target and parse_quantity(target[field]).nano <= 0:
            errors.append(invalid(f"{path}.{field}", target[field], "must be positive"))
    percent = target.get("averageUtilization")
    if percent is not None and percent < 1:
        errors.append(invalid(f"{path}.averageUtilization", percent, "must be greater than 0"))
    fields, wanted, detail = _AMOUNTS[kind]
    given = [field for field in fields if field in target]
    if not given:
        errors.append(required(f"{path}.{wanted}", detail))
    elif kind in _EITHER and len(given) > 1:
        detail = f"may not set both {_EITHER[kind]}"
        field = "value" if kind == "External" else "averageValue"
        errors.append(forbidden(f"{path}.{field}", detail))
    return errors


def _validate_rules(rules: KubeObject, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    window, selected = rules.get("stabilizationWindowSeconds", 0), rules.get("selectPolicy", "Max")
    here = f"{path}.stabilizationWindowSeconds"
    if window < 0:
        errors.append(invalid(here, window, "must be greater than or equal to zero"))
    if window > _WINDOW_MAX:
        errors.append(invalid(here, window, f"must be less than or equal to {_WINDOW_MAX}"))
    if selected not in _SELECTIONS:
        errors.append(not_supported(f"{path}.selectPolicy", selected, _SELECTIONS))
    if not rules.get("policies"):
        errors.append(required(f"{path}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(rules.get("policies", ())):
        at, kind = f"{path}.policies[{index}]", policy.get("type", "")
        if kind not in _POLICIES:
            errors.append(not_supported(f"{at}.type", kind, _POLICIES))
        for field in ("value", "periodSeconds"):
            if policy.get(field, 0) <= 0:
                errors.append(invalid(f"{at}.{field}", policy.get(field, 0), NOT_POSITIVE))
        period = policy.get("periodSeconds", 0)
        if period > _PERIOD_MAX:
            detail = f"must be less than or equal to {_PERIOD_MAX}"
            errors.append(invalid(f"{at}.periodSeconds", period, detail))
    return errors


def validate_autoscaler_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check an autoscaler's counts."""
    status = new.get("status", {})
    counts = [f for f in ("currentReplicas", "desiredReplicas") if status.get(f, 0) < 0]
    return [invalid(f"status.{field}", status[field], NEGATIVE) for field in counts]
