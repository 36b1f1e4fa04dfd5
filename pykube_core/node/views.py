"""Pods as the kubelet reads them from JSON: the few fields that it needs."""

from __future__ import annotations

import msgspec

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.times import NANO


class Probe(msgspec.Struct, gc=False):
    """When a probe is asked; it always succeeds."""

    initialDelaySeconds: int = 0
    periodSeconds: int = 10
    successThreshold: int = 1

    def success_ns(self, started_ns: int, from_ns: int) -> int:
        """Return when it has succeeded, asked since ``from_ns`` of a container of ``started_ns``.

        The first answer that counts is on the first multiple of the period that is not within the
        initial delay.
        """
        period_ns = self.periodSeconds * NANO
        earliest_ns = max(self.initialDelaySeconds * NANO, from_ns - started_ns)
        first_ns = -(-earliest_ns // period_ns) * period_ns
        return started_ns + first_ns + (self.successThreshold - 1) * period_ns


class _Port(msgspec.Struct, gc=False):
    hostPort: int = 0
    hostIP: str = ""
    protocol: str = "TCP"


class ContainerSpec(msgspec.Struct, gc=False):
    """A container as the kubelet reads it."""

    name: str
    image: str = ""
    imagePullPolicy: str = "IfNotPresent"
    restartPolicy: str = ""
    ports: list[_Port] = []
    readinessProbe: Probe | None = None
    startupProbe: Probe | None = None


class _Os(msgspec.Struct, gc=False):
    name: str = ""


class _Gate(msgspec.Struct, gc=False):
    conditionType: str


class PodSpec(msgspec.Struct, gc=False):
    """A pod's spec as the kubelet reads it; the rest stays as it was written."""

    containers: list[ContainerSpec]
    initContainers: list[ContainerSpec] = []
    nodeName: str = ""
    restartPolicy: str = "Always"
    hostNetwork: bool = False
    terminationGracePeriodSeconds: int = 30
    activeDeadlineSeconds: int | None = None
    readinessGates: list[_Gate] = []
    tolerations: list[KubeObject] = []
    os: _Os | None = None


class PodMetadata(msgspec.Struct, gc=False):
    """A pod's metadata as the kubelet reads them."""

    uid: str
    name: str = ""
    namespace: str = "default"
    generation: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    deletionTimestamp: str = ""
    deletionGracePeriodSeconds: int = 0


class Condition(msgspec.Struct, gc=False, omit_defaults=True):
    """A condition of a pod; times that are null stay so."""

    type: str = ""
    observedGeneration: int = 0
    status: str = ""
    lastProbeTime: str | msgspec.UnsetType | None = msgspec.UNSET
    lastTransitionTime: str | msgspec.UnsetType | None = msgspec.UNSET
    reason: str = ""
    message: str = ""


class Terminated(msgspec.Struct, gc=False, frozen=True):
    """How a container ended."""

    exitCode: int
    reason: str = ""
    message: str = ""
    startedAt: str = ""
    finishedAt: str = ""
    containerID: str = ""


class _Waiting(msgspec.Struct, gc=False):
    reason: str = ""
    message: str = ""


class _Running(msgspec.Struct, gc=False):
    startedAt: str = ""


class _State(msgspec.Struct, gc=False):
    waiting: _Waiting | None = None
    running: _Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(msgspec.Struct, gc=False):
    """A container's status as the kubelet reads it."""

    name: str
    state: _State = msgspec.field(default_factory=_State)
    lastState: _State = msgspec.field(default_factory=_State)
    ready: bool = False
    restartCount: int = 0
    started: bool = False


class PodStatus(msgspec.Struct, gc=False):
    """A pod's status as the kubelet reads it, to go on after a restart."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    startTime: str = ""
    podIP: str = ""
    qosClass: str = "BestEffort"
    nominatedNodeName: str = ""
    conditions: list[Condition] = []
    initContainerStatuses: list[ContainerStatus] = []
    containerStatuses: list[ContainerStatus] = []


class PodView(msgspec.Struct, gc=False):
    """A pod as the kubelet reads it."""

    metadata: PodMetadata
    spec: PodSpec
    status: PodStatus = msgspec.field(default_factory=PodStatus)
