"""Notes for a reader about the pods of a workload under a policy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pykube_core.scheduler.config import DEFAULT_SCHEDULER_NAME
from pykube_core.scheduler.plugins import gpu_share
from pykube_core.scheduler.policies import Policy
from pykube_core.words import counted, some_of
from pykube_core.workloads.model import Workload


def comparison_warnings(workload: Workload, policies: Mapping[str, Policy]) -> tuple[str, ...]:
    """Return all warnings about a workload and policies by name.

    A note that is true under every policy is said once; the rest names the policy that it is about.
    """
    told: dict[str, list[str]] = {}
    for name, policy in policies.items():
        for text in pod_warnings(workload, policy):
            told.setdefault(text, []).append(name)
    shared = [text for text, names in told.items() if len(names) == len(policies)]
    own = [
        f"{name}: {text}"
        for name, policy in policies.items()
        for text in (*policy.warnings, *(t for t, names in told.items() if name in names))
        if text not in shared
    ]
    return (*workload.warnings, *shared, *own)


def pod_warnings(workload: Workload, policy: Policy) -> list[str]:
    """Return what of its pods a policy decides otherwise than they ask for."""
    pods = workload.pods
    counts = np.bincount(pods.template[~pods.pinned], minlength=len(pods.templates))
    return [
        text
        for text in (_other_schedulers(workload, policy, counts), _shares(workload, policy, counts))
        if text
    ]


def being_deleted(workload: Workload) -> list[str]:
    """Return how many pods kube-scheduler passes over, as they are being deleted.

    Such a pod of a snapshot is one that was deleted before it had a node.
    """
    pods = workload.pods
    counts = np.bincount(pods.template[pods.node < 0], minlength=len(pods.templates))
    count = sum(
        count
        for template, count in zip(pods.templates, counts.tolist(), strict=True)
        if (template.get("metadata") or {}).get("deletionTimestamp") is not None
    )
    if not count:
        return []
    who = counted(count, "pod on no node is", "pods on no node are")
    return [f"{who} being deleted, and kube-scheduler passes over such pods: placed like the rest"]


def _other_schedulers(workload: Workload, policy: Policy, counts: np.ndarray) -> str:
    """Return how many pods name a scheduler that the policy is not, "" for none.

    A policy of one profile stands in for the default scheduler, whatever its name is.
    """
    served = set(policy.scheduler_names)
    if not policy.others:
        served.add(DEFAULT_SCHEDULER_NAME)
    named: dict[str, int] = {}
    for template, count in zip(workload.pods.templates, counts.tolist(), strict=True):
        name = template.get("spec", {}).get("schedulerName") or DEFAULT_SCHEDULER_NAME
        if count and name not in served:
            named[name] = named.get(name, 0) + count
    if not named:
        return ""
    who = counted(sum(named.values()), "pod names", "pods name")
    where = f" by profile {policy.scheduler_names[0]}" if policy.others else ""
    return f"{who} another scheduler ({some_of(named)}): placed like the rest{where}"


def _shares(workload: Workload, policy: Policy, counts: np.ndarray) -> str:
    """Return how many pods ask for shares of GPUs that nobody gives, "" for none."""
    if gpu_share.is_enabled(policy.profile.plugins):
        return ""
    asking = sum(
        count
        for template, count in zip(workload.pods.templates, counts.tolist(), strict=True)
        if gpu_share.COUNT in (template.get("metadata", {}).get("annotations") or {})
    )
    if not asking:
        return ""
    who = counted(asking, "pod asks", "pods ask")
    return f"{who} for GPUs by annotation, which only a profile with the filter GpuShare reads"
