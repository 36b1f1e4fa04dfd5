"""Nodes' taints and pods' tolerations.

Source: ``k8s.io/component-helpers/scheduling/corev1/helpers.go`` and
``k8s.io/api/core/v1/toleration.go`` v0.36. Difference: the operators Lt and Gt of a toleration,
which a feature gate holds back, tolerate nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

NO_EXECUTE: Final = "NoExecute"
NO_SCHEDULE: Final = "NoSchedule"

NOT_READY: Final = "node.kubernetes.io/not-ready"
UNREACHABLE: Final = "node.kubernetes.io/unreachable"
UNSCHEDULABLE: Final = "node.kubernetes.io/unschedulable"
MEMORY_PRESSURE: Final = "node.kubernetes.io/memory-pressure"
DISK_PRESSURE: Final = "node.kubernetes.io/disk-pressure"
PID_PRESSURE: Final = "node.kubernetes.io/pid-pressure"
NETWORK_UNAVAILABLE: Final = "node.kubernetes.io/network-unavailable"
OUT_OF_SERVICE: Final = "node.kubernetes.io/out-of-service"


class Taint(msgspec.Struct, frozen=True, gc=False):
    """A taint of a node."""

    key: str
    effect: str
    value: str = ""
    timeAdded: str | None = None


class Toleration(msgspec.Struct, frozen=True, gc=False):
    """A toleration of a pod; without seconds it is for good."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""
    tolerationSeconds: int | None = None

    def tolerates(self, taint: Taint) -> bool:
        """Say whether it is good for a taint; without an effect or a key it is for any."""
        if self.effect and self.effect != taint.effect:
            return False
        if self.key and self.key != taint.key:
            return False
        if self.operator == "Exists":
            return True
        return self.operator in ("Equal", "") and self.value == taint.value


def all_tolerated(
    taints: Iterable[Taint], tolerations: Sequence[Toleration], effects: tuple[str, ...]
) -> bool:
    """Say whether every taint of some effects is tolerated."""
    return all(
        any(toleration.tolerates(taint) for toleration in tolerations)
        for taint in taints
        if taint.effect in effects
    )
