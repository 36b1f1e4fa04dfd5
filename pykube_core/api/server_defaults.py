"""What an API server fills in besides what scheduling reads.

``default_`` functions run on every write and can be done again without effect; ``prepare_``
functions run once, on creation.

Source: ``k8s.io/kubernetes/pkg/apis/{core,apps}/v1/defaults.go``, the registry strategies, and the
admission plugins DefaultTolerationSeconds and TaintNodesByCondition, v1.36. Differences: no service
account, and so no token volume, is added; ``managedFields`` are not kept.
"""

from __future__ import annotations

import re
from typing import Final

from pykube_core.api.core.pod.image_names import tag_of
from pykube_core.api.defaults import (
    POD_SPEC_DEFAULTS,
    merge_label_keys,
    round_up_pod_spec,
    set_claim_defaults,
    set_defaults,
)
from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.quantity import parse_quantity

_TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"
_GENERATION_RE: Final = re.compile("[0-9]{1,18}", re.ASCII)
_TOLERATED_SECONDS: Final = 300
_NOT_READY: Final = "node.kubernetes.io/not-ready"
_UNREACHABLE: Final = "node.kubernetes.io/unreachable"
_FILE_MODE: Final = 0o644
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBE_DEFAULTS: Final = {
    "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
}  # fmt: skip
_MODES: Final = ("secret", "configMap", "downwardAPI", "projected")
_TOKEN_SECONDS: Final = 3600
_VOLUME_DEFAULTS: Final[dict[str, KubeObject]] = {
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {
        "cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False,
    },
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}  # fmt: skip

_GATED: Final = {
    "type": "PodScheduled",
    "status": "False",
    "lastProbeTime": None,
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}


def default_pod(pod: KubeObject) -> None:
    """Fill in a pod's defaults, in place."""
    set_defaults("Pod", pod)
    spec = pod["spec"]
    _set_pod_spec_defaults(spec)
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    spec.setdefault("enableServiceLinks", True)
    if not spec.get("nodeName"):
        spec.pop("nodeName", None)


def prepare_pod(pod: KubeObject) -> None:
    """Give a new pod merged label keys, tolerations and its first status, in place."""
    merge_label_keys(pod)
    spec = pod["spec"]
    _add_tolerations(spec)
    pod["status"] = {"phase": "Pending", "qosClass": qos_class(spec)}
    if spec.get("schedulingGates"):
        condition = _GATED | {"lastTransitionTime": pod["metadata"]["creationTimestamp"]}
        pod["status"]["conditions"] = [condition]


def prepare_pod_update(pod: KubeObject, old: KubeObject) -> None:
    """Keep the priority that admission gave a pod, and see to its tolerations, in place."""
    spec, was = pod["spec"], old["spec"]
    for field in ("priority", "preemptionPolicy"):
        if field not in spec and field in was:
            spec[field] = was[field]
    _add_tolerations(spec)


def prepare_pod_status_update(pod: KubeObject, old: KubeObject) -> None:
    """Keep of a pod's status what its writer may not know, in place."""
    status, was = pod.setdefault("status", {}), old.get("status", {})
    for field in ("qosClass", "observedGeneration"):
        if field not in status and field in was:
            status[field] = was[field]
    generations: dict[str, list[int]] = {}
    for condition in was.get("conditions", ()):
        kind, generation = condition.get("type", ""), condition.get("observedGeneration", 0)
        generations.setdefault(kind, []).append(generation)
    for condition in status.get("conditions", ()):
        held = generations.get(condition.get("type", ""))
        generation = held.pop(0) if held else 0
        if generation and not condition.get("observedGeneration"):
            condition["observedGeneration"] = generation
    first, all_ips = status.get("podIP"), status.get("podIPs")
    if first and (not all_ips or all_ips[0].get("ip") != first):
        status["podIPs"] = [{"ip": first}]
    elif all_ips:
        status["podIP"] = all_ips[0].get("ip", "")


def default_node(node: KubeObject) -> None:
    """Fill in a node's defaults, in place; its first range of addresses stands in two fields."""
    set_defaults("Node", node)
    spec = node.get("spec", {})
    first, ranges = spec.get("podCIDR"), spec.get("podCIDRs")
    if first and (not ranges or ranges[0] != first):
        spec["podCIDRs"] = [first]
    elif ranges:
        spec["podCIDR"] = ranges[0]


def prepare_node(node: KubeObject) -> None:
    """Give a new node the taint that it keeps until it is ready, in place."""
    taints = node.setdefault("spec", {}).setdefault("taints", [])
    if not any(taint.get("key") == _NOT_READY for taint in taints):
        taints.append({"key": _NOT_READY, "effect": "NoSchedule"})


def default_namespace(namespace: KubeObject) -> None:
    """Fill in a namespace's label, in place."""
    set_defaults("Namespace", namespace)


def prepare_namespace(namespace: KubeObject) -> None:
    """Give a new namespace its finalizer and status, in place."""
    namespace["spec"] = {"finalizers": ["kubernetes"]}
    namespace["status"] = {"phase": "Active"}


def default_deployment(deployment: KubeObject) -> None:
    """Fill in a deployment's defaults, in place."""
    spec = _set_workload_defaults(deployment)
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)


