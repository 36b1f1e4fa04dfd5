"""VolumeRestrictions: disks that one pod at a time may use, and ReadWriteOncePod claims.

Two pods of a node conflict over

=========================  ========================  ==============================
a volume of kind           when they name the same   unless
=========================  ========================  ==============================
gcePersistentDisk          pdName                    both read only
awsElasticBlockStore       volumeID                  (never)
iscsi                      iqn                       both read only
rbd                        pool, image, and at       both read only
                           least one monitor
=========================  ========================  ==============================

and two pods anywhere over a claim that the newcomer's ReadWriteOncePod access mode covers.

Source: kubernetes v1.34.1, plugins/volumerestrictions/volume_restrictions.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final

from _pykube_hotcore.program import Code, Disk, Plugin
from pykube_core.api.machinery.objects import KubeObject, namespace_of
from pykube_core.scheduler.plugins.base import (
    ClassBuilder,
    CompileContext,
    Refusal,
    SchedulerPlugin,
)
from pykube_core.scheduler.tables.interner import Interner
from pykube_core.scheduler.tables.volume_cache import VolumeCache, pod_claims

REASON_DISK: Final = "node(s) had no available disk"
REASON_ONCE: Final = (
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already "
    "in-use by another pod"
)
_DETAIL_ONCE: Final = 1
_ONCE: Final = "ReadWriteOncePod"


class VolumeRestrictions(SchedulerPlugin):
    """Reads inline disks and persistentVolumeClaims of ``spec.volumes``."""

    name: ClassVar = "VolumeRestrictions"
    code: ClassVar = Plugin.VOLUME_RESTRICTIONS
    is_scorer: ClassVar = False

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put disks and claims into the class.

        A claim that two volumes name stands in ``claims`` twice, as upstream counts volumes;
        generic ephemeral volumes have no part in this.
        """
        volumes = (pod.get("spec") or {}).get("volumes") or ()
        builder.disks = tuple(d for v in volumes for d in _disks(v, context.interner))
        namespace = namespace_of(pod)
        names = [claim.name for claim in pod_claims(pod) if not claim.ephemeral]
        builder.claims = tuple(
            claim_tokens(namespace, name, context.interner) for name in sorted(names)
        )
        builder.once_claims = tuple(
            claim_tokens(namespace, name, context.interner)
            for name in sorted(set(names))
            if _is_once(context.volume_cache, namespace, name)
        )

    def pre_filter(self, pod: KubeObject, context: CompileContext) -> Refusal | None:
        """Refuse a pod that names a claim which does not exist."""
        namespace = namespace_of(pod)
        for name, ephemeral in pod_claims(pod):
            if not ephemeral and context.volume_cache.claim((namespace, name)) is None:
                return Refusal(Code.UNRESOLVABLE, (f'persistentvolumeclaim "{name}" not found',))
        return None

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the one reason; ``detail`` is 0 for a disk, 1 for a claim."""
        return [REASON_ONCE if detail == _DETAIL_ONCE else REASON_DISK]


def _is_once(volume_cache: VolumeCache, namespace: str, name: str) -> bool:
    claim = volume_cache.claim((namespace, name))
    return claim is not None and _ONCE in claim.access_modes


def claim_tokens(namespace: str, name: str, interner: Interner) -> tuple[int, int]:
    """Return the numbers of a claim and of its name alone."""
    return interner.value(f"claim:{namespace}/{name}"), interner.value(f"claim:{name}")


def _disks(volume: dict[str, Any], interner: Interner) -> Iterator[Disk]:
    """Yield what a volume holds; an RBD image is one disk per monitor, as one in common counts."""
    gce, ebs = volume.get("gcePersistentDisk"), volume.get("awsElasticBlockStore")
    iscsi, rbd = volume.get("iscsi"), volume.get("rbd")

    def disk(source: dict[str, Any], exclusive: bool, *identity: str) -> Disk:
        token = interner.value("disk:" + "\n".join(identity))
        return Disk(token, bool(source.get("readOnly")), exclusive)

    if gce is not None:
        yield disk(gce, False, "gce", gce.get("pdName") or "")
    if ebs is not None:
        yield disk(ebs, True, "ebs", ebs.get("volumeID") or "")
    if iscsi is not None:
        yield disk(iscsi, False, "iscsi", iscsi.get("iqn") or "")
    if rbd is not None:
        for monitor in dict.fromkeys(rbd.get("monitors") or ()):
            yield disk(rbd, False, "rbd", monitor, rbd.get("pool") or "", rbd.get("image") or "")


PLUGIN = VolumeRestrictions()
