"""Statuses of components, which are asked of them and not kept."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import NAME, strings
from pykube_core.api.machinery.object_meta import validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def component_status_cells(component: KubeObject, now_ns: int) -> list[Json]:
    """Return a component's cells."""
    for condition in component.get("conditions", ()):
        if condition.get("type") == "Healthy":
            word = "Healthy" if condition.get("status") == "True" else "Unhealthy"
            texts = condition.get("message", ""), condition.get("error", "")
            return [name_of(component), word, *texts]
    return [name_of(component), "Unknown", "", ""]


COMPONENT_STATUSES: Final = Resource(
    kind="ComponentStatus",
    plural="componentstatuses",
    short_names=("cs",),
    namespaced=False,
    kept=False,
    validate=validate_of_cluster,
    verbs=("get", "list"),
    columns=(NAME, *strings("Status", "Message", "Error")),
    cells=component_status_cells,
)
