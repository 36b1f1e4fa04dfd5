"""Label selectors as the engine takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from _pykube_hotcore.program import Operator, Requirement, Term
from pykube_core.api.machinery import selectors
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import Json
from pykube_core.api.machinery.selectors import LabelSelector, SelectorError, parse_label_selector
from pykube_core.scheduler.tables.interner import Interner

NEVER: Final[Term] = (Requirement(Operator.NEVER, 0),)

_OPERATORS: Final[Mapping[selectors.Operator, Operator]] = {
    selectors.Operator.IN: Operator.IN,
    selectors.Operator.NOT_IN: Operator.NOT_IN,
    selectors.Operator.EXISTS: Operator.EXISTS,
    selectors.Operator.DOES_NOT_EXIST: Operator.DOES_NOT_EXIST,
}


def read_label_selector(selector: Json) -> LabelSelector:
    """Return a ``LabelSelector`` of the API parsed.

    Raises
    ------
    InputError
        It cannot be read.
    """
    try:
        return parse_label_selector(selector)
    except SelectorError as error:
        raise InputError(str(error), field="labelSelector") from error


def join(*parts: LabelSelector) -> LabelSelector:
    """Return the selector of objects that match all of them, NOTHING left out."""
    found = {requirement for part in parts for requirement in part.requirements}
    return LabelSelector(tuple(sorted(found, key=lambda r: (r.key, r.operator, r.values))))


def label_term(selector: LabelSelector, interner: Interner) -> Term:
    """Return the selector as requirements of the engine."""
    if selector.nothing:
        return NEVER
    return tuple(
        Requirement(
            _OPERATORS[r.operator],
            interner.key(r.key),
            values=tuple(sorted(interner.value(value) for value in r.values)),
        )
        for r in selector.requirements
    )
