"""Rules of volumes and claims, as far as they can refuse a node."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.resource_lists import quantities
from pykube_core.api.core.resource_validation import validate_positive, validate_quantity
from pykube_core.api.core.scheduling_validation import validate_node_selector
from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
    too_long,
)
from pykube_core.api.machinery.object_meta import validate_label_selector
from pykube_core.api.machinery.objects import KubeObject

_ACCESS_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_MODES: Final = ("Block", "Filesystem")
_RECLAIM_POLICIES: Final = ("Delete", "Recycle", "Retain")
_DRIVER_BYTES_MAX: Final = 63

# Fields that a volume source must have; upstream's path differs from the field for one kind.
_REQUIRED: Final = {
    "gcePersistentDisk": ("persistentDisk", ("pdName",)),
    "awsElasticBlockStore": ("awsElasticBlockStore", ("volumeID",)),
    "iscsi": ("iscsi", ("targetPortal", "iqn")),
    "persistentVolumeClaim": ("persistentVolumeClaim", ("claimName",)),
    "rbd": ("rbd", ("monitors", "image")),
    "cinder": ("cinder", ("volumeID",)),
    "azureFile": ("azureFile", ("secretName", "shareName")),
    "vsphereVolume": ("vsphereVolume", ("volumePath",)),
    "portworxVolume": ("portworxVolume", ("volumeID",)),
    "azureDisk": ("azureDisk", ("diskName", "diskURI")),
    "hostPath": ("hostPath", ("path",)),
    "configMap": ("configMap", ("name",)),
    "secret": ("secret", ("secretName",)),
    "local": ("local", ("path",)),
}
_PARTITIONED: Final = ("gcePersistentDisk", "awsElasticBlockStore")
NOT_SOURCES: Final = frozenset(
    "accessModes capacity claimRef mountOptions nodeAffinity persistentVolumeReclaimPolicy "
    "storageClassName volumeAttributesClassName volumeMode name".split()
)
"""Fields of a volume's spec beside the one that is its source."""


def validate_volumes(volumes: list[KubeObject], pod_name: str, path: str) -> list[FieldError]:
    """Check the volumes of a pod; its name is part of the claims of ephemeral volumes."""
    created = {
        f"{pod_name}-{volume.get('name') or ''}"
        for volume in volumes
        if pod_name and volume.get("ephemeral") is not None
    }
    errors: list[FieldError] = []
    taken: set[str] = set()
    for index, volume in enumerate(volumes):
        here, name = f"{path}[{index}]", volume.get("name") or ""
        own = _validate_source(volume, here)
        if name:
            own += invalid_each(f"{here}.name", name, names.dns_label(name))
        else:
            own.append(required(f"{here}.name"))
        if name in taken:
            own.append(duplicate(f"{here}.name", name))
        if not own:
            taken.add(name)
        errors += own
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim in created:
            detail = "must not reference a PVC that gets created for an ephemeral volume"
            errors.append(invalid(f"{here}.persistentVolumeClaim.claimName", claim, detail))
    return errors


def validate_volume_spec(spec: KubeObject) -> list[FieldError]:
    """Check the spec of a PersistentVolume."""
    errors = [] if spec.get("accessModes") else [required("spec.accessModes")]
    errors += _validate_access_modes(spec, "spec")
    capacity = quantities(spec.get("capacity"))
    if not capacity:
        errors.append(required("spec.capacity"))
    if set(capacity) != {"storage"}:
        shown = {name: str(quantity) for name, quantity in capacity.items()} or None
        errors.append(not_supported("spec.capacity", shown, ("storage",)))
    for name, quantity in capacity.items():
        if quantity.nano < 0:
            detail = "must be a valid resource quantity"
            errors.append(invalid(f"spec.capacity[{name}]", quantity.value(), detail))
        errors += validate_positive(quantity, f"spec.capacity[{name}]")
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in _RECLAIM_POLICIES:
        path = "spec.persistentVolumeReclaimPolicy"
        errors.append(not_supported(path, policy, _RECLAIM_POLICIES))
    affinity = spec.get("nodeAffinity")
    if affinity is not None:
        if affinity.get("required") is None:
            detail = "must specify required node constraints"
            errors.append(required("spec.nodeAffinity.required", detail))
        else:
            errors += validate_node_selector(affinity["required"], "spec.nodeAffinity.required")
    errors += _validate_source(spec, "spec")
    if spec.get("local") is not None and affinity is None:
        errors.append(required("spec.nodeAffinity", "Local volume requires node affinity"))
    return errors + _validate_class_and_mode(spec, "spec")


