"""Messages of the API's types to JSON, by functions that are put together once a structure."""

from __future__ import annotations

import functools
import struct as packing
from collections.abc import Callable
from typing import Final, NamedTuple

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.protobuf.custom import READERS, ZEROS
from pykube_core.api.machinery.protobuf.wire import (
    BYTES,
    DEPTH_MAX,
    FIXED64,
    VARINT,
    ProtobufError,
    read_length,
    read_varint,
    refuse_tag,
    signed32,
    signed64,
    skip,
    text_of,
    too_short,
)
from pykube_core.api.machinery.schema import Field, FieldType, struct_of_type

_Read = Callable[[bytes, int, int, int], Json]
"""Of data, start, stop and depth, the value of what has its length in front."""
_Late = dict[str, tuple["_Part", list[tuple[int, int]]]]

_FLOAT_DIGITS_MAX: Final = 1e21
_WIRE_TYPES: Final = {"int": VARINT, "bool": VARINT, "float": FIXED64}


class _Part(NamedTuple):
    """How one field is read.

    Attributes
    ----------
    role : str
        "value", "item" of a list, "items" (numbers of a list, packed), "entry" of a map, "message"
        or "embedded" one; the last two may come in pieces and are read when all are there.
    keeps_zero : bool
        A value that is zero stays.
    """

    name: str
    role: str
    keeps_zero: bool
    read: _Read
    convert: Callable[[int], Json]


def decode_message(struct: str, data: bytes, depth: int = 1) -> KubeObject:
    """Return the JSON of a message.

    Parameters
    ----------
    struct : str
        Such as "core.v1.PodSpec".

    Raises
    ------
    ProtobufError
        It is none of this structure.
    """
    return _decoder_of(struct).decode(data, 0, len(data), depth)


@functools.cache
def _decoder_of(struct: str) -> _Decoder:
    return _Decoder(struct)


class _Decoder:
    """Reads the messages of one structure."""

    def __init__(self, struct: str) -> None:
        type = struct_of_type(struct)
        self._name = struct.rpartition(".")[2]
        self._parts: dict[int, _Part] = {}
        self._wire_types: dict[int, str] = {}
        for field in type.parts:
            if field.number:
                self._wire_types[field.number] = field.name[:1].upper() + field.name[1:]
                for wire, part in _parts_of(field):
                    self._parts[field.number << 3 | wire] = part
        own = [field for field in type.parts if field.number and field.name]
        self._zeros = [(field.name, field) for field in own if field.written]
        self._embedded = [field.type.name for field in type.parts if not field.name]

    def decode(self, data: bytes, at: int, end: int, depth: int) -> KubeObject:
        """Return the JSON of a message between two offsets."""
        if depth > DEPTH_MAX:
            raise ProtobufError("proto: messages are nested too deep")
        out: KubeObject = {}
        late: _Late = {}
        parts = self._parts
        while at < end:
            tag = data[at]
            at += 1
            if tag > 0x7F:
                tag, at = read_varint(data, at - 1, end)
            part = parts.get(tag)
            if part is None:
                at = self._skip(data, at, end, tag)
                continue
            name, role, keeps_zero, read, convert = part
            if tag & 7 == BYTES:
                size = data[at] if at < end else 0x80
                if size > 0x7F:
                    start, at = read_length(data, at, end)
                else:
                    start = at + 1
                    at = start + size
                    if at > end:
                        raise too_short()
                if role != "value":
                    _take(part, data, start, at, out, late, depth)
                    continue
                value = read(data, start, at, depth)
            else:
                take = read_varint if tag & 7 == VARINT else _fixed64
                raw, at = take(data, at, end)
                value = convert(raw)
                if role == "item":
                    out.setdefault(name, []).append(value)
                    continue
            if value or keeps_zero:
                out[name] = value
            else:  # A zero that Go leaves out; it replaces what came before.
                out.pop(name, None)
        self._finish(data, out, late, depth)
        return out

    def _finish(self, data: bytes, out: KubeObject, late: _Late, depth: int) -> None:
        """Read the messages, whose pieces are all there now, and add what Go writes of nothing."""
        for name, (part, spans) in late.items():
            if len(spans) == 1:
                value = part.read(data, *spans[0], depth)
            else:
                joined = b"".join(data[start:stop] for start, stop in spans)
                value = part.read(joined, 0, len(joined), depth)
            if part.role == "embedded":
                out |= value
            elif value or part.keeps_zero:
                out[name] = value
        for name, field in self._zeros:
            if name not in out:
                out[name] = _zero(field, depth)
        for struct in self._embedded:
            if f"+{struct}" not in late:
                out |= _decoder_of(struct).decode(b"", 0, 0, depth + 1)

    def _skip(self, data: bytes, at: int, end: int, tag: int) -> int:
        refuse_tag(self._name, tag)
        name = self._wire_types.get(tag >> 3 & 0xFFFFFFFF)
        if name is not None:
            raise ProtobufError(f"proto: wrong wireType = {tag & 7} for field {name}")
        return skip(data, at, end, tag & 7)


def _take(
    part: _Part, data: bytes, start: int, stop: int, out: KubeObject, late: _Late, depth: int
) -> None:
    """Take what may come more than once in a message."""
    name, role, _, read, _ = part
    if role == "item":
        value = read(data, start, stop, depth)
        held = out.get(name)
        if held is None:
            out[name] = [value]
        else:
            held.append(value)
    elif role == "entry":
        key, value = read(data, start, stop, depth)
        out.setdefault(name, {})[key] = value
    elif role == "items":
        out.setdefault(name, []).extend(read(data, start, stop, depth))
    else:
        late.setdefault(name, (part, []))[1].append((start, stop))


