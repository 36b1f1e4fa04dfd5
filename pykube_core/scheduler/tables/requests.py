"""The requests of a pod, as kube-scheduler adds it up.

Source: kubernetes v1.34.1, staging/src/k8s.io/component-helpers/resource/helpers.go (PodRequests),
pkg/scheduler/framework/types.go (NodeInfo.calculateResource), pkg/scheduler/util/utils.go
(IsScalarResourceName).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pykube_core.api.machinery.quantity import INT64_MAX, parse_quantity

Nano = dict[str, int]
"""Exact amounts by resource name, in units of 10^-9."""

_NANO = 10**9
_MILLI = 10**6

# pkg/scheduler/util/pod_resources.go: what a container without a request counts for in scores.
NON_ZERO: Mapping[str, int] = {"cpu": 100 * _MILLI, "memory": 200 * 2**20 * _NANO}


def is_scalar_resource(name: str) -> bool:
    """Return whether the scheduler accounts for a resource beyond the four that it knows."""
    if name.startswith(("hugepages-", "attachable-volumes-")) or "kubernetes.io/" in name:
        return True
    return "/" in name and not name.startswith("requests.")


def _requests(owner: Mapping[str, Any]) -> Nano:
    resources = owner.get("resources") or {}
    return {k: parse_quantity(v).nano for k, v in (resources.get("requests") or {}).items()}


def _nano_list(amounts: Mapping[str, Any] | None) -> Nano:
    return {k: parse_quantity(v).nano for k, v in (amounts or {}).items()}


def _add(into: Nano, more: Mapping[str, int]) -> None:
    for name, amount in more.items():
        into[name] = into.get(name, 0) + amount


def _raise_to(into: Nano, more: Mapping[str, int]) -> None:
    for name, amount in more.items():
        if name not in into or amount > into[name]:
            into[name] = amount


def _resize_is_infeasible(pod: Mapping[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(
        c.get("type") == "PodResizePending" and c.get("reason") == "Infeasible" for c in conditions
    )


def _with_status(pod: Mapping[str, Any], container: Mapping[str, Any], reqs: Nano) -> Nano:
    """Return a running container's requests: the larger of spec and what its status says."""
    status = pod.get("status") or {}
    both = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
    for said in both:
        if said.get("name") == container.get("name") and said.get("resources") is not None:
            largest: Nano = {} if _resize_is_infeasible(pod) else dict(reqs)
            _raise_to(largest, _requests(said))
            _raise_to(largest, _nano_list(said.get("allocatedResources")))
            return largest
    return reqs


def _is_sidecar(container: Mapping[str, Any]) -> bool:
    return container.get("restartPolicy") == "Always"


def pod_level_requests(pod: Mapping[str, Any]) -> Nano:
    """Return ``spec.resources.requests`` as far as it counts: cpu, memory and huge pages."""
    return {
        name: amount
        for name, amount in _requests(pod.get("spec") or {}).items()
        if name in ("cpu", "memory") or name.startswith("hugepages-")
    }


def pod_requests(
    pod: Mapping[str, Any],
    *,
    use_status: bool = False,
    skip_pod_level: bool = False,
    non_missing: Iterable[str] = (),
) -> Nano:
    """Return the sum of a pod's requests.

    Parameters
    ----------
    pod
        The Pod.
    use_status
        Count what the status says of running containers, as for pods on a node.
    skip_pod_level
        Do not let ``spec.resources`` replace the sum over the containers.
    non_missing
        Resources of ``NON_ZERO`` that containers without a request count with.

    Raises
    ------
    QuantityError
        An amount is not a quantity.
    """
    spec = pod.get("spec") or {}
    defaults = {name: NON_ZERO[name] for name in non_missing}
    total: Nano = {}
    for container in spec.get("containers") or ():
        reqs = _requests(container)
        if use_status:
            reqs = _with_status(pod, container, reqs)
        _add(total, {**defaults, **reqs})
    sidecars: Nano = {}
    largest: Nano = {}
    for container in spec.get("initContainers") or ():
        reqs = _requests(container)
        if use_status and _is_sidecar(container):
            reqs = _with_status(pod, container, reqs)
        reqs = {**defaults, **reqs}
        if _is_sidecar(container):
            _add(total, reqs)
            _add(sidecars, reqs)
            reqs = dict(sidecars)
        else:
            _add(reqs, sidecars)
        _raise_to(largest, reqs)
    _raise_to(total, largest)
    if not skip_pod_level:
        total.update(pod_level_requests(pod))
    _add(total, _nano_list(spec.get("overhead")))
    return total


def non_missing_for(requests: Mapping[str, int], has_pod_level: bool) -> list[str]:
    """Return the resources that get non-zero defaults in a node's accounts."""
    if not has_pod_level:
        return list(NON_ZERO)
    return [name for name in NON_ZERO if requests.get(name, 0) == 0]


def scheduler_units(name: str, nano: int) -> int:
    """Return millicores for cpu and whole units for the rest, rounded up, at most int64's limit."""
    return min(-(-nano // (_MILLI if name == "cpu" else _NANO)), INT64_MAX)
