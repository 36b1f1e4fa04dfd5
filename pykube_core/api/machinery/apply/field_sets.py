"""Sets of fields of an object, as ``FieldsV1`` writes them.

A path is a tuple of elements, each as it is written: ``f:NAME`` is a field, ``k:{"KEY":VALUE}`` an
item of a list by its keys, ``v:VALUE`` an item of a set, ``i:NUMBER`` one of a plain list. A set
holds paths as a tree: the paths ``f:a`` and ``f:a``, ``f:b`` are ``{"f:a": {".": {}, "f:b": {}}}``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator
from typing import Final

from pykube_core.api.machinery.objects import Json

Path = tuple[str, ...]

_SELF: Final = "."
_HTML: Final = str.maketrans(
    {mark: f"\\u{ord(mark):04x}" for mark in "<>&\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"}
)


class FieldSet:
    """A set of paths.

    Attributes
    ----------
    members : set of str
        The elements that are paths of the set by themselves.
    children : dict of str to FieldSet
        The rest of longer paths, by their first element; none is empty but where a set was decoded.
    """

    __slots__ = ("children", "members")

    def __init__(
        self, members: Iterable[str] = (), children: dict[str, FieldSet] | None = None
    ) -> None:
        self.members = set(members)
        self.children = {} if children is None else children

    @classmethod
    def of(cls, *paths: Path) -> FieldSet:
        """Return a set of these paths."""
        out = cls()
        for path in paths:
            out.insert(path)
        return out

    @classmethod
    def from_json(cls, fields: Json) -> FieldSet:
        """Return the set that ``fieldsV1`` holds.

        Raises
        ------
        ValueError
            It holds none.
        """
        return _from_json(fields)[0] or cls()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FieldSet):
            return NotImplemented
        return self.members == other.members and self.children == other.children

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(self.members) or any(self.children.values())

    def __contains__(self, path: Path) -> bool:
        here: FieldSet | None = self
        for element in path[:-1]:
            here = here.children.get(element) if here is not None else None
        return bool(path) and here is not None and path[-1] in here.members

    def insert(self, path: Path) -> None:
        """Add a path; the empty one, of the whole object, is never in a set."""
        if not path:
            return
        here = self
        for element in path[:-1]:
            below = here.children.get(element)
            if below is None:
                below = here.children[element] = FieldSet()
            here = below
        here.members.add(path[-1])

    def below(self, element: str) -> FieldSet:
        """Return the rest of the paths that begin with an element and go on."""
        return self.children.get(element) or FieldSet()

    def __or__(self, other: FieldSet) -> FieldSet:
        children = dict(self.children)
        for element, theirs in other.children.items():
            ours = children.get(element)
            children[element] = theirs if ours is None else ours | theirs
        return FieldSet(self.members | other.members, children)

    def __and__(self, other: FieldSet) -> FieldSet:
        children = {}
        for element, ours in self.children.items():
            theirs = other.children.get(element)
            if theirs is not None and (both := ours & theirs):
                children[element] = both
        return FieldSet(self.members & other.members, children)

    def __sub__(self, other: FieldSet) -> FieldSet:
        children = {}
        for element, ours in self.children.items():
            theirs = other.children.get(element)
            if rest := ours if theirs is None else ours - theirs:
                children[element] = rest
        return FieldSet(self.members - other.members, children)

    def without(self, other: FieldSet) -> FieldSet:
        """Return the set without the paths of another and all below them."""
        children = {}
        for element, ours in self.children.items():
            if element in other.members:
                continue
            theirs = other.children.get(element)
            if rest := ours if theirs is None else ours.without(theirs):
                children[element] = rest
        return FieldSet(self.members - other.members, children)

    def paths(self, prefix: Path = ()) -> Iterator[Path]:
        """Yield all paths in upstream's order: those of one element, then the longer ones."""
        for element in sorted(self.members, key=order_of):
            yield (*prefix, element)
        for element in sorted(self.children, key=order_of):
            yield from self.children[element].paths((*prefix, element))

    def to_json(self, *, with_self: bool = False) -> dict[str, Json]:
        """Return what ``fieldsV1`` holds, its members in the order in which upstream writes them.

        Parameters
        ----------
        with_self : bool
            The path that leads here is one of the set, too.
        """
        out: dict[str, Json] = {}
        if with_self and (self.members or self.children):
            out[_SELF] = {}
        for element in sorted(self.members | self.children.keys(), key=order_of):
            child = self.children.get(element)
            held = element in self.members
            out[element] = {} if child is None else child.to_json(with_self=held)
        return out


