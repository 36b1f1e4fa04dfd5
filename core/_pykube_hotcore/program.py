"""Profiles and pod classes as integers: what C and the slow twin both take.

The layout of the words is in ``csrc/include/pkc_program_api.h``. Strings were interned by the
caller: keys, values and names are integers >= 0; amounts are millicores, bytes and counts (int64).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore.constants import C

CPU = C.PKC_RESOURCE_CPU
MEMORY = C.PKC_RESOURCE_MEMORY
EPHEMERAL_STORAGE = C.PKC_RESOURCE_EPHEMERAL_STORAGE
RESOURCE_COUNT_MAX = C.PKC_RESOURCE_COUNT_MAX
DEVICE_COUNT_MAX = C.PKC_DEVICE_COUNT_MAX
DEVICE_MILLI = C.PKC_DEVICE_MILLI
KEY_NODE_NAME = C.PKC_KEY_NODE_NAME
KEY_UNSCHEDULABLE = C.PKC_KEY_UNSCHEDULABLE
VALUE_EMPTY = C.PKC_VALUE_EMPTY
VALUE_ANY_IP = C.PKC_VALUE_ANY_IP  # 0.0.0.0

# Columns of the node matrix before the two of each resource.
FIELD_POD_SLOTS = C.PKC_FIELD_POD_SLOTS
FIELD_POD_COUNT = C.PKC_FIELD_POD_COUNT
FIELD_NONZERO_CPU = C.PKC_FIELD_NONZERO_CPU
FIELD_NONZERO_MEMORY = C.PKC_FIELD_NONZERO_MEMORY
FIELD_RESOURCES = C.PKC_FIELD_RESOURCES


def field_allocatable(resource: int) -> int:
    """Return the column of a resource's allocatable."""
    return FIELD_RESOURCES + 2 * resource


def field_requested(resource: int) -> int:
    """Return the column of a resource's requested."""
    return FIELD_RESOURCES + 2 * resource + 1


class Plugin(IntEnum):
    """Plugins, as in ``pkc_plugin``."""

    NONE = C.PKC_PLUGIN_NONE
    NODE_UNSCHEDULABLE = C.PKC_PLUGIN_NODE_UNSCHEDULABLE
    NODE_NAME = C.PKC_PLUGIN_NODE_NAME
    TAINT_TOLERATION = C.PKC_PLUGIN_TAINT_TOLERATION
    NODE_AFFINITY = C.PKC_PLUGIN_NODE_AFFINITY
    NODE_PORTS = C.PKC_PLUGIN_NODE_PORTS
    NODE_RESOURCES_FIT = C.PKC_PLUGIN_NODE_RESOURCES_FIT
    VOLUME_RESTRICTIONS = C.PKC_PLUGIN_VOLUME_RESTRICTIONS
    NODE_VOLUME_LIMITS = C.PKC_PLUGIN_NODE_VOLUME_LIMITS
    VOLUME_BINDING = C.PKC_PLUGIN_VOLUME_BINDING
    VOLUME_ZONE = C.PKC_PLUGIN_VOLUME_ZONE
    POD_TOPOLOGY_SPREAD = C.PKC_PLUGIN_POD_TOPOLOGY_SPREAD
    INTER_POD_AFFINITY = C.PKC_PLUGIN_INTER_POD_AFFINITY
    GPU_SHARE = C.PKC_PLUGIN_GPU_SHARE
    BALANCED_ALLOCATION = C.PKC_PLUGIN_BALANCED_ALLOCATION
    IMAGE_LOCALITY = C.PKC_PLUGIN_IMAGE_LOCALITY
    BEST_FIT = C.PKC_PLUGIN_BEST_FIT
    WORST_FIT = C.PKC_PLUGIN_WORST_FIT
    DOT_PRODUCT = C.PKC_PLUGIN_DOT_PRODUCT
    RANDOM = C.PKC_PLUGIN_RANDOM
    POLICY = C.PKC_PLUGIN_POLICY


PLUGIN_COUNT = C.PKC_PLUGIN_COUNT


