"""Label selectors and node selectors, parsed once: to match labels, or to be compiled.

Every structure is immutable and hashable, with values sorted and without duplicates, so that two
selectors that say the same in another order are equal.

Source: ``k8s.io/apimachinery/pkg/labels`` and ``k8s.io/component-helpers/scheduling/corev1/
nodeaffinity`` v0.34.1. Difference: texts of parse errors name no field path.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pykube_core.api.machinery.names import label_value, qualified_name
from pykube_core.api.machinery.objects import Json

NODE_NAME_FIELD: Final = "metadata.name"

_INT64_RE: Final = re.compile(r"[+-]?0*[0-9]{1,19}", re.ASCII)


class SelectorError(ValueError):
    """A selector cannot be read; upstream's plugins report it, or match nothing."""


class Operator(enum.StrEnum):
    """How a requirement relates its key to its values."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"
    GT = "Gt"
    LT = "Lt"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on the value of one key.

    Attributes
    ----------
    key : str
        A label key, or ``metadata.name`` in a field requirement.
    operator : Operator
        The relation.
    values : tuple of str
        Sorted, distinct; one for Gt and Lt, none for Exists and DoesNotExist.
    """

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether labels satisfy it; NotIn and DoesNotExist do without the key."""
        value = labels.get(self.key)
        match self.operator:
            case Operator.IN:
                return value is not None and value in self.values
            case Operator.NOT_IN:
                return value is None or value not in self.values
            case Operator.EXISTS:
                return value is not None
            case Operator.DOES_NOT_EXIST:
                return value is None
        held, bound = parse_int64(value), self.bound
        if held is None or bound is None:
            return False
        return held > bound if self.operator is Operator.GT else held < bound

    @property
    def bound(self) -> int | None:
        """The number that Gt and Lt compare with; None for the other operators."""
        if self.operator not in (Operator.GT, Operator.LT) or len(self.values) != 1:
            return None
        return parse_int64(self.values[0])


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Requirements that must all hold; with none it selects everything.

    Attributes
    ----------
    requirements : tuple of Requirement
        Sorted by key, operator and values.
    nothing : bool
        True for the selector of a null ``labelSelector``, which selects no object.
    """

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether labels satisfy every requirement."""
        return not self.nothing and all(r.matches(labels) for r in self.requirements)

    @property
    def everything(self) -> bool:
        """True when any labels satisfy it."""
        return not self.nothing and not self.requirements


EVERYTHING: Final = LabelSelector()
NOTHING: Final = LabelSelector(nothing=True)


@dataclass(frozen=True, slots=True)
class NodeSelectorTerm:
    """Requirements on a node's labels and fields that must all hold.

    Attributes
    ----------
    expressions : tuple of Requirement
        On labels.
    fields : tuple of Requirement
        In or NotIn with one value; the only field a node has is ``metadata.name``.
    error : str or None
        Why the term cannot be read; it then matches no node.
    """

    expressions: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()
    error: str | None = None

    def matches(self, labels: Mapping[str, str], name: str) -> bool:
        """Say whether a node with these labels and this name satisfies the term."""
        if self.error is not None:
            return False
        if not all(requirement.matches(labels) for requirement in self.expressions):
            return False
        return not name or all(_field_matches(field, name) for field in self.fields)


@dataclass(frozen=True, slots=True)
class NodeSelector:
    """Terms of which one must hold; with none it selects no node.

    Attributes
    ----------
    terms : tuple of NodeSelectorTerm
        Without the empty terms, which match no node.
    """

    terms: tuple[NodeSelectorTerm, ...]

    def matches(self, labels: Mapping[str, str], name: str) -> bool:
        """Say whether a node with these labels and this name satisfies a term."""
        return any(term.matches(labels, name) for term in self.terms)


def parse_int64(text: str | None) -> int | None:
    """Return what Go's ``strconv.ParseInt(text, 10, 64)`` does; None where it fails."""
    if text is None or not _INT64_RE.fullmatch(text):
        return None
    value = int(text.lstrip("+-0") or "0") * (-1 if text.startswith("-") else 1)
    return value if -(2**63) <= value < 2**63 else None


