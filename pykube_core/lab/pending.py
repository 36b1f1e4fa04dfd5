"""Pods that fit nowhere yet, in the order of kube-scheduler's queue."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# Above this many freed nodes at once, asking the engine is cheaper than comparing columns.
FREED_MAX = 1024


@dataclass(slots=True)
class Pending:
    """Pending pods, first in first out per template, and what each node has free.

    Pods of one template fit or fail together, so the queue keeps one line per template, and a
    round of retries asks the engine at most once per template beyond the pods that it places.

    Parameters
    ----------
    requests
        int64 (templates, resources).
    priority
        int64 (templates,): higher goes first.
    allocatable
        int64 (resources, nodes).
    anywhere
        bool (templates,): a departure may make room on other nodes, too.
    """

    requests: NDArray[np.int64]
    priority: NDArray[np.int64]
    allocatable: NDArray[np.int64]
    anywhere: NDArray[np.bool_]
    count: int = 0
    _free: NDArray[np.int64] = field(init=False)
    _lines: dict[int, deque[tuple[int, int]]] = field(init=False, default_factory=dict)
    _expired: set[int] = field(init=False, default_factory=set)
    _heap: list[tuple[int, int, int]] = field(init=False, default_factory=list)
    _freed: NDArray[np.int32] = field(init=False)

    def __post_init__(self) -> None:
        self._free = np.ascontiguousarray(self.allocatable.T).copy()
        self._freed = np.zeros(0, dtype=np.int32)

    def take(self, nodes: NDArray[np.int32], templates: NDArray[np.int32]) -> None:
        """Note that pods were placed on these nodes."""
        np.subtract.at(self._free, nodes, self.requests[templates])

    def give(self, nodes: NDArray[np.int32], templates: NDArray[np.int32]) -> None:
        """Note that pods have left these nodes."""
        np.add.at(self._free, nodes, self.requests[templates])

    def push(self, template: int, rank: int, row: int) -> None:
        """Let a pod wait; ranks say who came first and grow from call to call per template."""
        self._lines.setdefault(template, deque()).append((rank, row))
        self.count += 1

    def expire(self, template: int, row: int) -> None:
        """Let a waiting pod go; costs O(1), its place in the line is cleared later."""
        self._expired.add(row)
        self.count -= 1
        self._clear(template)

    def candidates(self, freed: NDArray[np.int32]) -> Iterator[int]:
        """Yield rows to try, in queue order, after pods have left the nodes ``freed``.

        The caller answers each with `accept` or `refuse` before asking for the next. Templates that
        none of these nodes has room for, or has any more, are left alone.
        """
        self._freed = freed
        self._line_up(list(self._lines))
        while self._heap:
            template = self._heap[0][2]
            yield self._lines[template][0][1]

    def refuse(self, template: int) -> None:
        """Note that the candidate fits nowhere, and so nobody of its template does."""
        heapq.heappop(self._heap)

    def accept(self, template: int, node: int) -> None:
        """Note that the candidate was placed."""
        self._lines[template].popleft()
        self.count -= 1
        self._free[node] -= self.requests[template]
        left = [entry[2] for entry in self._heap]
        if not self._clear(template):
            left.remove(template)
        self._line_up(left)

    def _line_up(self, templates: list[int]) -> None:
        """Make the heap of those templates that some freed node may have room for.

        Slots, devices and other filters are the engine's matter.
        """
        if len(self._freed) <= FREED_MAX and templates:
            requests = self.requests[templates][:, None, :]
            fits = (requests <= self._free[self._freed][None]) | (requests == 0)
            hopeful = fits.all(axis=2).any(axis=1) | self.anywhere[templates]
            templates = [templates[i] for i in np.flatnonzero(hopeful)]
        self._heap = [self._entry(template) for template in templates]
        heapq.heapify(self._heap)

    def _entry(self, template: int) -> tuple[int, int, int]:
        """Return the sort key of a line: priority, age of its first pod, template."""
        return -int(self.priority[template]), self._lines[template][0][0], template

    def _clear(self, template: int) -> bool:
        """Drop expired pods from the head of a line; return whether anybody is left in it."""
        line = self._lines[template]
        while line and line[0][1] in self._expired:
            self._expired.remove(line.popleft()[1])
        if not line:
            del self._lines[template]
        return bool(line)
