"""Rules of resource lists: names, quantities, requests against limits."""

from __future__ import annotations

from collections.abc import Callable

from pykube_core.api.core.resource_lists import (
    HUGE_PAGES_PREFIX,
    POD_LEVEL,
    Quantities,
    aggregate,
    is_extended,
    is_huge_page,
    is_integer,
    is_native,
    is_pod_level,
    is_standard,
    is_standard_for_containers,
    is_whole_pages,
    may_overcommit,
    quantities,
)
from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import (
    NEGATIVE,
    NOT_POSITIVE,
    FieldError,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_found,
    not_supported,
    required,
)
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.quantity import Quantity

NameRule = Callable[[str, str], list[FieldError]]


def validate_quantity(name: str, quantity: Quantity, path: str) -> list[FieldError]:
    """Check the amount of one resource."""
    errors = []
    if quantity.nano < 0:
        errors.append(invalid(path, quantity, NEGATIVE))
    if is_integer(name) and quantity.milli_value() % 1000:
        errors.append(invalid(path, quantity, "must be an integer"))
    return errors


def validate_positive(quantity: Quantity, path: str) -> list[FieldError]:
    """Check that an amount is above zero."""
    return [invalid(path, quantity, NOT_POSITIVE)] if quantity.nano <= 0 else []


def validate_container_resources(
    resources: KubeObject, claim_names: set[str], path: str
) -> list[FieldError]:
    """Check ``resources`` of a container, or of an overhead given as limits."""
    return _validate_requirements(resources, _container_resource_name, claim_names, path)


def validate_pod_resources(spec: KubeObject, claim_names: set[str]) -> list[FieldError]:
    """Check pod-level resources, and that they cover what the containers ask for."""
    resources = spec.get("resources")
    if resources is None:
        return []
    path = "spec.resources"
    errors: list[FieldError] = []
    if resources.get("claims") is not None:
        detail = "claims cannot be set for Resources at pod-level"
        errors.append(forbidden(f"{path}.claims", detail))
    errors += _validate_requirements(resources, _pod_resource_name, claim_names, path)
    requested = quantities(resources.get("requests"))
    for name, total in aggregate(spec).items():
        if name in requested and requested[name] < total:
            detail = f"must be greater than or equal to aggregate container requests of {total}"
            errors.append(invalid(f"{path}.requests[{name}]", requested[name], detail))
    limits = quantities(resources.get("limits"))
    for index, container in enumerate(spec.get("containers") or ()):
        own = quantities((container.get("resources") or {}).get("limits"))
        for name, limit in own.items():
            if name in limits and limits[name] < limit:
                here = f"{path}.containers[{index}][{name}].limits"
                detail = f"must be less than or equal to pod limits of {limits[name]}"
                errors.append(invalid(here, limit, detail))
    return errors


def validate_node_resources(status: KubeObject) -> list[FieldError]:
    """Check capacity and allocatable of a node."""
    errors: list[FieldError] = []
    for kind in ("capacity", "allocatable"):
        for name, quantity in quantities(status.get(kind)).items():
            errors += validate_quantity(name, quantity, f"status.{kind}.{name}")
    return errors


def _validate_requirements(
    resources: KubeObject, name_rule: NameRule, claim_names: set[str], path: str
) -> list[FieldError]:
    limits, requests = quantities(resources.get("limits")), quantities(resources.get("requests"))
    errors: list[FieldError] = []
    for name, quantity in limits.items():
        errors += _validate_amount(name, quantity, name_rule, f"{path}.limits[{name}]")
    for name, quantity in requests.items():
        here = f"{path}.requests[{name}]"
        errors += name_rule(name, here) + validate_quantity(name, quantity, here)
        errors += _validate_against_limit(name, quantity, limits, path)
        errors += _validate_pages(name, quantity, here)
    both = limits.keys() | requests.keys()
    if any(map(is_huge_page, both)) and not both & set(POD_LEVEL):
        errors.append(forbidden(path, "HugePages require cpu or memory"))
    return errors + _validate_claims(resources.get("claims") or [], claim_names, f"{path}.claims")


def _validate_amount(
    name: str, quantity: Quantity, name_rule: NameRule, path: str
) -> list[FieldError]:
    errors = name_rule(name, path) + validate_quantity(name, quantity, path)
    return errors + _validate_pages(name, quantity, path)


def _validate_pages(name: str, quantity: Quantity, path: str) -> list[FieldError]:
    if not is_huge_page(name) or is_whole_pages(name, quantity):
        return []
    detail = f"{quantity} is not positive integer multiple of {name}"
    return [invalid(path, quantity, detail)]


def _validate_against_limit(
    name: str, request: Quantity, limits: Quantities, path: str
) -> list[FieldError]:
    limit = limits.get(name)
    if limit is None:
        if may_overcommit(name):
            return []
        return [required(f"{path}.limits", "Limit must be set for non overcommitable resources")]
    if request != limit and not may_overcommit(name):
        detail = f"must be equal to {name} limit of {limit}"
    elif request > limit:
        detail = f"must be less than or equal to {name} limit of {limit}"
    else:
        return []
    return [invalid(f"{path}.requests", request, detail)]


def _resource_name(name: str, path: str) -> list[FieldError]:
    errors = invalid_each(path, name, names.qualified_name(name))
    if not errors and "/" not in name and not is_standard(name):
        errors.append(invalid(path, name, "must be a standard resource type or fully qualified"))
    return errors


def _container_resource_name(name: str, path: str) -> list[FieldError]:
    errors = _resource_name(name, path)
    if "/" not in name:
        if not is_standard_for_containers(name):
            errors.append(invalid(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        detail = "doesn't follow extended resource name standard"
        errors.append(invalid(path, name, detail))
    return errors


def _pod_resource_name(name: str, path: str) -> list[FieldError]:
    errors = _resource_name(name, path)
    if not errors and not is_pod_level(name):
        errors.append(not_supported(path, name, sorted({*POD_LEVEL, HUGE_PAGES_PREFIX})))
    return errors


def _validate_claims(
    claims: list[KubeObject], claim_names: set[str], path: str
) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    requested: set[str] = set()
    for index, claim in enumerate(claims):
        here, name, request = (
            f"{path}[{index}]",
            claim.get("name") or "",
            claim.get("request") or "",
        )
        if not name:
            errors.append(required(here))
            continue
        key = f"{name}/{request}" if request else name
        errors += invalid_each(
            f"{here}.request", request, names.dns_label(request) if request else ()
        )
        overlaps = not request and name in requested
        if name in seen:
            errors.append(duplicate(here, name))
        elif key in seen or overlaps:
            errors.append(duplicate(here, key))
        seen.add(key)
        if request:
            requested.add(name)
        if name not in claim_names:
            listed = f": {', '.join(sorted(claim_names))}" if claim_names else " which is empty"
            detail = f"must be one of the names in pod.spec.resourceClaims{listed}"
            errors.append(not_found(here, name, detail))
    return errors
