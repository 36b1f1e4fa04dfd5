"""Rules of what steers a pod: affinity, taints and tolerations, spread constraints, gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import (
    NOT_POSITIVE,
    FieldError,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from pykube_core.api.machinery.object_meta import (
    validate_label_name,
    validate_label_selector,
    validate_label_values,
)
from pykube_core.api.machinery.objects import Json, KubeObject

REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"

_BAD_OPERATOR: Final = "not a valid selector operator"
_TAINT_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_SCHEDULE_ACTIONS: Final = ("DoNotSchedule", "ScheduleAnyway")
_INCLUSION_POLICIES: Final = ("Honor", "Ignore")
_IN_BOTH: Final = "exists in both matchLabelKeys and labelSelector"


def validate_affinity(affinity: Json, path: str) -> list[FieldError]:
    """Check node affinity, pod affinity and pod anti-affinity."""
    affinity = affinity or {}
    errors: list[FieldError] = []
    node = affinity.get("nodeAffinity") or {}
    if node.get(REQUIRED) is not None:
        here = f"{path}.nodeAffinity.{REQUIRED}"
        errors += validate_node_selector(node[REQUIRED], here)
    for index, preferred in enumerate(node.get(PREFERRED) or ()):
        here = f"{path}.nodeAffinity.{PREFERRED}[{index}]"
        errors += _validate_weight(preferred, here)
        # Upstream lets label values pass here, as a preference can do no harm.
        term = preferred.get("preference") or {}
        errors += _validate_term(term, f"{here}.preference", check_values=False)
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(kind) or {}
        for index, term in enumerate(terms.get(REQUIRED) or ()):
            errors += _validate_pod_term(term or {}, f"{path}.{kind}.{REQUIRED}[{index}]")
        for index, weighted in enumerate(terms.get(PREFERRED) or ()):
            here = f"{path}.{kind}.{PREFERRED}[{index}]"
            errors += _validate_weight(weighted, here)
            term = weighted.get("podAffinityTerm") or {}
            errors += _validate_pod_term(term, f"{here}.podAffinityTerm")
    return errors


def validate_node_selector(selector: KubeObject, path: str) -> list[FieldError]:
    """Check a required ``NodeSelector``."""
    terms = selector.get("nodeSelectorTerms") or []
    here = f"{path}.nodeSelectorTerms"
    if not terms:
        return [required(here, "must have at least one node selector term")]
    errors: list[FieldError] = []
    for index, term in enumerate(terms):
        errors += _validate_term(term or {}, f"{here}[{index}]", check_values=True)
    return errors


def validate_tolerations(tolerations: Iterable[KubeObject], path: str) -> list[FieldError]:
    """Check tolerations."""
    errors: list[FieldError] = []
    for index, toleration in enumerate(tolerations):
        errors += _validate_toleration(toleration or {}, f"{path}[{index}]")
    return errors


def validate_taints(taints: Iterable[KubeObject], path: str) -> list[FieldError]:
    """Check the taints of a node."""
    errors: list[FieldError] = []
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        here = f"{path}[{index}]"
        key, value = taint.get("key") or "", taint.get("value") or ""
        effect = taint.get("effect") or ""
        errors += validate_label_name(key, f"{here}.key")
        complaints = names.label_value(value)
        if complaints:
            errors.append(invalid(f"{here}.value", value, ";".join(complaints)))
        if not effect:
            errors.append(required(f"{here}.effect"))
        elif effect not in _TAINT_EFFECTS:
            errors.append(not_supported(f"{here}.effect", effect, _TAINT_EFFECTS))
        if (key, effect) in seen:
            internal = {"Key": key, "Value": value, "Effect": effect, "TimeAdded": None}
            detail = "taints must be unique by key and effect pair"
            errors.append(duplicate(here, internal | {"TimeAdded": taint.get("timeAdded")}, detail))
        seen.add((key, effect))
    return errors


def validate_gates(gates: Iterable[KubeObject], path: str) -> list[FieldError]:
    """Check scheduling gates."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        name, here = gate.get("name") or "", f"{path}[{index}]"
        errors += invalid_each(here, name, names.qualified_name(name))
        if name in seen:
            errors.append(duplicate(here, name))
        seen.add(name)
    return errors


