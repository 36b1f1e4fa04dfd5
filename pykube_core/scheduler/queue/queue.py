"""The scheduling queue: which pod is tried next, and which wait for what.

::

                    add, update                     pop
    ------------------+-----------------> active ---------> in flight --(bound)--> done
                      |                     ^  ^               |
          PreEnqueue  |      event, backoff |  | backoff       | add_unschedulable
             says no  |            is over  |  | is over       v
                      +----> unschedulable -+  +---- backoff <-+  an event came meanwhile that may
                               and gated    +---------^        |  help, or the failure was an error
                                  ^           event, backoff   |
                                  +---------- is not over -----+  none did

- *Active* is ordered by the queue sort plugin: priority, then time.
- *Backoff* is ordered by the end of the backoff in whole seconds, and by the queue sort within each
  second; a pod that failed with an error has a pool of its own. When active is empty, pop takes the
  first of the backoff pool, whether its backoff is over or not.
- *Unschedulable* pods wait for an event that a plugin which rejected them finds worth trying again
  for (see :mod:`pykube_core.scheduler.queue.hints`), or for five minutes.
- *Gated* pods wait there too, for events of the PreEnqueue plugin that holds them back.
- Events that come while a pod is in flight are kept and asked about when it comes back.

Time is nanoseconds on the caller's clock; nothing happens by itself: call :meth:`SchedulingQueue.
tick` at :meth:`SchedulingQueue.next_wakeup_ns`.

Source: kubernetes v1.34.1, pkg/scheduler/backend/queue, with SchedulerQueueingHints and
SchedulerPopFromBackoffQ on, as by default.

Differences
-----------
- Pods that the queue sort does not tell apart leave in the order in which they entered a pool;
  upstream leaves that to a heap and to the order of Go's maps.
- Nominated pods are the caller's.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.queue.backoff import SECOND_NS, Backoff
from pykube_core.scheduler.queue.events import (
    WILDCARD,
    ClusterEvent,
    matches_any,
    pod_update_events,
)
from pykube_core.scheduler.queue.hints import QueueingHints
from pykube_core.scheduler.queue.pools import (
    NO_PLUGINS,
    NO_POOL,
    InFlightPods,
    PodHeap,
    Pool,
    QueuedPod,
    UnschedulablePool,
)
from pykube_core.scheduler.queue.pre_enqueue import PreEnqueue, PreEnqueuePlugins
from pykube_core.scheduler.queue.requeueing import Requeueing, Strategy

UNSCHEDULABLE_TIMEOUT_NS: Final = 300 * SECOND_NS
UNSCHEDULABLE_FLUSH_INTERVAL_NS: Final = 30 * SECOND_NS

SortKey: TypeAlias = Callable[[QueuedPod], tuple[Any, ...]]


def priority_sort(queued: QueuedPod) -> tuple[int, int]:
    """Return the sort key of PrioritySort: high priority first, then the longest in the queue."""
    return (-queued.priority, queued.timestamp_ns)


class SchedulingQueue:
    """The pods that wait to be scheduled, of all profiles.

    Parameters
    ----------
    hints : mapping
        By scheduler name: which plugin asks for which event, and what it finds worth a new try.
    pre_enqueue : mapping, optional
        By scheduler name: the PreEnqueue plugins as (name, function) in their order. A function
        says whether a pod may enter.
    sort_key : callable, optional
        The queue sort plugin.
    initial_backoff_ns, max_backoff_ns : int
        Backoff after the first failure, doubled by each further one up to the maximum; a maximum
        of 0 turns backoff off.
    start_ns : int
        Time from which the interval of the flush of unschedulable pods counts; 0 or later.

    Notes
    -----
    Not thread-safe. Methods take the time as ``now_ns``; it never runs backwards.
    """

    def __init__(
        self,
        hints: Mapping[str, QueueingHints],
        pre_enqueue: Mapping[str, Sequence[tuple[str, PreEnqueue]]] | None = None,
        *,
        sort_key: SortKey = priority_sort,
        initial_backoff_ns: int = SECOND_NS,
        max_backoff_ns: int = 10 * SECOND_NS,
        start_ns: int = 0,
    ) -> None:
        self._hints = hints
        self._pre_enqueue = PreEnqueuePlugins(pre_enqueue or {})
        self._sort_key = sort_key
        self._backoff_time = Backoff(initial_backoff_ns, max_backoff_ns)
        self._requeueing = Requeueing(hints)
        self._pods: dict[str, QueuedPod] = {}
        self._active = PodHeap(Pool.ACTIVE)
        self._backoff = PodHeap(Pool.BACKOFF)
        self._error_backoff = PodHeap(Pool.ERROR_BACKOFF)
        self._unschedulable = UnschedulablePool()
        self._in_flight = InFlightPods()
        self._serials = itertools.count(1)
        self._plugin_sets: dict[frozenset[str], frozenset[str]] = {NO_PLUGINS: NO_PLUGINS}
        self._start_ns = start_ns
        self._next_flush_ns = start_ns
        self._window_ns = -1

    def __len__(self) -> int:
        """Return the number of pods in the queue, without those in flight."""
        return len(self._pods)

    def counts(self) -> dict[Pool, int]:
        """Return the number of pods in each pool."""
        return {
            Pool.ACTIVE: self._active.count,
            Pool.BACKOFF: self._backoff.count,
            Pool.ERROR_BACKOFF: self._error_backoff.count,
            Pool.UNSCHEDULABLE: len(self._unschedulable),
            Pool.IN_FLIGHT: len(self._in_flight),
        }

    def get(self, key: str) -> QueuedPod | None:
        """Return the pod of the key if it is in the queue and not in flight."""
        return self._pods.get(key)

    def pods(self, pool: Pool) -> list[QueuedPod]:
        """Return the pods of a pool in the order of their turns. O(n log n)."""
        match pool:
            case Pool.ACTIVE:
                return self._active.sorted()
            case Pool.BACKOFF:
                return self._backoff.sorted()
            case Pool.ERROR_BACKOFF:
                return self._error_backoff.sorted()
            case Pool.UNSCHEDULABLE:
                return self._unschedulable.rejected_by(None)
            case Pool.IN_FLIGHT:
                return self._in_flight.pods()
            case _:
                return []

    def add(self, queued: QueuedPod, now_ns: int) -> None:
        """Add a pod that is not bound.

        One of the same key that is in the queue is replaced. A gated pod goes to the unschedulable
        pool.

        Raises
        ------
        ValueError
            If no profile has the pod's scheduler name, or this pod is in a queue already.
        """
        if queued.scheduler_name not in self._hints:
            raise ValueError(f"no profile for scheduler name {queued.scheduler_name!r}")
        if queued.pool is not NO_POOL:
            raise ValueError(f"{queued.key} is in the pool {queued.pool.value}")
        if queued.key in self._pods:
            self.delete(queued.key)
        queued.timestamp_ns = now_ns
        if self._run_pre_enqueue(queued):
            self._push_active(queued, now_ns)
        else:
            self._hold_back(queued)

    def delete(self, key: str) -> None:
        """Remove a pod that was deleted. One in flight stays: it must not be given back."""
        queued = self._pods.pop(key, None)
        if queued is not None:
            self._take_out(queued)

    def update(self, old: KubeObject, new: KubeObject, now_ns: int) -> None:
        """Take note of an update of a pod that is not bound; one that is not known is added.

        An unschedulable pod is moved if a plugin that rejected it finds that the update may help.
        For a pod in flight that is asked when it comes back.
        """
        fresh = QueuedPod.of(new)
        flying = self._in_flight.get(fresh.uid)
        if flying is not None:
            flying.source = new
            for event in pod_update_events(old, new):
                self._in_flight.record(event, old, new)
            return
        queued = self._pods.get(fresh.key)
        if queued is None:
            self.add(fresh, now_ns)
            return
        queued.source = new
        if queued.pool is not Pool.UNSCHEDULABLE:
            if queued.priority != fresh.priority:
                self._reprioritise(queued, fresh.priority)
            return
        queued.priority = fresh.priority
        for event in pod_update_events(old, new):
            strategy = self._requeueing.strategy(queued, event, old, new)
            if self._requeue(queued, strategy, now_ns):
                return

    def pop(self) -> QueuedPod | None:
        """Take the next pod to schedule, None if there is none; it is in flight until given back.

        From the active pool, or when that is empty the first of the backoff pool, but none that
        failed with an error. End the flight with :meth:`done` or :meth:`add_unschedulable`.
        """
        while True:
            queued = self._active.pop() or self._backoff.pop()
            if queued is None:
                return None
            if self._take_off([queued]):
                return queued

    def pop_all(self) -> list[QueuedPod]:
        """Take what `pop` would give one by one until the pool that it takes from is empty.

        The caller says when each one's turn has come: `take_turn`. O(n) where they came in
        the order of their turns, else O(n log n).
        """
        return self._take_off(self._active.take_all() or self._backoff.take_all())

    def take_turn(self, queued: QueuedPod) -> None:
        """Say that a pod of `pop_all` is tried from now on: earlier events are no news to it."""
        self._in_flight.finish(queued.uid)
        self._in_flight.start(queued)

    def _take_off(self, taken: Sequence[QueuedPod]) -> list[QueuedPod]:
        """Begin the flight of pods that have left their pool; return them."""
        for queued in taken:
            del self._pods[queued.key]
            queued.attempts += 1
        # A pod of the same uid that is in flight comes back by itself; this one is a double.
        flying = self._in_flight.start(*taken)
        for queued in flying:
            queued.unschedulable_plugins = NO_PLUGINS
            queued.pending_plugins = NO_PLUGINS
            queued.gating_plugin = ""
        return flying

    def done(self, *pods: QueuedPod) -> None:
        """End the flight of pods that were bound, or that are gone."""
        self._in_flight.finish(*[queued.uid for queued in pods])

    def add_unschedulable(
        self,
        queued: QueuedPod,
        now_ns: int,
        unschedulable_plugins: Iterable[str] = (),
        pending_plugins: Iterable[str] = (),
    ) -> bool:
        """Give back a pod that could not be scheduled; ends its flight.

        Parameters
        ----------
        queued : QueuedPod
            A pod from :meth:`pop`.
        now_ns : int
            The time.
        unschedulable_plugins : iterable of str
            The plugins that rejected it. With none of either kind it failed with an error.
        pending_plugins : iterable of str
            The plugins that asked to wait for something: an event that they find worth a new try
            brings the pod back without backoff.

        Returns
        -------
        bool
            False if a pod of the same key has been added since, which takes this one's place.

        Raises
        ------
        ValueError
            If the pod is not in flight.
        """
        if self._in_flight.get(queued.uid) is not queued:
            raise ValueError(f"{queued.key} is not in flight")
        if queued.key in self._pods:
            self._in_flight.finish(queued.uid)
            return False
        queued.unschedulable_plugins = self._interned(unschedulable_plugins)
        queued.pending_plugins = self._interned(pending_plugins)
        if queued.rejectors():
            queued.unschedulable_count += 1
            queued.consecutive_errors = 0
        else:
            queued.consecutive_errors += 1
        queued.timestamp_ns = now_ns
        queued.backoff_end_ns = None
        strategy = self._requeueing.strategy_after_flight(queued, self._in_flight.events_of(queued))
        self._in_flight.finish(queued.uid)
        self._requeue(queued, strategy, now_ns)
        return True

    def move_all(
        self,
        event: ClusterEvent,
        old: KubeObject | None,
        new: KubeObject | None,
        now_ns: int,
        pre_check: Callable[[QueuedPod], bool] | None = None,
    ) -> int:
        """Take note of an event: move the unschedulable pods that it may help.

        Parameters
        ----------
        event : ClusterEvent
            The change that happened.
        old, new : dict or None
            The object before and after; None for one that was added or deleted.
        now_ns : int
            The time.
        pre_check : callable, optional
            Only pods for which it returns true are looked at.

        Returns
        -------
        int
            How many pods went to the active or backoff pool.

        Notes
        -----
        An event for which no plugin of any profile asked costs O(1). Others cost O(k log k) and a
        hint each for the k pods that a plugin which asked for it has rejected.
        """
        plugins: frozenset[str] | None = None
        if event != WILDCARD:
            plugins = self._requeueing.plugins_for(event)
            if not plugins:
                return 0
        moved = 0
        for queued in self._unschedulable.rejected_by(plugins):
            if pre_check is not None and not pre_check(queued):
                continue
            if queued.gated and not matches_any(event, self._requeueing.gating_events(queued)):
                continue
            strategy = self._requeueing.strategy(queued, event, old, new)
            if strategy is not Strategy.SKIP:
                moved += self._requeue(queued, strategy, now_ns)
        self._note_move(event, old, new)
        return moved

    @property
    def has_unschedulable(self) -> bool:
        """Whether any pod waits for events."""
        return len(self._unschedulable) > 0

    def concerns(self, event: ClusterEvent) -> bool:
        """Return whether `move_all` would look at any pod, or keep the event for one in flight."""
        if not (self._in_flight.by_uid or self._unschedulable.groups):
            return False
        plugins = self._requeueing.plugins_for(event)
        return bool(plugins) and (
            len(self._in_flight) > 0 or self._unschedulable.has_rejected_by(plugins)
        )

    def tick(self, now_ns: int) -> None:
        """Let time pass: end backoffs once a second, and waits once in 30 seconds.

        Backoffs end at whole seconds of the clock: a pod whose backoff ends within a second is
        moved at the end of that second. An unschedulable pod is moved when it has waited for more
        than five minutes.
        """
        window_ns = now_ns - now_ns % SECOND_NS
        if window_ns > self._window_ns:
            self._window_ns = window_ns
            for heap in (self._backoff, self._error_backoff):
                while (queued := heap.peek()) is not None:
                    if self._backoff_time.is_running(queued, now_ns):
                        break
                    heap.discard(queued)
                    self._push_active(queued, now_ns)
        if now_ns >= self._next_flush_ns:
            passed = (now_ns - self._start_ns) // UNSCHEDULABLE_FLUSH_INTERVAL_NS
            self._next_flush_ns = self._start_ns + (passed + 1) * UNSCHEDULABLE_FLUSH_INTERVAL_NS
            left_over = self._unschedulable.take_older_than(now_ns - UNSCHEDULABLE_TIMEOUT_NS)
            for queued in left_over:
                self._requeue(queued, Strategy.AFTER_BACKOFF, now_ns)
            if left_over:
                self._note_move(WILDCARD, None, None)

    @property
    def has_backoff(self) -> bool:
        """Whether a pod waits for its backoff to end."""
        return self._backoff.peek() is not None or self._error_backoff.peek() is not None

    def next_wakeup_ns(self) -> int | None:
        """Return the first time at which :meth:`tick` would move a pod, None if it never would."""
        times = [
            self._backoff_time.end_ns(queued) + SECOND_NS
            for heap in (self._backoff, self._error_backoff)
            if (queued := heap.peek()) is not None
        ]
        oldest = self._unschedulable.oldest()
        if oldest is not None:
            limit_ns = oldest.timestamp_ns + UNSCHEDULABLE_TIMEOUT_NS
            passed = (limit_ns - self._start_ns) // UNSCHEDULABLE_FLUSH_INTERVAL_NS
            flush_ns = self._start_ns + (passed + 1) * UNSCHEDULABLE_FLUSH_INTERVAL_NS
            times.append(max(flush_ns, self._next_flush_ns))
        return min(times, default=None)

    def _interned(self, plugins: Iterable[str]) -> frozenset[str]:
        """Return a set of plugins, the same object for the same plugins."""
        found = frozenset(plugins)
        return self._plugin_sets.setdefault(found, found)

    def _take_out(self, queued: QueuedPod) -> None:
        match queued.pool:
            case Pool.ACTIVE:
                self._active.discard(queued)
            case Pool.BACKOFF:
                self._backoff.discard(queued)
            case Pool.ERROR_BACKOFF:
                self._error_backoff.discard(queued)
            case Pool.UNSCHEDULABLE:
                self._unschedulable.discard(queued)

    def _reprioritise(self, queued: QueuedPod, priority: int) -> None:
        pool = queued.pool
        self._take_out(queued)
        queued.priority = priority
        if pool is Pool.ACTIVE:
            self._active.push(self._sort_key(queued), next(self._serials), queued)
        else:
            self._push_backoff(queued)

    def _note_move(
        self, event: ClusterEvent, old: KubeObject | None, new: KubeObject | None
    ) -> None:
        if len(self._in_flight):
            self._in_flight.record(event, old, new)

    def _requeue(self, queued: QueuedPod, strategy: Strategy, now_ns: int) -> bool:
        """Put a pod where the strategy says; return whether that is active or backoff."""
        if strategy is Strategy.SKIP:
            if queued.pool is NO_POOL:
                self._pods[queued.key] = queued
                self._unschedulable.add(queued, next(self._serials))
            return False
        if strategy is Strategy.AFTER_BACKOFF and self._backoff_time.is_running(queued, now_ns):
            return self._move_to_backoff(queued)
        return self._move_to_active(queued, now_ns)

    def _move_to_active(self, queued: QueuedPod, now_ns: int) -> bool:
        if not self._run_pre_enqueue(queued):
            self._hold_back(queued)
            return False
        self._take_out(queued)
        self._push_active(queued, now_ns)
        return True

    def _push_active(self, queued: QueuedPod, now_ns: int) -> None:
        if queued.initial_attempt_ns is None:
            queued.initial_attempt_ns = now_ns
        self._pods[queued.key] = queued
        self._active.push(self._sort_key(queued), next(self._serials), queued)

    def _move_to_backoff(self, queued: QueuedPod) -> bool:
        if not self._run_pre_enqueue(queued):
            self._hold_back(queued)
            return False
        self._take_out(queued)
        self._pods[queued.key] = queued
        self._push_backoff(queued)
        return True

    def _push_backoff(self, queued: QueuedPod) -> None:
        end_ns = self._backoff_time.end_ns(queued)
        if queued.rejectors():
            key = (end_ns, *self._sort_key(queued))
            self._backoff.push(key, next(self._serials), queued)
        else:
            self._error_backoff.push((end_ns,), next(self._serials), queued)

    def _hold_back(self, queued: QueuedPod) -> None:
        """Put a gated pod into the unschedulable pool, under the plugin that holds it back."""
        serial = queued.entry if queued.pool is Pool.UNSCHEDULABLE else next(self._serials)
        self._take_out(queued)
        self._pods[queued.key] = queued
        self._unschedulable.add(queued, serial)

    def _run_pre_enqueue(self, queued: QueuedPod) -> bool:
        """Ask whether a pod may enter; a plugin that holds it back has rejected it."""
        gate = queued.gating_plugin = self._pre_enqueue.gate_of(queued)
        if gate:
            queued.unschedulable_plugins = self._interned(queued.unschedulable_plugins | {gate})
        return not gate
