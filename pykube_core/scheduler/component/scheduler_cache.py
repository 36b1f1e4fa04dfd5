"""Nodes and the pods on them as the log tells of them, kept in the engine.

Changes of one kind that follow each other go to the engine in one call. A pod whose node is not
there is remembered, and takes its place when the node comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.objects import ApiObject
from pykube_core.scheduler.cycle.cycle import SchedulingCycle
from pykube_core.scheduler.placer.scheduler import Scheduler

_NONE: Final = -1


class AssignedPod(msgspec.Struct, gc=False):
    """A pod that has a node.

    Attributes
    ----------
    name, uid, node : str
        The name is "namespace/name".
    class_index : int
        -1 if it cannot be read; it takes nothing then.
    object : ApiObject
        Its newest state that is known here; it may be newer than the log's.
    is_sized : bool
        Its status may say what it takes of its node (see `signatures.is_sized`).
    handle : int
        In the engine; -1 while it is not there.
    """

    name: str
    uid: str
    node: str
    class_index: int
    object: ApiObject
    is_sized: bool
    handle: int = _NONE


class SchedulerCache:
    """The nodes with their pods, assumed ones among them.

    Parameters
    ----------
    scheduler, cycle
        Keep them.

    Attributes
    ----------
    version : int
        Rises with every change.
    """

    def __init__(self, scheduler: Scheduler, cycle: SchedulingCycle) -> None:
        self._scheduler = scheduler
        self._cycle = cycle
        self._pods = cycle.pods
        self._by_handle: dict[int, AssignedPod] = {}
        self._waiting_for_node: dict[str, dict[str, AssignedPod]] = {}
        self._nodes: list[KubeObject] = []
        self._changing: list[KubeObject] = []
        self._coming: list[AssignedPod] = []
        self._going: list[AssignedPod] = []
        self.version = 0

    def at(self, handle: int) -> AssignedPod:
        """Return the pod of a handle."""
        return self._by_handle[handle]

    def settle(self) -> None:
        """Tell the engine what it was not told yet."""
        if self._nodes:
            self._add_nodes()
        if self._changing:
            self._update_nodes()
        if self._coming:
            self._add_pods()
        if self._going:
            self._remove_pods()

    def _begin(self, kind: list[KubeObject] | list[AssignedPod]) -> None:
        """Make sure that changes of other kinds that came before are made before."""
        kinds = (self._nodes, self._changing, self._coming, self._going)
        if any(each and each is not kind for each in kinds):
            self.settle()
        self.version += 1

    def add_node(self, node: KubeObject) -> None:
        """Add a node."""
        self._begin(self._nodes)
        self._nodes.append(node)

    def update_node(self, node: KubeObject) -> None:
        """Replace what a node says."""
        self._begin(self._changing)
        self._changing.append(node)

    def remove_node(self, name: str) -> None:
        """Remove a node; its pods wait for another of its name."""
        self.settle()
        self.version += 1
        for handle in self._cycle.remove_node(name):
            pod = self._by_handle.pop(handle)
            pod.handle = _NONE
            self._waiting_for_node.setdefault(name, {})[pod.name] = pod

    def add_pod(self, pod: AssignedPod) -> None:
        """Put a pod on its node."""
        if pod.class_index < 0:
            return
        if pod.node not in self._scheduler.rows and not self._nodes:
            self._waiting_for_node.setdefault(pod.node, {})[pod.name] = pod
            return
        self._begin(self._coming)
        self._coming.append(pod)

    def adopt(self, pods: Sequence[AssignedPod], rows: Sequence[int]) -> None:
        """Take note of pods that the engine has put on rows."""
        handles = [pod.handle for pod in pods]
        self._by_handle.update(zip(handles, pods, strict=True))
        names, objects = [pod.name for pod in pods], [pod.object for pod in pods]
        self._pods.add_all(handles, rows, names, objects)

    def update_pod(self, pod: AssignedPod, new: ApiObject) -> None:
        """Take note of a new state of a pod that takes what it took before."""
        pod.object = new
        if pod.handle >= 0:
            self._pods.replace(pod.handle, new)

    def remove_pod(self, pod: AssignedPod) -> None:
        """Take a pod off its node."""
        self._begin(self._going)
        self._going.append(pod)

    def _add_nodes(self) -> None:
        nodes, self._nodes = self._nodes, []
        self._cycle.add_nodes(nodes)
        for node in nodes:
            for pod in self._waiting_for_node.pop(name_of(node), {}).values():
                self._coming.append(pod)

    def _update_nodes(self) -> None:
        nodes, self._changing = self._changing, []
        newest = {name_of(node): node for node in nodes}
        for node in self._scheduler.update_nodes(list(newest.values())):
            # Its devices are counted anew: it comes back with its pods.
            self.remove_node(name_of(node))
            self.add_node(node)
        if self._nodes:
            self._add_nodes()

    def _add_pods(self) -> None:
        pods, self._coming = self._coming, []
        here = [pod for pod in pods if pod.node in self._scheduler.rows]
        for pod in pods:
            if pod.node not in self._scheduler.rows:
                self._waiting_for_node.setdefault(pod.node, {})[pod.name] = pod
        classes = np.array([pod.class_index for pod in here], np.int32)
        given = [(pod.node, pod.name, pod.object) for pod in here]
        for pod, handle in zip(here, self._cycle.add_assigned(classes, given), strict=True):
            pod.handle = handle
            self._by_handle[handle] = pod

    def _remove_pods(self) -> None:
        pods, self._going = self._going, []
        handles = []
        for pod in pods:
            if pod.handle >= 0:
                handles.append(pod.handle)
                del self._by_handle[pod.handle]
                pod.handle = _NONE
            else:
                self._waiting_for_node.get(pod.node, {}).pop(pod.name, None)
        if handles:
            self._cycle.remove(handles)
