"""Verdicts of a pod's volumes on every node: VolumeBinding and VolumeZone for the engine."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.config import Profile
from pykube_core.scheduler.plugins import volume_binding, volume_zone
from pykube_core.scheduler.plugins.base import Refusal
from pykube_core.scheduler.tables.node_rows import NodeRows
from pykube_core.scheduler.tables.volume_binder import PodVolumes, find_pod_volumes
from pykube_core.scheduler.tables.volume_cache import Assumed, VolumeCache


class VolumeAnswer(NamedTuple):
    """One pod's volumes on every row.

    Attributes
    ----------
    binding, zone : (rows,) uint8
        For ``Engine.set_external``: 0 where the plugin lets the pod in, else why not.
    volumes : PodVolumes or None
        The volumes that the pod would take on each row; None where it takes nothing.
    """

    binding: NDArray[np.uint8]
    zone: NDArray[np.uint8]
    volumes: PodVolumes | None

    def reserve(self, volume_cache: VolumeCache, row: int, node: str) -> Assumed:
        """Assume what the pod takes on the node that was chosen; `VolumeCache.forget` undoes it."""
        if self.volumes is None:
            return Assumed()
        return self.volumes.reserve(volume_cache, row, node)


def reserves_volumes(profile: Profile) -> bool:
    """Return whether VolumeBinding is enabled at Reserve."""
    return any(plugin.name == "VolumeBinding" for plugin in profile.plugins.reserve)


def ask_volumes(pod: KubeObject, volume_cache: VolumeCache, nodes: NodeRows) -> VolumeAnswer:
    """Return what a pod's volumes say now, after PreFilter let it pass.

    A volume that PreFilter would refuse (a profile may have turned it off) counts as none.
    """
    claims = volume_binding.PLUGIN.claims(pod, volume_cache)
    topologies = volume_zone.PLUGIN.topologies(pod, volume_cache)
    volumes = None if isinstance(claims, Refusal) else find_pod_volumes(claims, volume_cache, nodes)
    nothing = np.zeros(nodes.count, np.uint8)
    return VolumeAnswer(
        binding=nothing if volumes is None else volumes.detail,
        zone=nothing
        if isinstance(topologies, Refusal)
        else volume_zone.PLUGIN.detail(topologies, nodes),
        volumes=volumes,
    )
