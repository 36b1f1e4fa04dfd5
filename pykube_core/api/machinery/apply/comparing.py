"""Which fields one object has that another has not, or has with another value.

Source: ``sigs.k8s.io/structured-merge-diff/typed`` v6.4.2 (``compare.go``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pykube_core.api.machinery.apply import field_sets
from pykube_core.api.machinery.apply.atoms import Atom, ListAtom, MapAtom
from pykube_core.api.machinery.apply.field_sets import FieldSet, Path
from pykube_core.api.machinery.apply.items import elements_of
from pykube_core.api.machinery.apply.merging import NOTHING
from pykube_core.api.machinery.objects import Json


@dataclass(slots=True)
class Comparison:
    """The fields that differ between two objects."""

    removed: FieldSet = field(default_factory=FieldSet)
    modified: FieldSet = field(default_factory=FieldSet)
    added: FieldSet = field(default_factory=FieldSet)

    def filtered(self, keeps: Callable[[FieldSet], FieldSet]) -> Comparison:
        """Return the part that a filter keeps."""
        return Comparison(keeps(self.removed), keeps(self.modified), keeps(self.added))


def compare(atom: Atom, old: Json, new: Json) -> Comparison:
    """Return what differs between two objects of one type."""
    out = Comparison()
    _compare(atom, old, new, (), out)
    return out


def same(left: Json, right: Json) -> bool:
    """Say whether two values are equal; true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            same(each, right[name]) for name, each in left.items()
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def _compare(atom: Atom | None, old: Json, new: Json, path: Path, out: Comparison) -> None:
    if old is new or (old is not NOTHING and new is not NOTHING and same(old, new)):
        return
    atom = atom or Atom()
    part = atom.deduced(old if new is NOTHING else new)
    if old is not NOTHING and new is not NOTHING:
        before = atom.deduced(old)
        if before.map is not part.map or before.list is not part.list:
            # The value has become of another kind: what the old one held is gone.
            _walk(before, old, new, path, out)
    is_leaf = _walk(part, old, new, path, out)
    if old is NOTHING:
        out.added.insert(path)
    elif new is NOTHING:
        out.removed.insert(path)
    elif is_leaf:
        out.modified.insert(path)


def _walk(part: Atom, old: Json, new: Json, path: Path, out: Comparison) -> bool:
    """Compare what is in two values; say whether they are one value each."""
    if part.map is not None:
        ours = old if isinstance(old, dict) else {}
        theirs = new if isinstance(new, dict) else {}
        if part.map.atomic or not (ours or theirs):
            return True
        _compare_maps(part.map, ours, theirs, path, out)
        return False
    if part.list is not None and part.scalar is None:
        ours_ = old if isinstance(old, list) else []
        theirs_ = new if isinstance(new, list) else []
        if part.list.atomic or not (ours_ or theirs_):
            return True
        _compare_lists(part.list, ours_, theirs_, path, out)
        return False
    return True


def _compare_maps(
    atom: MapAtom, old: dict[str, Json], new: dict[str, Json], path: Path, out: Comparison
) -> None:
    for name in (*old, *(name for name in new if name not in old)):
        before, after = old.get(name, NOTHING), new.get(name, NOTHING)
        _compare(atom.of(name), before, after, (*path, field_sets.field(name)), out)


def _compare_lists(
    atom: ListAtom, old: list[Json], new: list[Json], path: Path, out: Comparison
) -> None:
    before, after = _by_element(atom, old), _by_element(atom, new)
    item = atom.item()
    for element in (*before, *(element for element in after if element not in before)):
        left, right = before.get(element, []), after.get(element, [])
        inner = (*path, element)
        if len(left) < 2 and len(right) < 2:
            one = left[0] if left else NOTHING
            _compare(item, one, right[0] if right else NOTHING, inner, out)
        elif len(left) > 1 and len(right) > 1:
            if not same(left, right):
                out.modified.insert(inner)
        elif len(left) > 1:
            if right:
                _compare(item, NOTHING, right[0], inner, out)
            out.removed.insert(inner)
        else:
            if left:
                _compare(item, left[0], NOTHING, inner, out)
            out.added.insert(inner)


def _by_element(atom: ListAtom, items: list[Json]) -> dict[str, list[Json]]:
    out: dict[str, list[Json]] = {}
    for element, each in elements_of(atom, items):
        out.setdefault(element, []).append(each)
    return out
