"""Priority classes."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import NAME, Column, age, integers, strings
from pykube_core.api.machinery.field_errors import (
    IMMUTABLE,
    FieldError,
    forbidden,
    invalid,
    not_supported,
)
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.scheduling.priority import PREEMPT, SYSTEM_PRIORITIES, USER_PRIORITY_MAX

_PREEMPTION_POLICIES: Final = ("PreemptLowerPriority", "Never")


def default_priority_class(priority_class: KubeObject) -> None:
    """Fill in a priority class's defaults, in place."""
    priority_class.setdefault("preemptionPolicy", PREEMPT)


def validate_priority_class(priority_class: KubeObject) -> list[FieldError]:
    """Check a priority class."""
    errors = validate_metadata(priority_class, namespaced=False)
    name = (priority_class.get("metadata") or {}).get("name") or ""
    value = priority_class.get("value") or 0
    if name.startswith("system-"):
        known = SYSTEM_PRIORITIES.get(name)
        if known is None or known != value or priority_class.get("globalDefault"):
            detail = "priority class names with 'system-' prefix are reserved for system use only."
            errors.append(
                forbidden("metadata.name", f"{detail} error: {_system_error(name, known)}")
            )
    elif value > USER_PRIORITY_MAX:
        detail = f"maximum allowed value of a user defined priority is {USER_PRIORITY_MAX}"
        errors.append(forbidden("value", detail))
    policy = priority_class.get("preemptionPolicy")
    if policy is not None and policy not in _PREEMPTION_POLICIES:
        errors.append(not_supported("preemptionPolicy", policy, _PREEMPTION_POLICIES))
    return errors


def _system_error(name: str, value: int | None) -> str:
    if value is None:
        return f"{name} is not a known system priority class"
    return f"value of {name} PriorityClass must be {value}"


def validate_priority_class_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another value or preemption policy."""
    errors: list[FieldError] = []
    if new.get("value", 0) != old.get("value", 0):
        errors.append(forbidden("value", "may not be changed in an update."))
    if new.get("preemptionPolicy") != old.get("preemptionPolicy"):
        path = "preemptionPolicy"
        errors.append(invalid(path, new.get(path), IMMUTABLE))
    return errors


def priority_class_cells(priority_class: KubeObject, now_ns: int) -> list[Json]:
    """Return a priority class's cells."""
    return [
        name_of(priority_class),
        priority_class.get("value", 0),
        priority_class.get("globalDefault", False),
        age(priority_class, now_ns),
        priority_class.get("preemptionPolicy", ""),
    ]


PRIORITY_CLASSES: Final = Resource(
    kind="PriorityClass",
    plural="priorityclasses",
    group="scheduling.k8s.io",
    short_names=("pc",),
    namespaced=False,
    default=default_priority_class,
    validate=validate_priority_class,
    validate_create=validate_create,
    validate_update=validate_priority_class_update,
    counts_generations=True,
    columns=(
        NAME,
        *integers("Value"),
        Column("Global-Default", "boolean"),
        *strings("Age", "PreemptionPolicy"),
    ),
    cells=priority_class_cells,
    lister="priorityClasses",
)
