"""Statuses of the C library as exceptions."""

from _pykube_hotcore._ffi import ffi, lib


class NativeError(Exception):
    """The C library refused a call; nothing changed.

    Attributes
    ----------
    status : int
        The negative ``pkc_status``.
    """

    def __init__(self, status: int, what: str = "") -> None:
        text = status_text(status)
        super().__init__(f"{what}: {text}" if what else text)
        self.status = status


def status_text(status: int) -> str:
    """Return C's own words for a status."""
    return str(ffi.string(lib.pkc_status_text(status)).decode())


def check(status: int, what: str = "") -> int:
    """Return ``status`` when it is a success or a count, raise otherwise."""
    if status < 0:
        if status == lib.PKC_ERR_NO_MEMORY:
            raise MemoryError(what)
        raise NativeError(status, what)
    return status
