"""What pods of some classes could use of the nodes, kept up with every change."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from _pykube_hotcore._ffi import ffi
from _pykube_hotcore.native._buffers import in_buffer, indices, out_buffer


class Survey:
    """A question that is asked of one engine again and again; see ``Engine.survey``.

    Asking costs a filter per class and row that changed since it was asked last, and a pass over
    all rows for a class with filters that look beyond the row.

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
        The answer.
    pointer
        The ``pkc_survey *``; valid while this object lives.
    """

    def __init__(self, classes: ArrayLike, resources: ArrayLike) -> None:
        self.classes = indices(classes)
        self.resources = indices(resources)
        self._keep: list[Any] = []
        self.pointer: Any = None
        self.usable: NDArray[np.int64] = self._begin(0)

    def resize(self, row_count: int) -> None:
        """Begin anew where the engine has another number of rows."""
        if row_count != self.pointer.row_count:
            self.usable = self._begin(row_count)

    def _begin(self, row_count: int) -> NDArray[np.int64]:
        n, m = len(self.classes), len(self.resources)
        self.pointer = ffi.new("pkc_survey *")
        self.pointer.class_count, self.pointer.resource_count = n, m
        self.pointer.row_count = row_count
        usable = np.zeros((n, m), np.int64)
        self._keep = [
            in_buffer(self.classes, "int32_t[]"),
            in_buffer(self.resources, "int32_t[]"),
            out_buffer(usable, "int64_t[]"),
            out_buffer(np.zeros((n, m), np.int64), "int64_t[]"),
            out_buffer(np.zeros((row_count, m), np.int64), "int64_t[]"),
            out_buffer(np.zeros((row_count, n), np.uint8), "uint8_t[]"),
            out_buffer(np.zeros(row_count, np.uint8), "uint8_t[]"),
        ]
        names = ("classes", "resources", "usable", "alone", "free_amount", "fits", "marks")
        for name, pointer in zip(names, self._keep, strict=True):
            setattr(self.pointer, name, pointer)
        return usable
