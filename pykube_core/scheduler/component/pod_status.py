"""The scheduler's part of the status of pods: conditions and nominations.

Source: kubernetes v1.34.1, pkg/scheduler/schedule_one.go (updatePod) and
pkg/scheduler/framework/preemption.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from pykube_core.api.core import PODS
from pykube_core.api.core.pod.conditions import Condition, with_condition
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.status import StatusError
from pykube_core.client import Client
from pykube_core.objects import ApiObject

_ATTEMPTS: Final = 4


class StatusChange(NamedTuple):
    """A change of a pod's status; None for a part that stays.

    ``nominated_node`` "" takes a nomination back.
    """

    condition: Condition | None = None
    nominated_node: str | None = None


class _Metadata(msgspec.Struct, gc=False):
    generation: int = 0


class _Spec(msgspec.Struct, gc=False):
    nodeName: str = ""


class _View(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _Spec


def changed_status(pod: ApiObject, change: StatusChange, now_ns: int) -> bytes:
    """Return a pod's status with a change, encoded; the same bytes if it changes nothing."""
    status: KubeObject = msgspec.json.decode(pod.status)
    new = dict(status)
    if change.condition is not None:
        generation = pod.body.view(_View).metadata.generation
        new["conditions"] = with_condition(
            status.get("conditions") or [], change.condition, generation, now_ns
        )
    if change.nominated_node:
        new["nominatedNodeName"] = change.nominated_node
    elif change.nominated_node is not None:
        new.pop("nominatedNodeName", None)
    return pod.status if new == status else msgspec.json.encode(new)


def write_statuses(
    client: Client, changes: Mapping[bytes, tuple[ApiObject, StatusChange]], now_ns: int
) -> dict[bytes, ApiObject]:
    """Change the statuses of pods, each by its key, as patches do: whatever else they say now.

    Returns
    -------
    dict
        The newest state of each pod that is there.
    """
    out: dict[bytes, ApiObject] = {}
    left = dict(changes)
    for _ in range(_ATTEMPTS):
        items = [(pod, changed_status(pod, change, now_ns)) for pod, change in left.values()]
        again: dict[bytes, tuple[ApiObject, StatusChange]] = {}
        outcomes = client.batch.patch_status(PODS, items) if items else []
        for (key, (pod, change)), outcome in zip(left.items(), outcomes, strict=True):
            if isinstance(outcome, ApiObject):
                out[key] = outcome
                continue
            namespace, name = PODS.split_key(key)
            try:
                now = client.get(PODS, name, namespace)
            except StatusError:
                continue  # it is gone
            if now.uid == pod.uid and not _is_late(now, change):
                again[key] = now, change
        left = again
    return out


def _is_late(pod: ApiObject, change: StatusChange) -> bool:
    """Return whether somebody has given a pod a node that is said not to be scheduled."""
    condition = change.condition
    if condition is None or condition.type != "PodScheduled":
        return False
    return bool(pod.bound_to or pod.body.view(_View).spec.nodeName)
