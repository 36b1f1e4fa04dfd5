"""Answers of the engine about all rows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Evaluation(NamedTuple):
    """One pod on every row. ``n`` is the number of rows.

    Attributes
    ----------
    plugin, code : (n,) uint8
        The first refusal: ``Plugin``, ``Code``.
    detail : (n,) uint64
        Why; its meaning is the plugin's.
    raw, normalized : (PLUGIN_COUNT, n) int64
        Scores, valid where ``scored`` and feasible.
    total : (n,) float64
        Weighted sum, -inf where not feasible.
    scored : (PLUGIN_COUNT,) bool
        Plugins that have scores for this pod.
    """

    plugin: NDArray[np.uint8]
    code: NDArray[np.uint8]
    detail: NDArray[np.uint64]
    raw: NDArray[np.int64]
    normalized: NDArray[np.int64]
    total: NDArray[np.float64]
    scored: NDArray[np.bool_]


class Victims(NamedTuple):
    """Pods that would have to go from each of n rows so that a pod fits there.

    Attributes
    ----------
    code : (n,) uint8
        ``Code.FITS`` where preemption helps; ``Code.NOT_EVALUATED`` where no pod has a lower
        priority; else how the pod was refused with all of these gone.
    plugin : (n,) uint8
        The plugin that refused it then: ``Plugin``.
    detail : (n,) uint64
        Why; its meaning is the plugin's.
    violations : (n,) int32
        Victims whose disruption violates a budget.
    offsets : (n + 1,) int32
        Row i has the victims ``pods[offsets[i]:offsets[i + 1]]``.
    pods : (total,) int32
        Slots, the most important first.
    """

    code: NDArray[np.uint8]
    plugin: NDArray[np.uint8]
    detail: NDArray[np.uint64]
    violations: NDArray[np.int32]
    offsets: NDArray[np.int32]
    pods: NDArray[np.int32]
