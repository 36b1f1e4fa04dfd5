"""Rules that the kinds of the group share.

Source: ``k8s.io/kubernetes/pkg/apis/apps/validation`` v1.34.1.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.pod.template import selector_mismatch, validate_template_update
from pykube_core.api.machinery.field_errors import (
    IMMUTABLE,
    NEGATIVE,
    FieldError,
    invalid,
    required,
)
from pykube_core.api.machinery.object_meta import validate_label_selector, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.selectors import SelectorError, parse_label_selector

_GREATER: Final = "cannot be greater than status.replicas"


def validate_workload(workload: KubeObject, empty_text: str) -> list[FieldError]:
    """Check metadata, and a selector against the labels of its template."""
    errors = validate_metadata(workload)
    spec = workload.get("spec") or {}
    selector = spec.get("selector")
    if selector is None:
        errors.append(required("spec.selector"))
    else:
        errors += validate_label_selector(selector, "spec.selector")
        if not (selector.get("matchLabels") or selector.get("matchExpressions")):
            errors.append(invalid("spec.selector", selector, empty_text))
    try:
        parsed = parse_label_selector(selector)
    except SelectorError:
        return [*errors, invalid("spec.selector", selector, "invalid label selector")]
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if parsed.requirements and not parsed.matches(labels):
        errors.append(selector_mismatch(labels))
    return errors


def validate_workload_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another selector of a workload, and annotations that make no pod."""
    selector = new["spec"].get("selector")
    errors = validate_template_update(new, old)
    if selector != old["spec"].get("selector"):
        errors.append(invalid("spec.selector", selector, IMMUTABLE))
    return errors


def validate_counts(spec: KubeObject, *fields: str) -> list[FieldError]:
    """Check that counts of a spec are not negative."""
    negative = [field for field in fields if spec.get(field, 0) < 0]
    return [invalid(f"spec.{field}", spec[field], NEGATIVE) for field in negative]


def validate_status_counts(obj: KubeObject, fields: tuple[str, ...]) -> list[FieldError]:
    """Check that counts of a status are not negative."""
    status = obj.get("status", {})
    negative = [field for field in fields if status.get(field, 0) < 0]
    return [invalid(f"status.{field}", status[field], NEGATIVE) for field in negative]


def validate_at_most_replicas(obj: KubeObject, fields: tuple[str, ...]) -> list[FieldError]:
    """Check that counts of a status are not above its replicas."""
    status = obj.get("status", {})
    replicas = status.get("replicas", 0)
    greater = [field for field in fields if status.get(field, 0) > replicas]
    errors = [invalid(f"status.{field}", status[field], _GREATER) for field in greater]
    available = status.get("availableReplicas", 0)
    if available > status.get("readyReplicas", 0):
        detail = "cannot be greater than readyReplicas"
        errors.append(invalid("status.availableReplicas", available, detail))
    return errors


def validate_collision_count(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check that the count of collisions does not go down."""
    count, was = (obj.get("status", {}).get("collisionCount") for obj in (new, old))
    if was is None or (count is not None and count >= was):
        return []
    return [invalid("status.collisionCount", count or 0, "cannot be decremented")]


def internal_strategy(strategy: KubeObject) -> KubeObject:
    """Return a strategy with the names of upstream's own structures, as its messages show it."""
    rolling = strategy.get("rollingUpdate")
    shown = rolling and {
        "MaxUnavailable": rolling.get("maxUnavailable", 0), "MaxSurge": rolling.get("maxSurge", 0)
    }  # fmt: skip
    return {"Type": strategy.get("type", ""), "RollingUpdate": shown}


def is_zero(value: Json) -> bool:
    """Say whether a count or a percentage is zero or absent."""
    return value in (None, 0, "0%") or (isinstance(value, str) and not value.strip("0%"))
