"""Tables to compile nodes and pods with: numbers of names, selectors of pods, other objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.scheduler.tables.interner import Interner
from pykube_core.scheduler.tables.listers import Listers
from pykube_core.scheduler.tables.matchers import MatcherEngine, MatcherTable
from pykube_core.scheduler.tables.volume_cache import VolumeCache


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one scheduler; every one of them may grow.

    Attributes
    ----------
    interner : Interner
        Numbers of strings and resources.
    matchers : MatcherTable
        Numbers of selectors of pods.
    listers : Listers
        The other objects of the cluster.
    volume_cache : VolumeCache
        Volumes and claims, with what the scheduler assumes about them.
    """

    interner: Interner
    matchers: MatcherTable
    listers: Listers
    volume_cache: VolumeCache

    @classmethod
    def of(
        cls, objects: Mapping[str, Sequence[KubeObject]] | None, engine: MatcherEngine
    ) -> Tables:
        """Return tables that know these objects, by plural name, and number for an engine.

        Raises
        ------
        InputError
            An object cannot be read.
        """
        interner, listers = Interner(), Listers(objects)
        matchers = MatcherTable(engine, interner)
        for namespace in listers.list("namespaces"):
            labels = (namespace.get("metadata") or {}).get("labels") or {}
            matchers.set_namespace(name_of(namespace), labels)
        return cls(interner, matchers, listers, VolumeCache(objects))

    def copy(self, engine: MatcherEngine) -> Tables:
        """Return tables that have numbered the same, for another engine, with nothing assumed."""
        interner = self.interner.copy()
        matchers = self.matchers.copy(engine, interner)
        return Tables(interner, matchers, self.listers.copy(), self.volume_cache.copy())
