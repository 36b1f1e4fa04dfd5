"""The parameters of operations.

Source: ``k8s.io/apiserver/pkg/endpoints/installer.go`` and OpenAPI of kube-apiserver v1.37.2.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.schema import kind_struct, struct_of_type

Parameter = tuple[str, str, str]
"""Name, place ("query" or "path") and type."""

PRETTY: Final = ("pretty", "query", "string")
NAME: Final = ("name", "path", "string")
NAMESPACE: Final = ("namespace", "path", "string")
LIST: Final[tuple[Parameter, ...]] = (
    ("continue", "query", "string"),
    ("fieldSelector", "query", "string"),
    ("labelSelector", "query", "string"),
    ("limit", "query", "integer"),
    ("resourceVersion", "query", "string"),
    ("resourceVersionMatch", "query", "string"),
    ("sendInitialEvents", "query", "boolean"),
    ("shardSelector", "query", "string"),
    ("timeoutSeconds", "query", "integer"),
)
WATCH: Final[tuple[Parameter, ...]] = (
    ("allowWatchBookmarks", "query", "boolean"),
    *LIST,
    ("watch", "query", "boolean"),
)
DRY_RUN: Final = ("dryRun", "query", "string")
WRITE: Final[tuple[Parameter, ...]] = (
    DRY_RUN,
    ("fieldManager", "query", "string"),
    ("fieldValidation", "query", "string"),
)
PATCH: Final[tuple[Parameter, ...]] = (*WRITE, ("force", "query", "boolean"))
DELETE: Final[tuple[Parameter, ...]] = (
    DRY_RUN,
    ("gracePeriodSeconds", "query", "integer"),
    ("ignoreStoreReadErrorWithClusterBreakingPotential", "query", "boolean"),
    ("orphanDependents", "query", "boolean"),
    ("propagationPolicy", "query", "string"),
)
_OPTION_TYPES: Final = {"string": "string", "bool": "boolean", "int": "integer"}


def options_of(gvk: tuple[str, str, str]) -> tuple[Parameter, ...]:
    """Return the parameters of options that are sent as a query."""
    fields = struct_of_type(kind_struct(*gvk)).fields
    out = []
    for name, each in fields.items():
        kind = each.type.item.kind if each.type.item is not None else each.type.kind
        if name not in ("kind", "apiVersion") and kind in _OPTION_TYPES:
            out.append((name, "query", _OPTION_TYPES[kind]))
    return tuple(out)
