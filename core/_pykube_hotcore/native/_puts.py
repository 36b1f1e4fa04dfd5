"""Batches of puts as C reads them, and forms from which it writes them."""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, count, repeat
from typing import Any, Final

from _pykube_hotcore._ffi import ffi, lib
from _pykube_hotcore.native._status import check

FIELDS_MAX: Final = 31
"""So many fields a form can name."""
_GAPS: Final = re.compile(rb"([\x01-\x1f])")
_IDS: Final = count(1)


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
        form.gaps, form.gap_count, form.id = gaps, len(pairs) // 2, next(_IDS)
        self._kept = form, between, gaps
        self.address = int(ffi.cast("intptr_t", form))


class Filling:
    """Forms, such as of keys and values, and the rows of fields that fill them, where C reads them.

    Attributes
    ----------
    forms, fields : cdata
        ``pkc_form **`` of all keys, then of all values; ``pkc_text *``, row by row.
    field_count, row_count : int
        Fields of a row, and rows: as many as forms, or half as many.
    """

    __slots__ = ("_kept", "field_count", "fields", "form_count", "forms", "row_count")

    def __init__(
        self, addresses: array[int], fields: Any, shape: tuple[int, int], kept: object
    ) -> None:
        self._kept = addresses, kept
        self.forms = ffi.cast("pkc_form **", ffi.from_buffer(addresses))
        self.fields, (self.row_count, self.field_count) = fields, shape
        self.form_count = len(addresses)

    def of(self, forms: Sequence[Form]) -> Filling:
        """Return the filling of other forms, one a row, with the same fields."""
        addresses = array("q", [form.address for form in forms])
        shape = self.row_count, self.field_count
        return Filling(addresses, self.fields, shape, (forms, self._kept))

    def texts(self) -> tuple[bytes, ...]:
        """Return each form filled. O(bytes)."""
        sizes = self.sizes()
        return struct.unpack("%ds" * len(sizes) % tuple(sizes), self.data(sizes))

    def sizes(self) -> array[int]:
        """Return the bytes that each form takes when it is filled.

        Raises
        ------
        NativeError
            A form has a gap for a field that is not there.
        """
        sizes = array("q", bytes(8 * self.form_count))
        out = ffi.from_buffer("int64_t[]", sizes)
        check(
            lib.pkc_form_measure(
                self.forms,
                self.form_count,
                self.fields,
                self.field_count,
                self.row_count,
                out,
            )
        )
        return sizes

    def data(self, sizes: array[int]) -> bytearray:
        """Return all filled forms, one behind the other. O(bytes)."""
        data = bytearray(sum(sizes))
        lib.pkc_form_fill(
            self.forms, self.form_count, self.fields, self.field_count, self.row_count,
            ffi.from_buffer("char[]", data),
        )  # fmt: skip
        return data


class Puts:
    """Keys, their values, and the mod revisions that the keys must have: a batch for ``put_if``.

    Attributes
    ----------
    sizes : array of int64
        The sizes in bytes of all keys, then of all values.
    revisions : array of int64 or None
        0 for a key that must not exist; None compares nothing.
    filling : Filling or None
        Of puts that are filled forms: how C finds forms and fields.

    Raises
    ------
    ValueError
        There are not as many keys as values and revisions, or the data is not theirs alone.
    """

    __slots__ = ("_data", "filling", "revisions", "sizes")

    def __init__(
        self,
        data: bytes | bytearray | None,
        sizes: array[int],
        revisions: Iterable[int] | None,
        filling: Filling | None = None,
    ) -> None:
        self._data, self.sizes, self.filling = data, sizes, filling
        self.revisions = None if revisions is None else array("q", revisions)
        compared = len(self) if self.revisions is None else len(self.revisions)
        if len(sizes) != 2 * compared or (data is not None and sum(sizes) != len(data)):
            raise ValueError("puts have as many keys as values and revisions, and their data alone")

    @property
    def data(self) -> bytes | bytearray:
        """All keys, then all values; forms are filled when it is first asked for. O(bytes)."""
        if self._data is None:
            filling = self.filling
            self._data = b"" if filling is None else filling.data(self.sizes)
        return self._data

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
        field_count, rest = divmod(len(fields), len(values) or 1)
        if rest:
            raise ValueError("each row has as many fields as the others")
        return cls.of_rows(key, values, _terminated(fields), field_count, revisions)

    @classmethod
    def of_rows(
        cls,
        key: Form,
        values: Sequence[Form],
        rows: bytes,
        field_count: int,
        revisions: Iterable[int],
    ) -> Puts:
        """Return such puts of rows that are one text: each field ends with a zero byte.

        Raises
        ------
        NativeError
            There are more or fewer fields than ``field_count`` a row, or a form has a gap for one
            that is not there.
        """
        row_count = len(values)
        texts = ffi.from_buffer(rows)  # The fields found point into it.
        found = ffi.new("pkc_text[]", field_count * row_count)
        check(lib.pkc_form_read_fields(texts, len(texts), field_count * row_count, found))
        addresses = array("q", [key.address]) * row_count
        addresses.extend([form.address for form in values])
        shape = row_count, field_count
        filling = Filling(addresses, found, shape, (key, values, texts))
        return cls(None, filling.sizes(), revisions, filling)

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
        """Their size as one request: a key is in its compare, too."""
        return sum(self.sizes) + sum(self.sizes[: len(self)])


def _terminated(fields: Sequence[str] | Sequence[bytes]) -> bytes:
    """Return all fields, each with a zero byte behind it."""
    texts: Any = fields
    if not texts:
        return b""
    if isinstance(texts[0], bytes):
        return b"\0".join(texts) + b"\0"
    return ("\0".join(texts) + "\0").encode()
