"""The part of a Pod that a workload keeps: the fields that kube-scheduler reads, and nothing else.

Decoding into these structures drops the rest (environments, probes, mounts, managed fields), so
that replicas of one controller become one template. Fields that the scheduler matches as a whole
stay plain JSON.

Source: the fields that kube-scheduler v1.34.1's in-tree plugins read.
"""

from __future__ import annotations

from typing import Final

import msgspec

from pykube_core.api.machinery.objects import Json
from pykube_core.scheduler.plugins import gpu_share

MIRROR_ANNOTATION: Final = "kubernetes.io/config.mirror"
CREATED_ANNOTATION: Final = "pykube-core/created-ns"
DELETED_ANNOTATION: Final = "pykube-core/deleted-ns"
RESIZES: Final = ("PodResizePending", "PodResizeInProgress")


class _Part(msgspec.Struct, omit_defaults=True):
    """A part of an object; absent and null are the same."""


class Owner(_Part):
    """An owner reference, without the uid."""

    apiVersion: str | None = None
    kind: str | None = None
    name: str | None = None
    controller: bool | None = None


class Metadata(_Part):
    """Object metadata."""

    name: str | None = None
    generateName: str | None = None
    namespace: str | None = None
    uid: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    creationTimestamp: str | None = None
    deletionTimestamp: str | None = None
    ownerReferences: list[Owner] | None = None


class Container(_Part):
    """A container, an init container or a sidecar."""

    name: str | None = None
    image: str | None = None
    resources: Json = None
    ports: Json = None
    restartPolicy: str | None = None


class Volume(_Part):
    """A volume of a kind that can refuse a node."""

    name: str | None = None
    persistentVolumeClaim: Json = None
    ephemeral: Json = None
    csi: Json = None
    gcePersistentDisk: Json = None
    awsElasticBlockStore: Json = None
    azureDisk: Json = None
    azureFile: Json = None
    cinder: Json = None
    iscsi: Json = None
    portworxVolume: Json = None
    rbd: Json = None
    vsphereVolume: Json = None

    def matters(self) -> bool:
        """Say whether it is of such a kind: config maps, empty dirs and the like are not."""
        return any(getattr(self, kind) is not None for kind in self.__struct_fields__[1:])


class PodSpec(_Part):
    """The part of a pod's spec that decides where it may run."""

    nodeName: str | None = None
    schedulerName: str | None = None
    priority: int | None = None
    priorityClassName: str | None = None
    preemptionPolicy: str | None = None
    nodeSelector: dict[str, str] | None = None
    affinity: Json = None
    tolerations: Json = None
    topologySpreadConstraints: Json = None
    schedulingGates: Json = None
    hostNetwork: bool | None = None
    overhead: Json = None
    resources: Json = None
    resourceClaims: Json = None
    containers: list[Container] | None = None
    initContainers: list[Container] | None = None
    volumes: list[Volume] | None = None


class ContainerStatus(_Part):
    """The resources that a container holds on its node while it is being resized."""

    name: str | None = None
    resources: Json = None
    allocatedResources: Json = None


class Condition(_Part):
    """A condition of a pod."""

    type: str | None = None
    status: str | None = None
    reason: str | None = None


class PodStatus(_Part):
    """The part of a pod's status that scheduling reads."""

    phase: str | None = None
    nominatedNodeName: str | None = None
    conditions: list[Condition] | None = None
    containerStatuses: list[ContainerStatus] | None = None
    initContainerStatuses: list[ContainerStatus] | None = None
    resources: Json = None


class Pod(_Part):
    """A pod."""

    metadata: Metadata | None = None
    spec: PodSpec | None = None
    status: PodStatus | None = None


def reduce_to_template(metadata: Metadata, spec: PodSpec, status: PodStatus) -> Pod:
    """Drop in place what only this pod has, and return the rest as a template.

    A pod with generic ephemeral volumes is a template of its own: their claims bear its name and
    are owned by its uid.
    """
    owners = [owner for owner in metadata.ownerReferences or () if owner.controller]
    annotations = {
        key: value
        for key, value in (metadata.annotations or {}).items()
        if key in (gpu_share.COUNT, gpu_share.MILLI)
    }
    is_own = any(volume.ephemeral is not None for volume in spec.volumes or ())
    shape = Metadata(
        name=metadata.name if is_own else None,
        uid=metadata.uid if is_own else None,
        namespace=metadata.namespace or "default",
        labels=metadata.labels or None,
        annotations=annotations or None,
        deletionTimestamp=metadata.deletionTimestamp,
        ownerReferences=owners or None,
    )
    bound = bool(spec.nodeName)
    spec.nodeName = None
    spec.volumes = [volume for volume in spec.volumes or () if volume.matters()] or None
    kept = PodStatus(nominatedNodeName=status.nominatedNodeName or None)
    if bound:
        _keep_resize(spec, status, kept)
    return Pod(shape, spec, kept if kept != PodStatus() else None)


def is_pinned_by(owners: list[Owner]) -> bool:
    """Say whether an owner ties its pods to their nodes."""
    return any(owner.controller and owner.kind in ("DaemonSet", "Node") for owner in owners)


def _keep_resize(spec: PodSpec, status: PodStatus, kept: PodStatus) -> None:
    """Keep what a bound pod holds where it differs from what its spec asks for."""
    kept.conditions = [c for c in status.conditions or () if c.type in RESIZES] or None
    kept.containerStatuses = _differing(spec.containers, status.containerStatuses)
    kept.initContainerStatuses = _differing(spec.initContainers, status.initContainerStatuses)
    if status.resources is not None and status.resources != spec.resources:
        kept.resources = status.resources


def _differing(
    containers: list[Container] | None, statuses: list[ContainerStatus] | None
) -> list[ContainerStatus] | None:
    asked = {container.name: container.resources or {} for container in containers or ()}
    kept = []
    for status in statuses or ():
        resources = asked.get(status.name) or {}
        requests = resources.get("requests") if isinstance(resources, dict) else None
        held = status.resources.get("requests") if isinstance(status.resources, dict) else None
        if (status.allocatedResources or requests or {}) != (requests or {}) or (
            held or requests or {}
        ) != (requests or {}):
            kept.append(status)
    return kept or None