class Code(IntEnum):
    """Verdict on one node, as in ``pkc_code``."""

    FITS = C.PKC_CODE_FITS
    UNSCHEDULABLE = C.PKC_CODE_UNSCHEDULABLE
    UNRESOLVABLE = C.PKC_CODE_UNRESOLVABLE
    NOT_EVALUATED = C.PKC_CODE_NOT_EVALUATED
    NO_NODE = C.PKC_CODE_NO_NODE


class Tie(IntEnum):
    """Choice among nodes of the maximal score, as in ``pkc_tie``."""

    RANK = C.PKC_TIE_RANK
    RANDOM = C.PKC_TIE_RANDOM


class Strategy(IntEnum):
    """Scoring strategy of NodeResourcesFit, as in ``pkc_strategy``."""

    LEAST_ALLOCATED = C.PKC_STRATEGY_LEAST_ALLOCATED
    MOST_ALLOCATED = C.PKC_STRATEGY_MOST_ALLOCATED
    REQUESTED_TO_CAPACITY_RATIO = C.PKC_STRATEGY_REQUESTED_TO_CAPACITY_RATIO


class Effect(IntEnum):
    """Effect of a taint, as in ``pkc_effect``."""

    NO_SCHEDULE = C.PKC_EFFECT_NO_SCHEDULE
    PREFER_NO_SCHEDULE = C.PKC_EFFECT_PREFER_NO_SCHEDULE
    NO_EXECUTE = C.PKC_EFFECT_NO_EXECUTE


class Operator(IntEnum):
    """Operator of a requirement, as in ``pkc_operator``."""

    IN = C.PKC_OP_IN
    NOT_IN = C.PKC_OP_NOT_IN
    EXISTS = C.PKC_OP_EXISTS
    DOES_NOT_EXIST = C.PKC_OP_DOES_NOT_EXIST
    GREATER_THAN = C.PKC_OP_GREATER_THAN
    LESS_THAN = C.PKC_OP_LESS_THAN
    NEVER = C.PKC_OP_NEVER


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


class Matcher(NamedTuple):
    """Which pods a label selector means.

    Attributes
    ----------
    requirements : Term
        Over the labels of the pod; a nil selector is one ``NEVER``.
    namespaces : tuple of int or None
        Ascending; None for all.
    skip_terminating : bool
        Pods that are being deleted do not match (PodTopologySpread).
    """

    requirements: Term
    namespaces: tuple[int, ...] | None
    skip_terminating: bool = False


class Port(NamedTuple):
    """A host port; ``ip`` is ``VALUE_ANY_IP`` for all addresses."""

    ip: int
    protocol: int
    port: int


class SpreadConstraint(NamedTuple):
    """A topology spread constraint.

    Attributes
    ----------
    hard : bool
        DoNotSchedule, else ScheduleAnyway.
    key : int
        Label key of the domains.
    is_hostname : bool
        The key is kubernetes.io/hostname; soft counts are then the node's own.
    max_skew, min_domains : int
        ``min_domains`` is 1 where it is not given.
    matcher : int
        Of the pods that count, as ``Engine.add_matcher`` numbered it.
    self_match : bool
        The pod's own labels match the selector.
    honor_affinity, honor_taints : bool
        Inclusion policies.
    """

    hard: bool
    key: int
    is_hostname: bool
    max_skew: int
    min_domains: int
    matcher: int
    self_match: bool
    honor_affinity: bool
    honor_taints: bool


class PodTerm(NamedTuple):
    """A term of inter-pod affinity or anti-affinity.

    Attributes
    ----------
    matcher : int
        Of existing pods, when the pod that has the term comes in.
    held_matcher : int
        Of an incoming pod, when the pod that has the term is on a node. The two differ by
        kube-scheduler's treatment of namespaceSelector.
    key : int
        Label key of the domains.
    weight : int
        1 for required terms; of preferred ones the weight, negative for anti-affinity.
    """

    matcher: int
    held_matcher: int
    key: int
    weight: int = 1


class Disk(NamedTuple):
    """A volume that two pods of a node may not share, unless both read only."""

    token: int
    read_only: bool
    exclusive: bool


