"""JSON of the API's types to messages, by functions that are put together once a structure."""

from __future__ import annotations

import functools
import struct as packing
from collections.abc import Callable
from typing import Final

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.protobuf.custom import WRITERS, ZEROS
from pykube_core.api.machinery.protobuf.wire import BYTES, FIXED64, VARINT, varint
from pykube_core.api.machinery.schema import Field, FieldType, struct_of_type

_Write = Callable[[bytearray, KubeObject], None]
_Value = Callable[[Json], bytes]

_WIRE_TYPES: Final = {"int": VARINT, "bool": VARINT, "float": FIXED64}
_ZEROS: Final[dict[str, Json]] = {"string": "", "bool": False, "int": 0, "float": 0.0, "struct": {}}


def encode_message(struct: str, value: KubeObject) -> bytes:
    """Return the message of a structure's JSON, as Go's generated code writes it.

    Parameters
    ----------
    struct : str
        Such as "core.v1.PodSpec".
    value : dict
        Of this structure; nulls are absent, unknown fields are left out.
    """
    out = bytearray()
    for write in _writers_of(struct):
        write(out, value)
    return bytes(out)


@functools.cache
def _writers_of(struct: str) -> tuple[_Write, ...]:
    parts = [part for part in struct_of_type(struct).parts if part.number]
    return tuple(map(_writer, sorted(parts, key=lambda part: part.number)))


def _writer(field: Field) -> _Write:
    type, name = field.type, field.name
    if not name:
        return _embedded_writer(field)
    if type.item is not None and not type.wrapped:
        if type.kind == "map":
            return _map_writer(field, type.item)
        return _list_writer(field, type.item)
    tag, body = _tag(field.number, type), _body(type)
    # Go's generated code writes every value, zeros too, but for what may be nil.
    nullable = field.pointer or type.name == "Bytes" or type.kind == "list"
    zero = (
        None if nullable else ZEROS.get(type.name) if type.kind == "custom" else _ZEROS[type.kind]
    )

    def write(out: bytearray, value: KubeObject) -> None:
        found = value.get(name)
        if found is None:
            if nullable:
                return
            found = zero
        out += tag
        out += body(found)

    return write


def _embedded_writer(field: Field) -> _Write:
    tag, struct = _tag(field.number, field.type), field.type.name

    def write(out: bytearray, value: KubeObject) -> None:
        out += tag
        out += _framed(encode_message(struct, value))

    return write


def _list_writer(field: Field, item: FieldType) -> _Write:
    tag, body, name = _tag(field.number, item), _body(item), field.name
    zero = _item_zero(item)

    def write(out: bytearray, value: KubeObject) -> None:
        for each in value.get(name) or ():
            out += tag
            out += body(zero if each is None else each)

    return write


def _map_writer(field: Field, item: FieldType) -> _Write:
    tag = varint(field.number << 3 | BYTES)
    item_tag, body, name = _tag(2, item), _body(item), field.name
    zero = _item_zero(item)

    def write(out: bytearray, value: KubeObject) -> None:
        found = value.get(name)
        if not found:
            return
        for key, each in sorted(found.items(), key=_as_bytes):
            entry = b"\x0a" + _framed(key.encode())
            if each is not None or item.name != "Bytes":
                entry += item_tag + body(zero if each is None else each)
            out += tag
            out += _framed(entry)

    return write


def _as_bytes(pair: tuple[str, Json]) -> bytes:
    return pair[0].encode()


def _item_zero(item: FieldType) -> Json:
    return ZEROS.get(item.name) if item.kind in ("custom", "list") else _ZEROS[item.kind]


def _tag(number: int, type: FieldType) -> bytes:
    return varint(number << 3 | _WIRE_TYPES.get(type.kind, BYTES))


def _body(type: FieldType) -> _Value:
    """Return what writes a value behind its tag, with its length where it has one."""
    if type.wrapped:
        return _write_wrapped
    match type.kind:
        case "int":
            return varint
        case "bool":
            return _write_bool
        case "float":
            return _write_float
        case "string":
            return _write_text
        case "custom":
            custom = WRITERS[type.name]
            return lambda value: _framed(custom(value))
    struct = type.name
    return lambda value: _framed(encode_message(struct, value))


def _framed(body: bytes) -> bytes:
    size = len(body)
    return (bytes((size,)) if size < 0x80 else varint(size)) + body


def _write_text(value: Json) -> bytes:
    return _framed(value.encode())


def _write_bool(value: Json) -> bytes:
    return b"\x01" if value else b"\x00"


def _write_float(value: Json) -> bytes:
    return packing.pack("<d", value)


def _write_wrapped(value: Json) -> bytes:
    return _framed(b"".join(b"\x0a" + _write_text(item) for item in value or ()))
