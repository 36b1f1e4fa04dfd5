"""Plugins as the compiler and the reader of a refusal see them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple

from _pykube_hotcore.program import (
    Amounts,
    Code,
    Disk,
    Plugin,
    PodClass,
    PodTerm,
    Port,
    Preferred,
    Selector,
    SpreadConstraint,
    Toleration,
)
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.config import Plugins
from pykube_core.scheduler.tables.interner import Interner
from pykube_core.scheduler.tables.listers import Listers
from pykube_core.scheduler.tables.matchers import MatcherTable
from pykube_core.scheduler.tables.volume_cache import VolumeCache


@dataclass(slots=True)
class ClassBuilder:
    """A pod class as the plugins fill it in; see ``PodClass`` for the fields."""

    profile: int = 0
    request: Amounts = ()
    filter_request: Amounts | None = None
    score_request: Amounts = ()
    nonzero: tuple[int, int] = (0, 0)
    tolerations: tuple[Toleration, ...] = ()
    node_name: int = -1
    node_set: tuple[int, ...] | None = None
    selectors: list[Selector] = field(default_factory=list)
    preferred: list[Preferred] = field(default_factory=list)
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

    def build(self) -> PodClass:
        """Return the finished class."""
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        values |= {"selectors": tuple(self.selectors), "preferred": tuple(self.preferred)}
        return PodClass(**values)


@dataclass(frozen=True, slots=True)
class CompileContext:
    """The context in which plugins compile a pod.

    Attributes
    ----------
    interner : Interner
        Numbers of strings; grows.
    args : mapping
        The profile's arguments by plugin name.
    plugins : Plugins
        The plugins that the profile runs, by extension point.
    matchers : MatcherTable
        Numbers of selectors of pods; grows.
    listers : Listers
        The other objects of the cluster.
    volume_cache : VolumeCache
        Volumes and claims, with what the scheduler assumes about them.
    """

    interner: Interner
    args: Mapping[str, Any]
    plugins: Plugins
    matchers: MatcherTable
    listers: Listers
    volume_cache: VolumeCache = field(default_factory=VolumeCache)


class Refusal(NamedTuple):
    """Why a plugin keeps a pod from every node; the code is UNSCHEDULABLE or UNRESOLVABLE."""

    code: Code
    reasons: tuple[str, ...]


class SchedulerPlugin:
    """One plugin; subclasses override what applies.

    Attributes
    ----------
    name : str
        As a configuration names it.
    code : Plugin
        As the engine numbers it; ``NONE`` for one that neither filters nor scores.
    is_scorer : bool
        The engine scores with it where a profile lists it at ``score``.
    """

    name: ClassVar[str]
    code: ClassVar[Plugin]
    is_scorer: ClassVar[bool] = True

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put what the plugin reads of a pod into its class."""

    def reads(self, args: object, plugins: Plugins) -> object:
        """Return what `compile` reads of a profile: of equal ones it makes the same of any pod.

        Parameters
        ----------
        args
            The plugin's arguments in the profile, None if there are none.
        plugins
            The plugins that the profile runs, by extension point.
        """
        return None

    def pre_enqueue(self, pod: KubeObject) -> Refusal | None:
        """Return why the pod may not enter the queue yet, None if it may."""
        return None

    def pre_filter(self, pod: KubeObject, context: CompileContext) -> Refusal | None:
        """Return why no node at all will do, None if nodes have to be looked at."""
        return None

    def reason_key(self, detail: int, node: KubeObject) -> Hashable:
        """Return what `reasons` reads: refusals of one key are told in the same words."""
        return detail

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return kube-scheduler's words for a refusal.

        Parameters
        ----------
        detail
            The engine's number; its meaning is the plugin's.
        node
            The Node that was refused.
        resources
            Resource names by number.
        """
        raise NotImplementedError(self.name)
