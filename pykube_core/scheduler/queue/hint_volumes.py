"""Rules of queueing hints about volumes, claims and storage.

Source: kubernetes v1.34.1, pkg/scheduler/framework/plugins/{nodevolumelimits,volumebinding,
volumerestrictions,volumezone,dynamicresources}, csi-translation-lib/plugins.

Difference: DynamicResources looks a pod's claims up by name, not by uid, and takes no note of
claims that are missing or about to go.
"""

from typing import Any, Final

from pykube_core.api.machinery.objects import KubeObject, name_of, namespace_of
from pykube_core.api.machinery.quantity import quantity_value
from pykube_core.scheduler.queue.hint_rules import is_on_node, spec_of

# In-tree volume types that are handed to a CSI driver: the field of the volume, the driver.
_MIGRATED: Final = {
    "awsElasticBlockStore": "ebs.csi.aws.com",
    "azureDisk": "disk.csi.azure.com",
    "azureFile": "file.csi.azure.com",
    "cinder": "cinder.csi.openstack.org",
    "gcePersistentDisk": "pd.csi.storage.gke.io",
    "portworxVolume": "pxd.portworx.com",
    "vsphereVolume": "csi.vsphere.vmware.com",
}
_ZONE_LABELS: Final = (
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
)
_MIGRATED_PLUGINS: Final = "storage.alpha.kubernetes.io/migrated-plugins"


def _volumes(pod: KubeObject) -> list[KubeObject]:
    return spec_of(pod).get("volumes") or []


def _claim_names(pod: KubeObject) -> list[str]:
    claims = (volume.get("persistentVolumeClaim") for volume in _volumes(pod))
    return [claim.get("claimName") or "" for claim in claims if claim is not None]


def _ephemeral_claim_names(pod: KubeObject) -> list[str]:
    return [
        f"{name_of(pod)}-{volume.get('name')}"
        for volume in _volumes(pod)
        if volume.get("ephemeral") is not None
    ]


