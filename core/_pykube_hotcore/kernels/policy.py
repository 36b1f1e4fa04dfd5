"""Policies of the user's own, compiled to batch kernels that C calls by pointer.

A kernel has the signature of ``pkc_policy_function``: it scores a range of rows of the node matrix
for one pod. Division by zero gives inf or nan as in NumPy, which the engine refuses. An index
beyond the end of an array raises: what is in memory behind it would be a score that no run repeats.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

from numba import cfunc, njit

from _pykube_hotcore.program import FIELD_POD_COUNT, FIELD_POD_SLOTS, field_allocatable

_SIGNATURE = "void(CPointer(int64), int64, int64, CPointer(int64), int64, CPointer(float64))"


class PolicyKernel:
    """A compiled policy.

    Parameters
    ----------
    function
        ``function(node, pod)`` over named tuples of int64, returning a number. A node has
        ``allocatable_R``, ``requested_R`` and ``free_R`` for each resource R, ``pods`` (how many
        it has) and ``pod_slots``; a pod has R.
    resources
        Column of each resource by the name that the function uses.

    Attributes
    ----------
    address : int
        Pointer to the kernel; valid while this object lives.
    function, resources
        As given; the slow twin calls the function row by row.
    """

    def __init__(self, function: Callable[..., Any], resources: Mapping[str, int]) -> None:
        self.function = function
        self.resources = resources
        rule = njit(error_model="numpy", boundscheck=True)(function)
        node_fields = [f"{kind}_{r}" for r in resources for kind in _KINDS]
        node = namedtuple("Node", [*node_fields, "pods", "pod_slots"])  # type: ignore[misc]
        pod = namedtuple("Pod", list(resources))  # type: ignore[misc]
        scope: dict[str, Any] = {"rule": rule, "Node": node, "Pod": pod, "nan": math.nan}
        exec(compile(_source(resources), f"<policy {function.__name__}>", "exec"), scope)
        self._compiled: Any = cfunc(_SIGNATURE, error_model="numpy")(scope["kernel"])
        address: Any = self._compiled.address
        self.address: int = address


_KINDS = ("allocatable", "requested", "free")


def _source(resources: Mapping[str, int]) -> str:
    values = []
    for column in resources.values():
        allocatable = f"nodes[{field_allocatable(column)} * stride + i]"
        requested = f"nodes[{field_allocatable(column) + 1} * stride + i]"
        values += [allocatable, requested, f"{allocatable} - {requested}"]
    values.append(f"nodes[{FIELD_POD_COUNT} * stride + i]")
    values.append(f"nodes[{FIELD_POD_SLOTS} * stride + i]")
    asked = "".join(f"request[{column}], " for column in resources.values())
    return (
        "def kernel(nodes, stride, row_count, request, resource_count, score_out):\n"
        f"    pod = Pod({asked})\n"
        # An exception ends the loop; the rows behind it must hold no score.
        "    for i in range(row_count):\n"
        "        score_out[i] = nan\n"
        "    for i in range(row_count):\n"
        f"        score_out[i] = rule(Node({', '.join(values)}), pod)\n"
    )
