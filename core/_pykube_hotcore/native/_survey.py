"""Surveys, kept up with every change: taken resources, and those that pods could use."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from _pykube_hotcore._ffi import ffi
from _pykube_hotcore.native._buffers import in_buffer, indices, out_buffer


class Survey:
    """A question that is asked of one engine again and again, with the answer; see `Engine.survey`.

    Asking costs a filter per class and row that changed since it was asked last, and a pass over
    all rows for a class with filters that look beyond the row. The arrays of the answer are
    changed by the next call.

    Parameters
    ----------
    classes : (n,) int
        Pod classes.
    resources : (m,) int
        Resources.

    Attributes
    ----------
    classes, resources : int32
        As given.
    usable : (n, m) int64
        The free amount of a resource (allocatable - requested, at least 0), summed over the rows
        that a pod of the class fits now.
    free_total, requested_total : (m,) int64
        Sums over all rows.
    requested : (rows, m) int64
        The requested amounts of each row.
    pod_count : (rows,) int64
        How many pods each row has.
    pointer
        The ``pkc_survey *``; valid while this object lives.
    """

    def __init__(self, classes: ArrayLike, resources: ArrayLike) -> None:
        self.classes = indices(classes)
        self.resources = indices(resources)
        self.begin(0)

    def begin(self, row_count: int) -> None:
        """Forget the answer; the engine has so many rows."""
        n, m = len(self.classes), len(self.resources)
        self.usable: NDArray[np.int64] = np.zeros((n, m), np.int64)
        self.free_total: NDArray[np.int64] = np.zeros(m, np.int64)
        self.requested_total: NDArray[np.int64] = np.zeros(m, np.int64)
        self.requested: NDArray[np.int64] = np.zeros((row_count, m), np.int64)
        self.pod_count: NDArray[np.int64] = np.zeros(row_count, np.int64)
        self._pointers: dict[str, Any] = {
            "classes": in_buffer(self.classes, "int32_t[]"),
            "resources": in_buffer(self.resources, "int32_t[]"),
            "usable": out_buffer(self.usable, "int64_t[]"),
            "free_total": out_buffer(self.free_total, "int64_t[]"),
            "requested_total": out_buffer(self.requested_total, "int64_t[]"),
            "requested": out_buffer(self.requested, "int64_t[]"),
            "pod_count": out_buffer(self.pod_count, "int64_t[]"),
            "alone": out_buffer(np.zeros((n, m), np.int64), "int64_t[]"),
            "free_amount": out_buffer(np.zeros((row_count, m), np.int64), "int64_t[]"),
            "fits": out_buffer(np.zeros((row_count, n), np.uint8), "uint8_t[]"),
        }
        counts = {"class_count": n, "resource_count": m, "row_count": row_count}
        self.pointer: Any = ffi.new("pkc_survey *", {**counts, **self._pointers})
