"""Defaults of pods.

Source: ``k8s.io/kubernetes/pkg/apis/core/v1/defaults.go`` v1.36.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.pod.image_names import tag_of
from pykube_core.api.core.resource_lists import (
    aggregate,
    is_huge_page,
    is_pod_level,
    may_overcommit,
    round_up,
    round_up_resources,
)
from pykube_core.api.core.volume_defaults import set_reference_defaults, set_volume_defaults
from pykube_core.api.machinery.objects import KubeObject

DEFAULT_SCHEDULER: Final = "default-scheduler"
_SPEC_DEFAULTS: Final = (
    ("schedulerName", DEFAULT_SCHEDULER),
    ("restartPolicy", "Always"),
    ("dnsPolicy", "ClusterFirst"),
)
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBE_DEFAULTS: Final = {
    "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
}  # fmt: skip


def default_snapshot_pod(pod: KubeObject) -> None:
    """Fill in the defaults that scheduling reads, in place.

    Tolerations of nodes that are not ready or unreachable, which scheduling ignores, are not added.
    """
    spec = pod.setdefault("spec", {})
    containers = [*spec.get("containers", ()), *spec.get("initContainers", ())]
    for container in containers:
        resources = container.get("resources", {})
        if "limits" in resources:
            requests = resources.setdefault("requests", {})
            resources["requests"] = resources["limits"] | requests
    if "resources" in spec:
        _set_pod_level_defaults(spec)
    for container in containers:
        for port in container.get("ports", ()):
            if spec.get("hostNetwork") and not port.get("hostPort"):
                port["hostPort"] = port.get("containerPort", 0)
            port["protocol"] = port.get("protocol") or "TCP"
    round_up_pod_spec(spec)
    for field, value in _SPEC_DEFAULTS:
        spec[field] = spec.get(field) or value


def default_pod(pod: KubeObject) -> None:
    """Fill in a pod's defaults, in place."""
    default_snapshot_pod(pod)
    spec = pod["spec"]
    set_pod_spec_defaults(spec)
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    spec.setdefault("enableServiceLinks", True)
    if not spec.get("nodeName"):
        spec.pop("nodeName", None)


def round_up_pod_spec(spec: KubeObject) -> None:
    """Round all resource lists of a pod or of a template up, in place."""
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(kind, ()):
            round_up_resources(container)
    round_up_resources(spec)
    round_up(spec.get("overhead"))


def set_pod_spec_defaults(spec: KubeObject) -> None:
    """Fill in the defaults that a pod and a template of pods have, in place."""
    for field, value in _SPEC_DEFAULTS:
        spec[field] = spec.get(field) or value
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("securityContext", {})
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:  # Two names of one field.
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(kind, ()):
            _set_container_defaults(container)
    for volume in spec.get("volumes", ()):
        set_volume_defaults(volume)


def _set_pod_level_defaults(spec: KubeObject) -> None:
    """Derive pod-level limits of huge pages, then pod-level requests, from the containers."""
    resources = spec["resources"]
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    if limits or requests:
        for name, quantity in aggregate(spec, "limits").items():
            if is_huge_page(name) and name not in requests:
                limits.setdefault(name, str(quantity))
    if limits:
        resources["limits"] = limits
        for name, quantity in aggregate(spec).items():
            if is_pod_level(name) and may_overcommit(name):
                requests.setdefault(name, str(quantity))
        for name, limit in limits.items():
            if is_pod_level(name):
                requests.setdefault(name, limit)
    if requests:
        resources["requests"] = requests


def _set_container_defaults(container: KubeObject) -> None:
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    if not container.get("imagePullPolicy"):
        latest = tag_of(container.get("image", "")) == "latest"
        container["imagePullPolicy"] = "Always" if latest else "IfNotPresent"
    for port in container.get("ports", ()):
        port["protocol"] = port.get("protocol") or "TCP"
    for variable in container.get("env", ()):
        set_reference_defaults(variable.get("valueFrom", {}))
    for kind in _PROBES:
        if kind in container:
            _set_probe_defaults(container[kind])
    for handler in container.get("lifecycle", {}).values():
        if isinstance(handler, dict):
            _set_http_defaults(handler)


def _set_probe_defaults(probe: KubeObject) -> None:
    for field, value in _PROBE_DEFAULTS.items():
        probe[field] = probe.get(field) or value
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")
    _set_http_defaults(probe)


def _set_http_defaults(handler: KubeObject) -> None:
    if "httpGet" in handler:
        handler["httpGet"]["path"] = handler["httpGet"].get("path") or "/"
        handler["httpGet"]["scheme"] = handler["httpGet"].get("scheme") or "HTTP"
