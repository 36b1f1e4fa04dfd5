"""Storage objects as the scheduler reads them, and what it assumes about them.

A pod that was placed may have taken volumes that the API does not know of yet: a volume matched to
a WaitForFirstConsumer claim carries the claim's reference, a claim to be provisioned carries the
selected node. Both live here, beside the objects, until the object itself changes or the pod lets
go of them.

Source: kubernetes v1.34.1, plugins/volumebinding/assume_cache.go and binder.go, and
k8s.io/component-helpers v0.34.1, storage/volume. Difference: of several volumes of one class
upstream reads a map in random order; here they stand in the order of their creation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject, name_of, namespace_of
from pykube_core.api.machinery.quantity import Quantity, QuantityError, parse_quantity
from pykube_core.api.machinery.selectors import (
    EVERYTHING,
    LabelSelector,
    NodeSelector,
    Operator,
    Requirement,
    parse_label_selector,
    parse_node_selector,
)

ANNOTATION_BIND_COMPLETED: Final = "pv.kubernetes.io/bind-completed"
ANNOTATION_SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
ANNOTATION_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
WAIT_FOR_FIRST_CONSUMER: Final = "WaitForFirstConsumer"

ClaimKey = tuple[str, str]
"""Namespace and name of a claim."""


class ClaimReference(NamedTuple):
    """The claim that a volume is bound to, or kept for; an empty ``uid`` means any."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A PersistentVolumeClaim.

    Attributes
    ----------
    class_name : str
        Of its annotation or spec; "" for none.
    volume_name : str
        The volume that it is bound to, or wants; "" for none.
    bind_completed : bool
        The controller has finished binding it.
    selected_node : str or None
        The node that its volume is to be provisioned for.
    request : Quantity or None
        How much storage it asks for.
    selector : LabelSelector
        Over the labels of volumes.
    controller_uid : str
        uid of the owner that controls it; "" for none.
    """

    namespace: str
    name: str
    uid: str = ""
    class_name: str = ""
    volume_name: str = ""
    phase: str = ""
    terminating: bool = False
    bind_completed: bool = False
    selected_node: str | None = None
    access_modes: tuple[str, ...] = ()
    request: Quantity | None = None
    volume_mode: str = "Filesystem"
    attributes_class: str = ""
    selector: LabelSelector = EVERYTHING
    controller_uid: str = ""

    @property
    def key(self) -> ClaimKey:
        """Namespace and name."""
        return self.namespace, self.name

    @property
    def fully_bound(self) -> bool:
        """It has a volume, and the controller says so."""
        return bool(self.volume_name) and self.bind_completed


@dataclass(frozen=True, slots=True)
class Volume:
    """A PersistentVolume.

    Attributes
    ----------
    capacity : Quantity
        Zero if it names none.
    affinity : NodeSelector or None
        Where it can be reached from; None for everywhere.
    csi : (driver, handle) or None
        The CSI volume behind it.
    """

    name: str
    class_name: str = ""
    capacity: Quantity = field(default_factory=lambda: Quantity(0))
    phase: str = ""
    terminating: bool = False
    access_modes: frozenset[str] = frozenset()
    volume_mode: str = "Filesystem"
    attributes_class: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    claim: ClaimReference | None = None
    affinity: NodeSelector | None = None
    csi: tuple[str, str] | None = None

    def is_for(self, claim: Claim, reference: ClaimReference | None) -> bool:
        """Say whether a reference, the volume's own or an assumed one, means the claim."""
        return (
            reference is not None
            and (reference.namespace, reference.name) == claim.key
            and reference.uid in ("", claim.uid)
        )


@dataclass(frozen=True, slots=True)
class StorageClass:
    """A StorageClass; ``topologies`` are alternatives, None for anywhere."""

    name: str
    provisioner: str = ""
    binding_mode: str | None = None
    topologies: tuple[LabelSelector, ...] | None = None


@dataclass(frozen=True, slots=True)
class StorageCapacity:
    """A CSIStorageCapacity.

    Attributes
    ----------
    limit : int or None
        Bytes of the largest volume that it can take; None if it cannot take any.
    topology : LabelSelector
        Over the labels of nodes that reach it.
    """

    class_name: str
    limit: int | None
    topology: LabelSelector


class Attachment(NamedTuple):
    """A VolumeAttachment of a PersistentVolume."""

    attacher: str
    node: str
    volume: str


