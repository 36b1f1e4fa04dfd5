"""Batches of puts as C reads them, and forms from which it writes them."""

from __future__ import annotations

import re
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
    """Forms of keys and values, and the rows of fields that fill them, where C reads them.

    Attributes
    ----------
    forms, fields : cdata
        ``pkc_form **`` of all keys, then of all values; ``pkc_text *``, row by row.
    field_count : int
        Of a row.
    """

    __slots__ = ("_kept", "field_count", "fields", "form_count", "forms")

    def __init__(self, addresses: array[int], fields: Any, field_count: int, kept: object) -> None:
        self._kept = addresses, kept
        self.forms = ffi.cast("pkc_form **", ffi.from_buffer(addresses))
        self.fields, self.field_count, self.form_count = fields, field_count, len(addresses)

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
                self.form_count // 2,
                out,
            )
        )
        return sizes

    def data(self, sizes: array[int]) -> bytearray:
        """Return all filled forms, one behind the other. O(bytes)."""
        data = bytearray(sum(sizes))
        lib.pkc_form_fill(
            self.forms, self.form_count, self.fields, self.field_count, self.form_count // 2,
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
        row_count = len(values)
        field_count, rest = divmod(len(fields), row_count or 1)
        if rest:
            raise ValueError("each row has as many fields as the others")
        texts = ffi.from_buffer(_terminated(fields))  # The fields found point into it.
        found = ffi.new("pkc_text[]", len(fields))
        check(lib.pkc_form_read_fields(texts, len(texts), len(fields), found))
        addresses = array("q", [key.address]) * row_count
        addresses.extend([form.address for form in values])
        filling = Filling(addresses, found, field_count, (key, values, texts))
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
    texts: list[Any] = [*fields]
    if texts and isinstance(texts[0], bytes):
        return b"\0".join([*texts, b""])
    return "\0".join([*texts, ""]).encode()
