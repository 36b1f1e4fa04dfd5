"""JSONPath templates as kubectl evaluates them.

Source: ``k8s.io/client-go/util/jsonpath/jsonpath.go`` v0.37. Members of an object come in the order
of their names, which upstream leaves to chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pykube_core.api.machinery.objects import Json
from pykube_core.cli.output.go_values import (
    ComparisonError,
    equal,
    less,
    marshalled,
    plain_text,
    type_name,
)
from pykube_core.cli.output.jsonpath_nodes import (
    Field,
    Filter,
    JsonPathError,
    Node,
    Recursive,
    Slice,
    Terms,
    Text,
    Union,
    Wildcard,
    Word,
    parse,
)

_MANY: Final = "can only compare one element at a time"
_NOTHING: Final = object()
"""The object that a range without elements runs over, once, to find its end."""


class JsonPath:
    """A template that finds values in an object.

    Parameters
    ----------
    template : str
    missing_keys : bool
        A member that is not there is no error, and finds nothing.

    Raises
    ------
    JsonPathError
        The template is none.

    Examples
    --------
    >>> JsonPath("{range .items[*]}{.name}{','}{end}").text({"items": [{"name": "a"}]})
    'a,'
    """

    def __init__(self, template: str, *, missing_keys: bool = True) -> None:
        self._parts = parse(template)
        self._missing_keys = missing_keys
        self._beginning = self._ending = self._within = 0
        self._end = -1

    def find(self, obj: Json) -> list[list[Json]]:
        """Return what each part of the template finds.

        Raises
        ------
        JsonPathError
            The template does not fit the object.
        """
        self._beginning = self._ending = self._within = 0
        self._end = -1
        return self._find(0, obj)

    def text(self, obj: Json, *, as_json: bool = False) -> str:
        """Return what is found as text, or each part's as a JSON list."""
        out = []
        for results in self.find(obj):
            if as_json:
                out.append(marshalled(results, indent=4) + "\n")
            else:
                out.append(" ".join(map(_text, results)))
        return "".join(out)

    def _find(self, first: int, obj: Json) -> list[list[Json]]:
        """Evaluate parts from one on, up to the end of the range that it stands in."""
        found: list[list[Json]] = []
        at = first
        while at < len(self._parts):
            results = self._walk([obj], self._parts[at])
            if 0 < self._ending <= self._within:
                self._ending -= 1
                self._end = at
                break
            if self._beginning:
                self._beginning -= 1
                self._within += 1
                for value in results:
                    found += self._find(at + 1, _NOTHING if value is None else value)
                if not results:
                    self._find(at + 1, _NOTHING)
                self._within -= 1
                # Without an end the range takes what is left once more, as upstream does.
                at = self._end if self._end > at else at
            else:
                found.append(results)
            at += 1
        return found

    def _walk(self, values: list[Json], terms: Terms) -> list[Json]:
        for node in terms:
            values = self._step(values, node)
        return values

    def _step(self, values: list[Json], node: Node) -> list[Json]:
        match node:
            case Text(value, is_quoted=True):
                return [value]
            case Text(value):
                return [value] * len(values)
            case Field(name):
                return self._field(values, name)
            case Slice():
                return [e for v in values if v is not None for e in _elements(v, node)]
            case Wildcard():
                return [child for value in values for child in _children(value)]
            case Recursive():
                return list(_descend(values))
            case Union(branches):
                return [found for terms in branches for found in self._walk(values, terms)]
            case Filter():
                return [e for v in values for e in self._filtered(v, node)]
        return self._word(values, node)

    def _word(self, values: list[Json], word: Word) -> list[Json]:
        if word.name == "range":
            self._beginning += 1
            return values
        if word.name != "end":
            raise JsonPathError(f"unrecognized identifier {word.name}")
        if not self._within:
            raise JsonPathError("not in range, nothing to end")
        self._ending += 1
        return []

    def _field(self, values: list[Json], name: str) -> list[Json]:
        found = [v[name] for v in values if isinstance(v, dict) and name in v]
        if values and not found and not self._missing_keys:
            raise JsonPathError(f"{name} is not found")
        return found

    def _filtered(self, value: Json, node: Filter) -> Iterator[Json]:
        if not isinstance(value, list):
            text = plain_text(value)
            raise JsonPathError(f"{text} is not array or slice and cannot be filtered")
        for element in value:
            if self._passes(element, node):
                yield element

    def _passes(self, element: Json, node: Filter) -> bool:
        if not node.operator:
            try:
                return bool(self._walk([element], node.left))
            except JsonPathError:
                return False
        sides = []
        for terms in (node.left, node.right):
            found = self._walk([element], terms)
            if not found:
                return False
            if len(found) > 1:
                raise JsonPathError(_MANY)
            sides.append(found[0])
        try:
            return _compare(node.operator, *sides)
        except ComparisonError as error:
            raise JsonPathError(str(error)) from None


def _compare(operator: str, left: Json, right: Json) -> bool:
    match operator:
        case "==":
            return equal(left, right)
        case "!=":
            return not equal(left, right)
        case "<":
            return less(left, right)
        case "<=":
            return less(left, right) or equal(left, right)
        case ">":
            return not (less(left, right) or equal(left, right))
        case ">=":
            return not less(left, right)
    raise JsonPathError(f"unrecognized filter operator {operator}")


def _elements(value: Json, node: Slice) -> Sequence[Json]:
    if not isinstance(value, list):
        raise JsonPathError(f"{type_name(value)} is not array or slice")
    length = len(value)
    start = node.start or 0
    end = start + 1 if node.is_one else node.end
    start += length if start < 0 else 0
    if end is None:
        end = length
    elif end < 0 or (end == 0 and node.is_one):
        end += length
    if start == end:
        return []
    for index, limit in ((start, length - 1), (end, length)):
        if not 0 <= index <= limit:
            shown = index if limit < length else index - 1
            text = f"array index out of bounds: index {shown}, length {length}"
            raise JsonPathError(text)
    if start > end:
        raise JsonPathError(f"starting index {start} is greater than ending index {end}")
    if node.step is not None and node.step <= 0:
        raise JsonPathError("step must be > 0")
    return value[start : end : node.step]


def _children(value: Json) -> list[Json]:
    match value:
        case dict():
            return [value[key] for key in sorted(value)]
        case list():
            return value
        case str():
            return list(value.encode())
    return []


def _descend(values: Sequence[Json]) -> Iterator[Json]:
    for value in values:
        children = _children(value)
        if children:
            yield value
            yield from _descend(children)


def _text(value: Json) -> str:
    if isinstance(value, dict | list):
        return marshalled(value)
    return plain_text(value, missing="null")
