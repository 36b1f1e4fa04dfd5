"""Node heat maps as PNG images of one pixel a node, written with the standard library alone."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pykube_core.experiments.results import Results

# How full, and red, green, blue, alpha at that point. Empty nodes are a tint of the page, so that
# one image reads on light and dark alike; the last tenth changes hue, for full is what one seeks.
STOPS = (
    (0.0, (120, 140, 160, 40)),
    (0.3, (86, 156, 214, 150)),
    (0.7, (58, 104, 196, 235)),
    (0.92, (88, 62, 170, 255)),
    (1.0, (226, 80, 116, 255)),
)
LEVELS = 100
# The colour of pixels after the last node: transparent.
NONE = LEVELS + 1


def cells(comparison: Results, resource: int) -> NDArray[np.int64]:
    """Return the nodes that have a resource, as a map shows them: by shape, then as given."""
    first = comparison.utilisation(next(iter(comparison.policies)))
    order = np.argsort(comparison.node_shapes, kind="stable")
    return order.compress(~np.isnan(first[resource][order]))


def levels(utilisation: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return utilisation in whole percent, cut off at 100."""
    whole: NDArray[np.float32] = np.floor(utilisation * LEVELS + 1e-4)
    return whole.clip(0, LEVELS).astype(np.uint8)


def shape(nodes: int) -> tuple[int, int]:
    """Return width and height in pixels of a map of so many nodes, about 5 to 2."""
    width = max(1, math.ceil(math.sqrt(nodes * 2.5)))
    return width, max(1, math.ceil(nodes / width))


def png(values: NDArray[np.uint8]) -> bytes:
    """Return the map of these `levels`, row by row, as a PNG file."""
    width, height = shape(len(values))
    pixels = np.full(width * height, NONE, dtype=np.uint8)
    pixels[: len(values)] = values
    # Each row of pixels begins with its filter type, 0 for none.
    rows = np.hstack((np.zeros((height, 1), dtype=np.uint8), pixels.reshape(height, width)))
    colours = [colour(level / LEVELS) for level in range(LEVELS + 1)] + [(0, 0, 0, 0)]
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", bytes(part for c in colours for part in c[:3])),
            _chunk(b"tRNS", bytes(c[3] for c in colours)),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def colour(share: float) -> tuple[int, int, int, int]:
    """Return red, green, blue and alpha of a utilisation, interpolated between the stops."""
    for (low, start), (high, end) in pairwise(STOPS):
        if share <= high:
            part = (share - low) / (high - low)
            mixed = [round(a + (b - a) * part) for a, b in zip(start, end, strict=True)]
            return mixed[0], mixed[1], mixed[2], mixed[3]
    return STOPS[-1][1]


def legend_gradient() -> str:
    """Return the scale as a CSS gradient."""
    stops = ", ".join(f"rgba({r}, {g}, {b}, {a / 255:.2f}) {at:.0%}" for at, (r, g, b, a) in STOPS)
    return f"linear-gradient(to right, {stops})"


def data_uri(image: bytes) -> str:
    """Return an image as a data URI."""
    return "data:image/png;base64," + base64.b64encode(image).decode()


def _chunk(kind: bytes, body: bytes) -> bytes:
    """Return one chunk of a PNG file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
