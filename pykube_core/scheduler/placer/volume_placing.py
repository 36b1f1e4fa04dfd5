"""Pods with claims in a batch: each asks the storage, is placed, and reserves what it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from _pykube_hotcore.native import Engine, Replay, play_singly
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.config import Profile
from pykube_core.scheduler.placer.volumes import ask_volumes, reserves_volumes
from pykube_core.scheduler.plugins import PLUGINS, CompileContext
from pykube_core.scheduler.tables.node_rows import NodeRows
from pykube_core.scheduler.tables.volume_cache import Assumed, VolumeCache

Placements = tuple[NDArray[np.int32], NDArray[np.int32]]


class VolumePlacing:
    """Places classes that VolumeBinding and VolumeZone have a say in, one pod at a time.

    Parameters
    ----------
    engine, node_rows, node_names
        The scheduler's.
    """

    def __init__(self, engine: Engine, node_rows: NodeRows, node_names: Sequence[str]) -> None:
        self._engine = engine
        self._node_rows = node_rows
        self._node_names = node_names
        self._pods: dict[int, tuple[KubeObject, Profile, CompileContext]] = {}
        self._assumed: dict[int, tuple[VolumeCache, Assumed]] = {}

    def register(
        self, class_index: int, pod: KubeObject, profile: Profile, context: CompileContext
    ) -> None:
        """Say which pod a class stands for: its claims are a part of the class."""
        self._pods[class_index] = pod, profile, context

    def registered(self) -> Mapping[int, KubeObject]:
        """Return the pod of each class that was registered."""
        return {class_index: pod for class_index, (pod, _, _) in self._pods.items()}

    def place(self, classes: ArrayLike) -> Placements:
        """Place pods in order, runs of pods without claims in one call."""
        place = self._engine.place
        if not self._pods:
            return place(classes)
        wanted = np.asarray(classes)
        own = np.isin(wanted, list(self._pods))
        if not own.any():
            return place(classes)
        rows = np.full(len(wanted), -1, np.int32)
        handles = np.full(len(wanted), -1, np.int32)
        begin = 0
        for at in [*np.flatnonzero(own).tolist(), len(wanted)]:
            if at > begin:
                rows[begin:at], handles[begin:at] = place(wanted[begin:at])
            if at < len(wanted):
                rows[at], handles[at] = self._place_one(int(wanted[at]))
            begin = at + 1
        return rows, handles

    def replay(self, replay: Replay, begin: int, end: int) -> tuple[int, bool]:
        """Play events as `Engine.replay`, one after another where some class has claims."""
        if self._pods:
            return play_singly(self, replay, begin, end)
        return self._engine.replay(replay, begin, end)

    def remove(self, handles: ArrayLike) -> None:
        """Take pods off their nodes, and give back what they had reserved."""
        self._engine.remove(handles)
        self._forget(handles)

    def room(self, classes: ArrayLike, rows: ArrayLike) -> NDArray[np.bool_]:
        """Return where NodeResourcesFit has room: see `Engine.room`."""
        return self._engine.room(classes, rows)

    def _place_one(self, class_index: int) -> tuple[int, int]:
        pod, profile, context = self._pods[class_index]
        for enabled in profile.plugins.pre_filter:
            plugin = PLUGINS.get(enabled.name)
            if plugin is not None and plugin.pre_filter(pod, context) is not None:
                return -1, -1
        answer = ask_volumes(pod, context.volume_cache, self._node_rows)
        self._engine.set_external(class_index, answer.binding, answer.zone)
        rows, handles = self._engine.place([class_index])
        row, handle = int(rows[0]), int(handles[0])
        if row >= 0 and reserves_volumes(profile):
            reserved = answer.reserve(context.volume_cache, row, self._node_names[row])
            self._assumed[handle] = context.volume_cache, reserved
        return row, handle

    def _forget(self, handles: ArrayLike) -> None:
        if self._assumed:
            for handle in np.asarray(handles).tolist():
                found = self._assumed.pop(handle, None)
                if found is not None:
                    volume_cache, assumed = found
                    volume_cache.forget(assumed)
