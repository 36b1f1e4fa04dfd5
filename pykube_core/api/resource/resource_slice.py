"""Slices of the devices that a driver has."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.object_meta import validate_create, validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, selectable


def resource_slice_cells(resource_slice: KubeObject, now_ns: int) -> list[Json]:
    """Return a slice's cells."""
    spec = resource_slice.get("spec", {})
    return [
        name_of(resource_slice),
        spec.get("nodeName", ""),
        spec.get("driver", ""),
        spec.get("pool", {}).get("name", ""),
        age(resource_slice, now_ns),
    ]


RESOURCE_SLICES: Final = Resource(
    kind="ResourceSlice",
    plural="resourceslices",
    group="resource.k8s.io",
    namespaced=False,
    validate=validate_of_cluster,
    validate_create=validate_create,
    counts_generations=True,
    answers_with_object=True,
    columns=(NAME, *strings("Node", "Driver", "Pool"), AGE),
    cells=resource_slice_cells,
    fields=selectable("spec.nodeName", "spec.driver", "spec.pool.name"),
)
