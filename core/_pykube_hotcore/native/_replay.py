"""Pods that come and go in a given order, as C takes them."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore._ffi import ffi
from _pykube_hotcore.native._buffers import in_buffer, indices, out_buffer


class Replay:
    """Events of pods and what came of them; see `Engine.replay`.

    Parameters
    ----------
    when_ns : (events,) int64
        When something happens, ascending.
    pods : (events,) int
        To which pod.
    leaves : (events,) bool
        It leaves, else it comes.
    classes : (n,) int
        Class of each pod.

    Attributes
    ----------
    rows, slots : (n,) int32
        Where each pod is, or was last; -1 until it comes to a row. A slot has no meaning once the
        pod has left.
    waiting : (k,) int32
        Classes of pods that wait for room.
    waits_anywhere : bool
        Some of them may find room on another row than that which a pod leaves.
    """

    def __init__(
        self,
        when_ns: NDArray[np.int64],
        pods: NDArray[Any],
        leaves: NDArray[np.bool_],
        classes: NDArray[Any],
    ) -> None:
        self.when_ns = np.ascontiguousarray(when_ns, np.int64)
        self.pods, self.classes = indices(pods), indices(classes)
        self.leaves = np.ascontiguousarray(leaves, np.bool_)
        if not len(self.when_ns) == len(self.pods) == len(self.leaves):
            raise ValueError("when_ns, pods and leaves differ in length")
        self.rows = np.full(len(self.classes), -1, np.int32)
        self.slots = np.full(len(self.classes), -1, np.int32)
        self.waiting = np.zeros(0, np.int32)
        self.waits_anywhere = False
        self._pointers: dict[str, Any] = {
            "when_ns": in_buffer(self.when_ns, "int64_t[]"),
            "pods": in_buffer(self.pods, "int32_t[]"),
            "leaves": in_buffer(self.leaves.view(np.uint8), "uint8_t[]"),
            "classes": in_buffer(self.classes, "int32_t[]"),
            "rows": out_buffer(self.rows, "int32_t[]"),
            "slots": out_buffer(self.slots, "int32_t[]"),
            "waiting": in_buffer(self.waiting, "int32_t[]"),
        }
        self.pointer: Any = ffi.new("pkc_replay *", self._pointers)
        self.pointer.pod_count = len(self.classes)

    def wait(self, classes: NDArray[Any], anywhere: bool) -> None:
        """Say who waits from now on."""
        self.waiting, self.waits_anywhere = indices(classes), anywhere
        self._pointers["waiting"] = in_buffer(self.waiting, "int32_t[]")
        self.pointer.waiting = self._pointers["waiting"]
        self.pointer.waiting_count = len(self.waiting)
        self.pointer.waits_anywhere = anywhere


class ReplayEngine(Protocol):
    """The calls that a replay makes to an engine."""

    def place(self, classes: Any) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Place pods."""

    def remove(self, pods: Any) -> None:
        """Remove pods."""

    def room(self, classes: Any, rows: Any) -> NDArray[np.bool_]:
        """Say which classes have room."""


def play_singly(engine: ReplayEngine, replay: Replay, begin: int, end: int) -> tuple[int, bool]:
    """Play events as ``Engine.replay`` does, with one call of an engine for each."""
    at = begin
    while at < end:
        pod = replay.pods[at]
        if not replay.leaves[at]:
            at += 1
            rows, slots = engine.place([replay.classes[pod]])
            replay.rows[pod], replay.slots[pod] = rows[0], slots[0]
            if rows[0] < 0:
                return at, True
            continue
        now, left, look = replay.when_ns[at], [], False
        while at < end and replay.leaves[at] and replay.when_ns[at] == now:
            pod = replay.pods[at]
            if replay.slots[pod] < 0:
                look = True
            else:
                engine.remove([replay.slots[pod]])
                left.append(replay.rows[pod])
            at += 1
        if look or (left and (replay.waits_anywhere or engine.room(replay.waiting, left).any())):
            return at, True
    return at, False
