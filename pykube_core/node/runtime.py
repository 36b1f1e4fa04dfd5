"""The container runtime of every simulated node: how long things take, and how they end.

Nothing runs. A `Behavior` says of an image what its containers do, and the kubelet asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pykube_core.api.machinery.times import NANO

_MIB: Final = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """Behavior of an image, and of a container that runs it.

    Attributes
    ----------
    pull_seconds : float
        How long the first pull takes on a node.
    start_seconds : float
        From the image to a container that runs.
    run_seconds : float or None
        How long it runs by itself; None is for ever.
    exit_code : int
        With which code it then ends.
    crash_count : int or None
        How many attempts end like that, the first ones; later ones run for ever. None is all.
    stop_seconds : float
        How long it takes to end when it is told to; at the end of its grace period it is killed.
    stop_exit_code : int
        With which code it then ends.
    missing : bool
        The registry does not have the image.
    size_bytes : int
        The image's size, as nodes report it.
    output : str
        Lines that a container writes when it starts.
    pull_ns, start_ns, stop_ns : int
        The same in nanoseconds.
    """

    pull_seconds: float = 2.0
    start_seconds: float = 1.0
    run_seconds: float | None = None
    exit_code: int = 0
    crash_count: int | None = None
    stop_seconds: float = 0.0
    stop_exit_code: int = 0
    missing: bool = False
    size_bytes: int = 64 * _MIB
    output: str = ""

    pull_ns: int = field(init=False, repr=False)
    start_ns: int = field(init=False, repr=False)
    stop_ns: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("pull", "start", "stop"):
            value_ns = round(getattr(self, f"{name}_seconds") * NANO)
            object.__setattr__(self, f"{name}_ns", value_ns)

    def run_ns(self, attempt: int) -> int | None:
        """Return how long an attempt, counted from 0, runs by itself; None for ever."""
        if self.run_seconds is None:
            return None
        if self.crash_count is not None and attempt >= self.crash_count:
            return None
        return round(self.run_seconds * NANO)


COMPLETES: Final = Behavior(run_seconds=1.0)
"""Of init containers whose image has no behavior of its own: they end, or no pod would run."""


class ContainerEvent(NamedTuple):
    """A container that runs now, or ended now; ``attempt`` counts from 0."""

    namespace: str
    pod: str
    uid: str
    node: str
    container: str
    image: str
    attempt: int
    now_ns: int


Listener = Callable[[ContainerEvent], None]


class Runtime:
    """The container runtime of all nodes.

    Parameters
    ----------
    behaviors : mapping of str to Behavior
        By image, as containers name it.
    default : Behavior
        Of other images.
    init_default : Behavior
        Of other images where an init container runs them.
    """

    def __init__(
        self,
        behaviors: Mapping[str, Behavior] | None = None,
        default: Behavior | None = None,
        init_default: Behavior = COMPLETES,
    ) -> None:
        self._behaviors = dict(behaviors or {})
        self._default = default or Behavior()
        self._init_default = init_default
        self._on_run: list[Listener] = []
        self._on_exit: list[Listener] = []
        self._running: dict[tuple[str, str], int] = {}
        self._crashed: dict[tuple[str, str, str], int] = {}
        self._kubelet: Callable[[str, str], None] | None = None

    def set(self, image: str, behavior: Behavior) -> None:
        """Let the containers of an image behave like this from their next start on."""
        self._behaviors[image] = behavior

    def behavior(self, image: str, *, init: bool = False) -> Behavior:
        """Return the behavior of an image."""
        found = self._behaviors.get(image)
        return found or (self._init_default if init else self._default)

    def on_run(self, listener: Listener) -> None:
        """Call a function whenever a container begins to run."""
        self._on_run.append(listener)

    def on_exit(self, listener: Listener) -> None:
        """Call a function whenever a container that ran has ended."""
        self._on_exit.append(listener)

    def crash(self, namespace: str, pod: str, container: str, exit_code: int = 1) -> None:
        """Let a container that runs end now; nothing happens to one that does not run."""
        self._crashed[namespace, pod, container] = exit_code
        if self._kubelet is not None:
            self._kubelet(namespace, pod)

    def attach(self, kubelet: Callable[[str, str], None]) -> None:
        """Tell of crashes, by the pod's namespace and name, whoever runs the nodes from now on."""
        self._kubelet = kubelet

    def take_crash(self, namespace: str, pod: str, container: str) -> int | None:
        """Return with which code a container is to end now, once; None when it is not."""
        return self._crashed.pop((namespace, pod, container), None)

    @property
    def is_heard(self) -> bool:
        """Whether anybody wants to know of containers that run and end."""
        return bool(self._on_run or self._on_exit)

    def report_run(self, event: ContainerEvent) -> None:
        """Say that a container runs; the second report of an attempt is not passed on."""
        key = event.uid, event.container
        if self._running.get(key) != event.attempt:
            self._running[key] = event.attempt
            for listener in self._on_run:
                listener(event)

    def report_exit(self, event: ContainerEvent) -> None:
        """Say that a container has ended; passed on if it was reported to run."""
        if self._running.pop((event.uid, event.container), None) is not None:
            for listener in self._on_exit:
                listener(event)


def container_id(uid: str, container: str, attempt: int) -> str:
    """Return the id of a container's attempt, which follows from the pod's uid."""
    text = f"{uid}/{container}/{attempt}"
    return f"containerd://{hashlib.sha256(text.encode()).hexdigest()}"
