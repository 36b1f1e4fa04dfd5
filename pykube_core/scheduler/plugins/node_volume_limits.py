"""NodeVolumeLimits: how many CSI volumes of a driver a node can have attached.

A volume is counted under its CSI driver and handle, once however many pods of the node use it. A
claim that has no volume yet counts under the provisioner of its class. A VolumeAttachment counts
on its node even where no pod there uses the volume.

Source: kubernetes v1.34.1, plugins/nodevolumelimits/csi.go. Differences: volumes of the in-tree
plugins that were migrated to CSI (awsElasticBlockStore, gcePersistentDisk, azureDisk, cinder,
portworxVolume, inline or in a PersistentVolume or StorageClass) are not counted; a claim that does
not exist is not refused here, as VolumeRestrictions and VolumeBinding do so before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from _pykube_hotcore.program import Plugin
from pykube_core.api.machinery.objects import KubeObject, namespace_of
from pykube_core.scheduler.plugins.base import ClassBuilder, CompileContext, SchedulerPlugin
from pykube_core.scheduler.tables.interner import Interner
from pykube_core.scheduler.tables.volume_cache import (
    Claim,
    VolumeCache,
    ownership_error,
    pod_claims,
)

REASON: Final = "node(s) exceed max volume count"

# Provisioners of in-tree plugins: their volumes count under a CSI driver's name, or not at all.
_MIGRATED: Final = frozenset(
    {
        "kubernetes.io/aws-ebs",
        "kubernetes.io/gce-pd",
        "kubernetes.io/azure-disk",
        "kubernetes.io/azure-file",
        "kubernetes.io/cinder",
        "kubernetes.io/portworx-volume",
        "kubernetes.io/vsphere-volume",
    }
)


class NodeVolumeLimits(SchedulerPlugin):
    """Reads the claims of ``spec.volumes``."""

    name: ClassVar = "NodeVolumeLimits"
    code: ClassVar = Plugin.NODE_VOLUME_LIMITS
    is_scorer: ClassVar = False

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put the distinct CSI volumes behind the pod's claims into the class."""
        volume_cache = context.volume_cache
        found = set()
        for name, ephemeral in pod_claims(pod):
            claim = volume_cache.claim((namespace_of(pod), name))
            if claim is None or (ephemeral and ownership_error(pod, claim)):
                continue
            volume = csi_volume(claim, volume_cache)
            if volume is not None:
                found.add(_tokens(*volume, context.interner))
        builder.csi_volumes = tuple(sorted(found))

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the one reason."""
        return [REASON]


def csi_volume(claim: Claim, volume_cache: VolumeCache) -> tuple[str, str] | None:
    """Return driver and handle of the volume behind a claim, None if there is nothing to count."""
    volume = volume_cache.volume(claim.volume_name) if claim.volume_name else None
    if volume is not None:
        return volume.csi if volume.csi is not None and all(volume.csi) else None
    storage_class = volume_cache.classes.get(claim.class_name)
    if storage_class is None or not storage_class.provisioner:
        return None
    if storage_class.provisioner in _MIGRATED:
        return None
    # No handle looks like this one.
    return storage_class.provisioner, f"claim:{claim.namespace}/{claim.name}"


def _tokens(driver: str, handle: str, interner: Interner) -> tuple[int, int]:
    return interner.value(f"driver:{driver}"), interner.value(f"volume:{driver}/{handle}")


def node_limits(
    node: str, volume_cache: VolumeCache, interner: Interner
) -> tuple[tuple[int, int], ...]:
    """Return (driver, limit) of a node, ascending by driver, for ``NodeRow.csi_limits``."""
    found = volume_cache.limits(node)
    return tuple(sorted((interner.value(f"driver:{driver}"), limit) for driver, limit in found))


def node_attached(
    node: str, volume_cache: VolumeCache, interner: Interner
) -> tuple[tuple[int, int], ...]:
    """Return (driver, volume) of a node's attachments, for ``NodeRow.csi_attached``."""
    found = set()
    for attachment in volume_cache.attachments(node):
        volume = volume_cache.volume(attachment.volume)
        if attachment.attacher and volume is not None and volume.csi is not None:
            found.add(_tokens(attachment.attacher, volume.csi[1], interner))
    return tuple(sorted(found))


PLUGIN = NodeVolumeLimits()
