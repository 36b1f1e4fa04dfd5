"""The reader of the table of types."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, Literal

Kind = Literal["string", "int", "bool", "float", "list", "map", "struct", "custom", "any"]

ABSENT: Final = object()
"""The default of a field that has none."""

CUSTOM: Final = {
    "Quantity": "resource.Quantity",
    "Time": "v1.Time",
    "MicroTime": "v1.MicroTime",
    "IntOrString": "intstr.IntOrString",
    "RawExtension": "runtime.RawExtension",
    "FieldsV1": "v1.FieldsV1",
    "JSON": "v1.JSON",
    "OrArray": "v1.JSONSchemaPropsOrArray",
    "OrBool": "v1.JSONSchemaPropsOrBool",
    "OrStringArray": "v1.JSONSchemaPropsOrStringArray",
    "Bytes": "[]uint8",
}
"""Types that encode themselves, and their names in Go."""

_SCALARS: Final[dict[str, Kind]] = {
    "string": "string",
    "bool": "bool",
    "int32": "int",
    "int64": "int",
    "float64": "float",
    "any": "any",
}

_OF_EVERY_GROUP: Final = frozenset(
    "CreateOptions DeleteOptions GetOptions ListOptions PatchOptions UpdateOptions "
    "WatchEvent".split()
)
_WITHOUT_GROUP: Final = frozenset(
    "APIGroup APIGroupList APIResourceList APIVersions Status".split()
)


@dataclass(frozen=True, slots=True)
class FieldType:
    """A Go type.

    Attributes
    ----------
    go : str
        Its name in messages, such as "[]v1.Container".
    kind : str
        The kind of value that it is made of; "custom" encodes itself.
    name : str
        Of a structure such as "core.v1.Container"; of an int its size; of a custom type its name.
    item : FieldType or None
        Of a list or a map, the type of its items.
    enum : tuple of str
        All values that OpenAPI names; of a list or a map see `item`.
    wrapped : bool
        It is a list that protobuf writes as a message with one field.
    """

    go: str
    kind: Kind
    name: str = ""
    item: FieldType | None = None
    enum: tuple[str, ...] = ()
    wrapped: bool = False

    @property
    def is_message(self) -> bool:
        """Whether it is a structure in Go, so that ``omitempty`` never omits it."""
        return self.kind == "struct" or (self.kind == "custom" and self.name != "Bytes")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a structure.

    Attributes
    ----------
    name : str
        In JSON; "" is an embedded structure.
    number : int
        In protobuf; 0 is none.
    pointer, written : bool
        Go has a pointer; its JSON is written when it is zero, too (as null if there is nothing).
    keeps_zero : bool
        A zero that was set is kept: it is a pointer, or written when it is zero.
    required : bool
        OpenAPI requires it.
    default : object
        In OpenAPI v3, or `ABSENT`.
    list_type, map_keys, map_type : str, tuple of str, str
        As ``x-kubernetes-list-type``, ``-list-map-keys`` and ``-map-type``; "" is none.
    strategies : tuple of str
        Of strategic merge patches: "merge", "retainKeys", "replace".
    merge_key : str or None
        The key by which patches merge its items, "" for plain values; None is a list that is
        replaced.
    plain : bool
        OpenAPI v3 refers to its type and says nothing else.
    """

    name: str
    number: int
    type: FieldType
    pointer: bool = False
    written: bool = False
    keeps_zero: bool = True
    required: bool = False
    default: Any = ABSENT
    list_type: str = ""
    map_keys: tuple[str, ...] = ()
    map_type: str = ""
    strategies: tuple[str, ...] = ()
    merge_key: str | None = None
    plain: bool = False

    @property
    def retains_keys(self) -> bool:
        """Whether a patch names the keys that it, or each of its items, retains."""
        return "retainKeys" in self.strategies


@dataclass(frozen=True, slots=True)
class Union:
    """Fields of a structure of which one is set, as a discriminator ("" is none) says."""

    discriminator: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Struct:
    """A structure.

    Attributes
    ----------
    name : str
        Such as "core.v1.Pod".
    is_kind : bool
        It has ``kind`` and ``apiVersion``.
    map_type : str
        As ``x-kubernetes-map-type``; "" is none.
    parts : tuple of Field
        Its fields as Go and protobuf have them, embedded structures among them.
    fields : dict of str to Field
        Its fields as JSON has them, by name; not to be changed.
    """

    name: str
    is_kind: bool
    map_type: str
    unions: tuple[Union, ...]
    parts: tuple[Field, ...]
    fields: dict[str, Field]


@dataclass(frozen=True, slots=True)
class Package:
    """A Go package of types.

    Attributes
    ----------
    name : str
        Such as "core.v1".
    openapi : str
        Such as "io.k8s.api.core.v1".
    group, version : str
        Of its kinds; "" is the core group, "-" is none.
    structs : dict of str to tuple of str
        The lines of each structure.
    types : dict of str to str
        The definition of each other named type.
    """

    name: str
    openapi: str
    group: str
    version: str
    structs: dict[str, tuple[str, ...]]
    types: dict[str, str]


def packages() -> list[str]:
    """Return the names of all packages."""
    entries = resources.files(__package__).iterdir()
    return sorted(each.name.removesuffix(".txt") for each in entries if each.name.endswith(".txt"))


