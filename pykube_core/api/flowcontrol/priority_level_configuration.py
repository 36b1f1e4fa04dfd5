"""Priority levels of requests."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, NONE, age, strings
from pykube_core.api.machinery.object_meta import validate_create, validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_QUEUING: Final = {"queues": 64, "handSize": 8, "queueLengthLimit": 50}
_SHARES: Final = {"exempt": 0, "limited": 30}


def default_priority_level_configuration(level: KubeObject) -> None:
    """Fill in a level's defaults, in place."""
    spec = level.setdefault("spec", {})
    for kind, shares in _SHARES.items():
        if kind in spec:
            spec[kind].setdefault("nominalConcurrencyShares", shares)
            spec[kind].setdefault("lendablePercent", 0)
    queuing = spec.get("limited", {}).get("limitResponse", {}).get("queuing")
    if queuing is not None:
        for field, value in _QUEUING.items():
            queuing[field] = queuing.get(field) or value


def prepare_priority_level_configuration(level: KubeObject) -> None:
    """Give a new level its first status, in place."""
    level["status"] = {}


def priority_level_configuration_cells(level: KubeObject, now_ns: int) -> list[Json]:
    """Return a level's cells."""
    spec = level.get("spec", {})
    limited = spec.get("limited", {})
    queuing = limited.get("limitResponse", {}).get("queuing", {})
    return [
        name_of(level),
        spec.get("type", ""),
        limited.get("nominalConcurrencyShares", NONE),
        *(queuing.get(field, NONE) for field in _QUEUING),
        age(level, now_ns),
    ]


PRIORITY_LEVEL_CONFIGURATIONS: Final = Resource(
    kind="PriorityLevelConfiguration",
    plural="prioritylevelconfigurations",
    group="flowcontrol.apiserver.k8s.io",
    namespaced=False,
    default=default_priority_level_configuration,
    prepare=prepare_priority_level_configuration,
    validate=validate_of_cluster,
    validate_create=validate_create,
    counts_generations=True,
    has_status=True,
    columns=(
        NAME,
        *strings("Type", "NominalConcurrencyShares", "Queues", "HandSize", "QueueLengthLimit"),
        AGE,
    ),
    cells=priority_level_configuration_cells,
)
