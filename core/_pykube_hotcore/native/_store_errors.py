"""Refusals of the store as exceptions: one class for each reason a caller may act on."""

from __future__ import annotations

from typing import Any

from _pykube_hotcore._ffi import ffi, lib
from _pykube_hotcore.native._status import NativeError, status_text


class StoreError(NativeError):
    """The store refused a request; nothing changed. The text is etcd's."""


class RequestError(StoreError, ValueError):
    """The request itself is malformed or too large."""


class LeaseTTLError(RequestError):
    """The TTL of a lease is beyond the largest, 9,000,000,000 seconds."""


class CompactedError(StoreError):
    """The revision has been compacted.

    Attributes
    ----------
    compact_revision : int
        The revision that it was compacted to, 0 where that is not known.
    """

    compact_revision = 0


class FutureRevisionError(StoreError):
    """The revision does not exist yet."""


class LeaseNotFoundError(StoreError):
    """There is no such lease."""


class LeaseExistsError(StoreError):
    """A lease with this id exists."""


class QuotaError(StoreError):
    """The store holds as many bytes as it may."""


class NoSpaceError(StoreError):
    """The disk is full. The write was rolled back; a later one may succeed."""


class FailedError(StoreError):
    """A sync to disk failed, or the store was opened read-only: nothing can be written."""


class ClosedError(StoreError):
    """The store is closed."""


class OpenError(StoreError):
    """The data directory cannot be opened.

    Attributes
    ----------
    path : str
        The file in question, relative to the directory.
    offset : int
        Where in the file, -1 for nowhere in particular.
    error : int
        The errno, 0 for none.
    """

    path = ""
    offset = -1
    error = 0


class LockedError(OpenError):
    """The data directory is open elsewhere."""


class CorruptError(OpenError):
    """Durable data is damaged."""


class ForeignError(OpenError):
    """The directory holds something other than a store."""


class NewerFormatError(OpenError):
    """The data was written by a later format."""


_ERRORS: dict[int, type[StoreError]] = {
    lib.PKC_ERR_COMPACTED: CompactedError,
    lib.PKC_ERR_FUTURE: FutureRevisionError,
    lib.PKC_ERR_LEASE_NOT_FOUND: LeaseNotFoundError,
    lib.PKC_ERR_LEASE_EXISTS: LeaseExistsError,
    lib.PKC_ERR_LEASE_TTL: LeaseTTLError,
    lib.PKC_ERR_QUOTA: QuotaError,
    lib.PKC_ERR_NO_SPACE: NoSpaceError,
    lib.PKC_ERR_FAILED: FailedError,
    lib.PKC_ERR_CLOSED: ClosedError,
    lib.PKC_ERR_LOCKED: LockedError,
    lib.PKC_ERR_CORRUPT: CorruptError,
    lib.PKC_ERR_FOREIGN: ForeignError,
    lib.PKC_ERR_NEWER: NewerFormatError,
}
_REQUEST_ERRORS = (
    lib.PKC_ERR_INVALID,
    lib.PKC_ERR_KEY_EMPTY,
    lib.PKC_ERR_KEY_MISSING,
    lib.PKC_ERR_VALUE_PROVIDED,
    lib.PKC_ERR_LEASE_PROVIDED,
    lib.PKC_ERR_REQUEST_SIZE,
    lib.PKC_ERR_OP_COUNT,
    lib.PKC_ERR_DUPLICATE_KEY,
    lib.PKC_ERR_WATCH_RANGE,
)


def error_of(status: int) -> Exception:
    """Return the exception for a negative status."""
    if status in _ERRORS:
        return _ERRORS[status](status)
    if status in _REQUEST_ERRORS:
        return RequestError(status)
    return MemoryError() if status == lib.PKC_ERR_NO_MEMORY else StoreError(status)


def closed_error() -> ClosedError:
    """Return the error of a closed store."""
    return ClosedError(lib.PKC_ERR_CLOSED)


def compacted_error(compact_revision: int) -> CompactedError:
    """Return the error of a watch whose events were compacted."""
    error = CompactedError(lib.PKC_ERR_COMPACTED)
    error.compact_revision = compact_revision
    return error


def error_for_text(text: str) -> Exception:
    """Return the error that etcd means by these words, whatever stands before them."""
    for status in range(lib.PKC_ERR_LAST, lib.PKC_ERR_COMPACTED + 1):
        if text.endswith(status_text(status)):
            return error_of(status)
    other = StoreError(lib.PKC_ERR_IO)
    other.args = (text,)
    return other


def ok(status: int) -> int:
    """Return a status that is a success or a count; raise otherwise."""
    if status < 0:
        raise error_of(status)
    return status


def open_error(status: int, fault: Any) -> Exception:
    """Return the exception for a directory that cannot be opened."""
    if status == lib.PKC_ERR_NO_MEMORY:
        return MemoryError()
    kind = _ERRORS.get(status, OpenError)
    path = ffi.string(fault.path).decode()
    place = path if fault.offset < 0 else f"{path}, byte {fault.offset}"
    error = kind(status, place)
    if isinstance(error, OpenError):
        error.path, error.offset, error.error = path, int(fault.offset), int(fault.error)
    return error
