"""How long a pod that failed waits before it is tried again.

Source: kubernetes v1.34.1, pkg/scheduler/backend/queue/backoff_queue.go.
"""

from typing import Final

from pykube_core.scheduler.queue.pools import QueuedPod

SECOND_NS: Final = 1_000_000_000

# Before every time: a pod without a backoff is not backing off at time 0 either.
_NEVER_BACKED_OFF: Final = -1


class Backoff:
    """The backoff of pods: doubled by each further failure, up to a maximum.

    Parameters
    ----------
    initial_ns, max_ns : int
        After the first failure, and at most; a maximum of 0 turns backoff off.
    """

    def __init__(self, initial_ns: int, max_ns: int) -> None:
        self._initial_ns = initial_ns
        self._max_ns = max_ns

    def end_ns(self, queued: QueuedPod) -> int:
        """Return when the backoff ends, in whole seconds; -1 without a backoff."""
        count = queued.consecutive_errors or queued.unschedulable_count
        if self._max_ns == 0 or count == 0:
            return _NEVER_BACKED_OFF
        if queued.backoff_end_ns is None:
            doublings = count - 1
            duration_ns = self._max_ns
            if self._initial_ns <= self._max_ns >> doublings:
                duration_ns = self._initial_ns << doublings
            end_ns = queued.timestamp_ns + duration_ns
            queued.backoff_end_ns = end_ns - end_ns % SECOND_NS
        return queued.backoff_end_ns

    def is_running(self, queued: QueuedPod, now_ns: int) -> bool:
        """Return whether a pod still waits at a time."""
        return self.end_ns(queued) >= now_ns - now_ns % SECOND_NS
