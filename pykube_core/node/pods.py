"""Pods as the kubelet knows them: templates, which copies share, and what is each one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from pykube_core.api.core import PODS
from pykube_core.api.core.pod.image_names import full_image, image_id, invalid_text
from pykube_core.api.core.resource_lists import aggregate, quantities
from pykube_core.api.machinery.objects import DONE_PHASES, KubeObject
from pykube_core.api.machinery.quantity import Quantity
from pykube_core.api.machinery.selectors import parse_node_selector
from pykube_core.api.machinery.times import NANO, parse_time
from pykube_core.client import ENCODED_STATUS
from pykube_core.client.recorder import NORMAL, EventText, Reference
from pykube_core.node.network import is_address
from pykube_core.node.runtime import Behavior
from pykube_core.node.views import (
    Condition,
    ContainerSpec,
    ContainerStatus,
    PodView,
    Terminated,
)
from pykube_core.objects import ApiObject

if TYPE_CHECKING:
    from pykube_core.node.admission import Node

# A container's way: idle, pulling its image, created, running, ended; back to idle for a restart.
IDLE: Final = 0
PULLING: Final = 1
PULL_FAILED: Final = 2
PULL_BACK_OFF: Final = 3
CREATED: Final = 4
CRASHED: Final = 5
RUNNING: Final = 6
ENDED: Final = 7

OS_LABEL: Final = "kubernetes.io/os"
OWN_CONDITIONS: Final = dict.fromkeys(
    ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")
)
Conditions: TypeAlias = tuple[tuple[bool, str], ...]

CRASH_LOOP: Final = "CrashLoopBackOff"
IMAGE_BACK_OFF: Final = "ImagePullBackOff"
CREATING: Final = "ContainerCreating"
INITIALIZING: Final = "PodInitializing"
BACK_OFF_MIN_NS: Final = 10 * NANO
BACK_OFF_MAX_NS: Final = 300 * NANO


class StatusForm:
    """A status with gaps for what is a pod's own; copies share it.

    Attributes
    ----------
    text : bytes
        Of a form, see `FilledStatus`.
    conditions : tuple of (bool, str)
        Of each of the kubelet's own conditions, whether it is true and since when.
    """

    __slots__ = ("conditions", "text")

    def __init__(self, text: bytes, conditions: Conditions) -> None:
        self.text = text
        self.conditions = conditions


class Share:
    """The common part of like containers of like pods: the spec, and what follows from it.

    Attributes
    ----------
    image, image_id : str
        The whole name and the digest of its image.
    invalid : str
        Why the name of its image does not parse; "" for one that does.
    path : str
        The field that events name.
    init, sidecar : bool
        An init container that is to end, or one that runs on; neither is a container of the pod.
    probed : bool
        It has probes that say whether it has started and is ready.
    created, started, present, pulling : str
        Messages of events.
    """

    __slots__ = (
        "created", "image", "image_id", "init", "invalid", "name", "path", "policy", "present",
        "probed", "pulling", "sidecar", "spec", "started",
    )  # fmt: skip

    def __init__(self, spec: ContainerSpec, kind: str) -> None:
        self.spec, self.name, self.policy = spec, spec.name, spec.imagePullPolicy
        self.invalid = invalid_text(spec.image)
        self.image, self.image_id = full_image(spec.image), ""
        if not self.invalid:
            self.image_id = image_id(spec.image)
        self.path = f"spec.{kind}{{{spec.name}}}"
        self.sidecar = kind == "initContainers" and spec.restartPolicy == "Always"
        self.init = kind == "initContainers" and not self.sidecar
        self.probed = spec.readinessProbe is not None or spec.startupProbe is not None
        self.pulling = self._text("Pulling", f'Pulling image "{spec.image}"')
        present = f'Container image "{spec.image}" already present on machine'
        self.present = self._text("Pulled", present)
        self.created = self._text("Created", f"Created container: {spec.name}")
        self.started = self._text("Started", f"Started container {spec.name}")

    def _text(self, reason: str, message: str) -> EventText:
        return EventText(NORMAL, reason, message, field_path=self.path)


class Template:
    """The common part of copies of a pod.

    Attributes
    ----------
    shares : list of Share
        Of init containers, then of containers.
    init_count : int
        How many of them are init containers.
    simple : bool
        One container, and nothing but its end ends the pod.
    spec_json : bytes
        The spec as copies have it on any node, see `Body.spec`.
    affinity : NodeSelector or None
        Its required node affinity; ``selector`` is its ``nodeSelector``.
    requests : tuple of (str, int)
        Its requests, in a node's units; first a place among its pods.
    anywhere : bool
        It asks nothing of a node but resources, and that it tolerates its taints.
    others : bytes
        The conditions that are not the kubelet's, as copies have them at first.
    statuses : dict
        Encoded statuses, to be filled with what is a pod's own.
    """

    __slots__ = (
        "affinity", "anywhere", "gated", "host_network", "host_ports", "init_count", "is_agent",
        "others", "requests", "selector", "shares", "simple", "spec_json", "statuses", "view",
    )  # fmt: skip

    def __init__(self, view: PodView, spec_json: bytes, *, is_agent: bool) -> None:
        spec = view.spec
        self.view = view
        self.spec_json = spec_json
        self.shares = [Share(c, "initContainers") for c in spec.initContainers]
        self.shares += [Share(c, "containers") for c in spec.containers]
        self.init_count = len(spec.initContainers)
        self.is_agent = is_agent
        self.host_network, self.gated = spec.hostNetwork, bool(spec.readinessGates)
        self.simple = len(self.shares) == 1 and spec.activeDeadlineSeconds is None
        placing = msgspec.json.decode(spec_json, type=_Placing)
        self.selector = placing.nodeSelector
        required = placing.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution
        self.affinity = None if required is None else parse_node_selector(required)
        self.requests = _requests(placing)
        self.host_ports = [
            (port.hostIP or "0.0.0.0", port.protocol, port.hostPort)
            for share in self.shares
            for port in share.spec.ports
            if port.hostPort
        ]
        self.anywhere = not (
            self.selector or self.affinity or self.host_ports or spec.os
            or OS_LABEL in view.metadata.labels
        )  # fmt: skip
        self.others = other_conditions(view.status.conditions)
        self.statuses: dict[object, StatusForm] = {}


class _NodeAffinity(msgspec.Struct, gc=False):
    requiredDuringSchedulingIgnoredDuringExecution: KubeObject | None = None


class _Affinity(msgspec.Struct, gc=False):
    nodeAffinity: _NodeAffinity = msgspec.field(default_factory=_NodeAffinity)


class _Placing(msgspec.Struct, gc=False):
    """The part of a spec that says where a pod may run, and what it needs there."""

    containers: list[KubeObject]
    initContainers: list[KubeObject] = []
    resources: KubeObject = {}
    overhead: KubeObject = {}
    nodeSelector: dict[str, str] = {}
    affinity: _Affinity = msgspec.field(default_factory=_Affinity)


def _requests(placing: _Placing) -> tuple[tuple[str, int], ...]:
    """Return what a pod asks for: itself a place, millicores of cpu, whole units of the rest."""
    spec = {"containers": placing.containers, "initContainers": placing.initContainers}
    total = aggregate(spec)
    total |= quantities(placing.resources.get("requests"))
    for name, more in quantities(placing.overhead).items():
        total[name] = total[name] + more if name in total else more
    asked = [(name, units(name, amount)) for name, amount in total.items() if amount.nano]
    return (("pods", 1), *asked)


def units(name: str, amount: Quantity) -> int:
    """Return an amount as a node counts it: millicores of cpu, whole units of the rest."""
    return amount.milli_value() if name == "cpu" else amount.value()


def other_conditions(conditions: list[Condition]) -> bytes:
    """Return the conditions that are not the kubelet's to decide, as JSON behind others."""
    others = [c for c in conditions if c.type not in OWN_CONDITIONS]
    return b"".join(b"," + msgspec.json.encode(condition) for condition in others)


