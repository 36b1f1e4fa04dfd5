"""The state of the slow twin: nodes, pods and classes as plain lists."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from _pykube_hotcore.program import (
    DEVICE_COUNT_MAX,
    DEVICE_MILLI,
    FIELD_NONZERO_CPU,
    FIELD_NONZERO_MEMORY,
    FIELD_POD_COUNT,
    FIELD_POD_SLOTS,
    FIELD_RESOURCES,
    KEY_NODE_NAME,
    EngineProfile,
    Matcher,
    NodeRow,
    PodClass,
)

START_UNKNOWN = 2**63 - 1
INT32_MAX = 2**31 - 1
SCORE_MAX = 100
"""kube-scheduler's MaxNodeScore."""


class Policy(Protocol):
    """A policy of the user's own: see ``kernels.policy.PolicyKernel``."""

    @property
    def function(self) -> Callable[..., float]:
        """The rule over a node and a pod."""

    @property
    def resources(self) -> Mapping[str, int]:
        """Column of each resource by the name that the function uses."""


@dataclass(slots=True)
class Pod:
    """A pod on a row.

    Attributes
    ----------
    devices : tuple of int
        Indices of the devices that it took.
    start_ns : int
        When it started.
    arrival : int
        Serial number.
    """

    spec: PodClass
    row: int
    devices: tuple[int, ...]
    arrival: int
    start_ns: int = START_UNKNOWN


@dataclass(slots=True)
class Row:
    """A node that is or was, and the slots of the pods on it in order of arrival."""

    node: NodeRow
    alive: bool = True
    slots: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class View:
    """One node with the pods that a filter is to see on it: upstream's NodeInfo."""

    row: int
    node: NodeRow
    pods: tuple[Pod, ...]

    def requested(self, resource: int) -> int:
        """Return what the pods take of a resource."""
        return sum(amount_of(p.spec.request, resource) for p in self.pods)

    def nonzero(self, resource: int) -> int:
        """Return what they take of cpu or memory with non-zero defaults."""
        return sum(p.spec.nonzero[resource] for p in self.pods)

    def allocatable(self, resource: int) -> int:
        """Return what the node has of a resource."""
        amounts = self.node.allocatable
        return amounts[resource] if resource < len(amounts) else 0

    def column(self, field: int) -> int:
        """Return one number of the node matrix."""
        if field == FIELD_POD_SLOTS:
            return self.node.pod_slots
        if field == FIELD_POD_COUNT:
            return len(self.pods)
        if field in (FIELD_NONZERO_CPU, FIELD_NONZERO_MEMORY):
            return self.nonzero(field - FIELD_NONZERO_CPU)
        resource, requested = divmod(field - FIELD_RESOURCES, 2)
        return self.requested(resource) if requested else self.allocatable(resource)

    def device_free(self) -> list[int]:
        """Return the free milli of each device, -1 where the node has none."""
        free = [DEVICE_MILLI if d < self.node.device_count else -1 for d in range(DEVICE_COUNT_MAX)]
        for pod in self.pods:
            for device in pod.devices:
                assert pod.spec.devices is not None
                free[device] -= pod.spec.devices[1]
        return free

    def with_pod(self, pod: Pod) -> "View":
        """Return the view with one pod more."""
        return View(self.row, self.node, (*self.pods, pod))

    def without_pod(self, pod: Pod) -> "View":
        """Return the view with one pod less."""
        return View(self.row, self.node, tuple(p for p in self.pods if p is not pod))


@dataclass(slots=True)
class Profile:
    """A profile with the policy function of the user's own, if it has one.

    Attributes
    ----------
    policy : callable or None
        ``function(node, pod)``; see ``kernels.policy.PolicyKernel``.
    policy_resources : dict
        Column of each resource by the name that the function uses.
    percentage : int
        Of nodes to score; 0 for the adaptive rule.
    """

    rules: EngineProfile
    policy: Callable[..., Any] | None = None
    policy_resources: dict[str, int] = field(default_factory=dict)
    percentage: int = 100


@dataclass(slots=True)
class Image:
    """An image: the size that its first node gave, and the rows that have it."""

    size_bytes: int
    rows: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Cluster:
    """Everything at once. Nothing in it is derived but ``images``, whose sizes have a history."""

    rows: list[Row] = field(default_factory=list)
    pods: list[Pod | None] = field(default_factory=list)
    classes: list[PodClass] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    matchers: list[Matcher] = field(default_factory=list)
    images: dict[int, Image] = field(default_factory=dict)
    external: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)
    nominated: dict[int, tuple[int, int]] = field(default_factory=dict)
    resource_count: int = 3

    def live_rows(self) -> Iterator[int]:
        """Yield the rows that hold a node."""
        return (i for i, row in enumerate(self.rows) if row.alive)

    def view(self, row: int) -> View:
        """Return a node with its pods."""
        return View(row, self.rows[row].node, tuple(self.pods_on(row)))

    def views(self) -> list[View]:
        """Return every live node with its pods."""
        return [self.view(row) for row in self.live_rows()]

    def pods_on(self, row: int) -> Iterator[Pod]:
        """Yield the pods of a row in order of arrival."""
        for slot in self.rows[row].slots:
            pod = self.pods[slot]
            assert pod is not None
            yield pod

    def add_images(self, row: int, node: NodeRow) -> None:
        """Note the images of a node that came to a row."""
        for name, size in node.images:
            self.images.setdefault(name, Image(size)).rows.add(row)

    def drop_images(self, row: int, node: NodeRow) -> None:
        """Forget the images of a node that left a row."""
        for name in {name for name, _ in node.images}:
            image = self.images[name]
            image.rows.discard(row)
            if not image.rows:
                del self.images[name]


def amount_of(amounts: Iterable[tuple[int, int]], resource: int) -> int:
    """Return the amount of one resource in (resource, amount) pairs, 0 if it is not there."""
    return next((amount for r, amount in amounts if r == resource), 0)


def label_value(node: NodeRow, key: int) -> int | None:
    """Return the value of a label, None where the node lacks it."""
    return next((label.value for label in node.labels if label.key == key), None)


def node_name(node: NodeRow) -> int:
    """Return the node's name, -1 if it has none."""
    name = label_value(node, KEY_NODE_NAME)
    return -1 if name is None else name
