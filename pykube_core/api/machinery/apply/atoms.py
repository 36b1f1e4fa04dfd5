"""Types as server-side apply sees them: a scalar, a list, a map, or whichever its value is.

Source: ``k8s.io/kube-openapi/pkg/schemaconv``, which makes it of OpenAPI v3, and
``sigs.k8s.io/structured-merge-diff/schema`` v6.4.2.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.schema import ABSENT, Field, FieldType, struct_of_type

Scalar = Literal["numeric", "string", "boolean", "untyped"]
_Lazy = Callable[[], "Atom | None"]


@dataclass(frozen=True, slots=True)
class ListAtom:
    """A list.

    Attributes
    ----------
    item : callable
        Return the type of its items.
    atomic : bool
        It is one value; otherwise its items are told apart by ``keys``, or by value if it has none.
    keys, defaults : tuple of str, dict
        The keys of its items, and what stands for those that are absent.
    """

    item: _Lazy
    atomic: bool = True
    keys: tuple[str, ...] = ()
    defaults: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MapAtom:
    """A map or a structure.

    Attributes
    ----------
    fields : dict of str to callable
        Return the types of the declared fields.
    other : callable or None
        Return the type of any other field; None is one without such fields.
    atomic : bool
        It is one value.
    """

    fields: Mapping[str, _Lazy] = field(default_factory=dict)
    other: _Lazy | None = None
    atomic: bool = False

    def of(self, name: str) -> Atom | None:
        """Return the type of a field; None for one that is not declared."""
        found = self.fields.get(name, self.other)
        return None if found is None else found()


@dataclass(frozen=True, slots=True)
class Atom:
    """A type; what has several parts is whichever its value is."""

    scalar: Scalar | None = None
    list: ListAtom | None = None
    map: MapAtom | None = None

    def deduced(self, value: Json) -> Atom:
        """Return the part that a value has; all of it for null and what has none."""
        if isinstance(value, dict):
            return Atom(map=self.map) if self.map else self
        if isinstance(value, list):
            return Atom(list=self.list) if self.list else self
        if isinstance(value, str | bool | int | float):
            return Atom(scalar=self.scalar) if self.scalar else self
        return self


def atom_of_struct(struct: str) -> Atom:
    """Return the type of a structure in the table of types, such as "core.v1.Pod"."""
    return _struct(struct, "")


@functools.cache
def _struct(struct: str, map_type: str) -> Atom:
    type = struct_of_type(struct)
    fields = {name: functools.partial(_field, struct, name) for name in type.fields}
    other = None if fields else _deduced
    return Atom(map=MapAtom(fields, other, (map_type or type.map_type) == "atomic"))


@functools.cache
def _field(struct: str, name: str) -> Atom:
    each = struct_of_type(struct).fields[name]
    type = each.type
    if type.kind == "struct":
        return _struct(type.name, each.map_type)
    if type.kind == "list" and type.item is not None:
        return Atom(list=_list(each, type.item))
    if type.kind == "map" and type.item is not None:
        item = functools.partial(_plain, type.item)
        return Atom(map=MapAtom(other=item, atomic=each.map_type == "atomic"))
    return _plain(type)


def _list(each: Field, item: FieldType) -> ListAtom:
    of_item = functools.partial(_plain, item)
    if each.list_type in ("", "atomic"):
        merges = not each.list_type and each.merge_key is not None
        if not merges:
            return ListAtom(of_item)
        keys = [each.merge_key] if each.merge_key else []
    else:
        keys = list(each.map_keys)
    defaults: dict[str, Json] = {}
    if keys and item.kind == "struct":
        fields = struct_of_type(item.name).fields
        defaults = {key: fields[key].default for key in keys if key in fields}
        defaults = {key: value for key, value in defaults.items() if value is not ABSENT}
    return ListAtom(of_item, False, tuple(keys), defaults)


def _plain(type: FieldType) -> Atom:
    """Return a type of which OpenAPI says nothing more."""
    if type.kind == "struct":
        return _struct(type.name, "")
    if type.item is not None:
        item = functools.partial(_plain, type.item)
        if type.kind == "list":
            return Atom(list=ListAtom(item))
        return Atom(map=MapAtom(other=item))
    if type.kind == "custom":
        return _CUSTOM[type.name]
    return _SCALARS.get(type.kind, _UNTYPED)


def atom_of_schema(schema: KubeObject, *, keeps_unknown: bool = False) -> Atom:
    """Return the type of a structural schema of OpenAPI v3, such as a custom resource's.

    Parameters
    ----------
    keeps_unknown : bool
        Fields that the schema does not declare are kept.
    """
    keeps_unknown = keeps_unknown or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    match schema.get("type", ""):
        case "object":
            return Atom(map=_schema_map(schema, keeps_unknown))
        case "array":
            return Atom(list=_schema_list(schema, keeps_unknown))
        case "integer" | "number":
            return _SCALARS["int"]
        case "boolean":
            return _SCALARS["bool"]
        case "string":
            return _SCALARS["string"] if schema.get("format", "") in ("", "byte") else _SCALAR
    parts = _schema_list(schema, keeps_unknown), _schema_map(schema, keeps_unknown)
    return Atom("untyped", *parts)


def _schema_map(schema: KubeObject, keeps_unknown: bool) -> MapAtom:
    properties = schema.get("properties") or {}
    fields = {name: _later(each, keeps_unknown) for name, each in properties.items()}
    further = schema.get("additionalProperties")
    other: _Lazy | None
    if isinstance(further, dict):
        other = _later(further, keeps_unknown)
    elif further is None:
        other = _deduced if keeps_unknown or not properties else None
    else:
        other = _deduced if further else None
    return MapAtom(fields, other, schema.get("x-kubernetes-map-type") == "atomic")


def _schema_list(schema: KubeObject, keeps_unknown: bool) -> ListAtom:
    items = schema.get("items")
    item = _later(items, keeps_unknown) if isinstance(items, dict) else _untyped
    list_type = schema.get("x-kubernetes-list-type")
    if list_type not in ("set", "map"):
        return ListAtom(item)
    keys = tuple(schema.get("x-kubernetes-list-map-keys") or ()) if list_type == "map" else ()
    properties = (items or {}).get("properties") or {}
    defaults = {key: properties[key]["default"] for key in keys if _has_default(properties, key)}
    return ListAtom(item, False, keys, defaults)


def _has_default(properties: KubeObject, key: str) -> bool:
    return properties.get(key, {}).get("default") is not None


def _later(schema: KubeObject, keeps_unknown: bool) -> _Lazy:
    return functools.partial(atom_of_schema, schema, keeps_unknown=keeps_unknown)


def _untyped() -> Atom:
    return _UNTYPED


def _deduced() -> Atom:
    return _DEDUCED


_SCALARS: Final[dict[str, Atom]] = {
    "string": Atom("string"),
    "bool": Atom("boolean"),
    "int": Atom("numeric"),
    "float": Atom("numeric"),
}
_SCALAR: Final = Atom("untyped")
_UNTYPED: Final = Atom("untyped", ListAtom(_untyped), MapAtom(other=_untyped, atomic=True))
_DEDUCED: Final = Atom("untyped", ListAtom(_untyped), MapAtom(other=_deduced))
_CUSTOM: Final[dict[str, Atom]] = {
    "Bytes": Atom("string"),
    "Quantity": _SCALAR,
    "Time": _SCALAR,
    "MicroTime": _SCALAR,
    "IntOrString": _DEDUCED,
    "RawExtension": _UNTYPED,
    "FieldsV1": Atom(map=MapAtom(other=_deduced)),
    "JSON": _DEDUCED,
    "OrArray": _DEDUCED,
    "OrBool": _DEDUCED,
    "OrStringArray": _DEDUCED,
}
