"""Values beside their types: whether they fit, which fields they have, what is left without some.

Source: ``sigs.k8s.io/structured-merge-diff/typed`` v6.4.2 (``validate.go``, ``tofieldset.go``,
``remove.go``) and ``fieldpath.Set.EnsureNamedFieldsAreMembers``.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Final

from pykube_core.api.machinery.apply import field_sets
from pykube_core.api.machinery.apply.atoms import Atom, ListAtom, MapAtom, Scalar
from pykube_core.api.machinery.apply.field_sets import FieldSet, Path
from pykube_core.api.machinery.apply.items import ItemError, element_of, elements_of
from pykube_core.api.machinery.objects import Json

DEPTH_MAX: Final = 120
"""Fields and items on the way to a value; what merges and compares values goes no deeper."""

_EXPECTED: Final[dict[Scalar, str]] = {
    "numeric": "numeric (int or float)",
    "string": "string",
    "boolean": "boolean",
    "untyped": "any scalar",
}


class TypedError(ValueError):
    """A value is not of its type; the message is upstream's."""


def validate(atom: Atom, value: Json, *, allows_duplicates: bool) -> None:
    """Refuse a value that is not of its type.

    Parameters
    ----------
    allows_duplicates : bool
        Items of a list may have the same keys.

    Raises
    ------
    TypedError
    """
    errors: list[str] = []
    _validate(atom, value, (), allows_duplicates, errors)
    if errors:
        texts = errors if len(errors) == 1 else ["errors:", *(f"  {error}" for error in errors)]
        raise TypedError("\n".join(texts))


def _validate(
    atom: Atom, value: Json, path: Path, allows_duplicates: bool, errors: list[str]
) -> None:
    if len(path) > DEPTH_MAX:
        raise TypedError("nested too deep")
    part = atom.deduced(value)
    if part.map is not None:
        if value is None:
            return
        if not isinstance(value, dict):
            _add(errors, path, f"expected map, got &{{{_go(value)}}}")
            return
        for name, each in value.items():
            inner = (*path, field_sets.field(name))
            of_field = part.map.of(name)
            if of_field is None:
                _add(errors, inner, "field not declared in schema")
                break
            _validate(of_field, each, inner, allows_duplicates, errors)
    elif part.scalar is not None:
        if not fits(part.scalar, value):
            _add(errors, path, f"expected {_EXPECTED[part.scalar]}, got {_got(part.scalar, value)}")
    elif part.list is not None and value is not None:
        if not isinstance(value, list):
            _add(errors, path, f"expected list, got &{{{_go(value)}}}")
            return
        _validate_items(part.list, value, path, allows_duplicates, errors)


def _validate_items(
    atom: ListAtom, items: list[Json], path: Path, allows_duplicates: bool, errors: list[str]
) -> None:
    seen: set[str] = set()
    of_item = atom.item() or Atom()
    for at, each in enumerate(items):
        element = f"i:{at}"
        if not atom.atomic:
            try:
                element = element_of(atom, each)
            except ItemError as error:
                _add(errors, path, f"element {at}: {error}")
                return
            if element in seen and not allows_duplicates:
                shown = field_sets.path_text((element,))
                _add(errors, path, f"duplicate entries for key {shown}")
            seen.add(element)
        _validate(of_item, each, (*path, element), allows_duplicates, errors)


def fits(scalar: Scalar, value: Json) -> bool:
    """Say whether a value is a scalar of this type; null is."""
    if value is None:
        return True
    if isinstance(value, bool):
        return scalar in ("boolean", "untyped")
    if isinstance(value, int | float):
        return scalar in ("numeric", "untyped")
    return isinstance(value, str) and scalar in ("string", "untyped")


def field_set(atom: Atom, value: Json) -> FieldSet:
    """Return all fields that a value has, as an applier owns them."""
    out = FieldSet()
    _collect(atom, value, (), out)
    return out


