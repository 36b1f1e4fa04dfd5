"""Ends of ranges."""

FROM_KEY = b"\0"
"""The end of a range that has none: every key from its first on."""


def prefix_end(prefix: bytes) -> bytes:
    """Return the end of the range of all keys that begin with ``prefix``.

    It is the prefix with its last byte raised by one; bytes 0xff carry over. A prefix of nothing
    but 0xff, or of nothing, has no end.

    >>> prefix_end(b"/pods/")
    b'/pods0'
    """
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else FROM_KEY
