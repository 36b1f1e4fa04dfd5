"""Python's garbage collector while a cluster works."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THRESHOLDS: Final = (100_000, 10, 10)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let Python look for cycles of garbage more rarely in the block; restore its ways behind it.

    A cluster makes no cycles while it works, so what is looked for is not there: with the usual
    thresholds the search cost an eighth to a quarter of the time of 20,000 to 150,000 pods. A
    process that collects more rarely already, or never, keeps to that. It concerns all threads of
    the process; garbage in cycles waits until 100,000 more objects than before are tracked.
    """
    before = gc.get_threshold()
    if before[0]:
        gc.set_threshold(*map(max, before, _THRESHOLDS))
    try:
        yield
    finally:
        gc.set_threshold(*before)
