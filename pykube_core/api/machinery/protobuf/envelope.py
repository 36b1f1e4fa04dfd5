"""The envelope of an object in protobuf, which says what kind it holds."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.protobuf.custom import json_of
from pykube_core.api.machinery.protobuf.decoding import decode_message
from pykube_core.api.machinery.protobuf.encoding import encode_message
from pykube_core.api.machinery.protobuf.wire import (
    BYTES,
    MAGIC,
    ProtobufError,
    read_length,
    read_varint,
    refuse_tag,
    skip,
    text_of,
    varint,
)
from pykube_core.api.machinery.schema import kind_struct

_TYPE_META: Final = 1 << 3 | BYTES
_RAW: Final = 2 << 3 | BYTES
_CONTENT_TYPE: Final = 4 << 3 | BYTES
_JSON: Final = "application/json"


def decode_object(
    data: bytes, api_version: str = "", kind: str = "", *, depth: int = 0
) -> KubeObject:
    """Return the JSON that Go would have written of an object.

    Parameters
    ----------
    data : bytes
        The whole body.
    api_version, kind : str
        Of the object, where its envelope does not say it.
    depth : int
        Of messages around it.

    Raises
    ------
    ProtobufError
        It is no object in protobuf, or of no built-in kind.
    """
    if not data:
        raise ProtobufError("empty data")
    if not data.startswith(MAGIC):
        text = "provided data does not appear to be a protobuf message, expected prefix"
        raise ProtobufError(f"{text} [107 56 115 0]")
    if len(data) == len(MAGIC):
        raise ProtobufError("empty body")
    found: dict[int, tuple[int, int]] = {}
    for tag, start, stop in _members(data, len(MAGIC), len(data)):
        found[tag] = start, stop
    meta = {
        tag: text_of(data, start, stop)
        for tag, start, stop in _members(data, *found.get(_TYPE_META, (0, 0)))
    }
    kind = meta.get(2 << 3 | BYTES) or kind
    api_version = meta.get(1 << 3 | BYTES) or api_version
    raw = data[slice(*found.get(_RAW, (0, 0)))]
    if not kind:
        raise ProtobufError(f"Object 'Kind' is missing in '{_shown(meta)}'")
    if not api_version:
        raise ProtobufError(f"Object 'apiVersion' is missing in '{_shown(meta)}'")
    head = {"kind": kind, "apiVersion": api_version}
    if text_of(data, *found.get(_CONTENT_TYPE, (0, 0))) == _JSON:
        held = json_of(raw)
        if not isinstance(held, dict):
            raise ProtobufError("raw JSON is no object")
        return head | held
    return head | decode_message(_struct(api_version, kind), raw, depth + 1)


def encode_object(obj: KubeObject) -> bytes:
    """Return an object in protobuf.

    Raises
    ------
    ProtobufError
        It is of no built-in kind.
    """
    kind, api_version = obj["kind"], obj["apiVersion"]
    body = encode_message(_struct(api_version, kind), obj)
    version, name = api_version.encode(), kind.encode()
    meta = b"".join((b"\x0a", varint(len(version)), version, b"\x12", varint(len(name)), name))
    sizes = varint(len(meta)), varint(len(body))
    return b"".join((MAGIC, b"\x0a", sizes[0], meta, b"\x12", sizes[1], body, b'\x1a\x00"\x00'))


def _members(data: bytes, at: int, end: int) -> list[tuple[int, int, int]]:
    """Return the tag, start and stop of each field that has a length."""
    out = []
    while at < end:
        tag, at = read_varint(data, at, end)
        refuse_tag("Unknown", tag)
        if tag & 7 == BYTES:
            start, at = read_length(data, at, end)
            out.append((tag, start, at))
        else:
            at = skip(data, at, end, tag & 7)
    return out


def _struct(api_version: str, kind: str) -> str:
    group, _, version = api_version.rpartition("/")
    try:
        return kind_struct(group, version, kind)
    except KeyError:
        text = f'no kind "{kind}" is registered for version "{api_version}"'
        raise ProtobufError(text) from None


def _shown(meta: dict[int, str]) -> str:
    version, kind = meta.get(1 << 3 | BYTES, ""), meta.get(2 << 3 | BYTES, "")
    return f'runtime.TypeMeta{{APIVersion:"{version}", Kind:"{kind}"}}'
