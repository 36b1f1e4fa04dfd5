"""Replication controllers."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.pod.template import (
    TEMPLATE_COLUMNS,
    container_cells,
    selector_mismatch,
    set_template_defaults,
    validate_template,
)
from pykube_core.api.machinery.columns import AGE, NAME, age, integers, label_text
from pykube_core.api.machinery.field_errors import NEGATIVE, FieldError, invalid, required
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, SnapshotRules, nothing_wrong, selectable
from pykube_core.api.machinery.selectors import selector_of_labels


def default_replication_controller(controller: KubeObject) -> None:
    """Fill in a replication controller's defaults, in place."""
    spec = controller.setdefault("spec", {})
    if "template" in spec:
        set_template_defaults(controller)
        labels = spec["template"].get("metadata", {}).get("labels")
        if labels and not controller["metadata"].get("labels"):
            controller["metadata"]["labels"] = dict(labels)
    spec.setdefault("replicas", 1)
    _default_selector(controller)


def _default_selector(controller: KubeObject) -> None:
    """Fill in a replication controller's selector from its template, in place."""
    spec = controller.get("spec", {})
    labels = spec.get("template", {}).get("metadata", {}).get("labels")
    if labels and not spec.get("selector"):
        spec["selector"] = dict(labels)


def prepare_replication_controller(controller: KubeObject) -> None:
    """Give a new replication controller its first status, in place."""
    controller["status"] = {"replicas": 0}


def validate_replication_controller(controller: KubeObject) -> list[FieldError]:
    """Check a replication controller and its pod template."""
    errors, spec = _validate_selector(controller), controller["spec"]
    errors += [
        invalid(f"spec.{field}", spec[field], NEGATIVE)
        for field in ("minReadySeconds", "replicas")
        if spec.get(field, 0) < 0
    ]
    if spec.get("template") is not None:
        errors += validate_template(spec, "ReplicationController")
    return errors


def _validate_selector(controller: KubeObject) -> list[FieldError]:
    errors = validate_metadata(controller)
    spec = controller.get("spec") or {}
    selector = spec.get("selector") or {}
    if not selector:
        return [*errors, required("spec.selector")]
    if spec.get("template") is None:
        return [*errors, required("spec.template")]
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    if not selector_of_labels(selector).matches(labels):
        errors.append(selector_mismatch(labels))
    return errors


def replication_controller_cells(controller: KubeObject, now_ns: int) -> list[Json]:
    """Return a replication controller's cells."""
    spec, status = controller.get("spec", {}), controller.get("status", {})
    return [
        name_of(controller),
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(controller, now_ns),
        *container_cells(spec.get("template", {}).get("spec", {})),
        label_text(spec.get("selector")),
    ]


REPLICATION_CONTROLLERS: Final = Resource(
    kind="ReplicationController",
    plural="replicationcontrollers",
    short_names=("rc",),
    categories=("all",),
    stored_as="controllers",
    default=default_replication_controller,
    prepare=prepare_replication_controller,
    validate=validate_replication_controller,
    validate_create=validate_create,
    counts_generations=True,
    has_status=True,
    has_scale=True,
    columns=(NAME, *integers("Desired", "Current", "Ready"), AGE, *TEMPLATE_COLUMNS),
    cells=replication_controller_cells,
    fields=selectable("status.replicas"),
    lister="replicationControllers",
    snapshot=SnapshotRules(default=_default_selector, validate=nothing_wrong),
)
