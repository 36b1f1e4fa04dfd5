"""Flow schemas."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, NONE, age, strings
from pykube_core.api.machinery.object_meta import validate_create, validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_PRECEDENCE: Final = 1000


def default_flow_schema(schema: KubeObject) -> None:
    """Fill in a schema's precedence, in place."""
    spec = schema.setdefault("spec", {})
    spec["matchingPrecedence"] = spec.get("matchingPrecedence") or _PRECEDENCE


def prepare_flow_schema(schema: KubeObject) -> None:
    """Give a new schema its first status, in place."""
    schema["status"] = {}


def flow_schema_cells(schema: KubeObject, now_ns: int) -> list[Json]:
    """Return a schema's cells."""
    spec, conditions = schema.get("spec", {}), schema.get("status", {}).get("conditions", ())
    dangling = [c.get("status", "") for c in conditions if c.get("type") == "Dangling"]
    return [
        name_of(schema),
        spec.get("priorityLevelConfiguration", {}).get("name", ""),
        spec.get("matchingPrecedence", 0),
        spec.get("distinguisherMethod", {}).get("type", NONE),
        age(schema, now_ns),
        dangling[0] if dangling else "?",
    ]


FLOW_SCHEMAS: Final = Resource(
    kind="FlowSchema",
    plural="flowschemas",
    group="flowcontrol.apiserver.k8s.io",
    namespaced=False,
    default=default_flow_schema,
    prepare=prepare_flow_schema,
    validate=validate_of_cluster,
    validate_create=validate_create,
    counts_generations=True,
    has_status=True,
    columns=(
        NAME,
        *strings("PriorityLevel", "MatchingPrecedence", "DistinguisherMethod"),
        AGE,
        *strings("MissingPL"),
    ),
    cells=flow_schema_cells,
)