@dataclass(frozen=True, slots=True)
class PodClass:
    """All that the engine can tell apart in a pod's spec.

    Attributes
    ----------
    profile : int
        Index of its profile.
    request : Amounts
        Amounts that it takes of a node.
    filter_request : Amounts or None
        Amounts that the Fit filter looks at, where they differ.
    score_request : Amounts
        Amounts that the Fit scorers see, with non-zero defaults.
    nonzero : (int, int)
        cpu and memory in a node's accounts with non-zero defaults.
    tolerations, node_name, node_set, selectors, preferred
        Rules on nodes. ``node_set`` ascends: names of the only nodes to look at. The selectors
        with reason 0 are the pod's own, which inclusion policies of spread constraints honour.
    devices : (int, int) or None
        How many devices, and milli of each.
    namespace, labels, priority, terminating
        Its metadata as matchers and preemption see them; labels ascend by key.
    ports : tuple of Port
        Host ports.
    images : tuple of int
        Image name of each container that names one, init containers included.
    container_count : int
        Containers, init containers included.
    spread : tuple of SpreadConstraint
        Hard and soft ones.
    spread_needs_all_keys : bool
        Soft constraints ignore nodes that lack one of their keys; False for system defaults.
    affinity, anti_affinity, preferred_pods : tuple of PodTerm
        Required affinity, required anti-affinity, preferred of both.
    affinity_self_match : bool
        The pod matches all of its own required affinity terms.
    disks : tuple of Disk
        For VolumeRestrictions.
    claims, once_claims : tuple of (claim, name)
        Claims that it uses, and those of them that are ReadWriteOncePod: tokens of namespace/name
        and of the name alone.
    csi_volumes : tuple of (driver, volume)
        For NodeVolumeLimits; distinct.
    has_external : bool
        VolumeBinding and VolumeZone have a say: see ``Engine.set_external``.
    ephemeral : tuple of int
        Claims of generic ephemeral volumes with the pod that must own them, as tokens. The engine
        does not read them: they keep apart the classes of pods that differ in nothing else.
    """

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
    namespace: int = 0
    labels: tuple[tuple[int, int], ...] = ()
    priority: int = 0
    terminating: bool = False
    ports: tuple[Port, ...] = ()
    images: tuple[int, ...] = ()
    container_count: int = 0
    spread: tuple[SpreadConstraint, ...] = ()
    spread_needs_all_keys: bool = True
    affinity: tuple[PodTerm, ...] = ()
    affinity_self_match: bool = False
    anti_affinity: tuple[PodTerm, ...] = ()
    preferred_pods: tuple[PodTerm, ...] = ()
    disks: tuple[Disk, ...] = ()
    claims: tuple[tuple[int, int], ...] = ()
    once_claims: tuple[tuple[int, int], ...] = ()
    csi_volumes: tuple[tuple[int, int], ...] = ()
    has_external: bool = False
    ephemeral: tuple[int, ...] = ()

    def words(self) -> NDArray[np.int64]:
        """Return the program that C decodes."""
        out: list[int] = []
        _section(out, C.PKC_CLASS_PROFILE, (self.profile,))
        _section(out, C.PKC_CLASS_REQUEST, _flat(self.request))
        if self.filter_request is not None:
            _section(out, C.PKC_CLASS_FILTER_REQUEST, _flat(self.filter_request))
        _section(out, C.PKC_CLASS_SCORE_REQUEST, _flat(self.score_request))
        _section(out, C.PKC_CLASS_NONZERO, self.nonzero)
        _section(out, C.PKC_CLASS_TOLERATIONS, _flat(self.tolerations))
        if self.node_name >= 0:
            _section(out, C.PKC_CLASS_NODE_NAME, (self.node_name,))
        if self.node_set is not None:
            _section(out, C.PKC_CLASS_NODE_SET, self.node_set)
        for selector in self.selectors:
            terms = [w for term in selector.terms for w in _term(term)]
            _section(out, C.PKC_CLASS_SELECTOR, (selector.reason, len(selector.terms), *terms))
        if self.preferred:
            _section(
                out,
                C.PKC_CLASS_PREFERRED,
                [w for p in self.preferred for w in (p.weight, *_term(p.term))],
            )
        if self.devices is not None:
            _section(out, C.PKC_CLASS_DEVICES, self.devices)
        self._pod_sections(out)
        return np.array(out, np.int64)

    def _pod_sections(self, out: list[int]) -> None:
        """Append what other pods and volumes have to do with."""
        _section(
            out,
            C.PKC_CLASS_POD,
            (self.namespace, self.priority, self.terminating, self.has_external),
        )
        for tag, rows in (
            (C.PKC_CLASS_LABELS, self.labels),
            (C.PKC_CLASS_PORTS, self.ports),
            (C.PKC_CLASS_SPREAD, self.spread),
            (C.PKC_CLASS_AFFINITY, self.affinity),
            (C.PKC_CLASS_ANTI_AFFINITY, self.anti_affinity),
            (C.PKC_CLASS_PREFERRED_PODS, self.preferred_pods),
            (C.PKC_CLASS_DISKS, self.disks),
            (C.PKC_CLASS_CLAIMS, self.claims),
            (C.PKC_CLASS_ONCE_CLAIMS, self.once_claims),
            (C.PKC_CLASS_CSI_VOLUMES, self.csi_volumes),
        ):
            if rows:
                _section(out, tag, _flat(rows))
        if self.images or self.container_count:
            _section(out, C.PKC_CLASS_IMAGES, (self.container_count, *self.images))
        _section(out, C.PKC_CLASS_FLAGS, (self.spread_needs_all_keys, self.affinity_self_match))


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
    hard_pod_affinity_weight: int = 1
    ignore_preferred_terms_of_existing_pods: bool = False

    def words(self) -> NDArray[np.int64]:
        """Return the program that C decodes."""
        out: list[int] = []
        _section(out, C.PKC_PROFILE_FILTERS, self.filters)
        _section(out, C.PKC_PROFILE_SCORERS, _flat(self.scorers))
        fit = (self.strategy, len(self.fit_resources), *_flat(self.fit_resources))
        _section(out, C.PKC_PROFILE_FIT, (*fit, len(self.shape), *_flat(self.shape)))
        _section(out, C.PKC_PROFILE_BALANCED, self.balanced_resources)
        _section(out, C.PKC_PROFILE_PACKING, self.packing_resources)
        ignore = self.ignore_preferred_terms_of_existing_pods
        _section(out, C.PKC_PROFILE_AFFINITY, (self.hard_pod_affinity_weight, ignore))
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
    """One node as the engine takes it.

    Attributes
    ----------
    allocatable : tuple of int
        By resource.
    pod_slots : int
        How many pods it takes.
    rank : int
        Its place when a tie is broken; uint32.
    unschedulable : bool
        It is cordoned.
    labels : tuple of Label
        Ascending by key, the node's name first.
    taints : tuple of Taint
        In their order.
    device_count : int
        Devices of 1000 milli.
    images : tuple of (name, bytes)
        Images that it has; the size that the first node of a name gave counts for all.
    csi_limits : tuple of (driver, limit)
        Ascending by driver; a driver without an entry has no limit.
    csi_attached : tuple of (driver, volume)
        Volumes attached to it that no pod of its need use.
    """

    allocatable: tuple[int, ...]
    pod_slots: int
    rank: int = 0
    unschedulable: bool = False
    labels: tuple[Label, ...] = ()
    taints: tuple[Taint, ...] = ()
    device_count: int = 0
    images: tuple[tuple[int, int], ...] = ()
    csi_limits: tuple[tuple[int, int], ...] = ()
    csi_attached: tuple[tuple[int, int], ...] = ()


def term_words(term: Term) -> NDArray[np.int64]:
    """Return a term as C reads it."""
    return np.array(list(_term(term)), np.int64)


def selector_words(terms: tuple[Term, ...]) -> NDArray[np.int64]:
    """Return a disjunction of terms as C reads it."""
    return np.array([len(terms), *(w for term in terms for w in _term(term))], np.int64)


def _flat(rows: Iterable[Iterable[int]]) -> list[int]:
    return [int(word) for row in rows for word in row]


def _section(out: list[int], tag: int, payload: Iterable[int]) -> None:
    words = [int(word) for word in payload]
    out += (tag, len(words), *words)


def _term(term: Term) -> Iterator[int]:
    yield len(term)
    for r in term:
        yield from (r.operator, r.key, r.number, len(r.values), *r.values)
