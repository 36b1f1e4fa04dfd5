"""Items of lists that merge: the elements by which they are told apart."""

from __future__ import annotations

import json

from pykube_core.api.machinery.apply import field_sets
from pykube_core.api.machinery.apply.atoms import ListAtom
from pykube_core.api.machinery.objects import Json


class ItemError(ValueError):
    """An item cannot be told apart."""


def element_of(atom: ListAtom, item: Json) -> str:
    """Return the element of an item of a list that is not atomic.

    Raises
    ------
    ItemError
        It has no keys, or is no plain value.
    """
    return _by_keys(atom, item) if atom.keys else _by_value(item)


def elements_of(atom: ListAtom, items: list[Json]) -> list[tuple[str, Json]]:
    """Return items with their elements, without those that have none."""
    out = []
    for item in items:
        try:
            out.append((element_of(atom, item), item))
        except ItemError:
            continue
    return out


def _by_keys(atom: ListAtom, item: Json) -> str:
    if item is None:
        raise ItemError("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise ItemError("associative list with keys may not have non-map elements")
    held = {key: item.get(key, atom.defaults.get(key, _NONE)) for key in atom.keys}
    keys = {key: value for key, value in held.items() if value is not _NONE}
    if not keys:
        listed = " ".join(json.dumps(key) for key in atom.keys)
        raise ItemError(
            f"associative list with keys has an element that omits all key fields [{listed}] (and "
            "doesn't have default values for any key fields)"
        )
    return field_sets.item(keys)


def _by_value(item: Json) -> str:
    if isinstance(item, dict):
        raise ItemError("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise ItemError("not supported: associative list with lists as elements")
    if item is None:
        raise ItemError("associative list without keys has an element that's an explicit null")
    return field_sets.value(item)


_NONE = object()
