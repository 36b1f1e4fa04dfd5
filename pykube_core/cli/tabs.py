"""Text with tabs, laid out in columns as Go's ``text/tabwriter`` does for ``kubectl describe``.

A cell ends with a tab; what follows the last one is no cell. A column is a run of consecutive lines
that have a cell there, as wide as its widest cell and two spaces.

Source: ``text/tabwriter``, Go 1.24, with the settings of kubectl: no least width, padding 2.
"""

from __future__ import annotations

from typing import Final

_PADDING: Final = 2


def laid_out(text: str) -> str:
    """Return text with its tabs made spaces."""
    lines = [line.split("\t") for line in text.split("\n")]
    widths: list[list[int]] = [[] for _ in lines]
    _measure(lines, widths, 0, len(lines), 0)
    return "\n".join(
        "".join(cell.ljust(width) for cell, width in zip(line, widths[at], strict=False)) + line[-1]
        for at, line in enumerate(lines)
    )


def _measure(
    lines: list[list[str]], widths: list[list[int]], start: int, end: int, column: int
) -> None:
    """Set the widths of a column, and of those behind it, for some lines that have those before."""
    at = start
    while at < end:
        if len(lines[at]) - 1 <= column:
            at += 1
            continue
        first = at
        while at < end and len(lines[at]) - 1 > column:
            at += 1
        width = max(len(lines[row][column]) for row in range(first, at)) + _PADDING
        for row in range(first, at):
            widths[row].append(width)
        _measure(lines, widths, first, at, column + 1)
