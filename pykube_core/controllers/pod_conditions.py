"""Conditions of pods that controllers delete for a reason of their own."""

from __future__ import annotations

import msgspec

from pykube_core.api.core.pod.conditions import Condition, with_condition
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.objects import ApiObject


class _Metadata(msgspec.Struct, gc=False):
    generation: int = 0


class _View(msgspec.Struct, gc=False):
    metadata: _Metadata


def decoded_status(obj: ApiObject) -> tuple[KubeObject, int]:
    """Return a pod's status, decoded, and the generation that whoever writes it has seen."""
    status: KubeObject = msgspec.json.decode(obj.status)
    return status, obj.body.view(_View).metadata.generation


def disrupt(status: KubeObject, generation: int, reason: str, message: str, now_ns: int) -> None:
    """Set, in place, the condition DisruptionTarget, which tells why a pod is deleted."""
    condition = Condition("DisruptionTarget", "True", reason, message)
    held = status.get("conditions", [])
    status["conditions"] = with_condition(held, condition, generation, now_ns)
