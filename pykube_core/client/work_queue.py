"""Keys that wait for a controller: now, at a time, or again after a failure.

Source: ``k8s.io/client-go/util/workqueue`` (default_rate_limiters.go, delaying_queue.go) v0.36.
Difference: there is no limit on the retries of all keys together (10 a second upstream).
"""

from __future__ import annotations

import heapq
from typing import Final

RETRY_MIN_NS: Final = 5_000_000
RETRY_MAX_NS: Final = 1_000_000_000_000

_DOUBLINGS_MAX: Final = 32


class WorkQueue:
    """Keys to work on, each once, in the order in which they came.

    Parameters
    ----------
    retry_max_ns : int
        The longest time between two tries of a key that fails.

    Examples
    --------
    >>> queue = WorkQueue()
    >>> queue.add("b")
    >>> queue.add_at("a", 7)
    >>> queue.take(0), queue.next_ns, queue.take(7)
    (['b'], 7, ['a'])
    """

    def __init__(self, retry_max_ns: int = RETRY_MAX_NS) -> None:
        self._retry_max_ns = retry_max_ns
        self._ready: dict[str, None] = {}
        self._due: dict[str, int] = {}
        # Many keys wait for the same tick: the heap has times, not keys.
        self._waiting: dict[int, list[str]] = {}
        self._heap: list[int] = []
        self._failures: dict[str, int] = {}

    def add(self, key: str) -> None:
        """Let a key be worked on."""
        self._ready[key] = None

    def add_at(self, key: str, time_ns: int) -> None:
        """Let a key be worked on at a time, or earlier if it is due earlier already."""
        held = self._due.get(key)
        if held is None or time_ns < held:
            self._due[key] = time_ns
            waiting = self._waiting.get(time_ns)
            if waiting is None:
                self._waiting[time_ns] = [key]
                heapq.heappush(self._heap, time_ns)
            else:
                waiting.append(key)

    def retry(self, key: str, now_ns: int) -> None:
        """Let a key that failed be worked on again: after 5 ms, doubled each time."""
        count = self._failures[key] = self._failures.get(key, 0) + 1
        delay_ns = RETRY_MIN_NS << min(count - 1, _DOUBLINGS_MAX)
        self.add_at(key, now_ns + min(delay_ns, self._retry_max_ns))

    def succeed(self, key: str) -> None:
        """Forget that a key has failed."""
        self._failures.pop(key, None)

    def remove(self, key: str) -> None:
        """Forget a key."""
        self._ready.pop(key, None)
        self._due.pop(key, None)
        self._failures.pop(key, None)

    def take(self, now_ns: int) -> list[str]:
        """Return the keys to work on now; they are in the queue no more, nor is their next time.

        The worker on a key says anew when it is due.
        """
        while self._heap and self._heap[0] <= now_ns:
            time_ns = heapq.heappop(self._heap)
            for key in self._waiting.pop(time_ns):
                if self._due.get(key) == time_ns:
                    self._ready[key] = None
        taken, self._ready = list(self._ready), {}
        for key in taken:
            self._due.pop(key, None)
        return taken

    @property
    def next_ns(self) -> int | None:
        """When the next key is due; None when there is none."""
        while self._heap:
            time_ns = self._heap[0]
            waiting = self._waiting[time_ns]
            while waiting:
                if self._due.get(waiting[-1]) == time_ns:
                    return time_ns
                waiting.pop()  # overtaken by an earlier time, or forgotten
            del self._waiting[heapq.heappop(self._heap)]
        return None
