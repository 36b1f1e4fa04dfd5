"""Rules of metadata, labels and label selectors."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import (
    NEGATIVE,
    FieldError,
    forbidden,
    invalid,
    invalid_each,
    required,
    too_long,
)
from pykube_core.api.machinery.objects import Json, KubeObject

ANNOTATIONS_BYTES_MAX: Final = 256 * 1024


def validate_metadata(
    obj: KubeObject, name_rule: names.NameRule = names.dns_subdomain, *, namespaced: bool = True
) -> list[FieldError]:
    """Check the metadata of an object about to be created."""
    metadata = obj.get("metadata") or {}
    errors: list[FieldError] = []
    prefix = metadata.get("generateName") or ""
    if prefix:
        masked = prefix[:-2] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        errors += invalid_each("metadata.generateName", prefix, name_rule(masked))
    name = metadata.get("name") or ""
    if name:
        errors += invalid_each("metadata.name", name, name_rule(name))
    else:
        errors.append(required("metadata.name", "name or generateName is required"))
    errors += _validate_namespace(metadata.get("namespace") or "", namespaced)
    if (metadata.get("generation") or 0) < 0:
        errors.append(invalid("metadata.generation", metadata["generation"], NEGATIVE))
    errors += validate_labels(metadata.get("labels"), "metadata.labels")
    errors += validate_annotations(metadata.get("annotations") or {}, "metadata.annotations")
    errors += _validate_owners(metadata.get("ownerReferences") or [])
    return errors + _validate_finalizers(metadata.get("finalizers") or [])


def validate_namespaced(obj: KubeObject) -> list[FieldError]:
    """Check the metadata of an object of a kind whose other fields have no rules here."""
    return validate_metadata(obj)


def validate_of_cluster(obj: KubeObject) -> list[FieldError]:
    """Check the metadata of such an object that belongs to the cluster."""
    return validate_metadata(obj, namespaced=False)


def _validate_finalizers(finalizers: list[str]) -> list[FieldError]:
    path = "metadata.finalizers"
    errors: list[FieldError] = []
    for finalizer in finalizers:
        errors += invalid_each(path, finalizer, names.qualified_name(finalizer))
    if {"orphan", "foregroundDeletion"} <= set(finalizers):
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        errors.append(invalid(path, finalizers, detail))
    return errors


def validate_labels(labels: KubeObject | None, path: str) -> list[FieldError]:
    """Check the keys and values of labels, or of a selector that is a plain map."""
    errors: list[FieldError] = []
    for key, value in (labels or {}).items():
        errors += validate_label_name(key, path)
        errors += invalid_each(path, value or "", names.label_value(value or ""))
    return errors


def validate_label_name(key: str, path: str) -> list[FieldError]:
    """Check the key of a label."""
    return invalid_each(path, key, names.qualified_name(key))


def validate_label_selector(selector: Json, path: str) -> list[FieldError]:
    """Check a ``LabelSelector``; null is legal."""
    if selector is None:
        return []
    errors = validate_labels(selector.get("matchLabels"), f"{path}.matchLabels")
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        here = f"{path}.matchExpressions[{index}]"
        expression = expression or {}
        operator, values = expression.get("operator") or "", expression.get("values") or []
        if operator in ("In", "NotIn"):
            if not values:
                detail = "must be specified when `operator` is 'In' or 'NotIn'"
                errors.append(required(f"{here}.values", detail))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                errors.append(forbidden(f"{here}.values", detail))
        else:
            errors.append(invalid(f"{here}.operator", operator, "not a valid selector operator"))
        errors += validate_label_name(expression.get("key") or "", f"{here}.key")
        errors += validate_label_values(values, f"{here}.values")
    return errors


def validate_label_values(values: list[str | None], path: str) -> list[FieldError]:
    """Check the values that a selector compares with."""
    errors: list[FieldError] = []
    for index, value in enumerate(values):
        errors += invalid_each(f"{path}[{index}]", value or "", names.label_value(value or ""))
    return errors


def _validate_namespace(namespace: str, namespaced: bool) -> list[FieldError]:
    if not namespaced:
        path = "metadata.namespace"
        return [forbidden(path, "not allowed on this type")] if namespace else []
    if not namespace:
        return [required("metadata.namespace")]
    return invalid_each("metadata.namespace", namespace, names.dns_label(namespace))


def validate_annotations(annotations: KubeObject, path: str) -> list[FieldError]:
    """Check the keys of annotations, and the size of all."""
    errors: list[FieldError] = []
    size_bytes = 0
    for key, value in annotations.items():
        errors += invalid_each(path, key, names.qualified_name(key.lower()))
        size_bytes += len(key.encode(errors="replace")) + len(
            (value or "").encode(errors="replace")
        )
    if size_bytes > ANNOTATIONS_BYTES_MAX:
        errors.append(too_long(path, ANNOTATIONS_BYTES_MAX))
    return errors


def _validate_owners(owners: list[KubeObject]) -> list[FieldError]:
    path = "metadata.ownerReferences"
    errors: list[FieldError] = []
    controller = ""
    for at, owner in enumerate(owners):
        kind, name = owner.get("kind") or "", owner.get("name") or ""
        version = owner.get("apiVersion") or ""
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                errors.append(required(f"{path}[{at}].{field}", "must not be empty"))
        if version and (not version.rpartition("/")[2] or version.count("/") > 1):
            detail = "must be <group>/<version> or <version>"
            errors.append(invalid(f"{path}[{at}].apiVersion", version, detail))
        if not owner.get("controller"):
            continue
        if controller:
            detail = (
                "Only one reference can have Controller set to true. "
                f'Found "true" in references for {controller} and {kind}/{name}'
            )
            errors.append(invalid(path, owners, detail))
        else:
            controller = f"{kind}/{name}"
    return errors


_FINALIZERS: Final = ("kubernetes", "orphan", "foregroundDeletion")


def validate_create(obj: KubeObject) -> list[FieldError]:
    """Refuse finalizers without a domain that are none of Kubernetes' own."""
    errors: list[FieldError] = []
    for index, finalizer in enumerate(obj["metadata"].get("finalizers", ())):
        errors += validate_finalizer_domain(finalizer, f"metadata.finalizers[{index}]")
    return errors


def validate_finalizer_domain(finalizer: str, path: str) -> list[FieldError]:
    """Refuse a finalizer without a domain that is none of Kubernetes' own."""
    if "/" in finalizer or finalizer in _FINALIZERS:
        return []
    detail = "name is neither a standard finalizer name nor is it fully qualified"
    return [invalid(path, finalizer, detail)]