def validate_spread(constraints: list[KubeObject], path: str) -> list[FieldError]:
    """Check topology spread constraints."""
    errors: list[FieldError] = []
    left = Counter(map(_spread_pair, constraints))
    for index, constraint in enumerate(constraints):
        here = f"{path}[{index}]"
        skew, action = constraint.get("maxSkew") or 0, constraint.get("whenUnsatisfiable") or ""
        if skew <= 0:
            errors.append(invalid(f"{here}.maxSkew", skew, NOT_POSITIVE))
        if not constraint.get("topologyKey"):
            errors.append(required(f"{here}.topologyKey", "can not be empty"))
        if action not in _SCHEDULE_ACTIONS:
            errors.append(not_supported(f"{here}.whenUnsatisfiable", action, _SCHEDULE_ACTIONS))
        pair = _spread_pair(constraint)
        left[pair] -= 1
        if left[pair]:
            where = f"{here}.{{topologyKey, whenUnsatisfiable}}"
            errors.append(duplicate(where, f"{{{pair[0]}, {pair[1]}}}"))
        errors += _validate_min_domains(constraint.get("minDomains"), action, f"{here}.minDomains")
        for policy in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            value = constraint.get(policy)
            if value is not None and value not in _INCLUSION_POLICIES:
                errors.append(not_supported(f"{here}.{policy}", value, _INCLUSION_POLICIES))
        selector = constraint.get("labelSelector")
        keys = constraint.get("matchLabelKeys") or []
        errors += _validate_spread_keys(keys, selector, f"{here}.matchLabelKeys")
        errors += validate_label_selector(selector, f"{here}.labelSelector")
    return errors


def _validate_weight(weighted: KubeObject, path: str) -> list[FieldError]:
    weight = weighted.get("weight") or 0
    if 1 <= weight <= 100:
        return []
    return [invalid(f"{path}.weight", weight, "must be in the range 1-100")]


