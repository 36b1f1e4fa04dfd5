"""Files of results: a reader finds the old one or the whole new one, never half of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from typing import Final

Path = str | os.PathLike[str]

_MODE: Final = 0o666
# Files that a process which is told to end has to take away: see `discard_unfinished`.
_unfinished: set[str] = set()


def write_file(path: Path, content: bytes | Iterable[bytes]) -> int:
    """Write a file aside and rename it into its place; return its size in bytes.

    A device or a pipe is written as it is, and a link keeps pointing where it points. The folder
    has nothing new in it when writing fails, and a file that was there is as it was.

    Parameters
    ----------
    content
        The file, or its pieces in order; an exception while they are made counts as a failure.

    Raises
    ------
    OSError
        With the path as the caller gave it.
    """
    given = os.fspath(path)
    pieces = (content,) if isinstance(content, bytes) else content
    try:
        if not is_replaceable(given):
            return _write(os.open(given, os.O_WRONLY | os.O_APPEND), pieces)
        return _replace(os.path.realpath(given), pieces)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, given) from error


def check_writable(path: Path) -> None:
    """Find out before the work whether its result has a place to go.

    Raises
    ------
    OSError
        With the path: there is no such folder, nothing can be written to it, or the path is one.
    """
    given = os.fspath(path)
    target = os.path.realpath(given)
    folder = os.path.dirname(target)
    reason = 0
    if os.path.isdir(target):
        reason = errno.EISDIR
    elif not is_replaceable(given):
        reason = 0 if os.access(given, os.W_OK) else errno.EACCES
    elif not os.path.isdir(folder):
        reason = errno.ENOTDIR if os.path.exists(folder) else errno.ENOENT
    elif not os.access(folder, os.W_OK | os.X_OK):
        reason = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
    if reason:
        raise OSError(reason, os.strerror(reason), given)


def discard_unfinished() -> None:
    """Take away what `write_file` has begun: for a process that ends without its exceptions."""
    for path in tuple(_unfinished):
        _remove(path)


def is_replaceable(path: str) -> bool:
    """Say whether a path is one of a plain file; /dev/stdout is none, wherever it leads."""
    if os.path.abspath(path).startswith(("/dev/", "/proc/")):
        return False
    return os.path.isfile(path) or not os.path.exists(path)


def _replace(target: str, pieces: Iterable[bytes]) -> int:
    folder, name = os.path.split(target)
    aside = os.path.join(folder, f".{name}.{os.getpid()}.tmp")
    _unfinished.add(aside)
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, _MODE)
        if os.path.exists(target):
            os.fchmod(handle, stat.S_IMODE(os.stat(target).st_mode))
        size_bytes = _write(handle, pieces)
        os.replace(aside, target)
    except BaseException:
        _remove(aside)
        raise
    _unfinished.discard(aside)
    return size_bytes


def _write(handle: int, pieces: Iterable[bytes]) -> int:
    size_bytes = 0
    with open(handle, "wb") as file:
        for piece in pieces:
            size_bytes += file.write(piece)
    return size_bytes


def _remove(path: str) -> None:
    _unfinished.discard(path)
    try:
        os.unlink(path)
    except OSError:
        return  # It was never there, or its folder lets nobody delete.
