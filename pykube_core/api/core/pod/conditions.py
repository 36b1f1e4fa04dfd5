"""Conditions of pods, set by the components that observe them.

Source: ``k8s.io/kubernetes/pkg/api/v1/pod/util.go`` (UpdatePodCondition,
CalculatePodConditionObservedGeneration) v1.34.
"""

from __future__ import annotations

from typing import NamedTuple

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.times import time_text


class Condition(NamedTuple):
    """A condition of a pod, as its writer gives it."""

    type: str
    status: str
    reason: str
    message: str


def with_condition(
    held: list[KubeObject], condition: Condition, generation: int, now_ns: int
) -> list[KubeObject]:
    """Return conditions with one set in its place, or behind them.

    Parameters
    ----------
    generation : int
        Of the pod, as the writer of the condition has seen it; 0 is not written.
    now_ns : int
        Since when it is so, if its status changes.
    """
    old = next((c for c in held if c.get("type") == condition.type), None)
    new: KubeObject = {"type": condition.type}
    if generation:
        new["observedGeneration"] = generation
    since = time_text(now_ns)
    if old is not None and old.get("status") == condition.status:
        since = old.get("lastTransitionTime", since)
    new |= {"status": condition.status, "lastProbeTime": None, "lastTransitionTime": since}
    new |= {"reason": condition.reason, "message": condition.message}
    if old is None:
        return [*held, new]
    return [new if c is old else c for c in held]
