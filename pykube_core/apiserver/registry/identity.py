"""uids and name suffixes from a seed, and times that are each given once."""

from __future__ import annotations

import random
from typing import Final

from pykube_core.api.machinery.names import SAFE_ALPHABET

NAME_BYTES_MAX: Final = 63

_SUFFIX_SIZE: Final = 5
_UID_BYTES: Final = 16
_VERSION: Final = bytes(byte & 0x0F | 0x40 for byte in range(256))
_VARIANT: Final = bytes(byte & 0x3F | 0x80 for byte in range(256))


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
        drawn = bytearray(self._random.randbytes(_UID_BYTES * count))
        drawn[6::_UID_BYTES] = drawn[6::_UID_BYTES].translate(_VERSION)
        drawn[8::_UID_BYTES] = drawn[8::_UID_BYTES].translate(_VARIANT)
        # All at once: aaaa-aaaa-bbbb-cccc-dddd-eeee-eeee-eeee and no dash where none belongs.
        text = bytearray(drawn.hex("-", 2) + " ", "ascii")
        text[39::40] = b" " * count
        del text[34::40], text[29::39], text[4::38]
        return text.decode().split()

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