class Container(msgspec.Struct, gc=False):
    """A container of a pod, now.

    Attributes
    ----------
    share : Share
        The part that it has in common with others.
    behavior : Behavior or None
        Its behavior, from its start on.
    stage : int
        Where it is, from IDLE to ENDED.
    reason, message : str
        Why it waits.
    attempt : int
        How often it was restarted.
    ready, started : bool
        The verdict of its probes.
    started_ns : int
        Since when it runs.
    ended, last : Terminated or None
        How this attempt ended, and how the one before did.
    due_ns : int
        When something happens to it; 0 for nothing.
    exit_ns, exit_code : int
        When it ends by itself or because it was told to (0 for never), and with which code.
    stopping : bool
        It was told to end.
    back_off_ns, back_off_since_ns : int
        For how long a restart waits, and since when that counts.
    pull_back_off_ns, pull_since_ns : int
        For how long the next pull waits, and since when this one goes on.
    """

    share: Share
    behavior: Behavior | None = None
    stage: int = IDLE
    reason: str = CREATING
    message: str = ""
    attempt: int = 0
    ready: bool = False
    started: bool = False
    started_ns: int = 0
    ended: Terminated | None = None
    last: Terminated | None = None
    due_ns: int = 0
    exit_ns: int = 0
    exit_code: int = 0
    stopping: bool = False
    back_off_ns: int = 0
    back_off_since_ns: int = 0
    pull_back_off_ns: int = 0
    pull_since_ns: int = 0


