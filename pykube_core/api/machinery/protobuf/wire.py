"""The wire format of protobuf: varints, lengths, and what is skipped."""

from __future__ import annotations

from typing import Final

MAGIC: Final = b"k8s\0"
DEPTH_MAX: Final = 100
"""Messages in messages, that of the kind included."""

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
_END_GROUP: Final = 4

_UINT64_MAX: Final = 2**64 - 1
_VARINT_BYTES_MAX: Final = 10
_GROUPS_MAX: Final = 10_000


class ProtobufError(ValueError):
    """Bytes are no protobuf of their kind; the message is for the client."""


def too_short() -> ProtobufError:
    """Return the error of a message that ends in the middle of something."""
    return ProtobufError("unexpected EOF")


def read_varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return an unsigned number of 64 bits, and where the next byte is."""
    value = shift = 0
    for start in range(at, min(end, at + _VARINT_BYTES_MAX)):
        byte = data[start]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _UINT64_MAX, start + 1
        shift += 7
    if end - at < _VARINT_BYTES_MAX:
        raise too_short()
    raise ProtobufError("proto: integer overflow")


def read_length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return start and stop of what has its length in front."""
    size, start = read_varint(data, at, end)
    if size > _UINT64_MAX >> 1:
        raise ProtobufError("proto: negative length found during unmarshaling")
    if size > end - start:
        raise too_short()
    return start, start + size


def skip(data: bytes, at: int, end: int, wire: int) -> int:
    """Return where the value of an unknown field ends, of this wire type and without its tag."""
    groups = 0
    while True:
        match wire:
            case 0:
                _, at = read_varint(data, at, end)
            case 1:
                at += 8
            case 2:
                _, at = read_length(data, at, end)
            case 3:
                groups += 1
                if groups > _GROUPS_MAX:
                    raise ProtobufError("proto: groups are nested too deep")
            case 4:
                if not groups:
                    raise ProtobufError("proto: unexpected end of group")
                groups -= 1
            case 5:
                at += 4
            case _:
                raise ProtobufError(f"proto: illegal wireType {wire}")
        if at > end:
            raise too_short()
        if not groups:
            return at
        tag, at = read_varint(data, at, end)
        wire = tag & 7


def refuse_tag(message: str, tag: int) -> None:
    """Refuse a tag that no field may have.

    Parameters
    ----------
    message : str
        The name of the structure, for the error.
    """
    if tag & 7 == _END_GROUP:
        raise ProtobufError(f"proto: {message}: wiretype end group for non-group")
    number = tag >> 3 & 0xFFFFFFFF
    if number == 0 or number >> 31:
        signed = number - 2**32 if number >> 31 else number
        raise ProtobufError(f"proto: {message}: illegal tag {signed} (wire type {tag})")


def varint(value: int) -> bytes:
    """Return a number as a varint; a negative one in ten bytes."""
    value &= _UINT64_MAX
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed64(value: int) -> int:
    """Return what an unsigned number of 64 bits is with a sign."""
    return value - 2**64 if value >> 63 else value


def signed32(value: int) -> int:
    """Return the lower 32 bits of a number with a sign."""
    value &= 0xFFFFFFFF
    return value - 2**32 if value >> 31 else value


def text_of(data: bytes, start: int, stop: int) -> str:
    """Return a string."""
    try:
        return data[start:stop].decode()
    except UnicodeDecodeError:
        raise ProtobufError("proto: string field contains invalid UTF-8") from None