def _validate_term(term: KubeObject, path: str, check_values: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        here = f"{path}.matchExpressions[{index}]"
        errors += _validate_expression(expression or {}, here)
        if check_values:
            errors += validate_label_values(expression.get("values") or [], f"{here}.values")
    for index, requirement in enumerate(term.get("matchFields") or ()):
        errors += _validate_field(requirement or {}, f"{path}.matchFields[{index}]")
    return errors


def _validate_expression(expression: KubeObject, path: str) -> list[FieldError]:
    operator, values = expression.get("operator") or "", expression.get("values") or []
    errors: list[FieldError] = []
    match operator:
        case "In" | "NotIn":
            if not values:
                detail = "must be specified when `operator` is 'In' or 'NotIn'"
                errors.append(required(f"{path}.values", detail))
        case "Exists" | "DoesNotExist":
            if values:
                detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                errors.append(forbidden(f"{path}.values", detail))
        case "Gt" | "Lt":
            if len(values) != 1:
                detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
                errors.append(required(f"{path}.values", detail))
        case _:
            errors.append(invalid(f"{path}.operator", operator, _BAD_OPERATOR))
    return errors + validate_label_name(expression.get("key") or "", f"{path}.key")


def _validate_field(requirement: KubeObject, path: str) -> list[FieldError]:
    operator, values = requirement.get("operator") or "", requirement.get("values") or []
    key = requirement.get("key") or ""
    errors: list[FieldError] = []
    if operator not in ("In", "NotIn"):
        errors.append(invalid(f"{path}.operator", operator, _BAD_OPERATOR))
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(required(f"{path}.values", detail))
    if key != "metadata.name":
        return [*errors, invalid(f"{path}.key", key, "not a valid field selector key")]
    for index, value in enumerate(values):
        errors += invalid_each(f"{path}.values[{index}]", value, names.dns_subdomain(value))
    return errors


def _validate_pod_term(term: KubeObject, path: str) -> list[FieldError]:
    selector = term.get("labelSelector")
    errors = validate_label_selector(selector, f"{path}.labelSelector")
    errors += validate_label_selector(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for namespace in term.get("namespaces") or ():
        errors += invalid_each(f"{path}.namespace", namespace, names.dns_label(namespace))
    errors += _validate_label_keys(term, selector, path)
    key = term.get("topologyKey") or ""
    if not key:
        errors.append(required(f"{path}.topologyKey", "can not be empty"))
    return errors + validate_label_name(key, f"{path}.topologyKey")


def _validate_label_keys(term: KubeObject, selector: Json, path: str) -> list[FieldError]:
    """Check matchLabelKeys and mismatchLabelKeys, whose values are in the selector by now."""
    errors: list[FieldError] = []
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        keys = term.get(field) or []
        if keys and selector is None:
            detail = "must not be specified when labelSelector is not set"
            errors.append(forbidden(f"{path}.{field}", detail))
            continue
        for index, key in enumerate(keys):
            errors += validate_label_name(key, f"{path}.{field}[{index}]")
    keys = term.get("matchLabelKeys") or []
    for index, key in _selected_twice(keys, selector):
        errors.append(invalid(f"{path}[{index}]", key, _IN_BOTH))
    mismatched = set(term.get("mismatchLabelKeys") or ())
    for index, key in enumerate(keys):
        if key in mismatched:
            detail = "exists in both matchLabelKeys and mismatchLabelKeys"
            errors.append(invalid(f"{path}.matchLabelKeys[{index}]", key, detail))
    return errors


def _validate_toleration(toleration: KubeObject, path: str) -> list[FieldError]:
    key, value = toleration.get("key") or "", toleration.get("value") or ""
    operator, effect = toleration.get("operator") or "", toleration.get("effect") or ""
    errors = validate_label_name(key, f"{path}.key") if key else []
    if not key and operator != "Exists":
        detail = (
            "operator must be Exists when `key` is empty, which means "
            '"match all values and all keys"'
        )
        errors.append(invalid(f"{path}.operator", operator, detail))
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        errors.append(invalid(f"{path}.effect", effect, detail))
    if operator in ("Equal", ""):
        complaints = names.label_value(value)
        if complaints:
            errors.append(invalid(f"{path}.operator", value, ";".join(complaints)))
    elif operator != "Exists":
        errors.append(not_supported(f"{path}.operator", operator, ("Equal", "Exists")))
    elif value:
        detail = "value must be empty when `operator` is 'Exists'"
        errors.append(invalid(f"{path}.operator", value, detail))
    if effect and effect not in _TAINT_EFFECTS:
        errors.append(not_supported(f"{path}.effect", effect, _TAINT_EFFECTS))
    return errors


def _spread_pair(constraint: KubeObject) -> tuple[str, str]:
    return constraint.get("topologyKey") or "", constraint.get("whenUnsatisfiable") or ""


def _validate_min_domains(domains: int | None, action: str, path: str) -> list[FieldError]:
    if domains is None:
        return []
    errors = [invalid(path, domains, NOT_POSITIVE)] if domains <= 0 else []
    if action != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        errors.append(invalid(path, domains, detail))
    return errors


def _validate_spread_keys(keys: list[str], selector: Json, path: str) -> list[FieldError]:
    if not keys:
        return []
    errors: list[FieldError] = []
    if selector is None:
        errors.append(forbidden(path, "must not be specified when labelSelector is not set"))
    for index, key in enumerate(keys):
        errors += validate_label_name(key, f"{path}[{index}]")
    for index, key in _selected_twice(keys, selector):
        errors.append(invalid(f"{path}[{index}]", key, _IN_BOTH))
    return errors


def _selected_twice(keys: list[str], selector: Json) -> list[tuple[int, str]]:
    """Return which keys the selector has besides the expression that was merged for them."""
    index_of = {key: index for index, key in enumerate(keys)}
    seen = set((selector or {}).get("matchLabels") or ())
    twice = []
    for expression in (selector or {}).get("matchExpressions") or ():
        key = expression.get("key") or ""
        if key in index_of and key in seen:
            twice.append((index_of[key], key))
        seen.add(key)
    return twice
