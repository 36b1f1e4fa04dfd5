"""The messages of types that encode themselves: quantities, times, raw JSON, schemas' ors."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from pykube_core.api.machinery.objects import Json
from pykube_core.api.machinery.protobuf.wire import (
    BYTES,
    MAGIC,
    VARINT,
    ProtobufError,
    read_length,
    read_varint,
    refuse_tag,
    signed32,
    signed64,
    skip,
    text_of,
    varint,
)
from pykube_core.api.machinery.quantity import QuantityError, parse_quantity
from pykube_core.api.machinery.times import NANO, parse_time

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO_TIME_SECONDS: Final = -62_135_596_800  # The year 1, Go's zero.
_SECONDS_MAX: Final = 253_402_300_800
_SCHEMA: Final = "apiextensions.v1.JSONSchemaProps"
_FIRST: Final = 1 << 3 | BYTES
_SECOND: Final = 2 << 3 | BYTES
_THIRD: Final = 3 << 3 | BYTES

ZEROS: Final[dict[str, Json]] = {"Quantity": "0", "IntOrString": 0, "OrBool": False}
"""Values that Go writes of these when they are not set; null of any other."""


def _fields(message: str, data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the tag of each field, and its number, 0; or its start and stop."""
    while at < end:
        tag, at = read_varint(data, at, end)
        refuse_tag(message, tag)
        if tag & 7 == VARINT:
            value, at = read_varint(data, at, end)
            yield tag, value, 0
        elif tag & 7 == BYTES:
            start, at = read_length(data, at, end)
            yield tag, start, at
        else:
            at = skip(data, at, end, tag & 7)


def _read_quantity(data: bytes, at: int, end: int, depth: int) -> str:
    out = "0"
    for tag, start, stop in _fields("Quantity", data, at, end):
        if tag == _FIRST:
            try:
                out = str(parse_quantity(text_of(data, start, stop)))
            except QuantityError as error:
                raise ProtobufError(str(error)) from None
    return out


def _write_quantity(value: Json) -> bytes:
    text = str(value).encode()
    return b"\x0a" + varint(len(text)) + text


def _read_int_or_string(data: bytes, at: int, end: int, depth: int) -> Json:
    is_text, number, text = 0, 0, ""
    for tag, start, stop in _fields("IntOrString", data, at, end):
        if tag == 1 << 3:
            is_text = start
        elif tag == 2 << 3:
            number = signed32(start)
        elif tag == _THIRD:
            text = text_of(data, start, stop)
    if is_text > 1:
        raise ProtobufError("impossible IntOrString.Type")
    return text if is_text else number


def _write_int_or_string(value: Json) -> bytes:
    if isinstance(value, str):
        text = value.encode()
        return b"\x08\x01\x10\x00\x1a" + varint(len(text)) + text
    return b"\x08\x00\x10" + varint(value) + b"\x1a\x00"


