"""Pods on rows: their slots, what they take, and what a row can still sum."""

from _pykube_hotcore.slow.filters import choose_devices
from _pykube_hotcore.slow.state import Cluster, Pod

INT64_MAX = 2**63 - 1


class Pods:
    """The slots of a cluster's pods: the slot that was freed last is used first."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._arrivals = 0
        self.free: list[int] = []

    def hold(self, slot: int) -> bool:
        """Say whether a pod has this slot."""
        pods = self._cluster.pods
        return 0 <= slot < len(pods) and pods[slot] is not None

    def sums_hold(self, class_index: int, row: int) -> bool:
        """Say whether every sum stays within int64 with one pod more."""
        spec, view = self._cluster.classes[class_index], self._cluster.view(row)
        sums = [view.requested(r) + amount for r, amount in spec.request]
        sums += [view.nonzero(r) + spec.nonzero[r] for r in range(2)]
        return max(sums) <= INT64_MAX

    def add(self, class_index: int, row: int) -> int:
        """Put a pod of a class on a row; return its slot."""
        spec, pods = self._cluster.classes[class_index], self._cluster.pods
        devices = choose_devices(spec, self._cluster.view(row))
        pod = Pod(spec, row, devices, self._arrivals)
        self._arrivals += 1
        if self.free:
            slot = self.free.pop()
            pods[slot] = pod
        else:
            slot = len(pods)
            pods.append(pod)
        self._cluster.rows[row].slots.append(slot)
        return slot

    def drop(self, slot: int) -> None:
        """Take a pod off its row."""
        pod = self._cluster.pods[slot]
        assert pod is not None
        self._cluster.rows[pod.row].slots.remove(slot)
        self._cluster.pods[slot] = None
        self.free.append(slot)
