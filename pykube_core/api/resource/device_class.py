"""Device classes."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.object_meta import validate_create, validate_of_cluster
from pykube_core.api.machinery.registry import Resource

DEVICE_CLASSES: Final = Resource(
    kind="DeviceClass",
    plural="deviceclasses",
    group="resource.k8s.io",
    namespaced=False,
    validate=validate_of_cluster,
    validate_create=validate_create,
    counts_generations=True,
    answers_with_object=True,
)
