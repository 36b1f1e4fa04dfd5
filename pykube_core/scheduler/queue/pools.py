"""The pools of the scheduling queue, and the pods in them.

Source: kubernetes v1.34.1, pkg/scheduler/backend/queue (active_queue.go, backoff_queue.go,
unschedulable_pods.go) and pkg/scheduler/framework/types.go (QueuedPodInfo).
"""

import heapq
from collections import OrderedDict, deque
from collections.abc import Collection, Iterator
from enum import Enum
from typing import Any, Final

import msgspec

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.config import DEFAULT_SCHEDULER_NAME
from pykube_core.scheduler.queue.events import ClusterEvent
from pykube_core.scheduler.tables.pod_table import PodSource

# Shared, since most of a large number of pods were rejected by none.
NO_PLUGINS: Final[frozenset[str]] = frozenset()


class Pool(Enum):
    """Where a pod is."""

    NONE = "none"
    ACTIVE = "active"
    BACKOFF = "backoff"
    ERROR_BACKOFF = "error backoff"
    UNSCHEDULABLE = "unschedulable"
    IN_FLIGHT = "in flight"


# Looking up a member of an Enum takes longer than what most of these methods do beside it.
NO_POOL: Final = Pool.NONE
_IN_FLIGHT: Final = Pool.IN_FLIGHT


class QueuedPod(msgspec.Struct, eq=False, gc=False):
    """A pod on its way through the queue. Make one with :meth:`of`, or from a key alone.

    Attributes
    ----------
    key : str
        "namespace/name"; unique in the queue.
    priority : int
        ``spec.priority``.
    source : dict or encoded Pod
        The Pod, decoded when somebody reads `pod`; empty where neither hints nor PreEnqueue plugins
        need one.
    uid : str
        Tells a pod from a later one of the same name; by default the key.
    scheduler_name : str
        The profile.
    timestamp_ns : int
        When it was added, or last came back unschedulable.
    attempts : int
        How often it was popped.
    unschedulable_count, consecutive_errors : int
        Attempts that found it unschedulable; errors since the last of these.
    initial_attempt_ns : int or None
        When it first entered the active pool.
    unschedulable_plugins, pending_plugins : frozenset of str
        Plugins that rejected it at the last attempt, and those that asked to wait.
    gating_plugin : str
        The PreEnqueue plugin that holds it back, "" if none does.
    pool : Pool
        Where it is.
    entry, first_event, backoff_end_ns
        The queue's: the serial number of its place, that of the first event of its flight, and the
        end of its backoff once computed.
    """

    key: str
    priority: int = 0
    source: PodSource = {}
    uid: str = ""
    scheduler_name: str = DEFAULT_SCHEDULER_NAME
    timestamp_ns: int = 0
    attempts: int = 0
    unschedulable_count: int = 0
    consecutive_errors: int = 0
    initial_attempt_ns: int | None = None
    unschedulable_plugins: frozenset[str] = NO_PLUGINS
    pending_plugins: frozenset[str] = NO_PLUGINS
    gating_plugin: str = ""
    backoff_end_ns: int | None = None
    pool: Pool = NO_POOL
    entry: int = 0
    first_event: int = 0

    def __post_init__(self) -> None:
        if not self.uid:
            self.uid = self.key

    @classmethod
    def of(cls, pod: KubeObject) -> "QueuedPod":
        """Make a queued pod of a Pod."""
        metadata, spec = pod.get("metadata") or {}, pod.get("spec") or {}
        return cls(
            key=f"{metadata.get('namespace') or 'default'}/{metadata.get('name') or ''}",
            priority=spec.get("priority") or 0,
            source=pod,
            uid=metadata.get("uid") or "",
            scheduler_name=spec.get("schedulerName") or DEFAULT_SCHEDULER_NAME,
        )

    @property
    def pod(self) -> KubeObject:
        """The Pod."""
        if not isinstance(self.source, dict):
            self.source = self.source.decode()
        return self.source

    @property
    def has_gates(self) -> bool:
        """Whether the Pod has scheduling gates."""
        return bool((self.pod.get("spec") or {}).get("schedulingGates"))

    @property
    def gated(self) -> bool:
        """Whether a PreEnqueue plugin holds the pod back."""
        return self.gating_plugin != ""

    def rejectors(self) -> frozenset[str]:
        """Return the plugins that keep the pod from being scheduled, as far as known."""
        if not self.pending_plugins:
            return self.unschedulable_plugins
        return self.unschedulable_plugins | self.pending_plugins