def field(name: str) -> str:
    """Return the element of a field."""
    return f"f:{name}"


def item(keys: dict[str, Json]) -> str:
    """Return the element of an item of a list by its keys."""
    return "k:" + _text(dict(sorted(keys.items())))


def value(of: Json) -> str:
    """Return the element of an item of a set."""
    return "v:" + _text(of)


def path_text(path: Path) -> str:
    """Return a path as messages show it, such as ``.spec.containers[name="a"].image``."""
    return "".join(map(_element_text, path))


@functools.lru_cache(4096)
def order_of(element: str) -> tuple[Json, ...]:
    """Return what elements are sorted by: fields, items by keys, by value, by index."""
    kind, rest = element[0], element[2:]
    if kind == "f":
        return (0, rest)
    if kind == "k":
        return (1, tuple((name, _rank(each)) for name, each in json.loads(rest).items()))
    if kind == "v":
        return (2, _rank(json.loads(rest)))
    return (3, int(rest))


def _rank(of: Json) -> tuple[int, Json]:
    match of:
        case bool():
            return 2, of
        case int() | float():
            return 0, of
        case str():
            return 1, of
        case None:
            return 5, 0
    return 3, _text(of)


def _from_json(fields: Json) -> tuple[FieldSet | None, bool]:
    """Return the paths below, None if there are none, and whether the path itself is one."""
    if not isinstance(fields, dict):
        raise ValueError("fields are no JSON object")
    members: set[str] = set()
    children: dict[str, FieldSet] = {}
    is_member = False
    for key, inner in fields.items():
        if key == _SELF:
            is_member = True
            continue
        element = _canonical(key)
        if not element:
            continue
        below, held = _from_json(inner)
        if held:
            members.add(element)
        if below is not None:
            children[element] = below
    if not members and not children:
        return None, True
    return FieldSet(members, children), is_member


def _canonical(key: str) -> str:
    """Return an element as it is written; "" for one of an unknown kind."""
    if len(key) < 2:
        raise ValueError("key must be 2 characters long:")
    kind, colon, rest = key[0], key[1], key[2:]
    if colon != ":":
        raise ValueError(f"missing colon: {key}")
    if kind == "f":
        return key
    if kind == "v":
        return value(json.loads(rest))
    if kind == "k":
        keys = json.loads(rest)
        if not isinstance(keys, dict):
            raise ValueError(f"keys are no JSON object: {key}")
        return item(keys)
    return f"i:{int(rest)}" if kind == "i" else ""


def _text(of: Json) -> str:
    return json.dumps(of, separators=(",", ":"), ensure_ascii=False).translate(_HTML)


def _element_text(element: str) -> str:
    kind, rest = element[0], element[2:]
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        return "[" + ",".join(f"{name}={_shown(of)}" for name, of in json.loads(rest).items()) + "]"
    return f"[={_shown(json.loads(rest))}]" if kind == "v" else f"[{rest}]"


def _shown(of: Json) -> str:
    """Return a value as upstream shows it."""
    if isinstance(of, dict):
        return "".join(f"{name}={_shown(each)}" for name, each in of.items())
    if isinstance(of, list):
        return "[" + ",".join(map(_shown, of)) + "]"
    return json.dumps(of, ensure_ascii=False)
