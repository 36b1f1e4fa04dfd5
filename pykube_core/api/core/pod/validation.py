"""Rules of pods."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.resource_validation import (
    validate_container_resources,
    validate_pod_resources,
)
from pykube_core.api.core.scheduling_validation import (
    validate_affinity,
    validate_gates,
    validate_spread,
    validate_tolerations,
)
from pykube_core.api.core.volume_validation import validate_volumes
from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from pykube_core.api.machinery.object_meta import validate_labels, validate_metadata
from pykube_core.api.machinery.objects import KubeObject

_MIRROR: Final = "kubernetes.io/config.mirror"
_DEADLINE_MAX: Final = 2**31 - 1
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_ENUMERATIONS: Final = {
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "dnsPolicy": ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),
    "preemptionPolicy": ("PreemptLowerPriority", "Never"),
}
_SUBDOMAINS: Final = ("serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName")


def validate_pod(pod: KubeObject) -> list[FieldError]:
    """Check a pod about to be created, with defaults filled in, in upstream's order."""
    metadata, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    errors = validate_metadata(pod)
    annotations = metadata.get("annotations") or {}
    if _MIRROR in annotations and not spec.get("nodeName"):
        detail = "must set spec.nodeName if mirror pod annotation is set"
        path = f"metadata.annotations[{_MIRROR}]"
        errors.append(invalid(path, annotations[_MIRROR], detail))
    errors += validate_pod_spec(spec, metadata.get("name") or "")
    for kind in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(kind) or ()):
            image = container.get("image") or ""
            if image.strip() != image:
                detail = "must not have leading or trailing whitespace"
                errors.append(invalid(f"spec.{kind}[{index}].image", image, detail))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        detail = "cannot be set until all schedulingGates have been cleared"
        errors.append(forbidden("spec.nodeName", detail))
    return errors


def validate_pod_spec(spec: KubeObject, pod_name: str) -> list[FieldError]:
    """Check the spec of a pod; paths begin with ``spec``."""
    claims = {claim.get("name") or "" for claim in spec.get("resourceClaims") or ()}
    errors = validate_volumes(spec.get("volumes") or [], pod_name, "spec.volumes")
    errors += _validate_containers(spec, claims)
    errors += _validate_init_containers(spec, claims)
    errors += validate_pod_resources(spec, claims)
    if spec.get("hostNetwork"):
        errors += _validate_host_ports(spec)
    errors += _validate_enumeration(spec, "restartPolicy")
    errors += _validate_enumeration(spec, "dnsPolicy")
    errors += validate_labels(spec.get("nodeSelector"), "spec.nodeSelector")
    errors += validate_affinity(spec.get("affinity"), "spec.affinity")
    errors += validate_gates(spec.get("schedulingGates") or [], "spec.schedulingGates")
    constraints = spec.get("topologySpreadConstraints") or []
    errors += validate_spread(constraints, "spec.topologySpreadConstraints")
    for field in _SUBDOMAINS[:2]:
        errors += _validate_subdomain(spec, field)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _DEADLINE_MAX:
        detail = f"must be between 1 and {_DEADLINE_MAX}, inclusive"
        errors.append(invalid("spec.activeDeadlineSeconds", deadline, detail))
    errors += validate_tolerations(spec.get("tolerations") or [], "spec.tolerations")
    for field in _SUBDOMAINS[2:]:
        errors += _validate_subdomain(spec, field)
    errors += _validate_enumeration(spec, "preemptionPolicy")
    if spec.get("overhead") is not None:
        errors += _validate_overhead(spec["overhead"])
    return errors


def _validate_containers(spec: KubeObject, claims: set[str]) -> list[FieldError]:
    containers = spec.get("containers") or []
    if not containers:
        return [required("spec.containers")]
    errors: list[FieldError] = []
    taken: set[str] = set()
    for index, container in enumerate(containers):
        path, name = f"spec.containers[{index}]", container.get("name") or ""
        errors += _validate_container(container, claims, path)
        if name in taken:
            errors.append(duplicate(f"{path}.name", name))
        taken.add(name)
        if container.get("restartPolicy") is not None:
            detail = "may not be set for non-init containers"
            errors.append(forbidden(f"{path}.restartPolicy", detail))
    return errors + _validate_port_conflicts(containers, "spec.containers")


