"""Documents as text: the end of a JSON value, and YAML as JSON."""

from __future__ import annotations

from typing import Final

from _pykube_hotcore._ffi import ffi, lib
from _pykube_hotcore.native._status import check

# The most that JSON takes for a byte of YAML without aliases is three: "a:" becomes "a":null.
_GROWTH: Final = 3
_ROOM_BYTES: Final = 64
_allocate: Final = ffi.new_allocator(should_clear_after_alloc=False)


def json_end(text: bytes | bytearray, start: int) -> int | None:
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


def find_all(text: bytes | bytearray, mark: bytes, start: int, end: int) -> list[int]:
    """Return where a mark stands in a part of a text, in order; none begins inside another.

    Raises
    ------
    ValueError
        The part is not in the text, or the mark is empty.
    """
    if not (0 <= start <= end <= len(text) and mark):
        raise ValueError(f"{start} to {end} is not in a text of {len(text)}, or no mark")
    room = (end - start) // len(mark)
    out = _allocate("int64_t[]", max(room, 1))
    data = ffi.from_buffer("char[]", text)
    count = int(lib.pkc_text_find_all(data, start, end, mark, len(mark), out))
    return ffi.unpack(out, check(count, "find_all")) if count else []


class YamlWriter:
    """Writes YAML documents as programs write them as JSON, into one buffer."""

    def __init__(self) -> None:
        self._capacity = 0
        self._out = ffi.NULL
        self._end = ffi.new("int64_t *")

    def json_at(
        self, text: bytes | bytearray, start: int, end: int | None = None
    ) -> tuple[memoryview, int] | None:
        """Return the JSON of the document that begins at an offset, and where it ends.

        Parameters
        ----------
        text : bytes or bytearray
            Documents, up to ``end``.

        Returns
        -------
        tuple of memoryview and int, or None
            The view is read-only, and what it shows is written over by the next call; it is empty
            for a document without content. The end is that of the text, or a line that begins with
            "---". None of what is rare or wrong: a reader of everything tells.
        """
        size = (len(text) if end is None else end) - start
        if start < 0 or size < 0 or start + size > len(text):
            raise ValueError(f"{start} to {end} is not in a text of {len(text)}")
        if self._capacity < _GROWTH * size + _ROOM_BYTES:
            self._capacity = _GROWTH * size + _ROOM_BYTES
            self._out = _allocate("char[]", self._capacity)
        data = ffi.from_buffer("char[]", text)
        size = int(
            lib.pkc_yaml_write_json(data + start, size, self._out, self._capacity, self._end)
        )
        if size in (lib.PKC_ERR_INVALID, lib.PKC_ERR_LIMIT):
            return None
        check(min(size, 0), "yaml")
        return memoryview(ffi.buffer(self._out, size)).toreadonly(), start + int(self._end[0])
