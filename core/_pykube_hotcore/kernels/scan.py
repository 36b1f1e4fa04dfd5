"""Numba twin of the fused kernel: the same rule and bits as ``slow.scan``, row by row."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from _pykube_hotcore.slow.scan import (
    ADDEND,
    ALLOCATABLE_CPU,
    ALLOCATABLE_MEMORY,
    LEFT_CPU,
    LEFT_MEMORY,
    PERCENT_CPU,
    PERCENT_MEMORY,
    PERCENT_STEP,
    REQUESTED_CPU,
    REQUESTED_MEMORY,
    Asked,
)


@njit(error_model="numpy")
def scan(columns: NDArray[np.float64], asked: Asked, total_out: NDArray[np.float64]) -> None:
    """Write the total of each node, -inf where the pod does not fit: (n,).

    Free of branches over one array of columns, so that LLVM vectorises it.
    """
    request_cpu, request_memory, score_cpu, score_memory = asked
    for i in range(total_out.shape[0]):
        left_cpu = max(columns[LEFT_CPU, i] - score_cpu, 0.0)
        left_memory = max(columns[LEFT_MEMORY, i] - score_memory, 0.0)
        cpu = np.float64(np.int32(left_cpu * columns[PERCENT_CPU, i] + PERCENT_STEP))
        memory = np.float64(np.int32(left_memory * columns[PERCENT_MEMORY, i] + PERCENT_STEP))
        share_cpu = (columns[REQUESTED_CPU, i] + request_cpu) / columns[ALLOCATABLE_CPU, i]
        share_memory = (columns[REQUESTED_MEMORY, i] + request_memory) / columns[
            ALLOCATABLE_MEMORY, i
        ]
        deviation = abs(min(share_cpu, 1.0) - min(share_memory, 1.0)) * 0.5
        even = np.float64(np.int32((1.0 - deviation) * 100.0))
        fit = np.float64(np.int32((cpu + memory) * 0.5))
        penalty = 0.0 if max(share_cpu, share_memory) <= 1.0 else -np.inf
        total_out[i] = (columns[ADDEND, i] + (fit + even)) + penalty