@functools.cache
def package_of(name: str) -> Package:
    """Return a package of types.

    Raises
    ------
    KeyError
        There is none of this name.
    """
    try:
        text = resources.files(__package__).joinpath(f"{name}.txt").read_text("utf-8")
    except OSError:
        raise KeyError(name) from None
    head, *texts = text.split("\nstruct ")
    first, *named = head.splitlines()
    _, openapi, group, version = first.split(" ")
    structs = {}
    for block in texts:
        lines = tuple(block.splitlines())
        structs[lines[0].partition(" ")[0]] = lines
    types = {}
    for line in named:
        _, type_name, definition = line.split(" ", 2)
        types[type_name] = definition
    return Package(name, openapi, "" if name == "core.v1" else group, version, structs, types)


@functools.cache
def kind_struct(group: str, version: str, kind: str) -> str:
    """Return the name of the structure of a kind, such as "apps.v1.Deployment".

    Options of requests belong to every group and version, ``Status`` and the like to the core
    group's v1.

    Raises
    ------
    KeyError
        It is no built-in kind.
    """
    if kind in _OF_EVERY_GROUP or (kind in _WITHOUT_GROUP and (group, version) == ("", "v1")):
        return f"meta.v1.{kind}"
    package = package_of(f"{group.partition('.')[0] or 'core'}.{version}")
    name = f"{package.name}.{kind}"
    if package.group != group or kind not in package.structs or not struct_of_type(name).is_kind:
        raise KeyError(name)
    return name


@functools.cache
def struct_of_type(name: str) -> Struct:
    """Return a structure by its name, such as "core.v1.Pod".

    Raises
    ------
    KeyError
        There is none of this name.
    """
    package_name, _, short = name.rpartition(".")
    package = package_of(package_name)
    head, *lines = package.structs[short]
    _, *words = head.split(" ")
    is_kind = "kind" in words
    unions = []
    for word in words:
        if word.startswith("union="):
            discriminator, _, fields = word.removeprefix("union=").partition(":")
            unions.append(Union(discriminator, tuple(fields.split(","))))
    parts = [*_TYPE_META] if is_kind else []
    parts += [_parse_field(line.split(" ")[1:], package) for line in lines]
    by_name: dict[str, Field] = {}
    for part in parts:
        by_name |= {part.name: part} if part.name else struct_of_type(part.type.name).fields
    map_type = "atomic" if "atomic" in words else ""
    return Struct(name, is_kind, map_type, tuple(unions), tuple(parts), by_name)


def _parse_field(words: list[str], package: Package) -> Field:
    number = 0 if words[0] == "-" else int(words[0])
    type = _parse_type(words[2], package)
    if words[1] == "+":
        return Field("", number, type)
    name = words[1].rstrip("*!?")
    flags = words[1][len(name) :]
    pointer, bare = "*" in flags, "!" in flags
    written = bare or (type.is_message and not pointer and "?" not in flags)
    attributes = dict(word.partition("=")[::2] for word in words[3:])
    strategies, _, key = attributes.get("patch", "").partition(":")
    list_type = next((each for each in ("atomic", "set", "map") if each in attributes), "")
    return Field(
        name,
        number,
        type,
        pointer,
        written,
        keeps_zero=pointer or written,
        required="required" in attributes or (bare and "optional" not in attributes),
        default=_default(type, pointer, bare, attributes),
        list_type=list_type,
        map_keys=tuple(attributes["map"].split(",")) if list_type == "map" else (),
        map_type=next((t for t in ("atomic", "granular") if f"{t}Map" in attributes), ""),
        strategies=tuple(strategies.split(",")) if strategies else (),
        merge_key=key if strategies.startswith("merge") else None,
        plain="plain" in attributes,
    )


def _default(type: FieldType, pointer: bool, bare: bool, attributes: dict[str, str]) -> Any:  # noqa: ANN401
    if "default" in attributes:
        return json.loads(attributes["default"])
    if pointer:
        return ABSENT
    if type.kind == "struct":
        return {}
    zero = {"string": "", "int": 0, "float": 0, "bool": False}.get(type.kind, ABSENT)
    return zero if bare else ABSENT


def _parse_type(text: str, package: Package) -> FieldType:
    if text.startswith("[]"):
        item = _parse_type(text[2:], package)
        return FieldType(f"[]{item.go}", "list", item=item)
    if text.startswith("map["):
        key, _, rest = text.removeprefix("map[").partition("]")
        item = _parse_type(rest, package)
        return FieldType(f"map[{_parse_type(key, package).go}]{item.go}", "map", item=item)
    if text in _SCALARS:
        return FieldType("interface {}" if text == "any" else text, _SCALARS[text], text)
    if text in CUSTOM:
        return FieldType(CUSTOM[text], "custom", text)
    name, _, short = text.rpartition(".")
    return _named_type(name or package.name, short)


@functools.cache
def _named_type(package_name: str, short: str) -> FieldType:
    package = package_of(package_name)
    go = f"{package_name.rpartition('.')[2]}.{short}"
    if short not in package.types:
        return FieldType(go, "struct", f"{package_name}.{short}")
    underlying, _, rest = package.types[short].partition(" ")
    made_of = _parse_type(underlying, package)
    wrapped = rest == "wrapped"
    enum = tuple(rest.split("|")) if rest and not wrapped else ()
    return FieldType(go, made_of.kind, made_of.name, made_of.item, enum, wrapped)


_STRING: Final = FieldType("string", "string", "string")
_TYPE_META: Final = (
    Field("kind", 0, _STRING, keeps_zero=False),
    Field("apiVersion", 0, _STRING, keeps_zero=False),
)
