"""Rules of stateful sets.

Source: ``k8s.io/kubernetes/pkg/apis/apps/validation`` v1.37.2.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.apps.workload import (
    internal_strategy,
    is_zero,
    validate_collision_count,
    validate_counts,
    validate_status_counts,
    validate_workload,
    validate_workload_update,
)
from pykube_core.api.core.pod.template import validate_template
from pykube_core.api.core.volume_validation import validate_claim_spec
from pykube_core.api.machinery import names
from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.field_errors import (
    IMMUTABLE,
    NEGATIVE,
    FieldError,
    invalid,
    invalid_each,
    not_supported,
)
from pykube_core.api.machinery.int_or_string import validate_share
from pykube_core.api.machinery.objects import KubeObject

_RETENTION: Final = ("Retain", "Delete")
_MANAGEMENT: Final = ("OrderedReady", "Parallel")
_SET_LATER: Final = ("subdomain", "hostname")
_COUNTS: Final = (
    "replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas",
    "observedGeneration", "collisionCount",
)  # fmt: skip


def validate_stateful_set(stateful_set: KubeObject) -> list[FieldError]:
    """Check a stateful set and its templates."""
    spec = stateful_set["spec"]
    errors: list[FieldError] = []
    if spec["podManagementPolicy"] not in _MANAGEMENT:
        detail = "must be 'OrderedReady' or 'Parallel'"
        errors.append(invalid("spec.podManagementPolicy", spec["podManagementPolicy"], detail))
    errors += _validate_update_strategy(spec["updateStrategy"])
    for field, policy in spec["persistentVolumeClaimRetentionPolicy"].items():
        if policy not in _RETENTION:
            path = f"spec.persistentVolumeClaimRetentionPolicy.{field}"
            errors.append(not_supported(path, policy, _RETENTION))
    for index, claim in enumerate(spec.get("volumeClaimTemplates", ())):
        errors += validate_claim_spec(claim["spec"], f"spec.volumeClaimTemplates[{index}].spec")
    errors += validate_counts(spec, "replicas", "minReadySeconds")
    start = spec.get("ordinals", {}).get("start", 0)
    if start < 0:
        errors.append(invalid("spec.ordinals.start", start, NEGATIVE))
    service = spec.get("serviceName", "")
    if service:
        errors += invalid_each("spec.serviceName", service, names.dns_label(service))
    workload = validate_workload(stateful_set, "empty selector is invalid for statefulset")
    return workload + errors + validate_template(_with_claims(spec), "StatefulSet")


def _validate_update_strategy(strategy: KubeObject) -> list[FieldError]:
    path, here = "spec.updateStrategy", "spec.updateStrategy.rollingUpdate"
    kind, rolling = strategy["type"], strategy.get("rollingUpdate")
    if kind not in ("RollingUpdate", "OnDelete"):
        shown = internal_strategy(strategy)
        return [invalid(path, shown, "must be 'RollingUpdate' or 'OnDelete'")]
    if rolling is None:
        return []
    if kind == "OnDelete":
        shown = {
            "Partition": rolling.get("partition", 0),
            "MaxUnavailable": rolling.get("maxUnavailable"),
        }
        return [invalid(here, shown, "only allowed for updateStrategy 'RollingUpdate'")]
    errors: list[FieldError] = []
    if rolling["partition"] < 0:
        errors.append(invalid(f"{here}.partition", rolling["partition"], NEGATIVE))
    unavailable = rolling["maxUnavailable"]
    wrong = validate_share(unavailable, f"{here}.maxUnavailable")
    if not wrong and is_zero(unavailable):
        wrong = [invalid(f"{here}.maxUnavailable", unavailable, "cannot be 0")]
    return errors + wrong


def _with_claims(spec: KubeObject) -> KubeObject:
    """Return a spec whose template has what the controller sets: the claims, and no host name."""
    template = spec["template"]
    pod = {key: value for key, value in template["spec"].items() if key not in _SET_LATER}
    claims = [
        claim.get("metadata", {}).get("name", "") for claim in spec.get("volumeClaimTemplates", ())
    ]
    volumes = [
        {"name": name, "persistentVolumeClaim": {"claimName": name}}
        for name in dict.fromkeys(claims)
    ]
    volumes += [v for v in pod.get("volumes", ()) if v.get("name") not in claims]
    return spec | {"template": template | {"spec": pod | {"volumes": volumes}}}


def validate_stateful_set_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse changes of those fields of a stateful set that stay as they are."""
    errors = validate_workload_update(new, old)
    for field in ("volumeClaimTemplates", "serviceName", "podManagementPolicy"):
        value, was = new["spec"].get(field), old["spec"].get(field)
        if not means_the_same("apps.v1.StatefulSetSpec", {field: value}, {field: was}):
            errors.append(invalid(f"spec.{field}", value, IMMUTABLE))
    return errors


def validate_stateful_set_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check a stateful set's counts."""
    errors = validate_status_counts(new, _COUNTS)
    status = new.get("status", {})
    replicas, ready = status.get("replicas", 0), status.get("readyReplicas", 0)
    for field in _COUNTS[1:5]:
        if status.get(field, 0) > replicas:
            detail = "cannot be greater than status.replicas"
            errors.append(invalid(f"status.{field}", status[field], detail))
    available = status.get("availableReplicas", 0)
    if available > ready:
        detail = "cannot be greater than status.readyReplicas"
        errors.append(invalid("status.availableReplicas", available, detail))
    return errors + validate_collision_count(new, old)
