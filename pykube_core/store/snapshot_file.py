"""Backups in files as etcdctl lays them out: padded, with a SHA-256 at the end."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from pykube_core.files import write_file

_SHA_BYTES: Final = 32
_PAGE_BYTES: Final = 512


def write_snapshot_file(path: str | os.PathLike[str], backup: bytes) -> int:
    """Write what `Store.backup` returned; return the file's size without the SHA-256.

    Raises
    ------
    OSError
        When the file cannot be written; one that was there is as it was.
    """
    data = backup + bytes(-len(backup) % _PAGE_BYTES)
    write_file(path, data + hashlib.sha256(data).digest())
    return len(data)


def read_snapshot_file(path: str | os.PathLike[str]) -> bytes:
    """Return what `restore_backup` takes.

    Raises
    ------
    ValueError
        The SHA-256 does not fit.
    """
    data = Path(path).read_bytes()
    if len(data) % _PAGE_BYTES == _SHA_BYTES:
        data, digest = data[:-_SHA_BYTES], data[-_SHA_BYTES:]
        if hashlib.sha256(data).digest() != digest:
            raise ValueError(f"{path}: the SHA-256 at its end does not fit")
    return data
