"""The C library's constants, as its public headers have them: numbers have one source."""

from typing import Final

from _pykube_hotcore._ffi import lib

__all__ = ["STORE_OPERATIONS_MAX", "STORE_REQUEST_BYTES_MAX", "C"]

C: Final = lib
"""Constants only: calls go through ``native``."""

STORE_OPERATIONS_MAX: Final = lib.PKC_STORE_OPS_MAX
"""Operations, or conditions, of a transaction of the store."""

STORE_REQUEST_BYTES_MAX: Final = lib.PKC_STORE_REQUEST_BYTES_MAX
"""Bytes of the keys, values and range ends of one request to the store."""
