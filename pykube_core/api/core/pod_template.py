"""Pod templates that stand by themselves."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.pod.defaults import round_up_pod_spec, set_pod_spec_defaults
from pykube_core.api.core.pod.template import container_cells
from pykube_core.api.machinery.columns import NAME, label_text, strings
from pykube_core.api.machinery.object_meta import validate_create, validate_namespaced
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def default_pod_template(template: KubeObject) -> None:
    """Fill in a template's defaults, in place."""
    spec = template.setdefault("template", {}).setdefault("spec", {})
    set_pod_spec_defaults(spec)
    round_up_pod_spec(spec)


def pod_template_cells(template: KubeObject, now_ns: int) -> list[Json]:
    """Return a template's cells."""
    held = template.get("template", {})
    labels = held.get("metadata", {}).get("labels")
    return [name_of(template), *container_cells(held.get("spec", {})), label_text(labels)]


POD_TEMPLATES: Final = Resource(
    kind="PodTemplate",
    plural="podtemplates",
    default=default_pod_template,
    validate=validate_namespaced,
    validate_create=validate_create,
    counts_generations=True,
    answers_with_object=True,
    columns=(NAME, *strings("Containers", "Images", "Pod Labels")),
    cells=pod_template_cells,
)
