"""What controllers write into the status of a pod that they delete for a reason of their own.

Source: ``k8s.io/kubernetes/pkg/api/v1/pod/util.go`` (UpdatePodCondition,
CalculatePodConditionObservedGeneration) v1.34.
"""

from __future__ import annotations

from typing import Final

import msgspec

from pykube_core.api.objects import KubeObject
from pykube_core.api.times import time_text
from pykube_core.apiserver import ApiObject
from pykube_core.apiserver.objects import members

_TYPE: Final = "DisruptionTarget"


class _Metadata(msgspec.Struct, gc=False):
    generation: int = 0


_METADATA: Final = msgspec.json.Decoder(_Metadata)


def decoded_status(obj: ApiObject) -> tuple[KubeObject, int]:
    """Return a pod's status, decoded, and the generation that whoever writes it has seen."""
    parts = members(obj.data)
    status: KubeObject = msgspec.json.decode(parts.status)
    return status, _METADATA.decode(parts.metadata).generation


def disrupt(status: KubeObject, generation: int, reason: str, message: str, now_ns: int) -> None:
    """Set, in place, the condition DisruptionTarget, which tells why a pod is deleted."""
    conditions: list[KubeObject] = status.setdefault("conditions", [])
    held = next((c for c in conditions if c.get("type") == _TYPE), None)
    since = time_text(now_ns)
    if held is None:
        held = {}
        conditions.append(held)
    elif held.get("status") == "True":
        since = held.get("lastTransitionTime", since)
    held.clear()
    held["type"] = _TYPE
    if generation:
        held["observedGeneration"] = generation
    held |= {"status": "True", "lastProbeTime": None, "lastTransitionTime": since}
    held |= {"reason": reason, "message": message}