def after_named_claim_change(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """VolumeRestrictions, VolumeZone: a claim that the pod names was created or updated."""
    if new is None or namespace_of(new) != namespace_of(pod):
        return False
    return name_of(new) in _claim_names(pod)


def after_own_claim_change(pod: KubeObject, old: KubeObject | None, new: KubeObject | None) -> bool:
    """NodeVolumeLimits, VolumeBinding: the same, with claims made for ephemeral volumes."""
    if new is None or namespace_of(new) != namespace_of(pod):
        return False
    return name_of(new) in (*_claim_names(pod), *_ephemeral_claim_names(pod))


def after_resource_claim_change(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """DynamicResources: a claim was deallocated, or one of the pod's has another status."""
    if new is None:
        return True
    before = (old or {}).get("status") or {}
    after = new.get("status") or {}
    if before.get("allocation") is not None and after.get("allocation") is None:
        return True
    if namespace_of(new) != namespace_of(pod) or name_of(new) not in _resource_claim_names(pod):
        return False
    return old is None or before != after


def _resource_claim_names(pod: KubeObject) -> list[str]:
    statuses = (pod.get("status") or {}).get("resourceClaimStatuses") or ()
    generated = {each.get("name"): each.get("resourceClaimName") for each in statuses}
    claims = spec_of(pod).get("resourceClaims") or ()
    names = [each.get("resourceClaimName") or generated.get(each.get("name")) for each in claims]
    return [name for name in names if name]


# NodeVolumeLimits


def limits_after_pod_deleted(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """NodeVolumeLimits: the deleted pod was on a node and had a volume of a CSI driver."""
    if old is None:
        return True
    return is_on_node(old) and any(
        volume.get("persistentVolumeClaim") is not None
        or volume.get("ephemeral") is not None
        or _migrated_driver(volume) is not None
        for volume in _volumes(old)
    )


def limits_after_attachment_deleted(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """NodeVolumeLimits: the pod has a claim, or a volume of the attachment's driver."""
    attacher = spec_of(old or {}).get("attacher")
    return any(
        volume.get("persistentVolumeClaim") is not None
        or (attacher is not None and _migrated_driver(volume) == attacher)
        for volume in _volumes(pod)
    )


def _migrated_driver(volume: KubeObject) -> str | None:
    return next(
        (driver for field, driver in _MIGRATED.items() if volume.get(field) is not None), None
    )


def limits_after_csi_node_update(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """NodeVolumeLimits: a driver's limit on the node rose."""
    before = _driver_limits(old or {})
    return any(limit > before.get(driver, 0) for driver, limit in _driver_limits(new or {}).items())


def _driver_limits(csi_node: KubeObject) -> dict[str, int]:
    drivers = spec_of(csi_node).get("drivers") or ()
    return {
        driver.get("name"): (driver.get("allocatable") or {}).get("count") or 0
        for driver in drivers
    }


# VolumeBinding


def binding_after_class_change(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """VolumeBinding: a storage class is new, or has other allowed topologies."""
    if old is None or new is None:
        return True
    return (new.get("allowedTopologies") or []) != (old.get("allowedTopologies") or [])


def binding_after_csi_node_change(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """VolumeBinding: a CSINode is new, or other in-tree plugins are migrated on it."""
    if old is None or new is None:
        return True
    annotations = [(each.get("metadata") or {}).get("annotations") or {} for each in (old, new)]
    before, after = (each.get(_MIGRATED_PLUGINS) or "" for each in annotations)
    return bool(before != after)


def binding_after_csi_driver_change(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """VolumeBinding: the driver of an inline volume of the pod no longer tracks capacity."""
    if old is None or new is None:
        return True
    if not spec_of(old).get("storageCapacity") or spec_of(new).get("storageCapacity"):
        return False
    return any(
        (volume.get("csi") or {}).get("driver") == name_of(new)
        for volume in _volumes(pod)
        if volume.get("csi") is not None
    )


def binding_after_capacity_change(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """VolumeBinding: a storage capacity is new, or allows a larger volume."""
    if old is None or new is None:
        return True
    before, after = _volume_limit(old), _volume_limit(new)
    return after is not None and (before is None or after > before)


def _volume_limit(capacity: KubeObject) -> int | None:
    value = capacity.get("maximumVolumeSize")
    if value is None:
        value = capacity.get("capacity")
    return None if value is None else quantity_value(value)


# VolumeRestrictions


def restrictions_after_pod_deleted(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """VolumeRestrictions: the deleted pod, in the same namespace, used a disk or claim of it."""
    if old is None:
        return True
    if namespace_of(old) != namespace_of(pod):
        return False
    if any(_conflict(mine, theirs) for mine in _volumes(pod) for theirs in _volumes(old)):
        return True
    return not set(_claim_names(pod)).isdisjoint(_claim_names(old))


def _conflict(volume: KubeObject, other: KubeObject) -> bool:
    """Return whether two volumes are one disk that cannot be used twice."""
    mine, theirs = volume.get("awsElasticBlockStore"), other.get("awsElasticBlockStore")
    if mine and theirs and mine.get("volumeID") == theirs.get("volumeID"):
        return True
    return any(
        _is_same_disk(kind, volume[kind], other[kind])
        and not (volume[kind].get("readOnly") and other[kind].get("readOnly"))
        for kind in ("gcePersistentDisk", "iscsi", "rbd")
        if volume.get(kind) and other.get(kind)
    )


def _is_same_disk(kind: str, mine: KubeObject, theirs: KubeObject) -> bool:
    match kind:
        case "gcePersistentDisk":
            return bool(mine.get("pdName") == theirs.get("pdName"))
        case "iscsi":
            return bool(mine.get("iqn") == theirs.get("iqn"))
        case _:
            monitors = set(mine.get("monitors") or ())
            return (
                not monitors.isdisjoint(theirs.get("monitors") or ())
                and (mine.get("pool") or "rbd") == (theirs.get("pool") or "rbd")
                and mine.get("image") == theirs.get("image")
            )


# VolumeZone


def zone_after_class_added(pod: KubeObject, old: KubeObject | None, new: KubeObject | None) -> bool:
    """VolumeZone: the new storage class binds when a pod first uses it."""
    return new is None or new.get("volumeBindingMode") == "WaitForFirstConsumer"


def zone_after_volume_change(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """VolumeZone: a volume is new, or has other zones or regions."""
    if old is None or new is None:
        return True
    return _topology(old) != _topology(new)


def _topology(volume: KubeObject) -> list[tuple[str, str, frozenset[str]]]:
    """Return a volume's zones and regions; "a__b" lists two, and one with a gap is ignored."""
    labels: dict[str, Any] = (volume.get("metadata") or {}).get("labels") or {}
    found: list[tuple[str, str, frozenset[str]]] = []
    for key in _ZONE_LABELS:
        if key in labels:
            values = frozenset(part.strip() for part in labels[key].split("__"))
            if "" not in values:
                found.append((name_of(volume), key, values))
    return found