class Pod(msgspec.Struct, gc=False):
    """A pod on a node, as the kubelet runs it.

    Attributes
    ----------
    obj : ApiObject
        As it was read last.
    revision : int
        As it was read or written last; at 0 the API does not have it.
    about : Reference
        Its name and uid, for its events. A static pod's uid is that of its manifest.
    mirror_uid : str
        The uid that the API knows.
    node, host : str, Node
        Where it runs: by name, and what is known of it.
    admitted : bool
        The node has taken it on.
    sandbox : bool
        It has its network.
    address : str
        Its own address, or its node's.
    start, start_ns : str, int
        When the node took it on.
    shown : StatusForm or None
        The status that was written last.
    others : bytes
        The other conditions.
    finished : bool
        Its phase is final.
    stopping : bool
        Its containers are told to end.
    final : str
        The phase that it will have when they have ended; "" when their exit codes say.
    overdue : bool
        It has been active for too long.
    deadline_ns : int
        When those that are told to end are killed.
    deleting : bool
        It is being deleted.
    stale : bool
        Its status is to be written.
    gone : bool
        Nobody runs it here any more.
    active : bool
        It is brought forward in this step.
    due_ns : int
        When something happens to it next; 0 for nothing.
    """

    obj: ApiObject
    revision: int
    about: Reference
    mirror_uid: str
    node: str
    host: Node
    template: Template
    containers: tuple[Container, ...]
    others: bytes
    generation: int
    admitted: bool = False
    sandbox: bool = False
    address: str = ""
    start: str = ""
    start_ns: int = 0
    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    shown: StatusForm | None = None
    finished: bool = False
    stopping: bool = False
    final: str = ""
    overdue: bool = False
    deadline_ns: int = 0
    deleting: bool = False
    stale: bool = False
    gone: bool = False
    active: bool = False
    due_ns: int = 0
    static: bool = False

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return self.about.namespace

    @property
    def name(self) -> str:
        """Its name."""
        return self.about.name

    @property
    def uid(self) -> str:
        """Its uid, as its node knows it."""
        return self.about.uid

    @property
    def full_name(self) -> str:
        """Its name as the kubelet writes it into messages."""
        return f"{self.name}_{self.namespace}({self.uid})"


def new_pod(obj: ApiObject, uid: str, node: Node, template: Template) -> Pod:
    """Return a pod that its node has not seen before."""
    reason = INITIALIZING if template.init_count else CREATING
    containers = tuple([Container(share, reason=reason) for share in template.shares])
    metadata = template.view.metadata
    name = obj.key[len(PODS.prefix) + len(metadata.namespace) + 1 :].decode()
    about = Reference(PODS, metadata.namespace, name, uid)
    others, generation = template.others, metadata.generation
    return Pod(
        obj, obj.revision, about, uid, node.name, node, template, containers, others, generation
    )


def is_new(pod: Pod) -> bool:
    """Say whether a pod is as `new_pod` makes it: its status has told nothing."""
    new = new_pod(pod.obj, pod.uid, pod.host, pod.template)
    return msgspec.structs.replace(new, about=pod.about) == pod


def is_overruled(conditions: list[Condition]) -> bool:
    """Say whether somebody else has called a pod not ready, as the node lifecycle controller does.

    The kubelet that is back then says again what it sees.
    """
    held = {c.type: c.status == "True" for c in conditions}
    return held.get("ContainersReady", False) and not held.get("Ready", True)


