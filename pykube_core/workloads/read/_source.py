"""The bytes of an input."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pykube_core.api.machinery.documents import plain_text
from pykube_core.api.machinery.errors import InputError
from pykube_core.workloads.read._archive import choose_files, is_tar, tar_files
from pykube_core.workloads.read._blocks import FILE_BYTES_MIN
from pykube_core.workloads.read._packed import unpack

STDIN: Final = "-"
_START_BYTES: Final = 4096


def read_inputs(path: str) -> Iterator[tuple[str, bytes]]:
    """Yield the name for messages and the text of each file that a path means, unpacked.

    Parameters
    ----------
    path : str
        A file, "-" for standard input, or a folder: of manifests in any depth, of ``kubectl
        cluster-info dump``, or of a velero backup. A file may be packed with gzip or zstd, and be a
        tar of such a folder.

    Raises
    ------
    InputError
        When something cannot be read, is not whole, is empty, holds no file to read, or unpacks to
        more than is allowed.
    """
    source = "<stdin>" if path == STDIN else path
    try:
        if path != STDIN and Path(path).is_dir():
            yield from _read_folder(path)
            return
        data = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise _not_read(source, error) from None
    found = list(_texts(source, data))
    if not found:
        raise InputError("the file is empty", source=source)
    yield from found


def is_large(path: str) -> bool:
    """Say whether a path is a file so large that reading it block by block is worth it."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size >= FILE_BYTES_MIN


def _read_folder(path: str) -> Iterator[tuple[str, bytes]]:
    root = Path(path)
    found = [child.relative_to(root).as_posix() for child in root.rglob("*") if child.is_file()]
    chosen = choose_files(found)
    if not chosen:
        raise InputError("no file in this folder is JSON, YAML or a backup", source=path)
    for name in chosen:
        child = root / name
        try:
            data = child.read_bytes()
        except OSError as error:
            raise _not_read(str(child), error) from None
        yield from _texts(str(child), data)


def _texts(source: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what a file holds, unpacked; nothing of what is empty."""
    data = unpack(data, source)
    for name, content in tar_files(source, data) if is_tar(data) else [(source, data)]:
        text = plain_text(name, content)
        if text[:_START_BYTES].strip() or text.strip():
            yield name, text


def _not_read(source: str, error: OSError | ValueError) -> InputError:
    if isinstance(error, OSError):
        return InputError(error.strerror or "cannot be read", source=source)
    return InputError("no file name holds a zero byte", source=source)
