"""Rules of a job's policy for pods that fail.

Source: ``k8s.io/kubernetes/pkg/apis/batch/validation`` v1.37.2.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import (
    FieldError,
    duplicate,
    invalid,
    invalid_each,
    not_supported,
    quoted,
    required,
)
from pykube_core.api.machinery.objects import KubeObject

_ACTIONS: Final = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS: Final = ("In", "NotIn")
_STATUSES: Final = ("False", "True", "Unknown")
_RULES_MAX: Final = 20
_PATTERNS_MAX: Final = 20
_EXIT_CODES_MAX: Final = 255


def validate_pod_failure_policy(spec: KubeObject, path: str) -> list[FieldError]:
    """Check the policy of a job's spec."""
    rules = spec["podFailurePolicy"].get("rules", [])
    errors = _validate_count(rules, f"{path}.rules", _RULES_MAX)
    pod = spec["template"]["spec"]
    containers = {
        container.get("name", "")
        for field in ("containers", "initContainers")
        for container in pod.get(field, ())
    }
    for index, rule in enumerate(rules):
        here = f"{path}.rules[{index}]"
        errors += _validate_action(rule.get("action", ""), spec, f"{here}.action")
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions", [])
        if codes is not None:
            errors += _validate_exit_codes(codes, containers, f"{here}.onExitCodes")
        errors += _validate_conditions(conditions, f"{here}.onPodConditions")
        if (codes is not None) == bool(conditions):
            both, word = ("both", "not supported") if conditions else ("one of", "required")
            body = f"specifying {both} OnExitCodes and OnPodConditions is {word}"
            errors.append(FieldError("FieldValueInvalid", here, f"Invalid value: {body}"))
    return errors


def _validate_count(items: list[object], path: str, most: int) -> list[FieldError]:
    if len(items) <= most:
        return []
    body = f"Too many: {len(items)}: must have at most {most} items"
    return [FieldError("FieldValueTooMany", path, body)]


def _validate_choice(value: str, choices: tuple[str, ...], path: str) -> list[FieldError]:
    if not value:
        return [required(path, f"valid values: [{' '.join(map(quoted, choices))}]")]
    return [] if value in choices else [not_supported(path, value, choices)]


def _validate_action(action: str, spec: KubeObject, path: str) -> list[FieldError]:
    if action == "FailIndex" and "backoffLimitPerIndex" not in spec:
        return [invalid(path, action, "requires the backoffLimitPerIndex to be set")]
    return _validate_choice(action, _ACTIONS, path)


def _validate_exit_codes(
    requirement: KubeObject, containers: set[str], path: str
) -> list[FieldError]:
    operator, values = requirement.get("operator", ""), requirement.get("values", [])
    errors = _validate_choice(operator, _OPERATORS, f"{path}.operator")
    container = requirement.get("containerName")
    if container is not None and container not in containers:
        detail = "must be one of the container or initContainer names in the pod template"
        errors.append(invalid(f"{path}.containerName", container, detail))
    here = f"{path}.values"
    if not values:
        errors.append(invalid(here, values or None, "at least one value is required"))
    errors += _validate_count(values, here, _EXIT_CODES_MAX)
    seen: set[int] = set()
    for index, code in enumerate(values):
        if operator == "In" and code == 0:
            errors.append(invalid(f"{here}[{index}]", code, "must not be 0 for the In operator"))
        if code in seen:
            errors.append(duplicate(f"{here}[{index}]", code))
        seen.add(code)
    if values != sorted(values):
        errors.append(invalid(here, values, "must be ordered"))
    return errors


def _validate_conditions(patterns: list[KubeObject], path: str) -> list[FieldError]:
    errors = _validate_count(list(patterns), path, _PATTERNS_MAX)
    for index, pattern in enumerate(patterns):
        here, kind = f"{path}[{index}]", pattern.get("type", "")
        errors += invalid_each(f"{here}.type", kind, names.qualified_name(kind))
        errors += _validate_choice(pattern.get("status", ""), _STATUSES, f"{here}.status")
    return errors
