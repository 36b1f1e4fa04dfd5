"""Classes of attributes that a volume may change to."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.field_errors import FieldError, forbidden
from pykube_core.api.machinery.object_meta import validate_create, validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def validate_volume_attributes_class_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another driver and other parameters."""
    errors: list[FieldError] = []
    if new.get("driverName", "") != old.get("driverName", ""):
        errors.append(forbidden("driverName", "updates to driverName are forbidden."))
    if new.get("parameters", {}) != old.get("parameters", {}):
        errors.append(forbidden("parameters", "updates to parameters are forbidden."))
    return errors


def volume_attributes_class_cells(attributes: KubeObject, now_ns: int) -> list[Json]:
    """Return a class's cells."""
    return [name_of(attributes), attributes.get("driverName", ""), age(attributes, now_ns)]


VOLUME_ATTRIBUTES_CLASSES: Final = Resource(
    kind="VolumeAttributesClass",
    plural="volumeattributesclasses",
    group="storage.k8s.io",
    short_names=("vac",),
    namespaced=False,
    validate=validate_of_cluster,
    validate_create=validate_create,
    validate_update=validate_volume_attributes_class_update,
    answers_with_object=True,
    columns=(NAME, *strings("DriverName"), AGE),
    cells=volume_attributes_class_cells,
)
