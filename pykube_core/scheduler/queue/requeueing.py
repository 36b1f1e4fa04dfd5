"""Whether an event is worth a new try of a pod, as the plugins that rejected it say.

Source: kubernetes v1.34.1, pkg/scheduler/backend/queue/scheduling_queue.go
(isPodWorthRequeuing, determineSchedulingHintForInFlightPod).
"""

from collections.abc import Iterable, Mapping
from enum import Enum

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.queue.events import WILDCARD, ClusterEvent
from pykube_core.scheduler.queue.hints import QueueingHints
from pykube_core.scheduler.queue.pools import QueuedPod


class Strategy(Enum):
    """Where a pod goes after an event."""

    SKIP = 0
    AFTER_BACKOFF = 1
    IMMEDIATELY = 2


class Requeueing:
    """Asks the hints of all profiles.

    Parameters
    ----------
    hints : mapping of str to QueueingHints
        By scheduler name.
    """

    def __init__(self, hints: Mapping[str, QueueingHints]) -> None:
        self._hints = hints
        self._asking: dict[ClusterEvent, frozenset[str]] = {}

    def plugins_for(self, event: ClusterEvent) -> frozenset[str]:
        """Return the plugins of any profile that asked for an event."""
        found = self._asking.get(event)
        if found is None:
            asked = (hints.plugins_for(event) for hints in self._hints.values())
            found = self._asking[event] = frozenset[str]().union(*asked)
        return found

    def gating_events(self, queued: QueuedPod) -> list[ClusterEvent]:
        """Return the events for which the plugin asked that holds a pod back."""
        return [
            event
            for hints in self._hints.values()
            for event in hints.events_of(queued.gating_plugin)
        ]

    def strategy(
        self,
        queued: QueuedPod,
        event: ClusterEvent,
        old: KubeObject | None,
        new: KubeObject | None,
    ) -> Strategy:
        """Ask the plugins that rejected a pod whether an event may have helped it."""
        rejectors = queued.rejectors()
        if not rejectors:
            return Strategy.AFTER_BACKOFF
        if event == WILDCARD:
            if new is not None and QueuedPod.of(new).uid != queued.uid:
                return Strategy.SKIP
            return Strategy.AFTER_BACKOFF
        strategy = Strategy.SKIP
        for plugin, hint in self._hints[queued.scheduler_name].for_event(event):
            if plugin not in rejectors:
                continue
            if hint is not None and not hint(queued.pod, old, new):
                continue
            if plugin in queued.pending_plugins:
                return Strategy.IMMEDIATELY
            if not queued.pending_plugins:
                return Strategy.AFTER_BACKOFF
            strategy = Strategy.AFTER_BACKOFF
        return strategy

    def strategy_after_flight(
        self,
        queued: QueuedPod,
        events: Iterable[tuple[ClusterEvent, KubeObject | None, KubeObject | None]],
    ) -> Strategy:
        """Ask about the events since a pod was popped."""
        if not queued.rejectors():
            return Strategy.AFTER_BACKOFF
        result = Strategy.SKIP
        for event, old, new in events:
            strategy = self.strategy(queued, event, old, new)
            if strategy is Strategy.IMMEDIATELY:
                return strategy
            if strategy is Strategy.AFTER_BACKOFF:
                result = strategy
                if not queued.pending_plugins:
                    return result
        return result
