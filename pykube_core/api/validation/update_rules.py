"""What may change of an object, and what is asked of a new one alone.

Source: ``k8s.io/kubernetes/pkg/apis/{core,apps,scheduling}/validation`` and ``pkg/api/pod``,
v1.34.1.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.pod.annotations import (
    MIRROR,
    is_app_armor,
    validate_deletion_cost,
    validate_pod_annotations,
)
from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import (
    NEGATIVE,
    FieldError,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
)
from pykube_core.api.machinery.objects import KubeObject

IMMUTABLE: Final = "field is immutable"

_FINALIZERS: Final = ("kubernetes", "orphan", "foregroundDeletion")
_NEW_RANGE: Final = 'node updates may not change podCIDR except from "" to valid'
_NEW_PROVIDER: Final = 'node updates may not change providerID except from "" to valid'
_GREATER: Final = "cannot be greater than status.replicas"


def validate_create(obj: KubeObject) -> list[FieldError]:
    """Refuse finalizers without a domain that are none of Kubernetes' own."""
    errors: list[FieldError] = []
    for index, finalizer in enumerate(obj["metadata"].get("finalizers", ())):
        errors += _validate_finalizer_domain(finalizer, f"metadata.finalizers[{index}]")
    return errors


def validate_pod_create(pod: KubeObject) -> list[FieldError]:
    """Check finalizers, and the annotations that mean something on a pod."""
    annotations, spec = _annotations(pod), pod.get("spec", {})
    errors = validate_create(pod) + validate_deletion_cost(annotations, "metadata.annotations")
    if spec.get("ephemeralContainers"):
        errors.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    return errors + validate_pod_annotations(annotations, spec, "metadata.annotations")


def validate_template_create(workload: KubeObject) -> list[FieldError]:
    """Check finalizers, and the annotations of a template that mean something on a pod."""
    template = workload["spec"]["template"]
    annotations, path = _annotations(template), "spec.template.annotations"
    errors = validate_create(workload) + validate_deletion_cost(annotations, path)
    return errors + validate_pod_annotations(annotations, template.get("spec", {}), path)


def validate_pod_annotation_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse changes of what a kubelet has acted on; a deletion cost that was wrong may stay."""
    after, before = _annotations(new), _annotations(old)
    path = "metadata.annotations"
    errors: list[FieldError] = []
    changed = [key for key in before if after.get(key) != before[key]]
    for keys, verb in ((changed, "remove or update"), (after.keys() - before.keys(), "add")):
        for key in sorted(keys):
            if is_app_armor(key):
                errors.append(forbidden(f"{path}[{key}]", f"may not {verb} AppArmor annotations"))
            if key == MIRROR:
                why = f"may not {verb} mirror pod annotation"
                errors.append(forbidden(f"{path}[{key}]", why))
    errors += validate_pod_annotations(after, new.get("spec", {}), path)
    return errors + _ratcheted_cost(after, before, path)


def validate_workload_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another selector of a workload, and annotations that make no pod."""
    selector = new["spec"].get("selector")
    template, was = new["spec"]["template"], old["spec"].get("template", {})
    annotations, path = _annotations(template), "spec.template.annotations"
    errors = validate_pod_annotations(annotations, template.get("spec", {}), path)
    errors += _ratcheted_cost(annotations, _annotations(was), path)
    if selector != old["spec"].get("selector"):
        errors.append(invalid("spec.selector", selector, IMMUTABLE))
    return errors


def validate_node_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse that a node gets another range of addresses or another machine."""
    errors = validate_node_status_update(new, old)
    spec, was = new.get("spec", {}), old.get("spec", {})
    ranges, had = spec.get("podCIDRs", []), was.get("podCIDRs", [])
    if had and len(had) != len(ranges):
        errors.append(forbidden("spec.podCIDRs", _NEW_RANGE))
    elif had:
        different = sum(left != right for left, right in zip(had, ranges, strict=True))
        errors += [forbidden("spec.podCIDRs", _NEW_RANGE)] * different
    if was.get("providerID") and spec.get("providerID") != was["providerID"]:
        errors.append(forbidden("spec.providerID", _NEW_PROVIDER))
    if spec.get("externalID", "") != was.get("externalID", ""):
        errors.append(forbidden("spec.externalID", "may not be updated"))
    return errors


def validate_node_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse that a node says an address twice."""
    errors: list[FieldError] = []
    seen: set[tuple[str, str]] = set()
    for index, address in enumerate(new.get("status", {}).get("addresses", ())):
        kind, text = address.get("type", ""), address.get("address", "")
        if (kind, text) in seen:
            shown = {"Type": kind, "Address": text}
            errors.append(duplicate(f"status.addresses[{index}]", shown))
        seen.add((kind, text))
    return errors


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
        errors += _validate_finalizer_domain(finalizer, path)
    return errors