def validate_claim_spec(spec: KubeObject, path: str) -> list[FieldError]:
    """Check the spec of a PersistentVolumeClaim, or of a template of one."""
    errors: list[FieldError] = []
    if not spec.get("accessModes"):
        errors.append(required(f"{path}.accessModes", "at least 1 access mode is required"))
    errors += validate_label_selector(spec.get("selector"), f"{path}.selector")
    errors += _validate_access_modes(spec, path)
    here = f"{path}.resources[storage]"
    requests = quantities((spec.get("resources") or {}).get("requests"))
    if "storage" not in requests:
        errors.append(required(here))
    else:
        storage = requests["storage"]
        errors += validate_positive(storage, here) or validate_quantity("storage", storage, here)
    return errors + _validate_class_and_mode(spec, path)


def validate_driver_name(name: str, path: str) -> list[FieldError]:
    """Check the name of a CSI driver."""
    errors = [] if name else [required(path)]
    if len(name.encode(errors="replace")) > _DRIVER_BYTES_MAX:
        errors.append(too_long(path, _DRIVER_BYTES_MAX))
    return errors + invalid_each(path, name, names.dns_subdomain(name.lower()))


def _validate_source(holder: KubeObject, path: str) -> list[FieldError]:
    """Check that there is one source, and the fields that the scheduler reads of it."""
    kinds = [key for key, value in holder.items() if key not in NOT_SOURCES and value is not None]
    if not kinds:
        return [required(path, "must specify a volume type")]
    errors = _validate_one_source(kinds[0], holder[kinds[0]], path)
    for kind in kinds[1:]:
        errors.append(forbidden(f"{path}.{kind}", "may not specify more than 1 volume type"))
    return errors


def _validate_one_source(kind: str, source: KubeObject, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    name, fields = _REQUIRED.get(kind, (kind, ()))
    errors += [required(f"{path}.{name}.{field}") for field in fields if not source.get(field)]
    partition = source.get("partition") or 0
    if kind in _PARTITIONED and not 0 <= partition <= 255:
        detail = "must be between 1 and 255, inclusive"
        errors.append(invalid(f"{path}.{name}.partition", partition, detail))
    if kind == "csi":
        errors += validate_driver_name(source.get("driver") or "", f"{path}.csi.driver")
        if path == "spec" and not source.get("volumeHandle"):
            errors.append(required("spec.csi.volumeHandle"))
    if kind == "ephemeral":
        here = f"{path}.ephemeral.volumeClaimTemplate"
        template = source.get("volumeClaimTemplate")
        if template is None:
            errors.append(required(here))
        else:
            errors += validate_claim_spec(template.get("spec") or {}, f"{here}.spec")
    return errors


def _validate_access_modes(spec: KubeObject, path: str) -> list[FieldError]:
    modes = spec.get("accessModes") or []
    here = f"{path}.accessModes"
    unknown = [mode for mode in modes if mode not in _ACCESS_MODES]
    errors = [not_supported(here, mode, _ACCESS_MODES) for mode in unknown]
    known = set(modes) & set(_ACCESS_MODES)
    if "ReadWriteOncePod" in known and len(known) > 1:
        errors.append(forbidden(here, "may not use ReadWriteOncePod with other access modes"))
    return errors


def _validate_class_and_mode(spec: KubeObject, path: str) -> list[FieldError]:
    storage_class, mode = spec.get("storageClassName") or "", spec.get("volumeMode")
    errors: list[FieldError] = []
    if storage_class:
        here = f"{path}.storageClassName"
        errors += invalid_each(here, storage_class, names.dns_subdomain(storage_class))
    if mode is not None and mode not in _VOLUME_MODES:
        errors.append(not_supported(f"{path}.volumeMode", mode, _VOLUME_MODES))
    return errors
