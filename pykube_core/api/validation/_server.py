"""Rules of the kinds that an API server keeps and scheduling does not read, and of updates.

Source: ``k8s.io/kubernetes/pkg/apis/{core,apps,coordination,scheduling}/validation`` v1.36.
Difference: an update of a pod that is refused shows no difference of the two.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from pykube_core.api import names
from pykube_core.api.field_errors import (
    NEGATIVE,
    NOT_POSITIVE,
    FieldError,
    forbidden,
    invalid,
    not_supported,
    required,
)
from pykube_core.api.objects import Json, KubeObject
from pykube_core.api.validation._cluster import (
    validate_replica_set,
    validate_share,
    validate_workload,
)
from pykube_core.api.validation._meta import validate_metadata
from pykube_core.api.validation._pod import validate_pod_spec

IMMUTABLE: Final = "field is immutable"

_CONFIG_KEY_RE: Final = re.compile("[-._a-zA-Z0-9]+")
_CONFIG_KEY_TEXT: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
    "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
    "'[-._a-zA-Z0-9]+')"
)
_CONFIG_BYTES_MAX: Final = 1 << 20
_POD_UPDATE_TEXT: Final = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
    "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)"
)
_STRATEGIES: Final = ("Recreate", "RollingUpdate")
# Kubernetes has no limit; this one is its counts' own.
_SURGE_PERCENT_MAX: Final = 2**31 - 1
_DAEMON_STRATEGIES: Final = ("OnDelete", "RollingUpdate")


def validate_deployment(deployment: KubeObject) -> list[FieldError]:
    """Check a deployment and its pod template."""
    errors = validate_workload(deployment, "empty selector is invalid for deployment")
    spec = deployment["spec"]
    errors += _validate_counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
    errors += _validate_template(spec)
    errors += _validate_strategy(spec["strategy"])
    deadline = spec["progressDeadlineSeconds"]
    if deadline < 0:
        errors.append(invalid("spec.progressDeadlineSeconds", deadline, NEGATIVE))
    if deadline <= spec.get("minReadySeconds", 0):
        detail = "must be greater than minReadySeconds"
        errors.append(invalid("spec.progressDeadlineSeconds", deadline, detail))
    return errors


def validate_served_replica_set(replica_set: KubeObject) -> list[FieldError]:
    """Check a replica set and its pod template."""
    errors = validate_replica_set(replica_set)
    errors += _validate_counts(replica_set["spec"], "replicas", "minReadySeconds")
    return errors + _validate_template(replica_set["spec"])


def validate_daemon_set(daemon_set: KubeObject) -> list[FieldError]:
    """Check a daemon set and its pod template."""
    errors = validate_workload(daemon_set, "empty selector is invalid for daemonset")
    spec = daemon_set["spec"]
    errors += _validate_template(spec)
    errors += _validate_counts(spec, "minReadySeconds", "revisionHistoryLimit")
    return errors + _validate_daemon_strategy(spec["updateStrategy"])


def validate_config_map(config_map: KubeObject) -> list[FieldError]:
    """Check a config map's keys and size."""
    errors = _metadata(config_map)
    data, binary = config_map.get("data", {}), config_map.get("binaryData", {})
    for field, keys in (("data", data), ("binaryData", binary)):
        for key in keys:
            path = f"{field}[{key}]"
            if len(key) > names.SUBDOMAIN_LENGTH_MAX:
                detail = f"must be no more than {names.SUBDOMAIN_LENGTH_MAX} characters"
                errors.append(invalid(path, key, detail))
            if not _CONFIG_KEY_RE.fullmatch(key):
                errors.append(invalid(path, key, _CONFIG_KEY_TEXT))
            elif key in (".", "..") or key.startswith(".."):
                rule = "be" if key in (".", "..") else "start with"
                shown = key if key in (".", "..") else ".."
                errors.append(invalid(path, key, f"must not {rule} '{shown}'"))
            if field == "binaryData" and key in data:
                errors.append(invalid(f"data[{key}]", key, f"duplicate of key present in {field}"))
    size_bytes = sum(len(v.encode(errors="replace")) for v in (*data.values(), *binary.values()))
    if size_bytes > _CONFIG_BYTES_MAX:
        body = f"Too long: may not be more than {_CONFIG_BYTES_MAX} bytes"
        errors.append(FieldError("FieldValueTooLong", "", body))
    return errors


def validate_lease(lease: KubeObject) -> list[FieldError]:
    """Check a lease."""
    errors = _metadata(lease)
    spec = lease.get("spec", {})
    if spec.get("leaseDurationSeconds", 1) <= 0:
        path = "spec.leaseDurationSeconds"
        errors.append(invalid(path, spec["leaseDurationSeconds"], NOT_POSITIVE))
    if spec.get("leaseTransitions", 0) < 0:
        errors.append(invalid("spec.leaseTransitions", spec["leaseTransitions"], NEGATIVE))
    return errors