class PodHeap:
    """A heap of pods by a key that is taken when a pod is pushed.

    A pod that leaves by another way than the top leaves a stale entry behind, told by its serial
    number; when more than half are stale the heap is built anew. Push, pop and discard are
    O(log n), amortised.
    """

    __slots__ = ("_entries", "_pool", "count")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        # Key, serial number, pod.
        self._entries: list[tuple[Any, ...]] = []
        self.count = 0

    def push(self, key: tuple[Any, ...], serial: int, queued: QueuedPod) -> None:
        """Put a pod in; the serial number settles equal keys."""
        queued.pool = self._pool
        queued.entry = serial
        heapq.heappush(self._entries, (*key, serial, queued))
        self.count += 1

    def discard(self, queued: QueuedPod) -> None:
        """Take out a pod, wherever it stands."""
        queued.pool = NO_POOL
        self.count -= 1
        if len(self._entries) > 2 * self.count + 64:
            self._entries = [entry for entry in self._entries if self._is_live(entry)]
            heapq.heapify(self._entries)

    def _is_live(self, entry: tuple[Any, ...]) -> bool:
        queued: QueuedPod = entry[-1]
        return queued.pool is self._pool and queued.entry == entry[-2]

    def peek(self) -> QueuedPod | None:
        """Return the first pod, None if there is none."""
        entries = self._entries
        while entries and not self._is_live(entries[0]):
            heapq.heappop(entries)
        return entries[0][-1] if entries else None

    def pop(self) -> QueuedPod | None:
        """Take out the first pod, None if there is none."""
        queued = self.peek()
        if queued is not None:
            heapq.heappop(self._entries)
            queued.pool = NO_POOL
            self.count -= 1
        return queued

    def take_all(self) -> list[QueuedPod]:
        """Take out all pods in the order in which they would be popped. O(n log n)."""
        taken = self.sorted()
        for queued in taken:
            queued.pool = NO_POOL
        self._entries.clear()
        self.count = 0
        return taken

    def sorted(self) -> list[QueuedPod]:
        """Return all pods in the order in which they would be popped. O(n log n)."""
        entries = self._entries
        if len(entries) > self.count:
            entries = [entry for entry in entries if self._is_live(entry)]
        return [entry[-1] for entry in sorted(entries)]


