"""Room that is kept on nodes for pods whose victims have still to go.

Source: kubernetes v1.34.1, pkg/scheduler/backend/queue/nominator.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pykube_core.api.machinery.objects import KubeObject, full_name
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.plugins.priority_sort import priority_of


class Nominator:
    """The pods that are nominated to nodes.

    Attributes
    ----------
    nodes : dict of str to str
        Node by pod ("namespace/name"); the node may be one that is not there.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.nodes: dict[str, str] = {}
        self._scheduler = scheduler
        # The handle is None while the node is not there.
        self._held: dict[str, tuple[KubeObject, int | None]] = {}

    def nominate(self, pod: KubeObject, node: str) -> None:
        """Keep room on a node for a pod that is about to be scheduled there."""
        self.clear(pod)
        self.nodes[full_name(pod)] = node
        handle, row = None, self._scheduler.rows.get(node)
        if row is not None:
            class_index = int(self._scheduler.compile([pod])[0])
            handle = self._scheduler.engine.nominate(class_index, row)
        self._held[full_name(pod)] = pod, handle

    def clear(self, pod: KubeObject) -> None:
        """Give the room up again; nothing happens if there is none."""
        name = full_name(pod)
        self.nodes.pop(name, None)
        _, handle = self._held.pop(name, (pod, None))
        if handle is not None:
            self._scheduler.engine.unnominate(handle)

    def clear_lower(self, node: str, priority: int) -> None:
        """Give up the room on a node of pods of a lower priority."""
        for name, (pod, _) in list(self._held.items()):
            if self.nodes[name] == node and priority_of(pod) < priority:
                self.clear(pod)

    @contextmanager
    def without(self, pod: KubeObject) -> Iterator[None]:
        """Let a pod's own nomination not stand in its way while it is looked at."""
        node = self.nodes.get(full_name(pod))
        self.clear(pod)
        try:
            yield
        finally:
            if node is not None:
                self.nominate(pod, node)

    def lose_node(self, name: str) -> None:
        """Keep no room on a node that is about to be removed; its pods stay nominated to it."""
        for pod, (obj, handle) in self._held.items():
            if handle is not None and self.nodes[pod] == name:
                self._scheduler.engine.unnominate(handle)
                self._held[pod] = obj, None

    def find_nodes(self) -> None:
        """Keep room for pods that are nominated to nodes which have been added since."""
        for pod, (obj, handle) in list(self._held.items()):
            if handle is None and self.nodes[pod] in self._scheduler.rows:
                self.nominate(obj, self.nodes[pod])
