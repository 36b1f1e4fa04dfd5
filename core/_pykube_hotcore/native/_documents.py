"""Documents as text: the end of a JSON value, and YAML as JSON."""

from __future__ import annotations

from typing import Final

from _pykube_hotcore._ffi import ffi, lib
from _pykube_hotcore.native._status import check

# The most that JSON takes for a byte of YAML without aliases is three: "a:" becomes "a":null.
_GROWTH: Final = 3
_ROOM_BYTES: Final = 64
_allocate: Final = ffi.new_allocator(should_clear_after_alloc=False)


def json_end(text: bytes, start: int) -> int | None:
    """Return the offset behind the JSON object or array that begins at an offset.

    Only brackets and strings are looked at. None: it is not whole.

    Raises
    ------
    NativeError
        Neither an object nor an array begins there.
    """
    end = lib.pkc_json_end(ffi.from_buffer(text), len(text), start)
    if end < 0:
        check(int(end), "json_end")
    return int(end) if end <= len(text) else None


def yaml_to_json(text: bytes | memoryview) -> memoryview | None:
    """Return the JSON of one YAML document without markers, as programs write it.

    Returns
    -------
    memoryview or None
        Read-only, and valid as long as it is held; empty for a document without content. None of
        what is rare or wrong: a reader of everything tells.
    """
    capacity = _GROWTH * len(text) + _ROOM_BYTES
    out = _allocate("char[]", capacity)
    size = lib.pkc_yaml_write_json(ffi.from_buffer(text), len(text), out, capacity)
    if size in (lib.PKC_ERR_INVALID, lib.PKC_ERR_LIMIT):
        return None
    check(min(int(size), 0), "yaml_to_json")
    return memoryview(ffi.buffer(out, size)).toreadonly()
