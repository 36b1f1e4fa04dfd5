"""uids and name suffixes from a seed, and times that are each given once."""

from __future__ import annotations

import random
from typing import Final

from pykube_core.api.names import SAFE_ALPHABET

NAME_BYTES_MAX: Final = 63

_SUFFIX_SIZE: Final = 5


class Identity:
    """A source of uids and name suffixes: one seed and start, one sequence.

    Parameters
    ----------
    seed : int
        The cluster's.
    start : int
        The store's revision when it is opened, so that a restart repeats nothing.
    """

    def __init__(self, seed: int, start: int) -> None:
        self._random = random.Random(f"{seed} {start}")
        self._last_ns = 0

    def uids(self, count: int) -> list[str]:
        """Return uids of version 4."""
        digits = self._random.randbytes(16 * count).hex()
        out = []
        for at in range(0, 32 * count, 32):
            d = digits[at : at + 32]
            variant = "89ab"[int(d[16], 16) & 3]
            out.append(f"{d[:8]}-{d[8:12]}-4{d[13:16]}-{variant}{d[17:20]}-{d[20:]}")
        return out

    def moments_ns(self, now_ns: int, count: int) -> int:
        """Return the first of so many times that no call has returned before.

        It is now, or the next one from which on all are free.
        """
        first_ns = max(now_ns, self._last_ns + 1)
        self._last_ns = first_ns + count - 1
        return first_ns

    def names(self, prefix: str, count: int) -> list[str]:
        """Return names of a prefix and five random characters each; they may repeat.

        Source: ``k8s.io/apiserver/pkg/storage/names`` v0.36.
        """
        prefix = prefix[: NAME_BYTES_MAX - _SUFFIX_SIZE]
        text = "".join(self._random.choices(SAFE_ALPHABET, k=_SUFFIX_SIZE * count))
        ends = range(0, _SUFFIX_SIZE * count, _SUFFIX_SIZE)
        return [prefix + text[at : at + _SUFFIX_SIZE] for at in ends]
