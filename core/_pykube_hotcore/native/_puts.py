"""Batches of puts as C reads them, and forms from which it writes them."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, repeat
from typing import Any, Final

from _pykube_hotcore._ffi import ffi, lib
from _pykube_hotcore.native._status import check

FIELDS_MAX: Final = 31
"""So many fields a form can name."""
_GAPS: Final = re.compile(rb"([\x01-\x1f])")


class Form:
    """A text with gaps, for keys and values that differ in a few fields.

    Parameters
    ----------
    text : bytes
        A byte from 1 to 31 is a gap for the field of this number less one. JSON has none of them.
    """

    __slots__ = ("_kept", "address")

    def __init__(self, text: bytes) -> None:
        parts = _GAPS.split(text)
        self._fill(parts[::2], [ord(gap) - 1 for gap in parts[1::2]])

    @classmethod
    def around(cls, texts: Sequence[bytes], fields: Sequence[int], end: bytes = b"") -> Form:
        """Return the form of texts with a field between each two; a form's text follows them.

        The texts are taken as they are, whatever bytes they hold; fields are counted from 0.
        """
        made = cls.__new__(cls)
        parts = _GAPS.split(end)
        pieces = [*texts[:-1], texts[-1] + parts[0], *parts[2::2]]
        made._fill(pieces, [*fields, *(ord(gap) - 1 for gap in parts[1::2])])
        return made

    def _fill(self, texts: Sequence[bytes], fields: Sequence[int]) -> None:
        pairs, at = [], 0
        for before, field in zip(texts, fields, strict=False):
            at += len(before)
            pairs += [at, field]
        between, gaps = b"".join(texts), ffi.new("int32_t[]", pairs)
        form = ffi.new("pkc_form *")
        form.text, form.size = ffi.from_buffer(between), len(between)
        form.gaps, form.gap_count = gaps, len(pairs) // 2
        self._kept = form, between, gaps
        self.address = int(ffi.cast("intptr_t", form))


class Puts:
    """Keys, their values, and the mod revisions that the keys must have: a batch for ``put_if``.

    Attributes
    ----------
    data : bytes or bytearray
        All keys, then all values.
    sizes : array of int64
        Their sizes in bytes, in the same order.
    revisions : array of int64 or None
        0 for a key that must not exist; None compares nothing.

    Raises
    ------
    ValueError
        There are not as many keys as values and revisions, or the data is not theirs alone.
    """

    __slots__ = ("data", "revisions", "sizes")

    def __init__(
        self, data: bytes | bytearray, sizes: array[int], revisions: Iterable[int] | None
    ) -> None:
        self.data, self.sizes = data, sizes
        self.revisions = None if revisions is None else array("q", revisions)
        compared = len(self) if self.revisions is None else len(self.revisions)
        if len(sizes) != 2 * compared or sum(sizes) != len(data):
            raise ValueError("puts have as many keys as values and revisions, and their data alone")

    @classmethod
    def of(
        cls, keys: Sequence[bytes], values: Sequence[bytes], revisions: Iterable[int] | None
    ) -> Puts:
        """Return puts of keys and values that are encoded already."""
        if len(keys) != len(values):
            raise ValueError("puts have as many keys as values")
        parts = (*keys, *values)
        return cls(b"".join(parts), array("q", map(len, parts)), revisions)

    @classmethod
    def filled(
        cls,
        key: Form,
        values: Sequence[Form],
        fields: Sequence[str] | Sequence[bytes],
        revisions: Iterable[int],
    ) -> Puts:
        """Return puts whose keys and values are forms, each filled with the fields of its row.

        O(bytes written), of which the interpreter sees the fields alone.

        Parameters
        ----------
        key : Form
            Of all keys.
        values : sequence of Form
            Of each value.
        fields : sequence of str or of bytes
            Of the first row, of the second and so on, of each equally many; none has a zero byte.

        Raises
        ------
        ValueError
            Rows have not equally many fields.
        NativeError
            A field has a zero byte, or a form has a gap for a field that is not there.
        """
        row_count = len(values)
        field_count, rest = divmod(len(fields), row_count or 1)
        if rest:
            raise ValueError("each row has as many fields as the others")
        texts = ffi.from_buffer(_terminated(fields))  # What is found points into it.
        found = ffi.new("pkc_text[]", len(fields))
        check(lib.pkc_form_read_fields(texts, len(texts), len(fields), found))
        addresses = array("q", [key.address]) * row_count
        addresses.extend([form.address for form in values])
        forms = ffi.cast("pkc_form **", ffi.from_buffer(addresses))
        count = len(addresses)
        sizes = array("q", bytes(8 * count))
        sizes_out = ffi.from_buffer("int64_t[]", sizes)
        size = lib.pkc_form_measure(forms, count, found, field_count, row_count, sizes_out)
        data = bytearray(check(size))
        data_out = ffi.from_buffer("char[]", data)
        lib.pkc_form_fill(forms, count, found, field_count, row_count, data_out)
        return cls(data, sizes, revisions)

    def __len__(self) -> int:
        return len(self.sizes) // 2

    def __getitem__(self, rows: slice) -> Puts:
        """Return some of them. O(all)."""
        keys, values = self._split()
        revisions = None if self.revisions is None else self.revisions[rows]
        return Puts.of(keys[rows], values[rows], revisions)

    def __iter__(self) -> Iterator[tuple[bytes, bytes, int | None]]:
        """Go over key, value and expected mod revision; None where none is compared."""
        keys, values = self._split()
        revisions = repeat(None, len(self)) if self.revisions is None else self.revisions
        return zip(keys, values, revisions, strict=True)

    def _split(self) -> tuple[list[bytes], list[bytes]]:
        ends = list(accumulate(self.sizes))
        data = bytes(self.data)
        parts = [data[end - size : end] for end, size in zip(ends, self.sizes, strict=True)]
        return parts[: len(self)], parts[len(self) :]

    @property
    def request_bytes(self) -> int:
        """What they count for as one request: a key is in its compare, too."""
        return len(self.data) + sum(self.sizes[: len(self)])


def _terminated(fields: Sequence[str] | Sequence[bytes]) -> bytes:
    """Return all fields, each with a zero byte behind it."""
    texts: list[Any] = [*fields]
    if texts and isinstance(texts[0], bytes):
        return b"\0".join([*texts, b""])
    return "\0".join([*texts, ""]).encode()
