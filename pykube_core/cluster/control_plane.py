"""The parts of the control plane that live in containers of the master."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple

from pykube_core.api.machinery.errors import InputError
from pykube_core.cluster.loop import Component, EventLoop
from pykube_core.cluster.settings import SYSTEM
from pykube_core.node.runtime import ContainerEvent, Runtime

SCHEDULER: Final = "kube-scheduler"
CONTROLLER_MANAGER: Final = "kube-controller-manager"
KUBELET: Final = "kubelet"
PARTS: Final = (SCHEDULER, CONTROLLER_MANAGER, KUBELET)
"""Parts of a cluster that may run outside of it, as clients of its API."""

_NEEDED: Final = ("etcd", "kube-apiserver")


def check_parts(names: Collection[str]) -> None:
    """Refuse names of parts that a cluster does not have (`InputError`)."""
    for name in names:
        if name not in PARTS:
            raise InputError(f'a cluster has no part "{name}"; it has {", ".join(PARTS)}')


class Part(NamedTuple):
    """Components of one container: how they are made, and where they stand on the loop."""

    make: Callable[[], Sequence[Component]]
    priority: int


class ControlPlane:
    """Lets components step only while their container runs.

    A part runs while its own container, etcd's and the API server's run; it is made anew, from the
    log, each time that it starts. Difference: while etcd or the API server is down, kubelets and
    other clients are still answered.

    Parameters
    ----------
    master : str
        The node whose containers count; "" lets every part run from the start.
    parts : mapping of str to Part
        By the name of the container.
    """

    def __init__(
        self, loop: EventLoop, runtime: Runtime, master: str, parts: Mapping[str, Part]
    ) -> None:
        self._loop = loop
        self._parts = parts
        self._pods = {f"{name}-{master}" for name in (*_NEEDED, *parts)}
        self._master = master
        self._up: dict[str, None] = {}
        self._running: dict[str, Sequence[Component]] = {}
        if master:
            runtime.on_run(self._note_run)
            runtime.on_exit(self._note_exit)
        else:
            self._up = dict.fromkeys((*_NEEDED, *parts))
            self._settle()

    def _is_part(self, event: ContainerEvent) -> bool:
        return (
            event.node == self._master
            and event.namespace == SYSTEM
            and event.pod == f"{event.container}-{self._master}"
            and event.pod in self._pods
        )

    def _note_run(self, event: ContainerEvent) -> None:
        if self._is_part(event):
            self._up[event.container] = None
            self._settle()

    def _note_exit(self, event: ContainerEvent) -> None:
        if self._is_part(event):
            self._up.pop(event.container, None)
            self._settle()

    def _settle(self) -> None:
        """Start what may run, stop what may not."""
        for name, part in self._parts.items():
            wanted = all(container in self._up for container in (name, *_NEEDED))
            if wanted and name not in self._running:
                made = self._running[name] = part.make()
                for component in made:
                    self._loop.add(component, part.priority)
            elif not wanted:
                for component in self._running.pop(name, ()):
                    self._loop.remove(component)