def _time_reader(unit_ns: int) -> Callable[[bytes, int, int, int], str | None]:
    def read(data: bytes, at: int, end: int, depth: int) -> str | None:
        if at == end:
            return None
        seconds = nanos = 0
        for tag, value, _ in _fields("Timestamp", data, at, end):
            if tag == 1 << 3:
                seconds = signed64(value)
            elif tag == 2 << 3:
                nanos = signed32(value)
        fraction = nanos // unit_ns * unit_ns if unit_ns < NANO else 0
        if seconds == _ZERO_TIME_SECONDS and fraction == 0:
            return None
        if not (_ZERO_TIME_SECONDS <= seconds < _SECONDS_MAX and 0 <= fraction < NANO):
            raise ProtobufError("Time.MarshalJSON: year outside of range [0,9999]")
        moment = _EPOCH + timedelta(seconds=seconds, microseconds=fraction // 1000)
        digits = "microseconds" if unit_ns < NANO else "seconds"
        return moment.replace(tzinfo=None).isoformat("T", digits) + "Z"

    return read


def _write_time(value: Json) -> bytes:
    if value is None:
        return b""
    time_ns = parse_time(value)
    return b"\x08" + varint(time_ns // NANO) + b"\x10" + varint(time_ns % NANO)


def _read_raw(data: bytes, at: int, end: int, depth: int) -> Json:
    raw = b""
    for tag, start, stop in _fields("RawExtension", data, at, end):
        if tag == _FIRST:
            raw = data[start:stop]
    if not raw:
        return None
    if raw.startswith(MAGIC):
        from pykube_core.api.machinery.protobuf.envelope import decode_object

        return decode_object(raw, depth=depth + 1)
    return json_of(raw)


def json_of(raw: bytes) -> Json:
    """Return JSON that is part of a message.

    Raises
    ------
    ProtobufError
        It is none.
    """
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProtobufError(f"raw JSON cannot be decoded: {error}") from None


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number")


def _write_raw(value: Json) -> bytes:
    if value is None:
        return b""
    raw = value if isinstance(value, bytes) else _compact(value)
    return b"\x0a" + varint(len(raw)) + raw


def _compact(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _read_bytes(data: bytes, at: int, end: int, depth: int) -> str:
    return b64encode(data[at:end]).decode()


def _or_reader(name: str) -> Callable[[bytes, int, int, int], Json]:
    """Return what reads a schema or what may stand in its place."""

    def read(data: bytes, at: int, end: int, depth: int) -> Json:
        from pykube_core.api.machinery.protobuf.decoding import decode_message

        schema: Json = None
        allows = False
        others: list[Json] = []
        schema_tag = _SECOND if name == "OrBool" else _FIRST
        for tag, start, stop in _fields(name, data, at, end):
            if tag == schema_tag:
                schema = decode_message(_SCHEMA, data[start:stop], depth + 1)
            elif tag == 1 << 3 and name == "OrBool":
                allows = bool(start)
            elif tag == _SECOND and name == "OrArray":
                others.append(decode_message(_SCHEMA, data[start:stop], depth + 1))
            elif tag == _SECOND:
                others.append(text_of(data, start, stop))
        if name == "OrBool":
            return allows if schema is None else schema
        return others or schema

    return read


def _or_writer(name: str) -> Callable[[Json], bytes]:
    def write(value: Json) -> bytes:
        from pykube_core.api.machinery.protobuf.encoding import encode_message

        is_schema = isinstance(value, dict)
        head = b""
        if name == "OrBool":
            head = b"\x08\x01" if is_schema or value else b"\x08\x00"
        if is_schema:
            tag = b"\x12" if name == "OrBool" else b"\x0a"
            return head + _framed(tag, encode_message(_SCHEMA, value))
        if name == "OrBool" or not value:
            return head
        items = [
            item.encode() if isinstance(item, str) else encode_message(_SCHEMA, item)
            for item in value
        ]
        return b"".join(_framed(b"\x12", item) for item in items)

    return write


def _framed(tag: bytes, body: bytes) -> bytes:
    return tag + varint(len(body)) + body


READERS: Final[dict[str, Callable[[bytes, int, int, int], Json]]] = {
    "Quantity": _read_quantity,
    "IntOrString": _read_int_or_string,
    "Time": _time_reader(NANO),
    "MicroTime": _time_reader(1000),
    "RawExtension": _read_raw,
    "FieldsV1": _read_raw,
    "JSON": _read_raw,
    "Bytes": _read_bytes,
    "OrArray": _or_reader("OrArray"),
    "OrBool": _or_reader("OrBool"),
    "OrStringArray": _or_reader("OrStringArray"),
}
WRITERS: Final[dict[str, Callable[[Json], bytes]]] = {
    "Quantity": _write_quantity,
    "IntOrString": _write_int_or_string,
    "Time": _write_time,
    "MicroTime": _write_time,
    "RawExtension": _write_raw,
    "FieldsV1": _write_raw,
    "JSON": _write_raw,
    "Bytes": b64decode,
    "OrArray": _or_writer("OrArray"),
    "OrBool": _or_writer("OrBool"),
    "OrStringArray": _or_writer("OrStringArray"),
}