class Assumed(NamedTuple):
    """The assumptions of one pod's reservation; `VolumeCache.forget` takes it back."""

    volumes: tuple[str, ...] = ()
    claims: tuple[ClaimKey, ...] = ()


class VolumeCache:
    """All storage objects by kind, with the scheduler's assumptions.

    Parameters
    ----------
    objects
        Kubernetes objects by plural name; kinds that have nothing to do with storage are ignored.

    Raises
    ------
    InputError
        An object cannot be read.
    """

    def __init__(self, objects: Mapping[str, Sequence[KubeObject]] | None = None) -> None:
        self.classes: dict[str, StorageClass] = {}
        self.capacities: dict[ClaimKey, StorageCapacity] = {}
        self._claims: dict[ClaimKey, Claim] = {}
        self._volumes: dict[str, Volume] = {}
        self._volumes_of_class: dict[str, dict[str, Volume]] = {}
        self._drivers: dict[str, bool] = {}
        self._limits: dict[str, tuple[tuple[str, int], ...]] = {}
        self._attachments: dict[str, Attachment] = {}
        self._assumed_references: dict[str, ClaimReference] = {}
        self._assumed_nodes: dict[ClaimKey, str] = {}
        self._kinds: dict[str, tuple[Callable[[KubeObject], None], Callable[[ClaimKey], None]]] = {
            "persistentVolumes": (self._put_volume, self._drop_volume),
            "persistentVolumeClaims": (self._put_claim, self._drop_claim),
            "storageClasses": (self._put_class, lambda key: _drop(self.classes, key[1])),
            "csiNodes": (self._put_csi_node, lambda key: _drop(self._limits, key[1])),
            "csiDrivers": (self._put_driver, lambda key: _drop(self._drivers, key[1])),
            "csiStorageCapacities": (
                self._put_capacity,
                lambda key: _drop(self.capacities, key),
            ),
            "volumeAttachments": (
                self._put_attachment,
                lambda key: _drop(self._attachments, key[1]),
            ),
        }
        for kind in self._kinds:
            for item in (objects or {}).get(kind) or ():
                self.put(kind, item)

    def put(self, kind: str, item: KubeObject) -> None:
        """Add an object, or replace it; what was assumed about it is forgotten.

        Parameters
        ----------
        kind
            Plural name; others than those of storage are ignored.
        item
            The object.

        Raises
        ------
        InputError
            It cannot be read; nothing changed.
        """
        if kind in self._kinds:
            try:
                self._kinds[kind][0](item)
            except (QuantityError, KeyError, TypeError, AttributeError, ValueError) as error:
                raise InputError(
                    f"cannot be read: {error}", object=f"{kind} {name_of(item)}"
                ) from error

    def drop(self, kind: str, item: KubeObject) -> None:
        """Take an object away, and what was assumed about it; an unknown one is no error."""
        if kind in self._kinds:
            self._kinds[kind][1]((namespace_of(item), name_of(item)))

    # -- what plugins ask ------------------------------------------------------------------

    def claim(self, key: ClaimKey) -> Claim | None:
        """Return a claim as the API has it."""
        return self._claims.get(key)

    def selected_node(self, claim: Claim) -> str | None:
        """Return the node that a claim is to be provisioned for, assumed or written."""
        return self._assumed_nodes.get(claim.key, claim.selected_node)

    def volume(self, name: str) -> Volume | None:
        """Return a volume as the API has it."""
        return self._volumes.get(name)

    def reference(self, volume: Volume) -> ClaimReference | None:
        """Return the claim that a volume is kept for, assumed or written."""
        return self._assumed_references.get(volume.name, volume.claim)

    def volumes_of_class(self, class_name: str) -> Iterable[Volume]:
        """Return the volumes of a class in the order of their creation."""
        return self._volumes_of_class.get(class_name, {}).values()

    def tracks_capacity(self, driver: str) -> bool:
        """Say whether a driver publishes CSIStorageCapacities that count."""
        return self._drivers.get(driver, False)

    def limits(self, node: str) -> tuple[tuple[str, int], ...]:
        """Return (driver, limit) of a node's CSINode, where it states one."""
        return self._limits.get(node, ())

    def attachments(self, node: str) -> Iterator[Attachment]:
        """Yield the attachments to a node; costs O(all attachments)."""
        return (item for item in self._attachments.values() if item.node == node)

    # -- what a reservation assumes --------------------------------------------------------

    def assume(
        self, bindings: Iterable[tuple[ClaimKey, str]], provisions: Iterable[ClaimKey], node: str
    ) -> Assumed:
        """Keep volumes for claims, and have claims provisioned for a node.

        Parameters
        ----------
        bindings
            (claim, volume) pairs; both exist.
        provisions
            Claims to provision.
        node
            The node's name.
        """
        volumes = []
        for key, name in bindings:
            claim = self._claims[key]
            reference = ClaimReference(*key, claim.uid)
            if self._assumed_references.get(name, self._volumes[name].claim) != reference:
                self._assumed_references[name] = reference
            volumes.append(name)
        claims = tuple(provisions)
        for key in claims:
            self._assumed_nodes[key] = node
        return Assumed(tuple(volumes), claims)

    def forget(self, assumed: Assumed) -> None:
        """Take a reservation back; as upstream, also where another pod counts on the same."""
        for name in assumed.volumes:
            self._assumed_references.pop(name, None)
        for key in assumed.claims:
            self._assumed_nodes.pop(key, None)

    def copy(self) -> VolumeCache:
        """Return the same objects, with nothing assumed about them."""
        other = VolumeCache()
        other.classes.update(self.classes)
        other.capacities.update(self.capacities)
        other._claims.update(self._claims)
        other._volumes.update(self._volumes)
        for name, volumes in self._volumes_of_class.items():
            other._volumes_of_class[name] = dict(volumes)
        other._drivers.update(self._drivers)
        other._limits.update(self._limits)
        other._attachments.update(self._attachments)
        return other

    # -- objects as they come in -----------------------------------------------------------

    def _put_claim(self, item: KubeObject) -> None:
        claim = read_claim(item)
        self._claims[claim.key] = claim
        self._assumed_nodes.pop(claim.key, None)

    def _drop_claim(self, key: ClaimKey) -> None:
        self._claims.pop(key, None)
        self._assumed_nodes.pop(key, None)

    def _put_volume(self, item: KubeObject) -> None:
        volume = read_volume(item)
        before = self._volumes.get(volume.name)
        if before is not None and before.class_name != volume.class_name:
            del self._volumes_of_class[before.class_name][before.name]
        self._volumes[volume.name] = volume
        self._volumes_of_class.setdefault(volume.class_name, {})[volume.name] = volume
        self._assumed_references.pop(volume.name, None)

    def _drop_volume(self, key: ClaimKey) -> None:
        volume = self._volumes.pop(key[1], None)
        if volume is not None:
            del self._volumes_of_class[volume.class_name][volume.name]
        self._assumed_references.pop(key[1], None)

    def _put_class(self, item: KubeObject) -> None:
        name = name_of(item)
        self.classes[name] = StorageClass(
            name=name,
            provisioner=item.get("provisioner") or "",
            binding_mode=item.get("volumeBindingMode"),
            topologies=_read_topologies(item.get("allowedTopologies") or ()),
        )

    def _put_csi_node(self, item: KubeObject) -> None:
        drivers = (item.get("spec") or {}).get("drivers") or ()
        counts = {d["name"]: (d.get("allocatable") or {}).get("count") for d in drivers}
        self._limits[name_of(item)] = tuple(
            (name, int(count)) for name, count in counts.items() if count is not None
        )

    def _put_driver(self, item: KubeObject) -> None:
        self._drivers[name_of(item)] = bool((item.get("spec") or {}).get("storageCapacity"))

    def _put_capacity(self, item: KubeObject) -> None:
        limit = item.get("maximumVolumeSize")
        limit = item.get("capacity") if limit is None else limit
        self.capacities[namespace_of(item), name_of(item)] = StorageCapacity(
            class_name=item.get("storageClassName") or "",
            limit=None if limit is None else parse_quantity(limit).value(),
            topology=parse_label_selector(item.get("nodeTopology")),
        )

    def _put_attachment(self, item: KubeObject) -> None:
        spec = item.get("spec") or {}
        volume = (spec.get("source") or {}).get("persistentVolumeName")
        self._attachments[name_of(item)] = Attachment(
            spec.get("attacher") or "", spec.get("nodeName") or "", volume or ""
        )


