"""Custom resource definitions."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import NAME, Column, strings, wide
from pykube_core.api.machinery.object_meta import validate_create, validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def default_custom_resource_definition(definition: KubeObject) -> None:
    """Fill in a definition's defaults, in place."""
    spec = definition.setdefault("spec", {})
    spec.setdefault("conversion", {}).setdefault("strategy", "None")
    names = spec.setdefault("names", {})
    kind = names.get("kind", "")
    if kind:
        names.setdefault("singular", kind.lower())
        names.setdefault("listKind", f"{kind}List")
    service = spec["conversion"].get("webhook", {}).get("clientConfig", {}).get("service")
    if service is not None:
        service.setdefault("port", 443)


def prepare_custom_resource_definition(definition: KubeObject) -> None:
    """Give a new definition its first status, in place."""
    versions = definition["spec"].get("versions") or ()
    stored = [version.get("name", "") for version in versions if version.get("storage")]
    definition["status"] = {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": stored or None,
    }


def custom_resource_definition_cells(definition: KubeObject, now_ns: int) -> list[Json]:
    """Return a definition's cells."""
    spec, status = definition.get("spec", {}), definition.get("status", {})
    names = spec.get("names", {})
    established = any(
        condition.get("type") == "Established" and condition.get("status") == "True"
        for condition in status.get("conditions") or ()
    )
    served = [v.get("name", "") for v in spec.get("versions") or () if v.get("served")]
    return [
        name_of(definition),
        spec.get("scope", ""),
        ",".join(served),
        definition["metadata"].get("creationTimestamp"),
        spec.get("group", ""),
        names.get("kind", ""),
        ",".join(names.get("shortNames", ())),
        established,
    ]


CUSTOM_RESOURCE_DEFINITIONS: Final = Resource(
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    group="apiextensions.k8s.io",
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    namespaced=False,
    stored_as="apiextensions.k8s.io/customresourcedefinitions",
    default=default_custom_resource_definition,
    prepare=prepare_custom_resource_definition,
    validate=validate_of_cluster,
    validate_create=validate_create,
    counts_generations=True,
    has_status=True,
    unconditional_update=False,
    columns=(
        NAME,
        *strings("Scope", "Versions"),
        Column("Created At", "date"),
        *wide("Group", "Kind", "ShortNames"),
        Column("Established", "boolean", priority=1),
    ),
    cells=custom_resource_definition_cells,
)
