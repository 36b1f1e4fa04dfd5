"""Objects in the order that ``--sort-by`` names.

Source: ``k8s.io/kubectl/pkg/cmd/get/{sorter,customcolumn}.go`` v0.37. Difference: objects that are
equal stay in the order of their keys.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Final, TypeVar

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.quantity import Quantity, QuantityError, parse_quantity
from pykube_core.cli.failures import CommandError
from pykube_core.cli.output.go_values import type_name
from pykube_core.cli.output.jsonpath import JsonPath
from pykube_core.cli.output.jsonpath_nodes import JsonPathError

_RELAXED_RE: Final = re.compile(r"\{\.?([^{}]+)\}|\.?([^{}]+)")
_Item = TypeVar("_Item")


def relaxed(path: str) -> str:
    """Return a path as a JSONPath template; braces and the first dot may be left out.

    Raises
    ------
    CommandError
        It is none.
    """
    found = _RELAXED_RE.fullmatch(path)
    if not path:
        return path
    if found is None:
        raise CommandError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or "
            "'{name1.name2}' or '{.name1.name2}'"
        )
    return f"{{.{found[1] or found[2]}}}"


def sorted_by(
    path: str, items: Sequence[tuple[_Item, KubeObject]]
) -> list[tuple[_Item, KubeObject]]:
    """Return items by a field of their objects; objects that lack it come first.

    Raises
    ------
    CommandError
        The path is none, no object has the field, or it cannot be sorted by.
    """
    template = relaxed(path)
    try:
        finder = JsonPath(template)
        found = [finder.find(obj) for _, obj in items]
    except JsonPathError as error:
        raise CommandError(str(error)) from None
    values = [results[0][:1] if results else [] for results in found]
    if items and not any(values):
        raise CommandError(
            f'couldn\'t find any field with path "{template}" in the list of objects'
        )
    for value in values:
        if value and isinstance(value[0], dict | list | bool):
            raise CommandError(f"Field {template} is an unsortable type: {type_name(value[0])}")
    key = functools.cmp_to_key(_compared)
    order = sorted(range(len(items)), key=lambda at: key(values[at]))
    return [items[at] for at in order]


def _compared(left: list[Json], right: list[Json]) -> int:
    """Compare two values, either of which may not be there: -1, 0 or 1."""
    if not left or not right:
        return bool(left) - bool(right)
    a: Json = left[0]
    b: Json = right[0]
    if a is None or b is None:
        return (a is not None) - (b is not None)
    if isinstance(a, str) and isinstance(b, str):
        amounts = _quantity(a), _quantity(b)
        if amounts[0] is not None and amounts[1] is not None:
            a, b = amounts[0].nano, amounts[1].nano
    elif type(a) is not type(b):
        raise CommandError(f"unsortable interface: {type_name(a)} and {type_name(b)}")
    return bool(a > b) - bool(a < b)


def _quantity(text: str) -> Quantity | None:
    try:
        return parse_quantity(text)
    except QuantityError:
        return None
