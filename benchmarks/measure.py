"""Timing of several functions side by side, and words for the machine."""

import hashlib
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def best_times(functions: dict[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """Return the shortest time of each function, all measured in turn over the same seconds."""
    best = dict.fromkeys(functions, float("inf"))
    end = time.perf_counter() + seconds
    while True:
        for name, function in functions.items():
            began = time.perf_counter()
            function()
            best[name] = min(best[name], time.perf_counter() - began)
        if time.perf_counter() > end:
            return best


def digest(array: NDArray[np.generic]) -> str:
    """Return a short hash of an array's bytes."""
    return hashlib.blake2b(array.tobytes(), digest_size=8).hexdigest()


def machine() -> str:
    """Return the model of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "unknown")
