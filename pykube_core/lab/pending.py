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
    """

    requests: NDArray[np.int64]
    priority: NDArray[np.int64]
    allocatable: NDArray[np.int64]
    count: int = 0
    _free: NDArray[np.int64] = field(init=False)
    _lines: dict[int, deque[tuple[int, int]]] = field(init=False, default_factory=dict)
    _expired: set[int] = field(init=False, default_factory=set)
    _heap: list[tuple[int, int, int]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._free = np.ascontiguousarray(self.allocatable.T).copy()

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

        The caller answers each with `accept` or `refuse` before asking for the next.
        """
        self._heap = [self._entry(template) for template in self._hopeful(freed)]
        heapq.heapify(self._heap)
        while self._heap:
            template = self._heap[0][2]
            yield self._lines[template][0][1]

    def refuse(self, template: int) -> None:
        """Note that the candidate fits nowhere, and so nobody of its template does."""
        heapq.heappop(self._heap)

    def accept(self, template: int, node: int) -> None:
        """Note that the candidate was placed."""
        heapq.heappop(self._heap)
        self._lines[template].popleft()
        self.count -= 1
        self._free[node] -= self.requests[template]
        if self._clear(template):
            heapq.heappush(self._heap, self._entry(template))

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

    def _hopeful(self, freed: NDArray[np.int32]) -> list[int]:
        """Return templates whose requests some freed node has free, slots and devices aside."""
        waiting = list(self._lines)
        if len(freed) > FREED_MAX:
            return waiting
        requests = self.requests[waiting][:, None, :]
        fits = (requests <= self._free[freed][None]) | (requests == 0)
        return [waiting[i] for i in np.flatnonzero(fits.all(axis=2).any(axis=1))]
