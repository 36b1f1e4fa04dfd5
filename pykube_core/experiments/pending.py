"""Pods that fit nowhere yet, in the order of kube-scheduler's queue."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Room = Callable[[NDArray[np.int64], NDArray[np.int32]], NDArray[np.bool_]]
"""From templates and nodes to the templates that one of the nodes has room for."""


@dataclass(slots=True)
class Pending:
    """Pending pods, first in first out per template.

    Pods of one template fit or fail together, so the queue keeps one line per template, and a
    round of retries asks the engine at most once per template beyond the pods that it places.

    Parameters
    ----------
    priority
        int64 (templates,): higher goes first.
    anywhere
        bool (templates,): a departure may make room on other nodes, too.
    room
        Says for which templates nodes have room now.
    """

    priority: NDArray[np.int64]
    anywhere: NDArray[np.bool_]
    room: Room
    count: int = 0
    _lines: dict[int, deque[tuple[int, int]]] = field(init=False, default_factory=dict)
    _expired: set[int] = field(init=False, default_factory=set)
    _heap: list[tuple[int, int, int]] = field(init=False, default_factory=list)
    _freed: NDArray[np.int32] = field(init=False)

    def __post_init__(self) -> None:
        self._freed = np.zeros(0, dtype=np.int32)

    def templates(self) -> NDArray[np.int64]:
        """Return the templates of which somebody waits."""
        return np.fromiter(self._lines, np.int64, len(self._lines))

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

    def accept(self, template: int) -> None:
        """Note that the candidate was placed."""
        self._lines[template].popleft()
        self.count -= 1
        left = [entry[2] for entry in self._heap]
        if not self._clear(template):
            left.remove(template)
        self._line_up(left)

    def _line_up(self, templates: list[int]) -> None:
        """Make the heap of those templates that some freed node may have room for.

        Devices and other filters are tried only when the pod is.
        """
        if templates:
            asked = np.array(templates, np.int64)
            hopeful = self.room(asked, self._freed) | self.anywhere[asked]
            templates = asked[hopeful].tolist()
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
