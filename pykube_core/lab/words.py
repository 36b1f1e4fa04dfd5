"""Numbers and lists in sentences."""

from __future__ import annotations

from collections.abc import Iterable


def counted(count: int, one: str, many: str) -> str:
    """Return a number with the words for it: ``1 pod is``, ``2 pods are``."""
    return f"{count:,} {one if count == 1 else many}"


def some_of(names: Iterable[str], most: int = 3) -> str:
    """Return the first distinct names in order, and how many there are besides."""
    names = sorted(set(names))
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
