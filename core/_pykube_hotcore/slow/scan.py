"""NumPy twin of the fused kernel: Fit by LeastAllocated and balanced allocation, weights 1.

The rule is that of ``SCAN(scan_unit)`` in ``csrc/engine/kernels/kernel_body.inc``, over the same
columns and with the same bits.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

COLUMN_COUNT = 9
(
    ALLOCATABLE_CPU,
    ALLOCATABLE_MEMORY,
    REQUESTED_CPU,
    REQUESTED_MEMORY,
    LEFT_CPU,
    LEFT_MEMORY,
    PERCENT_CPU,
    PERCENT_MEMORY,
    ADDEND,
) = range(COLUMN_COUNT)
PERCENT_STEP = 2.0**-43


class Asked(NamedTuple):
    """A pod's request, with and without non-zero defaults."""

    request_cpu: float
    request_memory: float
    score_cpu: float
    score_memory: float


def columns_of(allocatable: NDArray[np.int64], requested: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the columns that the kernels read.

    Parameters
    ----------
    allocatable, requested : (2, n) int64
        cpu and memory, 0 < allocatable <= 2**42. The requested amount stands for the non-zero
        accounts, too.

    Returns
    -------
    columns : (COLUMN_COUNT, n) float64
        The last one, to be added, is 0.
    """
    a, r = allocatable.astype(np.float64), requested.astype(np.float64)
    return np.concatenate([a, r, a - r, 100.0 / a, np.zeros((1, a.shape[1]))])


def scan(columns: NDArray[np.float64], asked: Asked, total_out: NDArray[np.float64]) -> None:
    """Write the total of each node, -inf where the pod does not fit: (n,)."""
    c = columns
    fit = np.zeros_like(total_out)
    fractions = []
    for resource in range(2):
        left = np.maximum(c[LEFT_CPU + resource] - asked[2 + resource], 0.0)
        fit += np.trunc(left * c[PERCENT_CPU + resource] + PERCENT_STEP)
        fractions.append((c[REQUESTED_CPU + resource] + asked[resource]) / c[resource])
    deviation = np.abs(np.minimum(fractions[0], 1.0) - np.minimum(fractions[1], 1.0)) * 0.5
    even = np.trunc((1.0 - deviation) * 100.0)
    total_out[:] = c[ADDEND] + (np.trunc(fit * 0.5) + even)
    total_out[np.maximum(fractions[0], fractions[1]) > 1.0] = -np.inf
