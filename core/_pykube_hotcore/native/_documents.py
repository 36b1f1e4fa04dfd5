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


class YamlText:
    """YAML documents as programs write them, one JSON text after the other.

    Parameters
    ----------
    text : bytes
        Kept, and read where it is.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._data = ffi.from_buffer("char[]", text)
        self._capacity = _GROWTH * len(text) + _ROOM_BYTES
        self._out = _allocate("char[]", self._capacity)
        self._end = ffi.new("int64_t *")

    def json_at(self, start: int) -> tuple[bytes | memoryview, int] | None:
        """Return the JSON of the document that begins at an offset, and where it ends.

        Returns
        -------
        tuple of bytes-like and int, or None
            Empty for a document without content. The end is that of the text, or a line that
            begins with "---". None of what is rare or wrong: a reader of everything tells.
        """
        size = int(
            lib.pkc_yaml_write_json(
                self._data + start,
                len(self._text) - start,
                self._out,
                self._capacity,
                self._end,
            )
        )
        if size in (lib.PKC_ERR_INVALID, lib.PKC_ERR_LIMIT):
            return None
        check(min(size, 0), "yaml")
        end = start + int(self._end[0])
        if start == 0 and end == len(self._text):  # All there is: the next call will not come.
            return memoryview(ffi.buffer(self._out, size)).toreadonly(), end
        return bytes(ffi.buffer(self._out, size)), end


def yaml_to_json(text: bytes) -> bytes | memoryview | None:
    """Return the JSON of a text that is one YAML document; None as `YamlText.json_at` says."""
    found = YamlText(text).json_at(0)
    return None if found is None or found[1] < len(text) else found[0]
