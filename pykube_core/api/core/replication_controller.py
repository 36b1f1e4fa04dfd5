"""Replication controllers, as far as scheduling reads them."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.pod.template import selector_mismatch
from pykube_core.api.machinery.field_errors import FieldError, required
from pykube_core.api.machinery.object_meta import validate_metadata
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource, SnapshotRules, nothing_wrong
from pykube_core.api.machinery.selectors import selector_of_labels


def default_replication_controller(controller: KubeObject) -> None:
    """Fill in a replication controller's selector from its template, in place."""
    spec = controller.get("spec", {})
    labels = spec.get("template", {}).get("metadata", {}).get("labels")
    if labels and not spec.get("selector"):
        spec["selector"] = dict(labels)


def validate_replication_controller(controller: KubeObject) -> list[FieldError]:
    """Check a replication controller's selector against its template."""
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


REPLICATION_CONTROLLERS: Final = Resource(
    kind="ReplicationController",
    plural="replicationcontrollers",
    served=False,
    default=default_replication_controller,
    validate=validate_replication_controller,
    lister="replicationControllers",
    snapshot=SnapshotRules(validate=nothing_wrong),
)