def prepare_deployment(deployment: KubeObject) -> None:
    """Give a new deployment its first status, in place."""
    deployment["status"] = {}


def default_replica_set(replica_set: KubeObject) -> None:
    """Fill in a replica set's defaults, in place."""
    _set_workload_defaults(replica_set).setdefault("replicas", 1)


def prepare_replica_set(replica_set: KubeObject) -> None:
    """Give a new replica set its first status, in place."""
    replica_set["status"] = {"replicas": 0}


def default_daemon_set(daemon_set: KubeObject) -> None:
    """Fill in a daemon set's defaults, in place."""
    spec = _set_workload_defaults(daemon_set)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)


def prepare_daemon_set(daemon_set: KubeObject) -> None:
    """Give a new daemon set its first status, in place."""
    daemon_set["status"] = {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    }
    _set_template_generation(daemon_set, max(1, _template_generation(daemon_set)))


def prepare_daemon_set_update(daemon_set: KubeObject, old: KubeObject) -> None:
    """Count how often a daemon set's template has changed, in place."""
    template, was = daemon_set["spec"]["template"], old["spec"].get("template", {})
    changed = not means_the_same("PodTemplateSpec", template, was)
    _set_template_generation(daemon_set, _template_generation(old) + changed)


def _template_generation(daemon_set: KubeObject) -> int:
    text = daemon_set["metadata"].get("annotations", {}).get(_TEMPLATE_GENERATION, "")
    return int(text) if _GENERATION_RE.fullmatch(text) else 0


def _set_template_generation(daemon_set: KubeObject, generation: int) -> None:
    if generation:
        annotations = daemon_set["metadata"].setdefault("annotations", {})
        annotations[_TEMPLATE_GENERATION] = str(generation)


def default_priority_class(priority_class: KubeObject) -> None:
    """Fill in a priority class's defaults, in place."""
    set_defaults("PriorityClass", priority_class)


def qos_class(spec: KubeObject) -> str:
    """Return a pod's quality of service: Guaranteed, Burstable or BestEffort.

    Source: ``pkg/apis/core/v1/helper/qos``; only cpu and memory count.
    """
    requests: list[KubeObject] = []
    limits: list[KubeObject] = []
    holders = [*spec.get("containers", ()), *spec.get("initContainers", ())]
    if spec.get("resources"):
        holders = [spec]
    for holder in holders:
        resources = holder.get("resources", {})
        requests.append(_computable(resources.get("requests", {})))
        limits.append(_computable(resources.get("limits", {})))
    if not any(requests) and not any(limits):
        return "BestEffort"
    same = all(r == li for r, li in zip(requests, limits, strict=True))
    return "Guaranteed" if same and all(len(li) == 2 for li in limits) else "Burstable"


def _computable(resource_list: KubeObject) -> KubeObject:
    parsed = {name: parse_quantity(resource_list.get(name, 0)).nano for name in ("cpu", "memory")}
    return {name: nano for name, nano in parsed.items() if nano}


def _set_workload_defaults(workload: KubeObject) -> KubeObject:
    spec: KubeObject = workload.setdefault("spec", {})
    template_spec = spec.setdefault("template", {}).setdefault("spec", {})
    _set_pod_spec_defaults(template_spec)
    round_up_pod_spec(template_spec)
    return spec


def _set_pod_spec_defaults(spec: KubeObject) -> None:
    for field, value in POD_SPEC_DEFAULTS:
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
        _set_volume_defaults(volume)


def _set_volume_defaults(volume: KubeObject) -> None:
    if len(volume) <= 1:
        volume["emptyDir"] = {}
    for source in _MODES:
        if source in volume:
            volume[source].setdefault("defaultMode", _FILE_MODE)
    for kind, fields in _VOLUME_DEFAULTS.items():
        if kind in volume:
            for field, value in fields.items():
                volume[kind].setdefault(field, value)
    template = volume.get("ephemeral", {}).get("volumeClaimTemplate")
    if template is not None:
        set_claim_defaults(template.setdefault("spec", {}))
    sources = volume.get("projected", {}).get("sources", [])
    for source in sources:
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", _TOKEN_SECONDS)
    for holder in (volume, *sources):
        for item in holder.get("downwardAPI", {}).get("items", ()):
            _set_reference_defaults(item)


def _set_reference_defaults(holder: KubeObject) -> None:
    """Fill in what refers to a field or an amount of the pod itself."""
    if "fieldRef" in holder:
        holder["fieldRef"].setdefault("apiVersion", "v1")
    if "resourceFieldRef" in holder:
        holder["resourceFieldRef"].setdefault("divisor", "0")


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
        _set_reference_defaults(variable.get("valueFrom", {}))
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


def _add_tolerations(spec: KubeObject) -> None:
    """Tolerate nodes that are not ready or unreachable for five minutes."""
    tolerations = spec.get("tolerations", [])
    missing = [
        {
            "key": key,
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": _TOLERATED_SECONDS,
        }
        for key in (_NOT_READY, _UNREACHABLE)
        if not any(
            toleration.get("key") in (None, "", key)
            and toleration.get("effect") in (None, "", "NoExecute")
            for toleration in tolerations
        )
    ]
    if missing:
        spec["tolerations"] = [*tolerations, *missing]
