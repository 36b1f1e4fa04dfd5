"""What a plugin is to the compiler and to whoever reads a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from _pykube_hotcore.program import (
    Amounts,
    Plugin,
    PodClass,
    Preferred,
    Selector,
    Toleration,
)
from pykube_core.api.objects import KubeObject
from pykube_core.scheduler.interner import Interner


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

    def build(self) -> PodClass:
        """Return the finished class."""
        return PodClass(
            profile=self.profile,
            request=self.request,
            filter_request=self.filter_request,
            score_request=self.score_request,
            nonzero=self.nonzero,
            tolerations=self.tolerations,
            node_name=self.node_name,
            node_set=self.node_set,
            selectors=tuple(self.selectors),
            preferred=tuple(self.preferred),
            devices=self.devices,
        )


@dataclass(frozen=True, slots=True)
class CompileContext:
    """What plugins need to compile a pod.

    Attributes
    ----------
    interner : Interner
        Numbers of strings; grows.
    args : mapping
        The profile's arguments by plugin name.
    """

    interner: Interner
    args: Mapping[str, Any]


class SchedulerPlugin:
    """One plugin; subclasses override what applies.

    Attributes
    ----------
    name : str
        As a configuration names it.
    code : Plugin
        As the engine numbers it.
    """

    name: ClassVar[str]
    code: ClassVar[Plugin]

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put what the plugin reads of a pod into its class."""

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return kube-scheduler's words for a refusal.

        Parameters
        ----------
        detail
            What the engine said; its meaning is the plugin's.
        node
            The Node that was refused.
        resources
            Resource names by number.
        """
        raise NotImplementedError(self.name)
