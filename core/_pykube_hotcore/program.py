"""Profiles and pod classes as integers: what C and the slow twin both take.

The layout of the words is in ``csrc/src/program.h``. Strings were interned by the caller: keys,
values and names are integers >= 0; amounts are millicores, bytes and counts (int64).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CPU, MEMORY, EPHEMERAL_STORAGE = 0, 1, 2
RESOURCE_COUNT_MAX = 60
DEVICE_COUNT_MAX = 16
DEVICE_MILLI = 1000
KEY_NODE_NAME = 0
KEY_UNSCHEDULABLE = 1
VALUE_EMPTY = 0

# Columns of the node matrix before the two of each resource.
FIELD_POD_SLOTS, FIELD_POD_COUNT, FIELD_NONZERO_CPU, FIELD_NONZERO_MEMORY = 0, 1, 2, 3
FIELD_RESOURCES = 4


def field_allocatable(resource: int) -> int:
    """Return the column of a resource's allocatable."""
    return FIELD_RESOURCES + 2 * resource


def field_requested(resource: int) -> int:
    """Return the column of a resource's requested."""
    return FIELD_RESOURCES + 2 * resource + 1


class Plugin(IntEnum):
    """Plugins, as in ``pkc_plugin``."""

    NONE = 0
    NODE_UNSCHEDULABLE = 1
    NODE_NAME = 2
    TAINT_TOLERATION = 3
    NODE_AFFINITY = 4
    NODE_PORTS = 5
    NODE_RESOURCES_FIT = 6
    VOLUME_RESTRICTIONS = 7
    NODE_VOLUME_LIMITS = 8
    VOLUME_BINDING = 9
    VOLUME_ZONE = 10
    POD_TOPOLOGY_SPREAD = 11
    INTER_POD_AFFINITY = 12
    GPU_SHARE = 13
    BALANCED_ALLOCATION = 14
    IMAGE_LOCALITY = 15
    BEST_FIT = 16
    WORST_FIT = 17
    DOT_PRODUCT = 18
    RANDOM = 19
    POLICY = 20


PLUGIN_COUNT = len(Plugin)


class Code(IntEnum):
    """Verdict on one node, as in ``pkc_code``."""

    FITS = 0
    UNSCHEDULABLE = 1
    UNRESOLVABLE = 2
    NOT_EVALUATED = 3
    NO_NODE = 4


class Tie(IntEnum):
    """Choice among nodes of the maximal score, as in ``pkc_tie``."""

    RANK = 0
    RANDOM = 1


class Strategy(IntEnum):
    """Scoring strategy of NodeResourcesFit, as in ``pkc_strategy``."""

    LEAST_ALLOCATED = 0
    MOST_ALLOCATED = 1
    REQUESTED_TO_CAPACITY_RATIO = 2


class Effect(IntEnum):
    """Effect of a taint, as in ``pkc_effect``."""

    NO_SCHEDULE = 0
    PREFER_NO_SCHEDULE = 1
    NO_EXECUTE = 2


class Operator(IntEnum):
    """Operator of a requirement, as in ``pkc_operator``."""

    IN = 0
    NOT_IN = 1
    EXISTS = 2
    DOES_NOT_EXIST = 3
    GREATER_THAN = 4
    LESS_THAN = 5
    NEVER = 6


class Requirement(NamedTuple):
    """One expression over the labels of a node; ``values`` ascend."""

    operator: Operator
    key: int
    number: int = 0
    values: tuple[int, ...] = ()


Term = tuple[Requirement, ...]
"""A conjunction; an empty one matches everything."""


class Selector(NamedTuple):
    """A required disjunction of terms; a node that fails it is refused with ``reason``."""

    reason: int
    terms: tuple[Term, ...]


class Toleration(NamedTuple):
    """A toleration; ``key`` and ``effect`` are -1 for any."""

    key: int
    exists: bool
    value: int
    effect: int


class Preferred(NamedTuple):
    """A preferred term with its weight."""

    weight: int
    term: Term


Amounts = tuple[tuple[int, int], ...]
"""(resource, amount) pairs, resources ascending."""


@dataclass(frozen=True, slots=True)
class PodClass:
    """All that the engine can tell apart in a pod's spec."""

    profile: int = 0
    request: Amounts = ()
    filter_request: Amounts | None = None
    score_request: Amounts = ()
    nonzero: tuple[int, int] = (0, 0)
    tolerations: tuple[Toleration, ...] = ()
    node_name: int = -1
    node_set: tuple[int, ...] | None = None
    selectors: tuple[Selector, ...] = ()
    preferred: tuple[Preferred, ...] = ()
    devices: tuple[int, int] | None = None

    def words(self) -> NDArray[np.int64]:
        """Return the program that C decodes."""
        out: list[int] = []
        _section(out, 32, (self.profile,))
        _section(out, 33, _flat(self.request))
        if self.filter_request is not None:
            _section(out, 34, _flat(self.filter_request))
        _section(out, 35, _flat(self.score_request))
        _section(out, 36, self.nonzero)
        _section(out, 37, _flat(self.tolerations))
        if self.node_name >= 0:
            _section(out, 38, (self.node_name,))
        if self.node_set is not None:
            _section(out, 39, self.node_set)
        for selector in self.selectors:
            terms = [w for term in selector.terms for w in _term(term)]
            _section(out, 40, (selector.reason, len(selector.terms), *terms))
        if self.preferred:
            _section(out, 41, [w for p in self.preferred for w in (p.weight, *_term(p.term))])
        if self.devices is not None:
            _section(out, 42, self.devices)
        return np.array(out, np.int64)


@dataclass(frozen=True, slots=True)
class EngineProfile:
    """Which plugins filter in which order, and which score with which weights."""

    filters: tuple[Plugin, ...]
    scorers: tuple[tuple[Plugin, int], ...] = ()
    strategy: Strategy = Strategy.LEAST_ALLOCATED
    fit_resources: tuple[tuple[int, int], ...] = ((CPU, 1), (MEMORY, 1))
    shape: tuple[tuple[int, int], ...] = ()
    balanced_resources: tuple[int, ...] = (CPU, MEMORY)
    packing_resources: tuple[int, ...] = ()

    def words(self) -> NDArray[np.int64]:
        """Return the program that C decodes."""
        out: list[int] = []
        _section(out, 1, self.filters)
        _section(out, 2, _flat(self.scorers))
        fit = (self.strategy, len(self.fit_resources), *_flat(self.fit_resources))
        _section(out, 3, (*fit, len(self.shape), *_flat(self.shape)))
        _section(out, 4, self.balanced_resources)
        _section(out, 5, self.packing_resources)
        return np.array(out, np.int64)


class Label(NamedTuple):
    """A label of a node; ``number`` is the value as an integer >= 0, or -1."""

    key: int
    value: int
    number: int = -1


class Taint(NamedTuple):
    """A taint of a node."""

    key: int
    value: int
    effect: Effect


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node as the engine takes it; ``labels`` ascend by key."""

    allocatable: tuple[int, ...]
    pod_slots: int
    rank: int = 0
    unschedulable: bool = False
    labels: tuple[Label, ...] = ()
    taints: tuple[Taint, ...] = ()
    device_count: int = 0


def _flat(rows: Iterable[Iterable[int]]) -> list[int]:
    return [int(word) for row in rows for word in row]


def _section(out: list[int], tag: int, payload: Iterable[int]) -> None:
    words = [int(word) for word in payload]
    out += (tag, len(words), *words)


def _term(term: Term) -> Iterator[int]:
    yield len(term)
    for r in term:
        yield from (r.operator, r.key, r.number, len(r.values), *r.values)
