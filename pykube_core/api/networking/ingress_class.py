"""Ingress classes."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, NONE, age, strings
from pykube_core.api.machinery.field_errors import FieldError, invalid
from pykube_core.api.machinery.object_meta import validate_create, validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_DEFAULT: Final = "ingressclass.kubernetes.io/is-default-class"


def default_ingress_class(ingress_class: KubeObject) -> None:
    """Fill in the scope of a class's parameters, in place."""
    parameters = ingress_class.get("spec", {}).get("parameters")
    if parameters is not None:
        parameters.setdefault("scope", "Cluster")


def validate_ingress_class_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another controller."""
    controller, was = (obj.get("spec", {}).get("controller", "") for obj in (new, old))
    if controller == was:
        return []
    return [invalid("spec.controller", controller, "field is immutable")]


def ingress_class_cells(ingress_class: KubeObject, now_ns: int) -> list[Json]:
    """Return an ingress class's cells."""
    spec, metadata = ingress_class.get("spec", {}), ingress_class["metadata"]
    name, parameters = name_of(ingress_class), spec.get("parameters")
    if metadata.get("annotations", {}).get(_DEFAULT) == "true":
        name += " (default)"
    text = NONE
    if parameters is not None:
        group = f".{parameters['apiGroup']}" if "apiGroup" in parameters else ""
        text = f"{parameters.get('kind', '')}{group}/{parameters.get('name', '')}"
    return [name, spec.get("controller", ""), text, age(ingress_class, now_ns)]


INGRESS_CLASSES: Final = Resource(
    kind="IngressClass",
    plural="ingressclasses",
    group="networking.k8s.io",
    namespaced=False,
    default=default_ingress_class,
    validate=validate_of_cluster,
    validate_create=validate_create,
    validate_update=validate_ingress_class_update,
    counts_generations=True,
    columns=(NAME, *strings("Controller", "Parameters"), AGE),
    cells=ingress_class_cells,
)
