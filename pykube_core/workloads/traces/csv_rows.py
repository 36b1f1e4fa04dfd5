"""CSV files of traces: rows whose cells know where they stand."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from pykube_core.api.machinery.errors import InputError

_INT_MAX: Final = 2**43  # memory in MiB then stays within int64 bytes
_DIGITS_SAFE: Final = 12  # below _INT_MAX, whatever they are


class Row:
    """One line of a CSV file."""

    def __init__(self, source: str, line: int, cells: dict[str, str], name_column: str) -> None:
        self._source = source
        self._line = line
        self._cells = cells
        self._name_column = name_column

    def text(self, column: str) -> str:
        """Return a cell without the space around it, "" where there is no such column."""
        return self._cells.get(column, "").strip()

    def name(self, taken: set[str]) -> str:
        """Return the name, and take it; a name that is taken is an error."""
        name = self.text(self._name_column)
        if not name:
            raise self.error(self._name_column, "Required value")
        if name in taken:
            raise self.error(self._name_column, f'Duplicate value: "{name}"')
        taken.add(name)
        return name

    def count(self, column: str, default: int | None = None) -> int:
        """Return a whole number from 0; an empty cell is the default if there is one."""
        text = self._cells.get(column, "")
        if len(text) <= _DIGITS_SAFE and text.isascii() and text.isdigit():
            return int(text)
        text = text.strip()
        if not text and default is not None:
            return default
        if text.endswith(".0"):  # what a data frame with gaps writes for a whole number
            text = text[:-2]
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < _INT_MAX):
            raise self.error(column, f"expected a whole number from 0 to {_INT_MAX - 1}: {text!r}")
        return int(text)

    def error(self, column: str, reason: str) -> InputError:
        """Return the error that names file, line and column."""
        name = self._cells.get(self._name_column)
        where = f"line {self._line}" + (f" ({name})" if name else "")
        return InputError(reason, source=self._source, object=where, field=column)


def columns_of(start: bytes) -> set[bytes]:
    """Return the names of the columns, as the first bytes of a file have them."""
    header = start.split(b"\n", 1)[0].strip().split(b",")
    return {cell.strip(b' "') for cell in header}


def read_rows(source: str, data: bytes, required: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of a file that has all these columns; the first one names a row.

    Raises
    ------
    InputError
        The file is not UTF-8 or not CSV, or lacks a column or a cell.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8 text", source=source, object=f"line {line}") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader)]
        missing = [column for column in required if column not in header]
        if missing:
            reason = f"expected the columns {', '.join(required)}"
            raise InputError(reason, source=source, object="line 1", field=missing[0])
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                reason = f"expected {len(header)} cells, got {len(cells)}"
                raise InputError(reason, source=source, object=f"line {reader.line_num}")
            named = dict(zip(header, cells, strict=True))
            yield Row(source, reader.line_num, named, required[0])
    except csv.Error:
        reason = "not valid CSV: a quote that is not closed, or a cell that is too long"
        raise InputError(reason, source=source, object=f"line {reader.line_num}") from None
