"""Label and field selectors as text, as ``kubectl get -l`` and ``--field-selector`` take them.

Source: ``k8s.io/apimachinery/pkg/labels`` and ``pkg/fields`` v0.36. Difference: a label key or
value that is none is reported without the path of a field.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from pykube_core.api.machinery.field_errors import quoted
from pykube_core.api.machinery.selectors import (
    LabelSelector,
    Operator,
    Requirement,
    SelectorError,
    new_requirement,
)

_TOKEN_RE: Final = re.compile(r"\s*(==|!=|[=!<>(),]|[^\s=!<>(),]+)")
_OPERATORS: Final = {
    "in": Operator.IN, "notin": Operator.NOT_IN, "=": Operator.IN, "==": Operator.IN,
    "!=": Operator.NOT_IN, ">": Operator.GT, "<": Operator.LT,
}  # fmt: skip
_SYMBOLS: Final = frozenset(("==", "!=", *"=!<>(),"))
_OPERATOR_NAMES: Final = "in, notin, =, ==, !=, gt, lt"


class FieldRequirement(NamedTuple):
    """One condition on the text of one field."""

    field: str
    equal: bool
    value: str


def parse_labels_text(text: str) -> LabelSelector:
    """Return a label selector such as ``app=web,tier in (a, b),!beta`` parsed.

    Raises
    ------
    SelectorError
        With upstream's message.
    """
    parser = _Parser(_TOKEN_RE.findall(text))
    requirements: list[Requirement] = []
    while True:
        token = parser.peek()
        if not token:
            break
        if token in _SYMBOLS and token != "!":
            raise SelectorError(f"found '{token}', expected: !, identifier, or 'end of string'")
        try:
            requirements.append(parser.requirement())
        except SelectorError as error:
            raise SelectorError(f"unable to parse requirement: {error}") from None
        token = parser.take()
        if token and token != ",":
            raise SelectorError(f"found '{token}', expected: ',' or 'end of string'")
        following = parser.peek()
        if token and (not following or (following in _SYMBOLS and following != "!")):
            raise SelectorError(f"found '{following}', expected: identifier after ','")
    ordered = sorted(set(requirements), key=lambda r: (r.key, r.operator, r.values))
    return LabelSelector(tuple(ordered))


def parse_fields_text(text: str) -> tuple[FieldRequirement, ...]:
    r"""Return a field selector such as ``spec.nodeName=n1,status.phase!=Running`` parsed.

    ``\\``, ``\,`` and ``\=`` stand for themselves in a value.

    Raises
    ------
    SelectorError
        With upstream's message.
    """
    out = []
    for term in re.findall(r"(?:\\.|[^,\\])+", text, re.DOTALL):
        match = re.fullmatch(r"(.*?)(!=|==|=)(.*)", term, re.DOTALL)
        if match is None or re.search(r"(?<!\\)(\\\\)*=", match[3]):
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{term}'")
        value = re.sub(r"\\([\\,=])", r"\1", match[3])
        if match[1] or value:
            out.append(FieldRequirement(match[1], match[2] != "!=", value))
    return tuple(out)


class _Parser:
    """A parser with one token of lookahead; "" is the end."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self._at += 1
        return token

    def requirement(self) -> Requirement:
        key = self.take()
        absent = key == "!"
        if absent:
            key = self.take()
        if not key or key in _SYMBOLS:
            raise SelectorError(f"found '{key}', expected: identifier")
        if absent:
            return new_requirement(key, Operator.DOES_NOT_EXIST, ())
        if self.peek() in ("", ","):
            return new_requirement(key, Operator.EXISTS, ())
        name = self.take()
        operator = _OPERATORS.get(name)
        if operator is None:
            raise SelectorError(f"found '{name}', expected: {_OPERATOR_NAMES}")
        values = self._set() if name in ("in", "notin") else (self._value(),)
        return new_requirement(key, operator, values)

    def _value(self) -> str:
        if self.peek() in ("", ","):
            return ""
        token = self.take()
        if token in _SYMBOLS:
            raise SelectorError(f"found '{token}', expected: identifier")
        return token

    def _set(self) -> tuple[str, ...]:
        token = self.take()
        if token != "(":
            raise SelectorError(f"found '{token}' expected: '('")
        values: list[str] = []
        expect_value = True
        while (token := self.take()) != ")":
            if token == ",":
                if expect_value:
                    values.append("")
                expect_value = True
            elif not token or token in _SYMBOLS or not expect_value:
                raise SelectorError(f"found '{token}', expected: ',', or identifier")
            else:
                values.append(token)
                expect_value = False
        if expect_value:
            values.append("")
        return tuple(values)


def unsupported_field(field: str) -> SelectorError:
    """Return the error of a field that cannot be selected by."""
    shown = field if field.isprintable() else quoted(field)
    return SelectorError(f"field label not supported: {shown}")
