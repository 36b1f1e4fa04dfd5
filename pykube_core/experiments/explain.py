"""One pod of a workload, or one that is only thought of, explained."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject, full_name, namespace_of
from pykube_core.scheduler.cycle.cycle import SchedulingCycle
from pykube_core.scheduler.cycle.explain import Explanation
from pykube_core.scheduler.cycle.explain import explain as explain_pod
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import Policy
from pykube_core.scheduler.policies import policy as named_policy
from pykube_core.scheduler.policies.user_policy import UserPolicy
from pykube_core.scheduler.tables.volume_cache import pod_claims
from pykube_core.workloads.model import Workload
from pykube_core.workloads.pod_sources import TEMPLATES, PodSource, merged_objects, pods_of

__all__ = ["explain", "find_pod", "of_workload"]


def explain(
    workload: Workload,
    pod: str | KubeObject | PodSource,
    policy: str | UserPolicy | Policy = "default",
) -> Explanation:
    """Say why a pod goes where it goes, or why it goes nowhere and what would have to change.

    Parameters
    ----------
    workload
        The cluster: its pods that are on nodes stay there.
    pod
        The name of a pod of the workload, or ``namespace/name``: it is looked at as if it were
        taken off its node. Or an object: a Pod, or a workload such as a Deployment, for the next
        pod that it would make.
    policy
        As `compare` takes one.

    Returns
    -------
    Explanation
        Prints as text.

    Raises
    ------
    InputError
        There is no such pod or policy, or the object is not as it should be.

    Examples
    --------
    >>> import pykube_core as pk
    >>> found = pk.explain(pk.synthetic(nodes=5, pods=20), "pod-0000000")
    >>> print(found.summary)
    """
    workload = workload.with_left_out()
    if isinstance(pod, str):
        pod = of_workload(workload, find_pod(workload, pod))
    elif not isinstance(pod, PodSource):
        if not isinstance(pod, dict) or pod.get("kind") not in ("Pod", *TEMPLATES):
            raise InputError(f"pod: expected a name, a Pod, or one of {', '.join(TEMPLATES)}")
        (pod,) = pods_of([pod], workload)
    chosen = policy if isinstance(policy, Policy) else named_policy(policy)
    chosen = chosen.with_filters(workload.filters)
    objects = merged_objects(workload.objects, pod.objects)
    with Scheduler(workload.nodes, chosen, objects=objects) as scheduler:
        volumes, namespace = scheduler.context.volume_cache, namespace_of(pod.pod)
        claims = ((namespace, claim.name) for claim in pod_claims(pod.pod))
        missing = tuple("/".join(key) for key in claims if volumes.claim(key) is None)
        cycle = SchedulingCycle(scheduler)
        cycle.add_bound(_others(workload, full_name(pod.pod)))
        found = explain_pod(cycle, pod.pod)
        return dataclasses.replace(found, origin=pod.origin, missing_claims=missing)


def find_pod(workload: Workload, name: str) -> int:
    """Return the row of a pod by its name, or by namespace/name.

    Raises
    ------
    InputError
        There is none, or there are several.
    """
    names = list(workload.pods.names)
    wanted = name if "/" in name else f"default/{name}"
    if wanted in names:
        return names.index(wanted)
    same = [full for full in names if full.rpartition("/")[2] == name]
    if len(same) == 1:
        return names.index(same[0])
    reason = f"is in several namespaces: {', '.join(same)}" if same else "no such pod"
    raise InputError(reason, source=workload.source, object=f"Pod {name}")


def of_workload(workload: Workload, row: int) -> PodSource:
    """Return a pod of a workload, taken off its node."""
    pod = workload.pod(row)
    pod["spec"].pop("nodeName", None)
    return PodSource(pod, workload.pods.take(np.array([row])), {})


def _others(workload: Workload, name: str) -> list[KubeObject]:
    """Return the pods that are on nodes, but for one; they start when they were created."""
    pods = []
    for row, node in enumerate(workload.pods.node.tolist()):
        if node >= 0 and workload.pods.names[row] != name:
            pod = workload.pod(row)
            created = int(workload.pods.created_ns[row]) // 10**9
            start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=created)
            pod["status"] = {"startTime": start.isoformat(), **(pod.get("status") or {})}
            pods.append(pod)
    return pods
