"""The pods that are on nodes, by the slot that the engine gave them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol, TypeAlias, TypeVar

import msgspec

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject, full_name
from pykube_core.api.machinery.times import parse_time

NOT_STARTED: Final = 2**63 - 1


def start_time_ns(pod: KubeObject) -> int:
    """Return ``status.startTime`` in nanoseconds; `NOT_STARTED`, later than all, if there is none.

    Raises
    ------
    InputError
        It is no RFC 3339 time.
    """
    return _time_ns((pod.get("status") or {}).get("startTime"), full_name(pod))


def _time_ns(text: str | None, name: str) -> int:
    if not text:
        return NOT_STARTED
    try:
        return parse_time(text)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{text!r} is no RFC 3339 time", object=f"Pod {name}", field="status.startTime"
        ) from error


class _Status(msgspec.Struct, gc=False):
    startTime: str | None = None


class _Started(msgspec.Struct, gc=False):
    status: _Status = msgspec.field(default_factory=_Status)


_T = TypeVar("_T")


class EncodedPod(Protocol):
    """A Pod that is decoded when somebody reads it, such as ``ApiObject``."""

    def decode(self) -> KubeObject:
        """Return the Pod."""
        ...

    def view(self, type: type[_T]) -> _T:
        """Return what a msgspec structure names of it."""
        ...


PodSource: TypeAlias = KubeObject | EncodedPod


class PodTable:
    """Pods by slot, by node and by name ("namespace/name")."""

    def __init__(self) -> None:
        self._pods: dict[int, PodSource] = {}
        self._rows: dict[int, int] = {}
        self._names: dict[int, str] = {}
        self._slots_on: dict[int, set[int]] = {}
        self._slots: dict[str, int] = {}
        self._fresh: dict[int, None] = {}

    def __len__(self) -> int:
        """Return how many pods are on nodes."""
        return len(self._pods)

    def __contains__(self, slot: int) -> bool:
        """Return whether a pod is there."""
        return slot in self._pods

    def add(self, slot: int, row: int, name: str, pod: PodSource) -> None:
        """Take note of a pod that came to a node."""
        self._pods[slot] = pod
        self._rows[slot] = row
        self._names[slot] = name
        self._slots[name] = slot
        self._fresh[slot] = None
        self._slots_on.setdefault(row, set()).add(slot)

    def add_all(
        self,
        slots: Sequence[int],
        rows: Sequence[int],
        names: Sequence[str],
        pods: Sequence[PodSource],
    ) -> None:
        """Take note of pods that came to nodes; the arguments are columns of one length."""
        self._pods.update(zip(slots, pods, strict=True))
        self._rows.update(zip(slots, rows, strict=True))
        self._names.update(zip(slots, names, strict=True))
        self._slots.update(zip(names, slots, strict=True))
        self._fresh.update(dict.fromkeys(slots))
        slots_on = self._slots_on
        for slot, row in zip(slots, rows, strict=True):
            on_row = slots_on.get(row)
            if on_row is None:
                slots_on[row] = {slot}
            else:
                on_row.add(slot)

    def replace(self, slot: int, pod: PodSource) -> None:
        """Take note of a pod that was changed; it stays where it is."""
        self._pods[slot] = pod
        self._fresh[slot] = None

    def remove(self, slot: int) -> None:
        """Forget a pod."""
        del self._pods[slot]
        self._slots_on[self._rows.pop(slot)].discard(slot)
        del self._slots[self._names.pop(slot)]
        self._fresh.pop(slot, None)

    def take_fresh(self) -> tuple[list[int], list[int]]:
        """Return the slots that were added or changed since the last call, and their starts."""
        slots = list(self._fresh)
        self._fresh.clear()
        return slots, [self.start_ns(slot) for slot in slots]

    def pod(self, slot: int) -> KubeObject:
        """Return the pod of a slot."""
        pod = self._pods[slot]
        if not isinstance(pod, dict):
            pod = self._pods[slot] = pod.decode()
        return pod

    def name(self, slot: int) -> str:
        """Return the name of a slot's pod."""
        return self._names[slot]

    def start_ns(self, slot: int) -> int:
        """Return when a slot's pod started; see `start_time_ns`."""
        pod = self._pods[slot]
        if isinstance(pod, dict):
            return start_time_ns(pod)
        return _time_ns(pod.view(_Started).status.startTime, self._names[slot])

    def slots_on(self, row: int) -> Iterable[int]:
        """Return the slots of a row's pods."""
        return self._slots_on.get(row, ())

    def slot_of(self, namespace: str, name: str) -> int | None:
        """Return the slot of a pod by name, None if it is on no node."""
        return self._slots.get(f"{namespace}/{name}")
