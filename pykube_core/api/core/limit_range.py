"""Limit ranges."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import NAME_AND_CREATED, name_and_created
from pykube_core.api.machinery.object_meta import validate_create, validate_namespaced
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource


def default_limit_range(limit_range: KubeObject) -> None:
    """Fill in what containers get by a limit range, in place."""
    for item in limit_range.get("spec", {}).get("limits", ()):
        if item.get("type") != "Container":
            continue
        limits = item.get("max", {}) | item.get("default", {})
        requests = item.get("min", {}) | limits | item.get("defaultRequest", {})
        for field, amounts in (("default", limits), ("defaultRequest", requests)):
            if amounts:
                item[field] = amounts


LIMIT_RANGES: Final = Resource(
    kind="LimitRange",
    plural="limitranges",
    short_names=("limits",),
    default=default_limit_range,
    validate=validate_namespaced,
    validate_create=validate_create,
    create_on_update=True,
    columns=NAME_AND_CREATED,
    cells=name_and_created,
)
