"""The fields of a Pod that kube-scheduler reads: the part that a workload keeps, and nothing else.

Decoding into these structures drops the rest (environments, probes, mounts, managed fields), so
that replicas of one controller become one template. They are decoded in two forms. A `Cut` keeps
the text of fields that decoding would take apart, and is what tells pods of a snapshot apart. A
`Shape` has their values; fields that the scheduler matches as a whole stay plain JSON.

Source: the fields that kube-scheduler v1.34.1's in-tree plugins read.
"""

from __future__ import annotations

from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec

from pykube_core.api.machinery.objects import Json
from pykube_core.scheduler.plugins import gpu_share

MIRROR_ANNOTATION: Final = "kubernetes.io/config.mirror"
CREATED_ANNOTATION: Final = "pykube-core/created-ns"
DELETED_ANNOTATION: Final = "pykube-core/deleted-ns"
RESIZES: Final = ("PodResizePending", "PodResizeInProgress")

# The types of fields that the two forms decode otherwise.
Whole = TypeVar("Whole")
Labels = TypeVar("Labels")
Annotations = TypeVar("Annotations")
Owners = TypeVar("Owners")
Conditions = TypeVar("Conditions")
ABSENT: Final[Any] = None


class _Part(msgspec.Struct, omit_defaults=True, gc=False):
    """A part of an object; absent fields are not written."""


class Metadata(_Part, Generic[Labels, Annotations, Owners]):
    """Object metadata."""

    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    labels: Labels = ABSENT
    annotations: Annotations = ABSENT
    creationTimestamp: str | None = None
    deletionTimestamp: str | None = None
    ownerReferences: Owners = ABSENT


class Container(_Part, Generic[Whole]):
    """A container, an init container or a sidecar."""

    name: str | None = None
    image: str | None = None
    resources: Whole = ABSENT
    ports: Whole = ABSENT
    restartPolicy: str | None = None


class Volume(_Part, Generic[Whole]):
    """A volume of a kind that can refuse a node."""

    name: str | None = None
    persistentVolumeClaim: Whole = ABSENT
    ephemeral: Whole = ABSENT
    csi: Whole = ABSENT
    gcePersistentDisk: Whole = ABSENT
    awsElasticBlockStore: Whole = ABSENT
    azureDisk: Whole = ABSENT
    azureFile: Whole = ABSENT
    cinder: Whole = ABSENT
    iscsi: Whole = ABSENT
    portworxVolume: Whole = ABSENT
    rbd: Whole = ABSENT
    vsphereVolume: Whole = ABSENT

    def matters(self) -> bool:
        """Say whether it is of such a kind: config maps, empty dirs and the like are not."""
        return any(getattr(self, kind) is not None for kind in self.__struct_fields__[1:])


class PodSpec(_Part, Generic[Whole, Labels]):
    """The part of a pod's spec that decides where it may run."""

    nodeName: str | None = None
    schedulerName: str | None = None
    priority: int | None = None
    priorityClassName: str | None = None
    preemptionPolicy: str | None = None
    nodeSelector: Labels = ABSENT
    affinity: Whole = ABSENT
    tolerations: Whole = ABSENT
    topologySpreadConstraints: Whole = ABSENT
    schedulingGates: Whole = ABSENT
    hostNetwork: bool | None = None
    overhead: Whole = ABSENT
    resources: Whole = ABSENT
    resourceClaims: Whole = ABSENT
    containers: list[Container[Whole]] | None = None
    initContainers: list[Container[Whole]] | None = None
    volumes: list[Volume[Whole]] | None = None


class ContainerStatus(_Part, Generic[Whole]):
    """The resources that a container holds on its node while it is being resized."""

    name: str | None = None
    resources: Whole = ABSENT
    allocatedResources: Whole = ABSENT


class PodStatus(_Part, Generic[Whole, Conditions]):
    """The part of a pod's status that scheduling reads."""

    phase: str | None = None
    nominatedNodeName: str | None = None
    conditions: Conditions = ABSENT
    containerStatuses: list[ContainerStatus[Whole]] | None = None
    initContainerStatuses: list[ContainerStatus[Whole]] | None = None
    resources: Whole = ABSENT