def resumed_pod(obj: ApiObject, uid: str, node: Node, template: Template, view: PodView) -> Pod:
    """Return a pod whose containers went on running while nobody looked."""
    status = view.status
    pod = new_pod(obj, uid, node, template)
    pod.phase, pod.reason, pod.message = status.phase or "Pending", status.reason, status.message
    pod.finished = pod.phase in DONE_PHASES
    pod.start, pod.address = status.startTime, status.podIP if is_address(status.podIP) else ""
    pod.admitted = bool(status.startTime)
    pod.start_ns = parse_time(status.startTime) if status.startTime else 0
    pod.sandbox = bool(pod.address) and not pod.finished
    held = {c.type: (c.status == "True", c.lastTransitionTime or "") for c in status.conditions}
    if held.keys() >= OWN_CONDITIONS.keys():
        pod.shown = StatusForm(ENCODED_STATUS, tuple(held[type] for type in OWN_CONDITIONS))
    pod.stale = is_overruled(status.conditions)
    known = {c.name: c for c in (*status.initContainerStatuses, *status.containerStatuses)}
    for container in pod.containers:
        if container.share.name in known:
            _resume(container, known[container.share.name])
    return pod


def _resume(container: Container, status: ContainerStatus) -> None:
    """Set a container to what its status says."""
    container.attempt = status.restartCount
    container.last = status.lastState.terminated
    state = status.state
    if state.running is not None:
        container.stage, container.reason = RUNNING, ""
        container.ready, container.started = status.ready, status.started
        container.started_ns = parse_time(state.running.startedAt)
        container.back_off_since_ns = container.started_ns
    elif state.terminated is not None:
        container.stage, container.reason = ENDED, ""
        container.ready, container.ended = status.ready, state.terminated
        began = state.terminated.startedAt
        container.back_off_since_ns = parse_time(began) if began else 0
    elif state.waiting is not None and state.waiting.reason == CRASH_LOOP:
        container.stage, container.reason = CRASHED, CRASH_LOOP
        container.message = state.waiting.message
    container.back_off_ns = _back_off_ns(container, status)
    if container.stage == CRASHED and container.last is not None:
        container.due_ns = parse_time(container.last.finishedAt) + container.back_off_ns


def _back_off_ns(container: Container, status: ContainerStatus) -> int:
    """Return for how long the restart after this attempt waits, as the times in a status tell.

    The attempt began a delay after the end of the one before; the next delay is twice as long.
    """
    if container.stage == CRASHED:
        text = container.message.removeprefix("back-off ").partition(" ")[0]
        return go_seconds(text) * NANO
    last = status.lastState.terminated
    if not status.restartCount:
        return 0
    began_ns = container.back_off_since_ns
    if last is None or not last.finishedAt or not began_ns:
        return BACK_OFF_MIN_NS
    waited_ns = began_ns - parse_time(last.finishedAt)
    back_off_ns = BACK_OFF_MIN_NS
    while back_off_ns <= waited_ns and back_off_ns < BACK_OFF_MAX_NS:
        back_off_ns = min(2 * back_off_ns, BACK_OFF_MAX_NS)
    return back_off_ns


def go_seconds(text: str) -> int:
    """Return the seconds of a duration as Go writes it, such as "2m40s"; 0 for another text."""
    minutes, found, seconds = text.rpartition("m")
    if not text.endswith("s") or not seconds[:-1].isdigit():
        return 0
    return (int(minutes) * 60 if found and minutes.isdigit() else 0) + int(seconds[:-1])


def go_duration(time_ns: int) -> str:
    """Return a duration as Go writes it, cut to milliseconds.

    >>> go_duration(160_000_000_000), go_duration(1_500_000_000), go_duration(20_000_000)
    ('2m40s', '1.5s', '20ms')
    """
    millis = time_ns // 1_000_000
    if millis < 1000:
        return f"{millis}ms" if millis else "0s"
    seconds, rest = divmod(millis, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{rest:03}".rstrip("0") if rest else ""
    out = f"{seconds}{fraction}s"
    if hours or minutes:
        out = f"{minutes}m{out}"
    return f"{hours}h{out}" if hours else out
