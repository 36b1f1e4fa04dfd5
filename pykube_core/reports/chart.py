"""Line charts as inline SVG, coloured by the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from pykube_core.reports import axis
from pykube_core.words import counted

# About the width in pixels that a chart gets on the page, so that its text is as large as it says.
WIDTH, HEIGHT = 380, 216
# Line styles in the style sheet; further policies begin anew.
STYLES = 8
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 10, 26


@dataclass(frozen=True, slots=True)
class Chart:
    """One quantity of every policy over the run.

    Attributes
    ----------
    title, hint
        The curves that are drawn, and how to read them.
    position
        float64 (samples,): the horizontal axis.
    lines
        float64 (samples,) per policy, in the order of the legend.
    share
        The values are shares of 1; otherwise counts.
    clock
        Positions are nanoseconds; otherwise pods arrived.
    """

    title: str
    hint: str
    position: NDArray[np.float64]
    lines: dict[str, NDArray[np.float64]]
    share: bool
    clock: bool

    def svg(self) -> str:
        """Return the chart as an SVG element."""
        top = self._top()
        low, high = self._span()
        x = LEFT + (self.position - low) / (high - low) * (WIDTH - LEFT - RIGHT)
        parts = [
            f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{escape(self.title)}: {escape(self._spoken())}">'
        ]
        parts += self._grid(top, low, high)
        for number, (name, values) in enumerate(self.lines.items()):
            y = _height(values, top)
            parts.append(
                f'<path class="line p{number % STYLES}" data-policy="{escape(name)}" '
                f'd="{_path(x, y)}"><title>{escape(name)}</title></path>'
            )
        parts.append("</svg>")
        return "".join(parts)

    def data(self) -> dict[str, object]:
        """Return what the page's script shows under the pointer."""
        low, high = self._span()
        return {
            "x": np.round((self.position - low) / (high - low), 4).tolist(),
            "at": [self._place(value - (low if self.clock else 0)) for value in self.position],
            "share": self.share,
            "box": [LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM],
            "lines": {name: np.round(v, 4).tolist() for name, v in self.lines.items()},
        }

    def _span(self) -> tuple[float, float]:
        """Return the ends of the horizontal axis."""
        low, high = float(self.position[0]), float(self.position[-1])
        return low, high if high > low else low + 1

    def _top(self) -> float:
        """Return the upper end of the vertical axis."""
        most = max((float(np.max(v)) for v in self.lines.values() if len(v)), default=0.0)
        if not most:
            return 1.0
        if self.share and most > 0.6:
            return 1.0
        return most * 1.08

    def _grid(self, top: float, low: float, high: float) -> list[str]:
        """Return axes, grid lines and labels."""
        floor, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        parts = []
        for tick in axis.ticks(0, top, 4):
            y = float(_height(np.array(tick), top))
            label = axis.percent(tick) if self.share else axis.count(tick)
            parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>')
            parts.append(
                f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
                f"{label}</text>"
            )
        across = (
            axis.clock_ticks(low, high)
            if self.clock
            else [(tick, axis.count(tick)) for tick in axis.ticks(low, high)]
        )
        for position, label in across:
            x = LEFT + (position - low) / (high - low) * (right - LEFT)
            anchor = "end" if x > right - 20 else "middle"
            parts.append(f'<path class="axis" d="M{x:.1f} {floor}v4"/>')
            parts.append(
                f'<text class="tick" x="{x:.1f}" y="{floor + 17}" '
                f'text-anchor="{anchor}">{label}</text>'
            )
        parts.append(f'<path class="axis" d="M{LEFT} {floor}H{right}"/>')
        return parts

    def _place(self, value: float) -> str:
        """Return a position in words."""
        if not self.clock:
            return f"{counted(round(value), 'pod')} arrived"
        seconds = value / axis.SECOND_NS
        unit, sign = next((pair for pair in axis.CLOCK if seconds >= pair[0]), axis.CLOCK[-1])
        return f"after {seconds / unit:.1f} {sign}"

    def _spoken(self) -> str:
        """Return the end of every line in words, for those who cannot see it."""
        show = axis.percent if self.share else axis.count
        ends: Sequence[str] = [
            f"{name} ends at {show(round(float(values[-1]), 3))}"
            for name, values in self.lines.items()
        ]
        return ", ".join(ends)


def _height(values: NDArray[np.float64], top: float) -> NDArray[np.float64]:
    """Return vertical positions of values."""
    return (HEIGHT - BOTTOM) - values / top * (HEIGHT - BOTTOM - TOP)


def _path(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Return a polyline as SVG path data."""
    points = [f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    return "M" + "L".join(points)