def _zero(field: Field, depth: int) -> Json:
    """Return what Go writes of a field that was not set."""
    type = field.type
    if field.pointer or type.kind in ("list", "map"):
        return None
    if type.kind == "struct":
        return _decoder_of(type.name).decode(b"", 0, 0, depth + 1)
    if type.kind == "custom":
        return ZEROS.get(type.name)
    return {"string": "", "bool": False}.get(type.kind, 0)


def _parts_of(field: Field) -> list[tuple[int, _Part]]:
    """Return how a field is read, by wire type."""
    type, name = field.type, field.name
    keeps = field.keeps_zero
    if not name:
        return [(BYTES, _Part(f"+{type.name}", "embedded", True, _reader(type), _no_number))]
    if type.wrapped:
        return [(BYTES, _Part(name, "message", keeps, _reader(type), _no_number))]
    if type.kind == "map" and type.item is not None:
        return [(BYTES, _Part(name, "entry", keeps, _entry_reader(type.item), _no_number))]
    if type.kind == "list" and type.item is not None:
        item = type.item
        if item.kind in _WIRE_TYPES:
            packed = _Part(name, "items", keeps, _packed_reader(item), _no_number)
            one = _Part(name, "item", keeps, _no_bytes, _converter(item))
            return [(_WIRE_TYPES[item.kind], one), (BYTES, packed)]
        return [(BYTES, _Part(name, "item", keeps, _reader(item), _no_number))]
    if type.kind in _WIRE_TYPES:
        part = _Part(name, "value", keeps, _no_bytes, _converter(type))
        return [(_WIRE_TYPES[type.kind], part)]
    role = "message" if type.is_message else "value"
    return [(BYTES, _Part(name, role, keeps, _reader(type), _no_number))]


def _converter(type: FieldType) -> Callable[[int], Json]:
    if type.kind == "bool":
        return bool
    if type.kind == "float":
        return _float
    return signed32 if type.name == "int32" else signed64


def _reader(type: FieldType) -> _Read:
    if type.wrapped:
        return _read_wrapped
    if type.kind == "struct":
        return _struct_reader(type.name)
    if type.kind == "custom":
        return READERS[type.name]
    return _read_text


def _read_text(data: bytes, start: int, stop: int, depth: int) -> str:
    return text_of(data, start, stop)


def _struct_reader(struct: str) -> _Read:
    # The decoder is made when a message comes, as a structure may hold itself.
    def read(data: bytes, start: int, stop: int, depth: int) -> Json:
        return _decoder_of(struct).decode(data, start, stop, depth + 1)

    return read


def _read_wrapped(data: bytes, start: int, stop: int, depth: int) -> Json:
    """Return the strings of a list that is a message of its own."""
    items: list[str] = []
    while start < stop:
        tag, start = read_varint(data, start, stop)
        if tag == 1 << 3 | BYTES:
            first, start = read_length(data, start, stop)
            items.append(text_of(data, first, start))
        else:
            refuse_tag("Items", tag)
            start = skip(data, start, stop, tag & 7)
    return items or None


def _packed_reader(item: FieldType) -> _Read:
    convert = _converter(item)
    take = _fixed64 if item.kind == "float" else read_varint

    def read(data: bytes, start: int, stop: int, depth: int) -> Json:
        items = []
        while start < stop:
            raw, start = take(data, start, stop)
            items.append(convert(raw))
        return items

    return read


def _entry_reader(type: FieldType) -> _Read:
    wire = _WIRE_TYPES.get(type.kind, BYTES)
    read_value = _no_bytes if wire != BYTES else _reader(type)
    zero = Field("value", 2, type, written=True)

    def read(data: bytes, start: int, stop: int, depth: int) -> tuple[str, Json]:
        key, value = "", _UNSET
        while start < stop:
            tag, start = read_varint(data, start, stop)
            if tag == 1 << 3 | BYTES:
                first, start = read_length(data, start, stop)
                key = text_of(data, first, start)
            elif tag == 2 << 3 | BYTES and wire == BYTES:
                first, start = read_length(data, start, stop)
                value = read_value(data, first, start, depth)
            else:
                refuse_tag("Entry", tag)
                start = skip(data, start, stop, tag & 7)
        return key, _zero(zero, depth) if value is _UNSET else value

    return read


def _fixed64(data: bytes, at: int, end: int) -> tuple[int, int]:
    if end - at < 8:
        raise too_short()
    return int.from_bytes(data[at : at + 8], "little"), at + 8


def _float(bits: int) -> Json:
    """Return a number as JSON has it: whole ones without a point."""
    (value,) = packing.unpack("<d", bits.to_bytes(8, "little"))
    if value != value or value in (float("inf"), float("-inf")):
        raise ProtobufError(f"json: unsupported value: {value}")
    return int(value) if value.is_integer() and abs(value) < _FLOAT_DIGITS_MAX else value


def _no_bytes(data: bytes, start: int, stop: int, depth: int) -> Json:
    raise AssertionError("a number has no length")


def _no_number(value: int) -> Json:
    raise AssertionError("what has a length is no number")


_UNSET: Final = object()
