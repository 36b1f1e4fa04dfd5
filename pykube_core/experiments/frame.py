"""Results as a data frame, for whichever library the reader prefers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nanoarrow.c_schema import CSchema
    from nanoarrow.schema import Schema

Value = str | int | float | None


class Frame:
    """Named columns of equal length, each of str, int or float, None where there is no value.

    Anything that speaks the Arrow PyCapsule interface takes one as it is: ``polars.DataFrame(f)``,
    ``pyarrow.table(f)``, ``duckdb.sql("from f")``. ``pandas.DataFrame(f)`` iterates its rows.

    Parameters
    ----------
    columns
        Columns by name, in order.

    Raises
    ------
    ValueError
        When lengths differ.
    """

    def __init__(self, columns: Mapping[str, Sequence[Value]]) -> None:
        self._columns = {name: list(values) for name, values in columns.items()}
        if len({len(values) for values in self._columns.values()}) > 1:
            raise ValueError("columns differ in length")

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Value]]) -> Frame:
        """Return the frame of these rows, with columns in order of first appearance."""
        names = dict.fromkeys(name for row in rows for name in row)
        return cls({name: [row.get(name) for row in rows] for name in names})

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._columns)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def __iter__(self) -> Iterator[dict[str, Value]]:
        """Yield the rows: pandas makes a data frame of them."""
        return iter(self.rows())

    def __getitem__(self, name: str) -> list[Value]:
        """Return one column."""
        return list(self._columns[name])

    def rows(self) -> list[dict[str, Value]]:
        """Return the rows as dictionaries."""
        return [
            dict(zip(self._columns, row, strict=True))
            for row in zip(*self._columns.values(), strict=True)
        ]

    def to_csv(self) -> str:
        """Return the rows as CSV (RFC 4180 with line feeds), a header first."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self._columns)
        writer.writerows(zip(*self._columns.values(), strict=True))
        return text.getvalue()

    def __arrow_c_schema__(self) -> object:
        """Return the Arrow schema as a PyCapsule."""
        return self._schema().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the rows as a PyCapsule that holds an Arrow C stream of one batch."""
        import nanoarrow as na

        schema = self._schema()
        children = [na.c_array(values, _arrow_type(values)) for values in self._columns.values()]
        batch = na.c_array_from_buffers(schema, len(self), [None], children=children)
        stream = na.c_array_stream(na.Array(batch))
        return stream.__arrow_c_stream__(requested_schema)

    def _schema(self) -> CSchema:
        """Return the Arrow schema."""
        import nanoarrow as na

        return na.c_schema(
            na.struct({name: _arrow_type(values) for name, values in self._columns.items()})
        )


def _arrow_type(values: Sequence[Value]) -> Schema:
    """Return the narrowest of int64, float64 and string that holds all values."""
    import nanoarrow as na

    if any(isinstance(value, str) for value in values):
        return na.string()
    if any(isinstance(value, float) for value in values):
        return na.float64()
    return na.int64()
