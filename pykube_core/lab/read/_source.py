"""The bytes of an input, and which format they are in."""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Final, Literal

from pykube_core.api.documents import plain_text
from pykube_core.api.errors import InputError

Kind = Literal["objects", "openb-nodes", "openb-pods"]

STDIN: Final = "-"
# A snapshot of 150,000 pods as kubectl writes it is below 2 GiB.
UNPACKED_BYTES_MAX: Final = 8 << 30
_GZIP_MAGIC: Final = b"\x1f\x8b"
_CHUNK_BYTES: Final = 1 << 24
_START_BYTES: Final = 4096


def read_bytes(path: str) -> tuple[str, bytes]:
    """Return the name for reports and the content, unpacked where it is gzip.

    Raises
    ------
    InputError
        When the file cannot be read, is not whole, is empty, or unpacks to more than
        ``UNPACKED_BYTES_MAX``.
    """
    source = "<stdin>" if path == STDIN else path
    try:
        data = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(reason, source=source) from None
    if data.startswith(_GZIP_MAGIC):
        data = _unpack(data, source)
    data = plain_text(source, data)
    if not data[:_START_BYTES].strip() and not data.strip():
        raise InputError("the file is empty", source=source)
    return source, data


def detect(data: bytes) -> Kind:
    """Return the format that the content shows; what shows none is objects, JSON or YAML."""
    start = data[:_START_BYTES].lstrip()
    header = start.split(b"\n", 1)[0].strip().split(b",")
    if header[:2] == [b"sn", b"cpu_milli"]:
        return "openb-nodes"
    if header[:2] == [b"name", b"cpu_milli"]:
        return "openb-pods"
    return "objects"


def _unpack(data: bytes, source: str) -> bytes:
    """Unpack all members of a gzip file, piece by piece up to the limit."""
    pieces: list[bytes] = []
    size = 0
    while data:
        member = zlib.decompressobj(wbits=31)
        try:
            while not member.eof:
                piece = member.decompress(data, _CHUNK_BYTES)
                data = member.unconsumed_tail
                size += len(piece)
                if size > UNPACKED_BYTES_MAX:
                    raise InputError(f"unpacks to more than {UNPACKED_BYTES_MAX} B", source=source)
                pieces.append(piece)
                if not piece and not data and not member.eof:
                    raise InputError("the gzip data ends too early", source=source)
        except zlib.error as error:
            raise InputError(f"bad gzip data: {error}", source=source) from None
        data = member.unused_data
    return b"".join(pieces)