def validate_event(event: KubeObject) -> list[FieldError]:
    """Check an event: its namespace is that of the object it is about."""
    errors = _metadata(event)
    namespace = event.get("metadata", {}).get("namespace", "")
    involved = event.get("involvedObject", {}).get("namespace", "")
    if (involved or "default") != namespace:
        detail = "does not match event.namespace"
        errors.append(invalid("involvedObject.namespace", involved, detail))
    return errors


def validate_selector_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another selector of a workload."""
    selector = new["spec"].get("selector")
    if selector == old["spec"].get("selector"):
        return []
    return [invalid("spec.selector", selector, IMMUTABLE)]


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


def validate_pod_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse changes of what a pod's kubelet has acted on.

    Images, the active deadline and further tolerations may change, gates may go, and while a gate
    holds the pod also its node selector.
    """
    spec, was = dict(new["spec"]), dict(old["spec"])
    errors: list[FieldError] = []
    if len(spec.get("containers", ())) != len(was.get("containers", ())):
        return [forbidden("spec.containers", "pod updates may not add or remove containers")]
    held, kept = was.get("tolerations", []), spec.get("tolerations", [])
    if any(toleration not in kept for toleration in held):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        errors.append(forbidden("spec.tolerations", detail))
    gates, had = spec.get("schedulingGates", []), was.get("schedulingGates", [])
    added = [gate["name"] for gate in gates if gate not in had]
    if added:
        detail = f"only deletion is allowed, but found new scheduling gate '{added[0]}'"
        errors.append(forbidden("spec.schedulingGates", detail))
    mutable = ["tolerations", "activeDeadlineSeconds", "schedulingGates"]
    if had:
        mutable += ["nodeSelector", "affinity"]
    for pod_spec in (spec, was):
        for field in mutable:
            pod_spec.pop(field, None)
        for kind in ("containers", "initContainers"):
            if kind in pod_spec:
                pod_spec[kind] = [{**item, "image": ""} for item in pod_spec[kind]]
    if spec != was:
        errors.append(forbidden("spec", _POD_UPDATE_TEXT))
    return errors


def _metadata(obj: KubeObject) -> list[FieldError]:
    return validate_metadata(obj.get("metadata", {}), names.dns_subdomain, namespaced=True)


def _validate_counts(spec: KubeObject, *fields: str) -> list[FieldError]:
    negative = [field for field in fields if spec.get(field, 0) < 0]
    return [invalid(f"spec.{field}", spec[field], NEGATIVE) for field in negative]


def _validate_template(spec: KubeObject) -> list[FieldError]:
    """Check the template of pods that run for good."""
    template = spec["template"]["spec"]
    errors = [
        replace(error, field=f"spec.template.{error.field}")
        for error in validate_pod_spec(template, "")
    ]
    policy = template.get("restartPolicy")
    if policy != "Always":
        errors.append(not_supported("spec.template.spec.restartPolicy", policy, ("Always",)))
    return errors


def _validate_strategy(strategy: KubeObject) -> list[FieldError]:
    """Check what a deployment does with old pods."""
    path = "spec.strategy"
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind not in _STRATEGIES:
        return [not_supported(f"{path}.type", kind, _STRATEGIES)]
    here = f"{path}.rollingUpdate"
    if kind != "RollingUpdate":
        detail = f"may not be specified when strategy `type` is '{kind}'"
        return [] if rolling is None else [forbidden(here, detail)]
    if rolling is None:
        return [required(here, "this should be defaulted and never be nil")]
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    errors = validate_share(unavailable, f"{here}.maxUnavailable")
    errors += validate_share(surge, f"{here}.maxSurge", _SURGE_PERCENT_MAX)
    if not errors and _is_zero(unavailable) and _is_zero(surge):
        detail = "may not be 0 when `maxSurge` is 0"
        errors.append(invalid(f"{here}.maxUnavailable", unavailable, detail))
    return errors


def _validate_daemon_strategy(strategy: KubeObject) -> list[FieldError]:
    """Check what a daemon set does with old pods: it deletes them first, or it surges."""
    path = "spec.updateStrategy"
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind not in _DAEMON_STRATEGIES:
        return [not_supported(f"{path}.type", kind, _DAEMON_STRATEGIES)]
    if kind != "RollingUpdate":
        return []
    here = f"{path}.rollingUpdate"
    if rolling is None:
        return [required(here)]
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    errors = validate_share(unavailable, f"{here}.maxUnavailable")
    errors += validate_share(surge, f"{here}.maxSurge")
    if errors:
        return errors
    if _is_zero(unavailable) and _is_zero(surge):
        return [required(f"{here}.maxUnavailable", "cannot be 0 when maxSurge is 0")]
    if not (_is_zero(unavailable) or _is_zero(surge)):
        detail = "may not be set when maxUnavailable is non-zero"
        return [invalid(f"{here}.maxSurge", surge, detail)]
    return []


def _is_zero(value: Json) -> bool:
    return value in (None, 0, "0%") or (isinstance(value, str) and not value.strip("0%"))
