"""Rules of the kinds that an API server keeps and scheduling does not read.

Source: ``k8s.io/kubernetes/pkg/apis/{core,apps,coordination,scheduling}/validation`` v1.34.1.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from typing import Final

from pykube_core.api.core.pod.validation import validate_pod_spec
from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import (
    NEGATIVE,
    FieldError,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from pykube_core.api.machinery.object_meta import (
    validate_annotations,
    validate_labels,
    validate_metadata,
)
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.validation._cluster import (
    validate_replica_set,
    validate_share,
    validate_workload,
)

_CONFIG_KEY_RE: Final = re.compile("[-._a-zA-Z0-9]+")
_CONFIG_KEY_TEXT: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
    "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
    "'[-._a-zA-Z0-9]+')"
)
_CONFIG_BYTES_MAX: Final = 1 << 20
# Upstream names the field twice.
_LEASE_STRATEGY: Final = "spec.strategy.strategy"
_EVENT_BYTES_MAX: Final = {
    "reportingInstance": 128, "action": 128, "reason": 128, "message": 1024,
}  # fmt: skip
_STRATEGIES: Final = ("Recreate", "RollingUpdate")
# Kubernetes has no limit; this one is its counts' own.
_SURGE_PERCENT_MAX: Final = 2**31 - 1
_DAEMON_STRATEGIES: Final = ("RollingUpdate", "OnDelete")


def validate_deployment(deployment: KubeObject) -> list[FieldError]:
    """Check a deployment and its pod template."""
    errors = validate_workload(deployment, "empty selector is invalid for deployment")
    spec = deployment["spec"]
    errors += _validate_counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
    errors += _validate_template(spec, "ReplicaSet")
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
    return errors + _validate_template(replica_set["spec"], "ReplicaSet")


def validate_daemon_set(daemon_set: KubeObject) -> list[FieldError]:
    """Check a daemon set and its pod template."""
    errors = validate_workload(daemon_set, "empty selector is invalid for daemonset")
    spec = daemon_set["spec"]
    errors += _validate_template(spec, "DaemonSet")
    errors += _validate_counts(spec, "minReadySeconds")
    errors += _validate_update_strategy(spec["updateStrategy"])
    return errors + _validate_counts(spec, "revisionHistoryLimit")


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
    size_bytes = sum(len(v.encode(errors="replace")) for v in data.values())
    size_bytes += sum(len(b64decode(v)) for v in binary.values())
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
        errors.append(invalid(path, spec["leaseDurationSeconds"], "must be greater than 0"))
    if spec.get("leaseTransitions", 0) < 0:
        errors.append(invalid("spec.leaseTransitions", spec["leaseTransitions"], NEGATIVE))
    strategy = spec.get("strategy")
    if strategy is not None and "/" in strategy:
        errors += invalid_each(_LEASE_STRATEGY, strategy, names.qualified_name(strategy))
    elif strategy is not None and strategy != "OldestEmulationVersion":
        errors.append(not_supported(_LEASE_STRATEGY, strategy, ("OldestEmulationVersion",)))
    if spec.get("preferredHolder") and not strategy:
        detail = "may only be specified if `strategy` is defined"
        errors.append(forbidden("spec.preferredHolder", detail))
    return errors


def validate_event(event: KubeObject) -> list[FieldError]:
    """Check an event; one with a time of its own says more of its reporter."""
    errors = _metadata(event)
    namespace = event.get("metadata", {}).get("namespace", "")
    involved = event.get("involvedObject", {}).get("namespace", "")
    is_new = bool(event.get("eventTime"))
    if is_new:
        matches = bool(involved) or namespace in ("default", "kube-system")
    else:
        matches = (involved or "default") == namespace
    if not matches:
        detail = "does not match event.namespace"
        errors.append(invalid("involvedObject.namespace", involved, detail))
    if not is_new:
        return errors
    reporter = event.get("reportingComponent", "")
    if not reporter:
        errors.append(required("reportingComponent"))
    errors += invalid_each("reportingComponent", reporter, names.qualified_name(reporter))
    for field, limit in _EVENT_BYTES_MAX.items():
        text = event.get(field, "")
        if not text and field != "message":
            errors.append(required(field))
        if len(text.encode(errors="replace")) > limit:
            errors.append(invalid(field, "", f"can have at most {limit} characters"))
    return errors


def _metadata(obj: KubeObject) -> list[FieldError]:
    return validate_metadata(obj.get("metadata", {}), names.dns_subdomain, namespaced=True)


def _validate_counts(spec: KubeObject, *fields: str) -> list[FieldError]:
    negative = [field for field in fields if spec.get(field, 0) < 0]
    return [invalid(f"spec.{field}", spec[field], NEGATIVE) for field in negative]


def _validate_template(spec: KubeObject, kind: str) -> list[FieldError]:
    """Check the template of pods that run for good."""
    template = spec["template"]["spec"]
    metadata = spec["template"].get("metadata", {})
    errors = validate_labels(metadata.get("labels"), "spec.template.labels")
    errors += validate_annotations(metadata.get("annotations", {}), "spec.template.annotations")
    errors += [
        replace(error, field=f"spec.template.{error.field}")
        for error in validate_pod_spec(template, "")
    ]
    policy = template.get("restartPolicy")
    if policy != "Always":
        errors.append(not_supported("spec.template.spec.restartPolicy", policy, ("Always",)))
    if "activeDeadlineSeconds" in template:
        detail = f"activeDeadlineSeconds in {kind} is not Supported"
        errors.append(forbidden("spec.template.spec.activeDeadlineSeconds", detail))
    if template.get("ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        errors.append(forbidden("spec.template.spec.ephemeralContainers", detail))
    return errors


def _validate_strategy(strategy: KubeObject) -> list[FieldError]:
    """Check how a deployment replaces its pods; more than all of them may be new."""
    path, here = "spec.strategy", "spec.strategy.rollingUpdate"
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind not in _STRATEGIES:
        return [not_supported(path, _internal(strategy), _STRATEGIES)]
    if kind == "Recreate":
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


def _validate_update_strategy(strategy: KubeObject) -> list[FieldError]:
    """Check how a daemon set replaces its pods: with some missing, or with some twice."""
    path, here = "spec.updateStrategy", "spec.updateStrategy.rollingUpdate"
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") not in _DAEMON_STRATEGIES:
        return [not_supported(path, _internal(strategy), _DAEMON_STRATEGIES)]
    if strategy["type"] == "OnDelete":
        return []
    if rolling is None:
        return [required(here)]
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    errors = validate_share(unavailable, f"{here}.maxUnavailable")
    errors += validate_share(surge, f"{here}.maxSurge")
    if errors:
        return errors
    if not (_is_zero(unavailable) or _is_zero(surge)):
        detail = "may not be set when maxUnavailable is non-zero"
        errors.append(invalid(f"{here}.maxSurge", surge, detail))
    elif _is_zero(unavailable) and _is_zero(surge):
        errors.append(required(f"{here}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return errors


def _internal(strategy: KubeObject) -> KubeObject:
    """Return a strategy with the names of upstream's own structures, as its messages show it."""
    rolling = strategy.get("rollingUpdate")
    shown = rolling and {
        "MaxUnavailable": rolling.get("maxUnavailable", 0), "MaxSurge": rolling.get("maxSurge", 0)
    }  # fmt: skip
    return {"Type": strategy.get("type", ""), "RollingUpdate": shown}


def _is_zero(value: Json) -> bool:
    return value in (None, 0, "0%") or (isinstance(value, str) and not value.strip("0%"))
