"""Arrays as C takes them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore._ffi import ffi


def in_buffer(array: NDArray[Any], c_type: str) -> Any:
    """Return a pointer to an array that C reads."""
    return ffi.from_buffer(c_type, array)


def out_buffer(array: NDArray[Any], c_type: str) -> Any:
    """Return a pointer to an array that C writes."""
    return ffi.from_buffer(c_type, array, require_writable=True)


def indices(values: Any) -> NDArray[np.int32]:
    """Return a vector of integers as int32, the array itself where it is one already."""
    array = np.ascontiguousarray(values)
    if array.size == 0:
        array = array.astype(np.int32)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"a vector of integers is needed, not {array.dtype} {array.shape}")
    if array.dtype != np.int32:
        if array.size and (array.min() < -(2**31) or array.max() >= 2**31):
            raise ValueError("an index leaves the range of int32")
        array = array.astype(np.int32)
    return array


def offsets(counts: list[int]) -> NDArray[np.int32]:
    """Return where each of so many lists begins in a flat array, and the end."""
    ends = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=ends[1:])
    if ends[-1] >= 2**31:
        raise ValueError("too many labels or taints in one batch")
    return ends.astype(np.int32)
