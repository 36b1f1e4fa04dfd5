"""Words of lines for people."""

from __future__ import annotations

from collections.abc import Iterable


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number of things as text.

    Parameters
    ----------
    noun, plural
        One of them, and several; the plural is the noun with an s if none is given.

    Examples
    --------
    >>> counted(1, "pod"), counted(2000, "pod"), counted(0, "policy", "policies")
    ('1 pod', '2,000 pods', '0 policies')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def some_of(names: Iterable[str], most: int = 3) -> str:
    """Return the first distinct names in order, and how many there are besides."""
    names = sorted(set(names))
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
