"""Priorities of pods from their classes, as the Priority admission plugin sets them.

Source: ``k8s.io/kubernetes/plugin/pkg/admission/priority`` and ``pkg/apis/scheduling``, v1.34.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pykube_core.api.machinery.objects import KubeObject, name_of

PREEMPT: Final = "PreemptLowerPriority"
USER_PRIORITY_MAX: Final = 1_000_000_000
SYSTEM_PRIORITIES: Final = {
    "system-cluster-critical": 2_000_000_000,
    "system-node-critical": 2_000_001_000,
}


class PriorityError(ValueError):
    """A pod's priority and its class do not agree; the message is the admission plugin's."""


def resolve_priority(pod: KubeObject, classes: Iterable[KubeObject]) -> None:
    """Set priority and preemption policy of a pod from its class, in place.

    Parameters
    ----------
    classes : iterable of dict
        PriorityClass objects; the two system classes are always known.

    Raises
    ------
    PriorityError
        When the class does not exist, or the pod gives another priority or policy than its class.
    """
    spec = pod.setdefault("spec", {})
    known = {name_of(priority_class): priority_class for priority_class in classes}
    name = spec.get("priorityClassName")
    if not name:
        chosen = global_default(known.values())
        if chosen is not None:
            spec["priorityClassName"] = name_of(chosen)
    elif name in known:
        chosen = known[name]
    elif name in SYSTEM_PRIORITIES:
        chosen = {"value": SYSTEM_PRIORITIES[name]}
    else:
        raise PriorityError(f"no PriorityClass with name {name} was found")
    computed = int((chosen or {}).get("value") or 0)
    policy = (chosen or {}).get("preemptionPolicy") or PREEMPT
    tail = "computed {} from the given PriorityClass name"
    if spec.get("priority") not in (None, computed):
        raise PriorityError(
            f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
            f"priority admission controller {tail.format(computed)}"
        )
    if spec.get("preemptionPolicy") not in (None, policy):
        raise PriorityError(
            f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be "
            f"provided in pod spec; priority admission controller {tail.format(policy)}"
        )
    spec["priority"], spec["preemptionPolicy"] = computed, policy


def global_default(classes: Iterable[KubeObject]) -> KubeObject | None:
    """Return the default class; of several the one with the lowest value, as upstream."""
    marked = [item for item in classes if item.get("globalDefault")]
    return min(marked, key=lambda item: item.get("value") or 0, default=None)
