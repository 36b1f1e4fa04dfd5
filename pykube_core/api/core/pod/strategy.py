"""Additions to a pod on its creation, update and deletion.

Source: ``k8s.io/kubernetes/pkg/registry/core/pod/strategy.go`` and the admission plugins Priority
and DefaultTolerationSeconds, v1.36. Difference: no service account, and so no token volume, is
added.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.pod.label_keys import merge_label_keys
from pykube_core.api.core.tolerations import NOT_READY, UNREACHABLE
from pykube_core.api.machinery.objects import DONE_PHASES, KubeObject
from pykube_core.api.machinery.quantity import parse_quantity

_TOLERATED_SECONDS: Final = 300
_GATED: Final = {
    "type": "PodScheduled",
    "status": "False",
    "lastProbeTime": None,
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}
_DEFAULT_GRACE_SECONDS: Final = 30


def prepare_pod(pod: KubeObject) -> None:
    """Give a new pod merged label keys, tolerations and its first status, in place."""
    merge_label_keys(pod)
    spec = pod["spec"]
    add_tolerations(spec)
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
    add_tolerations(spec)


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


def grace_of_pod(pod: KubeObject, seconds: int | None) -> int:
    """Return the seconds that a pod gets to end: none when it never ran or has ended."""
    if not pod["spec"].get("nodeName"):
        return 0
    if pod.get("status", {}).get("phase") in DONE_PHASES:
        return 0
    if seconds is None:
        seconds = pod["spec"].get("terminationGracePeriodSeconds", _DEFAULT_GRACE_SECONDS)
    return 1 if seconds < 0 else seconds


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


def add_tolerations(spec: KubeObject) -> None:
    """Tolerate nodes that are not ready or unreachable for five minutes."""
    tolerations = spec.get("tolerations", [])
    missing = [
        {
            "key": key,
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": _TOLERATED_SECONDS,
        }
        for key in (NOT_READY, UNREACHABLE)
        if not any(
            toleration.get("key") in (None, "", key)
            and toleration.get("effect") in (None, "", "NoExecute")
            for toleration in tolerations
        )
    ]
    if missing:
        spec["tolerations"] = [*tolerations, *missing]
