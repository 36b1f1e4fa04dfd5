"""Axes: round tick values, and how they read."""

from __future__ import annotations

import math

SECOND_NS = 1_000_000_000
# Units of time that people read a clock in, longest first: seconds in one, and its sign.
CLOCK = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return about ``count`` multiples of 1, 2 or 5 times a power of ten from low to high."""
    if not high > low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def percent(value: float) -> str:
    """Return a share as a tick label: ``40%``."""
    return f"{value * 100:.10g}%" if value * 100 >= 1 or value == 0 else f"{value * 100:.2g}%"


def count(value: float) -> str:
    """Return a count as a tick label: ``2.5k``."""
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.10g}{sign}"
    return f"{value:.10g}"


def clock_ticks(low_ns: float, high_ns: float, count: int = 5) -> list[tuple[float, str]]:
    """Return positions in nanoseconds and labels, counted from ``low_ns`` in one fitting unit."""
    span = (high_ns - low_ns) / SECOND_NS
    unit, sign = next((pair for pair in CLOCK if span >= 2 * pair[0]), CLOCK[-1])
    return [
        (low_ns + tick * unit * SECOND_NS, f"{tick:.10g} {sign}")
        for tick in ticks(0, span / unit, count)
    ]
