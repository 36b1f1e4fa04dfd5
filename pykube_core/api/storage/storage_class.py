"""Storage classes."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery import names
from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.field_errors import (
    IMMUTABLE,
    FieldError,
    duplicate,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from pykube_core.api.machinery.object_meta import (
    validate_create,
    validate_label_name,
    validate_metadata,
)
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_DEFAULT: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_BINDING_MODES: Final = ("Immediate", "WaitForFirstConsumer")
_CLASS_RECLAIM_POLICIES: Final = ("Delete", "Retain")


def default_storage_class(storage_class: KubeObject) -> None:
    """Fill in a storage class's defaults, in place."""
    storage_class.setdefault("reclaimPolicy", "Delete")
    storage_class.setdefault("volumeBindingMode", "Immediate")


def validate_storage_class(storage_class: KubeObject) -> list[FieldError]:
    """Check a storage class."""
    errors = validate_metadata(storage_class, namespaced=False)
    provisioner = storage_class.get("provisioner") or ""
    if provisioner:
        complaints = names.qualified_name(provisioner.lower())
        errors += invalid_each("provisioner", provisioner, complaints)
    else:
        errors.append(required("provisioner"))
    policy, mode = storage_class.get("reclaimPolicy"), storage_class.get("volumeBindingMode")
    if policy and policy not in _CLASS_RECLAIM_POLICIES:
        errors.append(not_supported("reclaimPolicy", policy, _CLASS_RECLAIM_POLICIES))
    if mode is None:
        errors.append(required("volumeBindingMode"))
    elif mode not in _BINDING_MODES:
        errors.append(not_supported("volumeBindingMode", mode, _BINDING_MODES))
    return errors + _validate_topologies(storage_class.get("allowedTopologies") or [])


def _validate_topologies(terms: list[KubeObject]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[frozenset[tuple[str, frozenset[str]]]] = set()
    for row, term in enumerate(terms):
        chosen: dict[str, frozenset[str]] = {}
        for index, expression in enumerate(term.get("matchLabelExpressions") or ()):
            path = f"allowedTopologies[{row}].matchLabelExpressions[{index}]"
            key, values = expression.get("key") or "", expression.get("values") or []
            if not values:
                errors.append(required(f"{path}.values"))
            first = {value: at for at, value in reversed(list(enumerate(values)))}
            errors += [
                duplicate(f"{path}.values[{at}]", value)
                for at, value in enumerate(values)
                if first[value] < at
            ]
            errors += validate_label_name(key, f"{path}.key")
            if key in chosen:
                errors.append(duplicate(f"{path}.key", key))
            chosen[key] = frozenset(values)
        content = frozenset(chosen.items())
        if content in seen:
            errors.append(duplicate(f"allowedTopologies[{row}].matchLabelExpressions", ""))
        seen.add(content)
    return errors


def validate_storage_class_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse changes of how a class makes its volumes."""
    return [
        invalid(field, new.get(field), IMMUTABLE)
        for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")
        if new.get(field) != old.get(field)
    ]


def storage_class_cells(storage_class: KubeObject, now_ns: int) -> list[Json]:
    """Return a storage class's cells."""
    annotations = storage_class["metadata"].get("annotations", {})
    is_default = "true" in (annotations.get(key) for key in _DEFAULT)
    return [
        name_of(storage_class) + (" (default)" if is_default else ""),
        storage_class.get("provisioner", ""),
        storage_class.get("reclaimPolicy", "Delete"),
        storage_class.get("volumeBindingMode", "Immediate"),
        storage_class.get("allowVolumeExpansion", False),
        age(storage_class, now_ns),
    ]


STORAGE_CLASSES: Final = Resource(
    kind="StorageClass",
    plural="storageclasses",
    group="storage.k8s.io",
    short_names=("sc",),
    namespaced=False,
    default=default_storage_class,
    validate=validate_storage_class,
    validate_create=validate_create,
    validate_update=validate_storage_class_update,
    answers_with_object=True,
    columns=(
        NAME,
        *strings("Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion"),
        AGE,
    ),
    cells=storage_class_cells,
    lister="storageClasses",
)
