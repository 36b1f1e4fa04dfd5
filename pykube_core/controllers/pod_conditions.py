"""What controllers write into the status of a pod that they delete for a reason of their own."""

from __future__ import annotations

from typing import Final

import msgspec

from pykube_core.api.objects import KubeObject
from pykube_core.api.pod_conditions import Condition, with_condition
from pykube_core.apiserver import ApiObject
from pykube_core.apiserver.objects import members


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
    condition = Condition("DisruptionTarget", "True", reason, message)
    held = status.get("conditions", [])
    status["conditions"] = with_condition(held, condition, generation, now_ns)