def selector_of_labels(labels: Mapping[str, str] | None) -> LabelSelector:
    """Return the selector of a plain map, such as ``nodeSelector``; null and empty: everything."""
    items = (labels or {}).items()
    return LabelSelector(_ordered(Requirement(key, Operator.IN, (value,)) for key, value in items))


def parse_label_selector(selector: Json) -> LabelSelector:
    """Return a ``LabelSelector`` object parsed; null selects nothing, ``{}`` everything.

    Raises
    ------
    SelectorError
        When an operator is unknown, values are missing or too many, or a key or value is no label.
    """
    if selector is None:
        return NOTHING
    labels = (selector.get("matchLabels") or {}).items()
    requirements = [new_requirement(key, Operator.IN, [value]) for key, value in labels]
    for expression in selector.get("matchExpressions") or ():
        operator = expression.get("operator")
        if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            raise SelectorError(f'"{operator or ""}" is not a valid label selector operator')
        requirements.append(
            new_requirement(expression.get("key"), Operator(operator), expression.get("values"))
        )
    return LabelSelector(_ordered(requirements))


def parse_node_selector(selector: Json) -> NodeSelector:
    """Return a ``NodeSelector`` object parsed; null has no terms. Bad terms keep their error."""
    terms = (selector or {}).get("nodeSelectorTerms") or ()
    return NodeSelector(tuple(parse_node_selector_term(term) for term in terms if not _empty(term)))


def parse_node_selector_term(term: Json) -> NodeSelectorTerm:
    """Return one term parsed; a term that cannot be read becomes its error."""
    try:
        expressions = [_node_requirement(e) for e in (term.get("matchExpressions") or ())]
        fields = [_field_requirement(e) for e in (term.get("matchFields") or ())]
    except SelectorError as error:
        return NodeSelectorTerm(error=str(error))
    return NodeSelectorTerm(_ordered(expressions), _ordered(fields))


def _empty(term: Json) -> bool:
    return not term or not (term.get("matchExpressions") or term.get("matchFields"))


def _ordered(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    return tuple(sorted(set(requirements), key=lambda r: (r.key, r.operator, r.values)))


def _node_requirement(expression: Json) -> Requirement:
    try:
        operator = Operator(expression.get("operator"))
    except ValueError:
        raise SelectorError(f'"{expression.get("operator") or ""}" is not supported') from None
    return new_requirement(expression.get("key"), operator, expression.get("values"))


def _field_requirement(expression: Json) -> Requirement:
    operator, values = expression.get("operator"), expression.get("values") or []
    if operator not in ("In", "NotIn"):
        raise SelectorError(f'"{operator or ""}" is not supported for fields')
    if len(values) != 1:
        raise SelectorError("must have one element")
    return Requirement(expression.get("key") or "", Operator(operator), tuple(values))


def _field_matches(requirement: Requirement, name: str) -> bool:
    held = name if requirement.key == NODE_NAME_FIELD else ""
    return (held == requirement.values[0]) == (requirement.operator is Operator.IN)


def new_requirement(
    key: str | None, operator: Operator, values: Sequence[str] | None
) -> Requirement:
    """Return a requirement, checked as upstream's ``labels.NewRequirement`` does.

    Raises
    ------
    SelectorError
        When the key or a value is no label, or the values do not suit the operator.
    """
    key, values = key or "", values or ()
    complaints = list(qualified_name(key))
    match operator:
        case Operator.IN | Operator.NOT_IN if not values:
            complaints.append("for 'in', 'notin' operators, values set can't be empty")
        case Operator.EXISTS | Operator.DOES_NOT_EXIST if values:
            complaints.append("values set must be empty for exists and does not exist")
        case Operator.GT | Operator.LT:
            if len(values) != 1:
                complaints.append("for 'Gt', 'Lt' operators, exactly one value is required")
            if any(parse_int64(value) is None for value in values):
                complaints.append("for 'Gt', 'Lt' operators, the value must be an integer")
    complaints += [complaint for value in values for complaint in label_value(value)]
    if complaints:
        raise SelectorError("; ".join(complaints))
    return Requirement(key, operator, tuple(sorted(set(values))))
