"""The pods that are on nodes, by the slot that the engine gave them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from pykube_core.api.errors import InputError
from pykube_core.api.objects import KubeObject, full_name, name_of, namespace_of

NOT_STARTED: Final = 2**63 - 1

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def start_time_ns(pod: KubeObject) -> int:
    """Return ``status.startTime`` in nanoseconds; `NOT_STARTED`, later than all, if there is none.

    Raises
    ------
    InputError
        It is no RFC 3339 time.
    """
    text = (pod.get("status") or {}).get("startTime")
    if not text:
        return NOT_STARTED
    try:
        moment = datetime.fromisoformat(text)
        return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{text!r} is no RFC 3339 time",
            object=f"Pod {full_name(pod)}",
            field="status.startTime",
        ) from error


class PodTable:
    """Pods by slot, by node and by name."""

    def __init__(self) -> None:
        self._pods: dict[int, KubeObject] = {}
        self._rows: dict[int, int] = {}
        self._slots_on: dict[int, set[int]] = {}
        self._slots: dict[tuple[str, str], int] = {}

    def __len__(self) -> int:
        """Return how many pods are on nodes."""
        return len(self._pods)

    def add(self, slot: int, row: int, pod: KubeObject) -> None:
        """Take note of a pod that came to a node."""
        self._pods[slot] = pod
        self._rows[slot] = row
        self._slots_on.setdefault(row, set()).add(slot)
        self._slots[namespace_of(pod), name_of(pod)] = slot

    def remove(self, slot: int) -> KubeObject:
        """Forget a pod and return it."""
        pod = self._pods.pop(slot)
        self._slots_on[self._rows.pop(slot)].discard(slot)
        self._slots.pop((namespace_of(pod), name_of(pod)), None)
        return pod

    def pod(self, slot: int) -> KubeObject:
        """Return the pod of a slot."""
        return self._pods[slot]

    def start_ns(self, slot: int) -> int:
        """Return when a slot's pod started; see `start_time_ns`."""
        return start_time_ns(self._pods[slot])

    def slots_on(self, row: int) -> Iterable[int]:
        """Return the slots of a row's pods."""
        return self._slots_on.get(row, ())

    def slot_of(self, namespace: str, name: str) -> int | None:
        """Return the slot of a pod by name, None if it is on no node."""
        return self._slots.get((namespace, name))