class UnschedulablePool:
    """Pods that wait for an event, grouped by the plugins that rejected them.

    An event concerns only the groups of which a plugin asked for it, so that the others are not
    even looked at. Pods that are not gated are in a heap by timestamp, too, for the timeout.

    Attributes
    ----------
    groups : dict
        The pods by key, by the plugins that rejected them; no group is empty.
    """

    __slots__ = ("_places", "_timeouts", "groups")

    def __init__(self) -> None:
        self.groups: dict[frozenset[str], dict[str, QueuedPod]] = {}
        # By key: the group, and whether the pod is in the heap.
        self._places: dict[str, tuple[frozenset[str], bool]] = {}
        self._timeouts = PodHeap(Pool.UNSCHEDULABLE)

    def __len__(self) -> int:
        return len(self._places)

    def add(self, queued: QueuedPod, serial: int) -> None:
        """Put a pod in; the serial number gives its turn."""
        group = queued.rejectors()
        self.groups.setdefault(group, {})[queued.key] = queued
        self._places[queued.key] = (group, not queued.gated)
        if queued.gated:
            queued.pool = Pool.UNSCHEDULABLE
            queued.entry = serial
        else:
            self._timeouts.push((queued.timestamp_ns,), serial, queued)

    def discard(self, queued: QueuedPod) -> None:
        """Take a pod out."""
        group, times_out = self._places.pop(queued.key)
        members = self.groups[group]
        del members[queued.key]
        if not members:
            del self.groups[group]
        if times_out:
            self._timeouts.discard(queued)
        queued.pool = NO_POOL

    def rejected_by(self, plugins: Collection[str] | None) -> list[QueuedPod]:
        """Return the pods that any of the plugins rejected; None for all pods.

        They come in the order of their turns. O(k log k) for k pods, whatever else waits.
        """
        found = [
            queued
            for group, members in self.groups.items()
            if plugins is None or not group or not group.isdisjoint(plugins)
            for queued in members.values()
        ]
        found.sort(key=_turn)
        return found

    def has_rejected_by(self, plugins: Collection[str]) -> bool:
        """Return whether `rejected_by` would return any pod."""
        return any(not group or not group.isdisjoint(plugins) for group in self.groups)

    def oldest(self) -> QueuedPod | None:
        """Return the pod that has waited longest of those that are not gated."""
        return self._timeouts.peek()

    def take_older_than(self, time_ns: int) -> list[QueuedPod]:
        """Take out the pods that are not gated and came before the time."""
        taken = []
        while (queued := self.oldest()) is not None and queued.timestamp_ns < time_ns:
            self.discard(queued)
            taken.append(queued)
        return taken


def _turn(queued: QueuedPod) -> int:
    return queued.entry


class InFlightPods:
    """Pods that are being tried, and the events since the oldest of them was popped.

    Each pod knows the number of the first event after its pop. Events before that of the oldest
    pod are dropped.

    Attributes
    ----------
    by_uid : dict
        The pods.
    """

    __slots__ = ("_events", "_first", "by_uid")

    def __init__(self) -> None:
        self.by_uid: OrderedDict[str, QueuedPod] = OrderedDict()
        self._events: deque[tuple[ClusterEvent, KubeObject | None, KubeObject | None]] = deque()
        self._first = 0

    def __len__(self) -> int:
        return len(self.by_uid)

    def get(self, uid: str) -> QueuedPod | None:
        """Return the pod of the uid if it is in flight."""
        return self.by_uid.get(uid)

    def pods(self) -> list[QueuedPod]:
        """Return the pods, the oldest first."""
        return list(self.by_uid.values())

    def start(self, *pods: QueuedPod) -> list[QueuedPod]:
        """Note that pods are being tried from now on; return those whose uid was not in flight."""
        started = []
        put, next_event = self.by_uid.setdefault, self._first + len(self._events)
        for queued in pods:
            if put(queued.uid, queued) is queued:
                queued.pool = _IN_FLIGHT
                queued.first_event = next_event
                started.append(queued)
        return started

    def record(self, event: ClusterEvent, old: KubeObject | None, new: KubeObject | None) -> None:
        """Keep an event for the pods that are being tried."""
        self._events.append((event, old, new))

    def events_of(
        self, queued: QueuedPod
    ) -> Iterator[tuple[ClusterEvent, KubeObject | None, KubeObject | None]]:
        """Return the events since the pod was popped, in their order."""
        start = queued.first_event - self._first
        for position in range(start, len(self._events)):
            yield self._events[position]

    def finish(self, *uids: str) -> None:
        """Forget pods, and the events that no other pod needs."""
        pop = self.by_uid.pop
        for uid in uids:
            found = pop(uid, None)
            if found is not None and found.pool is _IN_FLIGHT:
                found.pool = NO_POOL
        if not self._events:
            return
        end = self._first + len(self._events)
        oldest = next(iter(self.by_uid.values())).first_event if self.by_uid else end
        while self._first < oldest:
            self._events.popleft()
            self._first += 1
