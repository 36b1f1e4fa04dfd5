"""Which pods a replica set misses least.

Source: ``k8s.io/kubernetes/pkg/controller/controller_utils.go`` (ActivePodsWithRanks) v1.34.1 to
v1.37.2. Difference: pods that are equal in everything come in the order of their names.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from functools import cmp_to_key
from math import log2
from typing import Final, NamedTuple

import msgspec

from pykube_core.api.core.pod.deletion_cost import DELETION_COST, read_deletion_cost
from pykube_core.controllers.pods import Pod, read_time
from pykube_core.objects import ApiObject

_PHASES: Final = {"Pending": 0, "Unknown": 1, "Running": 2}


class _Metadata(msgspec.Struct, gc=False):
    annotations: dict[str, str] = {}


class _InitContainer(msgspec.Struct, gc=False):
    name: str = ""
    restartPolicy: str = ""


class _Spec(msgspec.Struct, gc=False):
    initContainers: list[_InitContainer] = []


class _ContainerStatus(msgspec.Struct, gc=False):
    name: str = ""
    restartCount: int = 0


class _Status(msgspec.Struct, gc=False):
    containerStatuses: list[_ContainerStatus] = []
    initContainerStatuses: list[_ContainerStatus] = []


class _View(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _Spec
    status: _Status = msgspec.field(default_factory=_Status)


class Candidate(NamedTuple):
    """A pod that may be deleted.

    Attributes
    ----------
    key : bytes
    pod : Pod
    class_ : tuple
        Compared first: whether it is bound, its phase, whether it is ready, its deletion
        cost, and how many related pods are on its node.
    restarts : tuple
        The most restarts of a container and of a sidecar, negative: many are missed less.
    created_ns : int
    """

    key: bytes
    pod: Pod
    class_: tuple[bool, int, bool, int, int]
    restarts: tuple[int, int]
    created_ns: int


def candidate(obj: ApiObject, pod: Pod, related: int) -> Candidate:
    """Return a pod with what is compared of it.

    Parameters
    ----------
    related : int
        How many pods of its replica set, and of those of the same deployment, are on its node.

    Raises
    ------
    msgspec.ValidationError
        Its status is not one of a pod.
    """
    view = obj.view(_View)
    cost = read_deletion_cost(view.metadata.annotations.get(DELETION_COST, "")) or 0
    sidecars = [c.name for c in view.spec.initContainers if c.restartPolicy == "Always"]
    inits = view.status.initContainerStatuses
    restarts = (
        -max((status.restartCount for status in view.status.containerStatuses), default=0),
        -max((status.restartCount for status in inits if status.name in sidecars), default=0),
    )
    class_ = bool(pod.node), _PHASES.get(pod.phase, 0), pod.ready_ns is not None, cost, -related
    return Candidate(obj.key, pod, class_, restarts, read_time(pod.created))


def least_missed(candidates: Iterable[Candidate], count: int, now_ns: int) -> list[Candidate]:
    """Return so many pods to be deleted, in order. O(n log count).

    Times count on a logarithmic scale: of pods whose ages have the same power of two, in
    nanoseconds, the uid decides, so that it is not always the youngest that goes.
    """

    def compare(a: Candidate, b: Candidate) -> int:
        if a.class_ != b.class_:
            return -1 if a.class_ < b.class_ else 1
        if a.pod.ready_ns is not None and b.pod.ready_ns is not None:
            found = _compare_times(a, b, a.pod.ready_ns, b.pod.ready_ns, now_ns)
            if found:
                return found
        if a.restarts != b.restarts:
            return -1 if a.restarts < b.restarts else 1
        found = _compare_times(a, b, a.created_ns, b.created_ns, now_ns)
        return found or (-1 if a.key < b.key else 1)

    return heapq.nsmallest(count, candidates, key=cmp_to_key(compare))


def _compare_times(a: Candidate, b: Candidate, a_ns: int, b_ns: int, now_ns: int) -> int:
    if a_ns == b_ns:
        return 0
    if not a_ns or not b_ns:
        return -1 if not a_ns else 1
    difference = _magnitude(now_ns - a_ns) - _magnitude(now_ns - b_ns)
    if difference:
        return difference
    return -1 if a.pod.uid < b.pod.uid else 1


def _magnitude(age_ns: int) -> int:
    return int(log2(age_ns)) if age_ns > 0 else -1
