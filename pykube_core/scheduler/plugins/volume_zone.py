"""VolumeZone: bound volumes with zone or region labels stay in their zone or region.

A label's value may name several zones, joined by ``__``. Nodes without any zone or region label
take every volume. A beta label of a volume is held against a node's GA label where the node has no
beta label.

Source: kubernetes v1.34.1, plugins/volumezone/volume_zone.go, and k8s.io/cloud-provider v0.34.1,
volume/helpers/zones.go (LabelZonesToSet).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore.program import Code, Operator, Plugin, Requirement, Term
from pykube_core.api.machinery.objects import KubeObject, namespace_of
from pykube_core.scheduler.plugins.base import (
    ClassBuilder,
    CompileContext,
    Refusal,
    SchedulerPlugin,
)
from pykube_core.scheduler.tables.node_rows import NodeRows
from pykube_core.scheduler.tables.volume_cache import (
    WAIT_FOR_FIRST_CONSUMER,
    Claim,
    Volume,
    VolumeCache,
    pod_claims,
)

REASON: Final = "node(s) had no available volume zone"
CONFLICT: Final = 1

_ZONE: Final = "topology.kubernetes.io/zone"
_REGION: Final = "topology.kubernetes.io/region"
_GA_LABEL: Final = {
    "failure-domain.beta.kubernetes.io/zone": _ZONE,
    "failure-domain.beta.kubernetes.io/region": _REGION,
    _ZONE: _ZONE,
    _REGION: _REGION,
}
_SEPARATOR: Final = "__"


class Topology(NamedTuple):
    """A label of a volume, and the values that a node may have there."""

    key: str
    values: frozenset[str]


class VolumeZone(SchedulerPlugin):
    """Reads the persistentVolumeClaims of ``spec.volumes``."""

    name: ClassVar = "VolumeZone"
    code: ClassVar = Plugin.VOLUME_ZONE
    is_scorer: ClassVar = False

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Say that the class needs an answer per node."""
        has_claim = any(not claim.ephemeral for claim in pod_claims(pod))
        builder.has_external = builder.has_external or has_claim

    def pre_filter(self, pod: KubeObject, context: CompileContext) -> Refusal | None:
        """Refuse a pod with a claim whose volume, or the mode of binding it, is not known."""
        found = self.topologies(pod, context.volume_cache)
        return found if isinstance(found, Refusal) else None

    def topologies(self, pod: KubeObject, volume_cache: VolumeCache) -> list[Topology] | Refusal:
        """Return the zones and regions of the pod's bound volumes, or why they are not known."""
        found: list[Topology] = []
        for name, ephemeral in pod_claims(pod):
            if ephemeral:
                continue
            if not name:
                return Refusal(Code.UNRESOLVABLE, ("PersistentVolumeClaim had no name",))
            claim = volume_cache.claim((namespace_of(pod), name))
            if claim is None:
                return Refusal(Code.UNRESOLVABLE, (f'persistentvolumeclaim "{name}" not found',))
            if not claim.volume_name:
                problem = _unbound_problem(claim, volume_cache)
                if problem:
                    return Refusal(Code.UNRESOLVABLE, (problem,))
                continue
            volume = volume_cache.volume(claim.volume_name)
            if volume is None:
                text = f'persistentvolume "{claim.volume_name}" not found'
                return Refusal(Code.UNRESOLVABLE, (text,))
            found += _topologies_of(volume)
        return found

    def detail(self, topologies: Sequence[Topology], nodes: NodeRows) -> NDArray[np.uint8]:
        """Return (rows,) 0 where the topologies allow it, else `CONFLICT`."""
        if not topologies:
            return np.zeros(nodes.count, np.uint8)
        interner = nodes.interner
        keys = {key: interner.key(key) for key in _GA_LABEL}
        refused = np.zeros(nodes.count, np.bool_)
        for key, texts in topologies:
            values = tuple(sorted(interner.value(text) for text in texts))
            terms: list[Term] = [(Requirement(Operator.IN, keys[key], values=values),)]
            if _GA_LABEL[key] != key:
                absent = Requirement(Operator.DOES_NOT_EXIST, keys[key])
                ga = Requirement(Operator.IN, keys[_GA_LABEL[key]], values=values)
                terms.append((absent, ga))
            refused |= ~nodes.mask(tuple(terms))
        labelled = tuple((Requirement(Operator.EXISTS, number),) for number in keys.values())
        return np.where(refused & nodes.mask(labelled), np.uint8(CONFLICT), np.uint8(0))

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the one reason."""
        return [REASON]


def _unbound_problem(claim: Claim, volume_cache: VolumeCache) -> str:
    """Return why a claim without a volume cannot be waited for, "" if it can."""
    name = claim.class_name
    if not name:
        return "PersistentVolumeClaim had no pv name and storageClass name"
    storage_class = volume_cache.classes.get(name)
    if storage_class is None:
        return f'storageclass.storage.k8s.io "{name}" not found'
    if storage_class.binding_mode is None:
        return f'VolumeBindingMode not set for StorageClass "{name}"'
    waits = storage_class.binding_mode == WAIT_FOR_FIRST_CONSUMER
    return "" if waits else "PersistentVolume had no name"


def _topologies_of(volume: Volume) -> Iterator[Topology]:
    """Yield a volume's labels; one with an empty part is ignored."""
    for key in _GA_LABEL:
        if key in volume.labels:
            values = [part.strip() for part in volume.labels[key].split(_SEPARATOR)]
            if all(values):
                yield Topology(key, frozenset(values))


PLUGIN = VolumeZone()