class Pod(_Part, Generic[Whole, Labels, Annotations, Owners, Conditions]):
    """A pod, with the fields that say that it is one."""

    apiVersion: str | None = None
    kind: str | None = None
    metadata: Metadata[Labels, Annotations, Owners] | None = None
    spec: PodSpec[Whole, Labels] | None = None
    status: PodStatus[Whole, Conditions] | None = None


class Owner(_Part):
    """An owner reference, without the uid."""

    apiVersion: str | None = None
    kind: str | None = None
    name: str | None = None
    controller: bool | None = None


class Condition(_Part):
    """A condition of a pod."""

    type: str | None = None
    status: str | None = None
    reason: str | None = None


class CutAnnotations(
    _Part,
    rename={
        "mirror": MIRROR_ANNOTATION,
        "created": CREATED_ANNOTATION,
        "deleted": DELETED_ANNOTATION,
        "gpu_count": gpu_share.COUNT,
        "gpu_milli": gpu_share.MILLI,
    },
):
    """The annotations that are read."""

    mirror: str | None = None
    created: str | None = None
    deleted: str | None = None
    gpu_count: str | None = None
    gpu_milli: str | None = None


_Map: TypeAlias = dict[str, str] | None
_Owners: TypeAlias = list[Owner] | None
_Conditions: TypeAlias = list[Condition] | None
_Text: TypeAlias = msgspec.Raw

Cut: TypeAlias = Pod[_Text, _Text, CutAnnotations | None, _Text, _Text]
CutMetadata: TypeAlias = Metadata[_Text, CutAnnotations | None, _Text]
CutSpec: TypeAlias = PodSpec[_Text, _Text]
CutStatus: TypeAlias = PodStatus[_Text, _Text]
Shape: TypeAlias = Pod[Json, _Map, _Map, _Owners, _Conditions]
ShapeMetadata: TypeAlias = Metadata[_Map, _Map, _Owners]
ShapeSpec: TypeAlias = PodSpec[Json, _Map]
ShapeStatus: TypeAlias = PodStatus[Json, _Conditions]


def reduce_to_template(metadata: ShapeMetadata, spec: ShapeSpec, status: ShapeStatus) -> Shape:
    """Drop in place what only this pod has, and return the rest as a template.

    A pod with generic ephemeral volumes is a template of its own: their claims bear its name and
    are owned by its uid.
    """
    owners = [owner for owner in metadata.ownerReferences or () if owner.controller]
    # Annotations of one pod alone (addresses, checksums) would make every pod a template.
    annotations = {
        key: value
        for key, value in (metadata.annotations or {}).items()
        if key in (gpu_share.COUNT, gpu_share.MILLI)
    }
    is_own = any(volume.ephemeral is not None for volume in spec.volumes or ())
    shape = ShapeMetadata(
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
    kept = ShapeStatus(nominatedNodeName=status.nominatedNodeName or None)
    if bound:
        _keep_resize(spec, status, kept)
    return Shape(metadata=shape, spec=spec, status=kept if kept != ShapeStatus() else None)


def is_pinned_by(owners: list[Owner]) -> bool:
    """Say whether an owner ties its pods to their nodes."""
    return any(owner.controller and owner.kind in ("DaemonSet", "Node") for owner in owners)


def _keep_resize(spec: ShapeSpec, status: ShapeStatus, kept: ShapeStatus) -> None:
    """Keep what a bound pod holds where it differs from what its spec asks for."""
    kept.conditions = [c for c in status.conditions or () if c.type in RESIZES] or None
    kept.containerStatuses = _differing(spec.containers, status.containerStatuses)
    kept.initContainerStatuses = _differing(spec.initContainers, status.initContainerStatuses)
    if status.resources is not None and status.resources != spec.resources:
        kept.resources = status.resources


def _differing(
    containers: list[Container[Json]] | None, statuses: list[ContainerStatus[Json]] | None
) -> list[ContainerStatus[Json]] | None:
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
