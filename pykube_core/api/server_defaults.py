"""What an API server fills in besides what scheduling reads.

``default_`` functions run on every write and can be done again without effect; ``prepare_``
functions run once, on creation.

Source: ``k8s.io/kubernetes/pkg/apis/{core,apps}/v1/defaults.go``, the registry strategies, and the
admission plugins DefaultTolerationSeconds and TaintNodesByCondition, v1.36. Differences: no service
account, and so no token volume, is added; ``managedFields`` are not kept.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.defaults import POD_SPEC_DEFAULTS, merge_label_keys, set_defaults
from pykube_core.api.image_names import tag_of
from pykube_core.api.objects import KubeObject
from pykube_core.api.quantity import parse_quantity

_TOLERATED_SECONDS: Final = 300
_NOT_READY: Final = "node.kubernetes.io/not-ready"
_UNREACHABLE: Final = "node.kubernetes.io/unreachable"
_FILE_MODE: Final = 0o644
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBE_DEFAULTS: Final = {
    "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
}  # fmt: skip
_MODES: Final = ("secret", "configMap", "downwardAPI", "projected")

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


def default_node(node: KubeObject) -> None:
    """Fill in a node's defaults, in place."""
    set_defaults("Node", node)


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
    return spec


def _set_pod_spec_defaults(spec: KubeObject) -> None:
    for field, value in POD_SPEC_DEFAULTS:
        spec[field] = spec.get(field) or value
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("securityContext", {})
    for kind in ("containers", "initContainers"):
        for container in spec.get(kind, ()):
            _set_container_defaults(container)
    for volume in spec.get("volumes", ()):
        if len(volume) <= 1:
            volume["emptyDir"] = {}
        for source in _MODES:
            if source in volume:
                volume[source].setdefault("defaultMode", _FILE_MODE)
        if "hostPath" in volume:
            volume["hostPath"].setdefault("type", "")


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
        if "fieldRef" in variable.get("valueFrom", {}):
            variable["valueFrom"]["fieldRef"].setdefault("apiVersion", "v1")
    for kind in _PROBES:
        if kind in container:
            _set_probe_defaults(container[kind])


def _set_probe_defaults(probe: KubeObject) -> None:
    for field, value in _PROBE_DEFAULTS.items():
        probe[field] = probe.get(field) or value
    if "httpGet" in probe:
        probe["httpGet"]["path"] = probe["httpGet"].get("path") or "/"
        probe["httpGet"]["scheme"] = probe["httpGet"].get("scheme") or "HTTP"


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
