"""Namespaces."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery import names
from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.field_errors import FieldError, invalid, invalid_each
from pykube_core.api.machinery.names import dns_label
from pykube_core.api.machinery.object_meta import (
    validate_create,
    validate_finalizer_domain,
    validate_metadata,
)
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, selectable


def default_namespace(namespace: KubeObject) -> None:
    """Fill in a namespace's label, in place."""
    if name_of(namespace):
        labels = namespace["metadata"].setdefault("labels", {})
        labels["kubernetes.io/metadata.name"] = name_of(namespace)


def prepare_namespace(namespace: KubeObject) -> None:
    """Give a new namespace its finalizer and status, in place."""
    namespace["spec"] = {"finalizers": ["kubernetes"]}
    namespace["status"] = {"phase": "Active"}


def validate_namespace(namespace: KubeObject) -> list[FieldError]:
    """Check a namespace."""
    return validate_metadata(namespace, names.dns_label, namespaced=False)


def validate_namespace_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse a phase that does not go with the namespace's being deleted or not."""
    phase = new.get("status", {}).get("phase", "")
    deleted = "deletionTimestamp" in new["metadata"]
    wanted = "Terminating" if deleted else "Active"
    if phase == wanted:
        return []
    condition = "is not empty" if deleted else "is empty"
    detail = f"may only be '{wanted}' if `deletionTimestamp` {condition}"
    return [invalid("status.Phase", phase, detail)]


def validate_namespace_finalize(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check the names of what holds a namespace."""
    errors: list[FieldError] = []
    for index, finalizer in enumerate(new.get("spec", {}).get("finalizers", ())):
        path = f"spec.finalizers[{index}]"
        errors += invalid_each(path, finalizer, names.qualified_name(finalizer))
        errors += validate_finalizer_domain(finalizer, path)
    return errors


def namespace_cells(namespace: KubeObject, now_ns: int) -> list[Json]:
    """Return a namespace's cells."""
    phase = namespace.get("status", {}).get("phase", "")
    return [name_of(namespace), phase, age(namespace, now_ns)]


NAMESPACES: Final = Resource(
    kind="Namespace",
    plural="namespaces",
    short_names=("ns",),
    namespaced=False,
    default=default_namespace,
    prepare=prepare_namespace,
    validate=validate_namespace,
    validate_create=validate_create,
    validate_status_update=validate_namespace_status_update,
    validate_spec_update=validate_namespace_finalize,
    name_rule=dns_label,
    has_status=True,
    answers_with_object=True,
    spec_subresource="finalize",
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    columns=(NAME, *strings("Status"), AGE),
    cells=namespace_cells,
    fields=selectable("status.phase"),
    lister="namespaces",
)
