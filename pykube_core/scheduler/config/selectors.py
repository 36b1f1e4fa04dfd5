"""The pieces of Pod specs that plugin arguments hold: node affinity, spread constraints, names.

They keep the shape that they have in a Pod, so that the plugins compile them as they compile a
Pod's own; here they are only checked.

Source: kubernetes v1.34.1, component-helpers/scheduling/corev1/nodeaffinity and
apimachinery/pkg/labels/selector.go.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from pykube_core.api.machinery.names import label_value, qualified_name
from pykube_core.api.machinery.selectors import parse_int64
from pykube_core.scheduler.config.fields import FieldErrors, child, index
from pykube_core.scheduler.config.reader import ObjectReader

# Of a requirement: its reader, key, operator and values.
_Check: TypeAlias = Callable[[ObjectReader, str, str, Sequence[str]], None]

_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
_FIELD_OPERATORS: Final = ("In", "NotIn")
_WHEN_UNSATISFIABLE: Final = ("DoNotSchedule", "ScheduleAnyway")


def check_label_names(errors: FieldErrors, path: str, names: Sequence[str]) -> None:
    """Record each of the names in the list at ``path`` that is no label key."""
    for position, name in enumerate(names):
        for detail in qualified_name(name):
            errors.invalid(index(path, position), name, detail)


def _check_label_value(errors: FieldErrors, path: str, value: str) -> None:
    if found := label_value(value):
        errors.invalid(path, value, "; ".join(found))


def read_node_affinity(reader: ObjectReader) -> Mapping[str, Any]:
    """Check a node affinity (``spec.affinity.nodeAffinity`` of a Pod) and return it as it is.

    Terms that are empty, or preferred with weight 0, match nothing and are not looked at.
    """
    required = reader.nested("requiredDuringSchedulingIgnoredDuringExecution")
    if required is not None:
        for term in required.objects("nodeSelectorTerms"):
            _read_node_selector_term(term)
        required.finish()
    for preferred in reader.objects("preferredDuringSchedulingIgnoredDuringExecution"):
        weight = preferred.integer("weight", 0)
        preference = preferred.nested("preference")
        preferred.finish()
        if preference is not None:
            _read_node_selector_term(preference, checked=weight != 0)
    reader.finish()
    return reader.value


def _read_node_selector_term(reader: ObjectReader, checked: bool = True) -> None:
    for requirement in reader.objects("matchExpressions"):
        _read_requirement(requirement, _check_expression if checked else None)
    for requirement in reader.objects("matchFields"):
        _read_requirement(requirement, _check_field if checked else None)
    reader.finish()


def _read_requirement(reader: ObjectReader, check: _Check | None) -> None:
    key, operator = reader.string("key"), reader.string("operator")
    values = reader.strings("values")
    reader.finish()
    if check is not None:
        check(reader, key, operator, values)


def _check_expression(reader: ObjectReader, key: str, operator: str, values: Sequence[str]) -> None:
    errors, path = reader.errors, reader.at("values")
    if operator not in _OPERATORS:
        errors.not_supported(reader.at("operator"), operator, _OPERATORS)
        return
    if found := qualified_name(key):
        errors.invalid(reader.at("key"), key, "; ".join(found))
    if operator in ("In", "NotIn") and not values:
        errors.invalid(path, None, "for 'in', 'notin' operators, values set can't be empty")
    if operator in ("Exists", "DoesNotExist") and values:
        errors.invalid(path, values, "values set must be empty for exists and does not exist")
    if operator in ("Gt", "Lt"):
        if len(values) != 1:
            detail = "for 'Gt', 'Lt' operators, exactly one value is required"
            errors.invalid(path, values or None, detail)
        for position, value in enumerate(values):
            if parse_int64(value) is None:
                detail = "for 'Gt', 'Lt' operators, the value must be an integer"
                errors.invalid(index(path, position), value, detail)
    for position, value in enumerate(values):
        _check_label_value(errors, f"{index(path, position)}[{key}]", value)


def _check_field(reader: ObjectReader, key: str, operator: str, values: Sequence[str]) -> None:
    if operator not in _FIELD_OPERATORS:
        reader.errors.not_supported(reader.at("operator"), operator, _FIELD_OPERATORS)
    elif len(values) != 1:
        reader.errors.invalid(reader.at("values"), values or None, "must have one element")


def read_spread_constraints(reader: ObjectReader) -> tuple[Mapping[str, Any], ...]:
    """Check ``defaultConstraints`` and return them as they are."""
    errors, path = reader.errors, reader.at("defaultConstraints")
    seen: set[tuple[str, str]] = set()
    for position, item in enumerate(reader.objects("defaultConstraints")):
        max_skew = item.integer("maxSkew", 0)
        key, when = item.string("topologyKey"), item.string("whenUnsatisfiable")
        selector = item.raw("labelSelector")
        item.integer("minDomains", 1)
        item.string("nodeAffinityPolicy")
        item.string("nodeTaintsPolicy")
        item.strings("matchLabelKeys")
        item.finish()
        if max_skew <= 0:
            errors.invalid(item.at("maxSkew"), max_skew, "not in valid range (0, inf)")
        if not key:
            errors.required(item.at("topologyKey"), "can not be empty")
        for detail in qualified_name(key) if key else ():
            errors.invalid(item.at("topologyKey"), key, detail)
        if not when:
            errors.required(item.at("whenUnsatisfiable"), "can not be empty")
        elif when not in _WHEN_UNSATISFIABLE:
            errors.not_supported(item.at("whenUnsatisfiable"), when, _WHEN_UNSATISFIABLE)
        if selector is not None:
            detail = "constraint must not define a selector, as they deduced for each pod"
            errors.forbidden(child(item.path, "labelSelector"), detail)
        if (key, when) in seen:
            errors.duplicate(index(path, position), f"{{{key}, {when}}}")
        seen.add((key, when))
    return tuple(item for item in reader.elements("defaultConstraints") if isinstance(item, dict))