def _drop(table: dict[Any, Any], key: Any) -> None:  # noqa: ANN401
    table.pop(key, None)


def _class_name(metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    """Return the class; the beta annotation goes before the field."""
    annotations = metadata.get("annotations") or {}
    return annotations.get(ANNOTATION_CLASS, spec.get("storageClassName")) or ""


def read_claim(item: KubeObject) -> Claim:
    """Return a PersistentVolumeClaim as a `Claim`."""
    metadata = item.get("metadata") or {}
    spec = item.get("spec") or {}
    annotations = metadata.get("annotations") or {}
    requests = (spec.get("resources") or {}).get("requests") or {}
    owners = metadata.get("ownerReferences") or ()
    selector = spec.get("selector")
    return Claim(
        namespace=namespace_of(item),
        name=name_of(item),
        uid=metadata.get("uid") or "",
        class_name=_class_name(metadata, spec),
        volume_name=spec.get("volumeName") or "",
        phase=(item.get("status") or {}).get("phase") or "",
        terminating=metadata.get("deletionTimestamp") is not None,
        bind_completed=ANNOTATION_BIND_COMPLETED in annotations,
        selected_node=annotations.get(ANNOTATION_SELECTED_NODE),
        access_modes=tuple(spec.get("accessModes") or ()),
        request=parse_quantity(requests["storage"]) if "storage" in requests else None,
        volume_mode=spec.get("volumeMode") or "Filesystem",
        attributes_class=spec.get("volumeAttributesClassName") or "",
        selector=EVERYTHING if selector is None else parse_label_selector(selector),
        controller_uid=next((o.get("uid") or "" for o in owners if o.get("controller")), ""),
    )


def read_volume(item: KubeObject) -> Volume:
    """Return a PersistentVolume as a `Volume`."""
    metadata = item.get("metadata") or {}
    spec = item.get("spec") or {}
    reference = spec.get("claimRef")
    csi = spec.get("csi")
    required = (spec.get("nodeAffinity") or {}).get("required")
    return Volume(
        name=name_of(item),
        class_name=_class_name(metadata, spec),
        capacity=parse_quantity((spec.get("capacity") or {}).get("storage")),
        phase=(item.get("status") or {}).get("phase") or "",
        terminating=metadata.get("deletionTimestamp") is not None,
        access_modes=frozenset(spec.get("accessModes") or ()),
        volume_mode=spec.get("volumeMode") or "Filesystem",
        attributes_class=spec.get("volumeAttributesClassName") or "",
        labels=dict(metadata.get("labels") or {}),
        claim=None if reference is None else _read_reference(reference),
        affinity=None if required is None else parse_node_selector(required),
        csi=None if csi is None else (csi.get("driver") or "", csi.get("volumeHandle") or ""),
    )


def _read_topologies(terms: Sequence[Mapping[str, Any]]) -> tuple[LabelSelector, ...] | None:
    """Return allowedTopologies; a term that is empty or cannot be read is no alternative."""
    found = []
    for term in terms:
        expressions = term.get("matchLabelExpressions") or ()
        if expressions and all(e.get("values") for e in expressions):
            requirements = (
                Requirement(e.get("key") or "", Operator.IN, tuple(sorted(set(e["values"]))))
                for e in expressions
            )
            found.append(LabelSelector(tuple(requirements)))
    return tuple(found) if terms else None


def _read_reference(item: Mapping[str, Any]) -> ClaimReference:
    return ClaimReference(
        item.get("namespace") or "", item.get("name") or "", item.get("uid") or ""
    )


class PodClaim(NamedTuple):
    """A claim that a pod uses; ``ephemeral`` ones belong to the pod and bear its name."""

    name: str
    ephemeral: bool


def pod_claims(pod: KubeObject) -> list[PodClaim]:
    """Return the claim of each volume that has one, in the order of the volumes."""
    found = []
    for volume in (pod.get("spec") or {}).get("volumes") or ():
        claim = volume.get("persistentVolumeClaim")
        if claim is not None:
            found.append(PodClaim(claim.get("claimName") or "", False))
        elif volume.get("ephemeral") is not None:
            found.append(PodClaim(f"{name_of(pod)}-{volume.get('name') or ''}", True))
    return found


def ownership_error(pod: KubeObject, claim: Claim) -> str:
    """Return upstream's words if the claim of an ephemeral volume is not the pod's; else ""."""
    uid = (pod.get("metadata") or {}).get("uid") or ""
    if claim.controller_uid and claim.controller_uid == uid:
        return ""
    whose = f"{namespace_of(pod)}/{name_of(pod)}"
    return f"PVC {'/'.join(claim.key)} was not created for pod {whose} (pod is not owner)"
