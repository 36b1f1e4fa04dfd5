"""What an API server fills in where scheduling reads it, for objects that came from no server.

Source: ``k8s.io/kubernetes/pkg/apis/core/v1/defaults.go`` and ``pkg/registry/core/pod``, v1.34.

Differences: fields that scheduling does not read get no default; tolerations of not-ready and
unreachable nodes (``NoExecute``, which scheduling ignores) are not added. Everything here can be
done again without effect, so that objects from a server stay as they are; upstream refuses label
keys that a user has merged by hand.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.resource_lists import (
    aggregate,
    is_huge_page,
    is_pod_level,
    may_overcommit,
)
from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.api.machinery.quantity import Quantity, parse_quantity

DEFAULT_SCHEDULER: Final = "default-scheduler"

POD_SPEC_DEFAULTS: Final = (
    ("schedulerName", DEFAULT_SCHEDULER),
    ("restartPolicy", "Always"),
    ("dnsPolicy", "ClusterFirst"),
)

_MILLI_NANO: Final = 10**6
_AFFINITY_KINDS: Final = ("podAffinity", "podAntiAffinity")


def set_defaults(kind: str, obj: KubeObject) -> KubeObject:
    """Fill in defaults in place, and return the object.

    Parameters
    ----------
    kind : str
        Its kind; one without defaults here is left as it is.
    obj : dict
        From `pykube_core.api.machinery.decoding.decode`, so without nulls, and owned by the caller.
    """
    match kind:
        case "Pod":
            _set_pod_defaults(obj)
        case "Node":
            status = obj.get("status", {})
            if "allocatable" not in status and "capacity" in status:
                status["allocatable"] = dict(status["capacity"])
            for field in ("capacity", "allocatable"):
                round_up(status.get(field))
        case "Namespace" if name_of(obj):
            labels = obj["metadata"].setdefault("labels", {})
            labels["kubernetes.io/metadata.name"] = name_of(obj)
        case "PersistentVolume":
            spec = obj.setdefault("spec", {})
            spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
            spec.setdefault("volumeMode", "Filesystem")
            round_up(spec.get("capacity"))
        case "PersistentVolumeClaim":
            set_claim_defaults(obj.setdefault("spec", {}))
            status = obj.get("status", {})
            for field in ("capacity", "allocatedResources"):
                round_up(status.get(field))
        case "StorageClass":
            obj.setdefault("reclaimPolicy", "Delete")
            obj.setdefault("volumeBindingMode", "Immediate")
        case "PriorityClass":
            obj.setdefault("preemptionPolicy", "PreemptLowerPriority")
        case "ReplicationController":
            _set_selector_default(obj.get("spec", {}))
    return obj


def merge_label_keys(pod: KubeObject) -> None:
    """Add what matchLabelKeys and mismatchLabelKeys say to the selectors beside them, in place.

    An API server does so when a pod is created, and never again. For spread constraints it is new
    in v1.34, and the scheduler takes pods with and without it.
    """
    labels = pod.get("metadata", {}).get("labels", {})
    spec = pod.get("spec", {})
    affinity = spec.get("affinity", {})
    holders: list[KubeObject] = list(spec.get("topologySpreadConstraints", ()))
    for kind in _AFFINITY_KINDS:
        terms = affinity.get(kind, {})
        holders += terms.get("requiredDuringSchedulingIgnoredDuringExecution", ())
        for weighted in terms.get("preferredDuringSchedulingIgnoredDuringExecution", ()):
            holders.append(weighted.get("podAffinityTerm", {}))
    for holder in holders:
        if "labelSelector" not in holder:
            continue
        for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
            wanted = [key for key in holder.get(field, ()) if key in labels]
            if not wanted:
                continue
            expressions = holder["labelSelector"].setdefault("matchExpressions", [])
            present = {
                (expression.get("key"), *expression.get("values", ()))
                for expression in expressions
                if expression.get("operator") == operator
            }
            for key in wanted:
                if (key, labels[key]) not in present:
                    added = {"key": key, "operator": operator, "values": [labels[key]]}
                    expressions.append(added)


def _set_pod_defaults(pod: KubeObject) -> None:
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
    for field, value in POD_SPEC_DEFAULTS:
        spec[field] = spec.get(field) or value


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


def set_claim_defaults(spec: KubeObject) -> None:
    """Fill in the defaults of a claim's spec, also of one that a volume makes, in place."""
    spec.setdefault("volumeMode", "Filesystem")
    _round_up_resources(spec)


def round_up_pod_spec(spec: KubeObject) -> None:
    """Round all resource lists of a pod or of a template up, in place."""
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(kind, ()):
            _round_up_resources(container)
    _round_up_resources(spec)
    round_up(spec.get("overhead"))


def _round_up_resources(holder: KubeObject) -> None:
    resources = holder.get("resources", {})
    round_up(resources.get("limits"))
    round_up(resources.get("requests"))


def round_up(resource_list: KubeObject | None) -> None:
    """Round quantities up to thousandths, away from zero, as upstream stores them, in place."""
    for name, value in (resource_list or {}).items():
        quantity = parse_quantity(value)
        if quantity.nano % _MILLI_NANO and resource_list is not None:
            steps = -(-abs(quantity.nano) // _MILLI_NANO)
            nano = steps * _MILLI_NANO * (1 if quantity.nano > 0 else -1)
            resource_list[name] = str(Quantity(nano, quantity.format))


def _set_selector_default(spec: KubeObject) -> None:
    labels = spec.get("template", {}).get("metadata", {}).get("labels")
    if labels and not spec.get("selector"):
        spec["selector"] = dict(labels)