def validate_config_map_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse changes of a config map that is immutable."""
    if not old.get("immutable"):
        return []
    detail = "field is immutable when `immutable` is set"
    errors = [] if new.get("immutable") else [forbidden("immutable", detail)]
    for field in ("data", "binaryData"):
        if new.get(field, {}) != old.get(field, {}):
            errors.append(forbidden(field, detail))
    return errors


def validate_priority_class_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another value or preemption policy."""
    errors: list[FieldError] = []
    if new.get("value", 0) != old.get("value", 0):
        errors.append(forbidden("value", "may not be changed in an update."))
    if new.get("preemptionPolicy") != old.get("preemptionPolicy"):
        path = "preemptionPolicy"
        errors.append(invalid(path, new.get(path), IMMUTABLE))
    return errors


def validate_deployment_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check a deployment's counts."""
    fields = (
        "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas",
        "unavailableReplicas", "terminatingReplicas", "collisionCount",
    )  # fmt: skip
    errors = _not_negative(new, fields)
    errors += _at_most_replicas(new, ("updatedReplicas", "readyReplicas", "availableReplicas"))
    return errors + _not_decremented(new, old)


def validate_replica_set_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check a replica set's counts."""
    fields = (
        "replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas",
        "observedGeneration", "terminatingReplicas",
    )  # fmt: skip
    errors = _not_negative(new, fields)
    return errors + _at_most_replicas(
        new, ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    )


def validate_daemon_set_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check a daemon set's counts."""
    fields = (
        "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady",
        "observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable",
        "collisionCount",
    )  # fmt: skip
    return _not_negative(new, fields) + _not_decremented(new, old)


def _validate_finalizer_domain(finalizer: str, path: str) -> list[FieldError]:
    if "/" in finalizer or finalizer in _FINALIZERS:
        return []
    detail = "name is neither a standard finalizer name nor is it fully qualified"
    return [invalid(path, finalizer, detail)]


def _annotations(holder: KubeObject) -> dict[str, str]:
    found: dict[str, str] = holder.get("metadata", {}).get("annotations", {})
    return found


def _ratcheted_cost(after: dict[str, str], before: dict[str, str], path: str) -> list[FieldError]:
    """Check a deletion cost, unless the one that was there was wrong, too."""
    return [] if validate_deletion_cost(before, path) else validate_deletion_cost(after, path)


def _not_negative(obj: KubeObject, fields: tuple[str, ...]) -> list[FieldError]:
    status = obj.get("status", {})
    negative = [field for field in fields if status.get(field, 0) < 0]
    return [invalid(f"status.{field}", status[field], NEGATIVE) for field in negative]


def _at_most_replicas(obj: KubeObject, fields: tuple[str, ...]) -> list[FieldError]:
    status = obj.get("status", {})
    replicas = status.get("replicas", 0)
    greater = [field for field in fields if status.get(field, 0) > replicas]
    errors = [invalid(f"status.{field}", status[field], _GREATER) for field in greater]
    available = status.get("availableReplicas", 0)
    if available > status.get("readyReplicas", 0):
        detail = "cannot be greater than readyReplicas"
        errors.append(invalid("status.availableReplicas", available, detail))
    return errors


def _not_decremented(new: KubeObject, old: KubeObject) -> list[FieldError]:
    count, was = (obj.get("status", {}).get("collisionCount") for obj in (new, old))
    if was is None or (count is not None and count >= was):
        return []
    return [invalid("status.collisionCount", count or 0, "cannot be decremented")]