def _validate_init_containers(spec: KubeObject, claims: set[str]) -> list[FieldError]:
    taken = {container.get("name") or "" for container in spec.get("containers") or ()}
    errors: list[FieldError] = []
    for index, container in enumerate(spec.get("initContainers") or ()):
        path, name = f"spec.initContainers[{index}]", container.get("name") or ""
        errors += _validate_container(container, claims, path)
        policy = container.get("restartPolicy")
        if policy is not None and policy != "Always":
            errors.append(not_supported(f"{path}.restartPolicy", policy, ("Always",)))
        if name in taken:
            errors.append(duplicate(f"{path}.name", name))
        elif name:
            taken.add(name)
        errors += _validate_port_conflicts([container], "spec.initContainers")
    return errors


def _validate_container(container: KubeObject, claims: set[str], path: str) -> list[FieldError]:
    name = container.get("name") or ""
    if name:
        errors = invalid_each(f"{path}.name", name, names.dns_label(name))
    else:
        errors = [required(f"{path}.name")]
    if not container.get("image"):
        errors.append(required(f"{path}.image"))
    errors += _validate_ports(container.get("ports") or [], f"{path}.ports")
    resources = container.get("resources") or {}
    return errors + validate_container_resources(resources, claims, f"{path}.resources")


def _validate_ports(ports: list[KubeObject], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    taken: set[str] = set()
    for index, port in enumerate(ports):
        here, name = f"{path}[{index}]", port.get("name") or ""
        complaints = names.port_name(name) if name else ()
        errors += invalid_each(f"{here}.name", name, complaints)
        if name and not complaints:
            if name in taken:
                errors.append(duplicate(f"{here}.name", name))
            taken.add(name)
        number, host = port.get("containerPort") or 0, port.get("hostPort") or 0
        if not number:
            errors.append(required(f"{here}.containerPort"))
        for field, value in (("containerPort", number), ("hostPort", host)):
            if value:
                complaints = names.port_number(value)
                errors += [invalid(f"{here}.{field}", value, text) for text in complaints]
        protocol = port.get("protocol") or ""
        if not protocol:
            errors.append(required(f"{here}.protocol"))
        elif protocol not in _PROTOCOLS:
            errors.append(not_supported(f"{here}.protocol", protocol, _PROTOCOLS))
    return errors


def _validate_port_conflicts(containers: list[KubeObject], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    taken: set[str] = set()
    for row, container in enumerate(containers):
        for index, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            host_ip, number = port.get("hostIP") or "", port["hostPort"]
            claimed = f"{port.get('protocol') or ''}/{host_ip}/{number}"
            if claimed in taken:
                errors.append(duplicate(f"{path}[{row}].ports[{index}].hostPort", claimed))
            taken.add(claimed)
    return errors


def _validate_host_ports(spec: KubeObject) -> list[FieldError]:
    errors: list[FieldError] = []
    for row, container in enumerate(spec.get("containers") or ()):
        for index, port in enumerate(container.get("ports") or ()):
            host = port.get("hostPort") or 0
            if host != (port.get("containerPort") or 0):
                path = f"spec.containers[{row}].ports[{index}].hostPort"
                detail = "must match `containerPort` when `hostNetwork` is true"
                errors.append(invalid(path, host, detail))
    return errors


def _validate_enumeration(spec: KubeObject, field: str) -> list[FieldError]:
    value = spec.get(field)
    if value is None or value in _ENUMERATIONS[field]:
        return []
    if not value:
        return [required(f"spec.{field}")]
    return [not_supported(f"spec.{field}", value, _ENUMERATIONS[field])]


def _validate_subdomain(spec: KubeObject, field: str) -> list[FieldError]:
    value = spec.get(field)
    return invalid_each(f"spec.{field}", value, names.dns_subdomain(value)) if value else []


def _validate_overhead(overhead: KubeObject) -> list[FieldError]:
    """Check an overhead; upstream checks it as limits, and says so in the path."""
    return validate_container_resources({"limits": overhead}, set(), "spec.overhead")
