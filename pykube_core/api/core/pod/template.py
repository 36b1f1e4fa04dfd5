"""Templates of pods, as the kinds hold them that make pods.

Source: ``k8s.io/kubernetes/pkg/apis/{core,apps}/validation`` and ``pkg/api/pod``, v1.34.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pykube_core.api.core.pod.annotations import (
    annotations_of,
    validate_cost_update,
    validate_deletion_cost,
    validate_pod_annotations,
)
from pykube_core.api.core.pod.defaults import round_up_pod_spec, set_pod_spec_defaults
from pykube_core.api.core.pod.validation import validate_pod_spec
from pykube_core.api.machinery.columns import selector_text, wide
from pykube_core.api.machinery.field_errors import FieldError, forbidden, invalid, not_supported
from pykube_core.api.machinery.object_meta import (
    validate_annotations,
    validate_create,
    validate_labels,
)
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.selectors import parse_label_selector

TEMPLATE_COLUMNS: Final = wide("Containers", "Images", "Selector")


def set_template_defaults(workload: KubeObject) -> KubeObject:
    """Fill in the defaults of a workload's template, in place; return the workload's spec."""
    spec: KubeObject = workload.setdefault("spec", {})
    template_spec = spec.setdefault("template", {}).setdefault("spec", {})
    set_pod_spec_defaults(template_spec)
    round_up_pod_spec(template_spec)
    return spec


def validate_template(spec: KubeObject, kind: str) -> list[FieldError]:
    """Check the template of pods that run for good."""
    template = spec["template"]["spec"]
    errors = validate_template_parts(spec["template"], "spec.template")
    policy = template.get("restartPolicy")
    if policy != "Always":
        errors.append(not_supported("spec.template.spec.restartPolicy", policy, ("Always",)))
    if "activeDeadlineSeconds" in template:
        detail = f"activeDeadlineSeconds in {kind} is not Supported"
        errors.append(forbidden("spec.template.spec.activeDeadlineSeconds", detail))
    return errors + validate_no_ephemeral(spec["template"], "spec.template")


def validate_template_parts(template: KubeObject, path: str) -> list[FieldError]:
    """Check the labels, the annotations and the spec of a template."""
    metadata = template.get("metadata", {})
    errors = validate_labels(metadata.get("labels"), f"{path}.labels")
    errors += validate_annotations(metadata.get("annotations", {}), f"{path}.annotations")
    return errors + [
        replace(error, field=f"{path}.{error.field}")
        for error in validate_pod_spec(template["spec"], "")
    ]


def validate_no_ephemeral(template: KubeObject, path: str) -> list[FieldError]:
    """Refuse ephemeral containers, which only a pod that runs can have."""
    if not template["spec"].get("ephemeralContainers"):
        return []
    detail = "ephemeral containers not allowed in pod template"
    return [forbidden(f"{path}.spec.ephemeralContainers", detail)]


def validate_owner_selector(owner: KubeObject) -> list[FieldError]:
    """Check the selector of an owner of pods, whose template a snapshot may leave out.

    Raises
    ------
    SelectorError
        It is none.
    """
    parse_label_selector(owner.get("spec", {}).get("selector"))
    return []


def selector_mismatch(labels: KubeObject) -> FieldError:
    """Return the error of a selector that does not select the pods of its template."""
    detail = "`selector` does not match template `labels`"
    return invalid("spec.template.metadata.labels", labels, detail)


def validate_template_create(workload: KubeObject) -> list[FieldError]:
    """Check finalizers, and the annotations of a template that mean something on a pod."""
    template = workload["spec"]["template"]
    annotations, path = annotations_of(template), "spec.template.annotations"
    errors = validate_create(workload) + validate_deletion_cost(annotations, path)
    return errors + validate_pod_annotations(annotations, template.get("spec", {}), path)


def validate_template_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check the annotations of a changed template; a deletion cost that was wrong may stay."""
    template, was = new["spec"]["template"], old["spec"].get("template", {})
    annotations, path = annotations_of(template), "spec.template.annotations"
    errors = validate_pod_annotations(annotations, template.get("spec", {}), path)
    return errors + validate_cost_update(annotations, annotations_of(was), path)


def container_cells(spec: KubeObject) -> list[Json]:
    """Return the cells that show the containers of a pod's spec: their names and images."""
    containers = spec.get("containers", ())
    return [
        ",".join(container.get(field, "") for container in containers)
        for field in ("name", "image")
    ]


def template_cells(spec: KubeObject) -> list[Json]:
    """Return the cells of the columns that show a template, of a workload's spec."""
    return [*container_cells(spec["template"]["spec"]), selector_text(spec.get("selector", {}))]
