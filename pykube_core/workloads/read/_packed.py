"""Unpacks gzip and zstd, piece by piece up to a limit."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Iterator
from typing import Any, Final

from pykube_core.api.machinery.errors import InputError

# A snapshot of 150,000 pods as kubectl writes it is below 2 GiB.
UNPACKED_BYTES_MAX: Final = 8 << 30

_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
# Other programs that people pack with, and the command that undoes it.
_OTHERS: Final = {
    b"\xfd7zXZ\0": ("xz", "xz -d"),
    b"BZh": ("bzip2", "bzip2 -d"),
    b"PK\x03\x04": ("zip", "unzip"),
    b"7z\xbc\xaf\x27\x1c": ("7z", "7z x"),
}
_CHUNK_BYTES: Final = 1 << 24
# The standard library's, from Python 3.14 on, and the two that do the same before.
_ZSTD_MODULES: Final = ("compression.zstd", "backports.zstd", "pyzstd")


def unpack(data: bytes, source: str) -> bytes:
    """Return what is packed, once or twice, or the data as they are.

    Raises
    ------
    InputError
        When they are not whole, unpack to more than `UNPACKED_BYTES_MAX`, or are packed otherwise.
    """
    for _ in range(2):
        if data.startswith(_GZIP_MAGIC):
            data = _joined(_gunzip(data, source), source)
        elif data.startswith(_ZSTD_MAGIC):
            data = _joined(_unzstd(data, source), source)
    for magic, (name, command) in _OTHERS.items():
        if data.startswith(magic):
            reason = f"is packed with {name}, which is not read: unpack it ({command})"
            raise InputError(reason, source=source)
    return data


def _joined(pieces: Iterator[bytes], source: str) -> bytes:
    kept: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > UNPACKED_BYTES_MAX:
            raise InputError(f"unpacks to more than {UNPACKED_BYTES_MAX} B", source=source)
        kept.append(piece)
    return b"".join(kept)


def _gunzip(data: bytes, source: str) -> Iterator[bytes]:
    """Yield the pieces of all members of a gzip file."""
    while data:
        member = zlib.decompressobj(wbits=31)
        try:
            while not member.eof:
                piece = member.decompress(data, _CHUNK_BYTES)
                data = member.unconsumed_tail
                yield piece
                if not piece and not data and not member.eof:
                    raise InputError("the gzip data ends too early", source=source)
        except zlib.error:
            raise InputError("the gzip data are damaged", source=source) from None
        data = member.unused_data.lstrip(b"\0")  # Tapes and block devices fill up with zeros.


def _unzstd(data: bytes, source: str) -> Iterator[bytes]:
    """Yield the pieces of all frames of a zstd file."""
    zstd = _zstd_module()
    if zstd is None:
        reason = "is packed with zstd: unpack it (zstd -d), or run pip install backports.zstd"
        raise InputError(reason, source=source)
    while data:
        frame = zstd.ZstdDecompressor()
        try:
            while not frame.eof:
                piece = frame.decompress(data, _CHUNK_BYTES)
                data = b""
                yield piece
                if not piece and frame.needs_input and not frame.eof:
                    raise InputError("the zstd data end too early", source=source)
        except zstd.ZstdError:
            raise InputError("bad zstd data", source=source) from None
        data = frame.unused_data


def _zstd_module() -> Any:  # noqa: ANN401
    for name in _ZSTD_MODULES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None