def _collect(atom: Atom, value: Json, path: Path, out: FieldSet) -> None:
    part = atom.deduced(value)
    if part.map is not None:
        _collect_fields(part.map, value, path, out)
    elif part.scalar is not None:
        out.insert(path)
    elif part.list is not None:
        if part.list.atomic:
            out.insert(path)
        elif isinstance(value, list):
            _collect_items(part.list, value, path, out)


def _collect_fields(atom: MapAtom, value: Json, path: Path, out: FieldSet) -> None:
    if atom.atomic:
        out.insert(path)
        return
    for name, each in (value or {}).items():
        inner = (*path, field_sets.field(name))
        _collect(atom.of(name) or Atom(), each, inner, out)
        if each is None or each == {} or name not in atom.fields:
            out.insert(inner)


def _collect_items(atom: ListAtom, items: list[Json], path: Path, out: FieldSet) -> None:
    pairs = elements_of(atom, items)
    counts = Counter(element for element, _ in pairs)
    of_item = atom.item() or Atom()
    for element, each in pairs:
        inner = (*path, element)
        if counts[element] == 1:
            _collect(of_item, each, inner, out)
        out.insert(inner)


def without(atom: Atom, value: Json, gone: FieldSet) -> Json:
    """Return a value without fields and items; null where nothing is left."""
    part = atom.deduced(value)
    if part.map is not None:
        return _map_without(part.map, value, gone)
    if part.scalar is not None:
        return value
    if part.list is None or part.list.atomic or not isinstance(value, list):
        return None
    out = []
    of_item = part.list.item() or Atom()
    for element, each in elements_of(part.list, value):
        if element in gone.members:
            continue
        below = gone.below(element)
        out.append(without(of_item, each, below) if below else each)
    return out or None


def _map_without(atom: MapAtom, value: Json, gone: FieldSet) -> Json:
    if atom.atomic or not isinstance(value, dict):
        return None
    out = {}
    for name, each in value.items():
        element = field_sets.field(name)
        if element in gone.members:
            continue
        below = gone.below(element)
        out[name] = without(atom.of(name) or Atom(), each, below) if below else each
    return out or None


def with_named_fields(atom: Atom | None, fields: FieldSet) -> FieldSet:
    """Return a set with the declared fields on the way to its paths among its paths."""
    map = atom.map if atom is not None else None
    list = atom.list if atom is not None else None
    members, children = set(fields.members), {}
    for element, below in fields.children.items():
        inner: Atom | None = None
        if element.startswith("f:") and map is not None:
            name = element[2:]
            inner = map.of(name)
            if name in map.fields:
                members.add(element)
        elif element.startswith("k:") and list is not None:
            inner = list.item()
        children[element] = with_named_fields(inner, below)
    return FieldSet(members, children)


def _add(errors: list[str], path: Path, text: str) -> None:
    where = field_sets.path_text(path)
    errors.append(f"{where}: {text}" if where else text)


def _got(scalar: Scalar, value: Json) -> str:
    if scalar == "numeric":
        return _go_type(value)
    if scalar == "string":
        return f"&value.valueUnstructured{{Value:{_go_syntax(value)}}}"
    return f"&{{{_go(value)}}}"


def _go_type(value: Json) -> str:
    match value:
        case bool():
            return "bool"
        case dict():
            return "map[string]interface {}"
        case list():
            return "[]interface {}"
    return "string" if isinstance(value, str) else "int64" if isinstance(value, int) else "float64"


def _go(value: Json) -> str:
    """Return a value as Go's ``%v`` prints it."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return str(value).lower()
        case dict():
            return "map[" + " ".join(f"{key}:{_go(value[key])}" for key in sorted(value)) + "]"
        case list():
            return "[" + " ".join(map(_go, value)) + "]"
    return str(value)


def _go_syntax(value: Json) -> str:
    """Return a value as Go's ``%#v`` prints it."""
    match value:
        case None:
            return "interface {}(nil)"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case dict():
            parts = (f"{json.dumps(key)}:{_go_syntax(value[key])}" for key in sorted(value))
            return f"map[string]interface {{}}{{{', '.join(parts)}}}"
        case list():
            return f"[]interface {{}}{{{', '.join(map(_go_syntax, value))}}}"
    return _go(value)
