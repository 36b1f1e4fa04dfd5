"""An object merged with what is applied to it, list by list and map by map.

Source: ``sigs.k8s.io/structured-merge-diff/typed`` v6.4.2 (``merge.go``).
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.apply.atoms import Atom, ListAtom, MapAtom
from pykube_core.api.machinery.apply.items import elements_of
from pykube_core.api.machinery.objects import Json

NOTHING: Final = object()
"""There is no value, as distinct from null."""


def merge(atom: Atom | None, live: Json, applied: Json) -> Json:
    """Return a live value with an applied one laid over it.

    Either may be `NOTHING`, but not both. Neither is changed; the result shares their parts.
    """
    atom = atom or Atom()
    part = atom.deduced(live if applied is NOTHING else applied)
    if part.map is not None:
        ours = live if isinstance(live, dict) else {}
        theirs = applied if isinstance(applied, dict) else {}
        if not part.map.atomic and (ours or theirs):
            return _merge_maps(part.map, ours, theirs)
    elif part.list is not None and part.scalar is None:
        ours_ = live if isinstance(live, list) else []
        theirs_ = applied if isinstance(applied, list) else []
        if not part.list.atomic and (ours_ or theirs_):
            return _Lists(part.list, ours_, theirs_).merged() or NOTHING
    return live if applied is NOTHING else applied


def _merge_maps(atom: MapAtom, live: dict[str, Json], applied: dict[str, Json]) -> Json:
    out = {}
    for name in (*live, *(name for name in applied if name not in live)):
        if name in applied:
            value = merge(atom.of(name), live.get(name, NOTHING), applied[name])
        else:
            # A field that is not applied stays; the walk below it would but copy it.
            value = live[name]
        if value is not NOTHING:
            out[name] = value
    return out or NOTHING


class _Lists:
    """Two lists whose items have elements."""

    def __init__(self, atom: ListAtom, live: list[Json], applied: list[Json]) -> None:
        self._item = atom.item()
        self._left = elements_of(atom, live)
        self._right = elements_of(atom, applied)
        self._live: dict[str, Json] = {}
        for element, each in self._left:
            # Of twins none is merged with what is applied.
            self._live[element] = None if element in self._live else each
        self._applied = dict(self._right)
        self._out: list[Json] = []

    def merged(self) -> list[Json]:
        """Return the items in the order of the applied list; others stay where they were."""
        shared = [element for element, _ in self._right if element in self._live]
        done: set[str] = set()
        left = right = turn = 0
        while left < len(self._left) or right < len(self._right):
            wanted = shared[turn] if turn < len(shared) else None
            if left < len(self._left) and right < len(self._right):
                element = self._left[left][0]
                if element == self._right[right][0]:
                    done.add(element)
                    self._add(element, self._live[element], self._applied[element])
                    left, right, turn = left + 1, right + 1, turn + 1
                    continue
                if element in self._applied and wanted is not None and wanted != element:
                    left += 1
                    continue
            if left < len(self._left):
                element, each = self._left[left]
                if element not in self._applied:
                    self._add(element, each, NOTHING)
                    left += 1
                    continue
                if element in done:
                    left += 1
            if right < len(self._right):
                element = self._right[right][0]
                done.add(element)
                self._add(element, self._live.get(element, NOTHING), self._applied[element])
                right += 1
                turn += wanted == element
        return self._out

    def _add(self, element: str, live: Json, applied: Json) -> None:
        value = merge(self._item, live, applied)
        if value is not NOTHING:
            self._out.append(value)
