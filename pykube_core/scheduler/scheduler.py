"""The scheduler as a library: nodes and a policy in, placements out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore.native import Engine, Evaluation
from _pykube_hotcore.program import (
    FIELD_POD_COUNT,
    PodClass,
    Tie,
    field_allocatable,
    field_requested,
)
from pykube_core.api.objects import KubeObject, name_of
from pykube_core.scheduler.compile import compile_node, compile_pod, compile_profile
from pykube_core.scheduler.config import Profile
from pykube_core.scheduler.interner import Interner
from pykube_core.scheduler.listers import Listers
from pykube_core.scheduler.matchers import MatcherTable
from pykube_core.scheduler.node_order import in_turn
from pykube_core.scheduler.plugins import CompileContext
from pykube_core.scheduler.policies import Policy
from pykube_core.scheduler.storage import Storage
from pykube_core.scheduler.user_policy import UserPolicy
from pykube_core.scheduler.volume_placing import VolumePlacing

TieBreak = Literal["first", "lexical", "random"]
EngineFactory = Callable[[str | None, Tie, int], Engine]
"""From a kernel, a tie rule and a seed to an engine."""


class Scheduler:
    """Places pods on nodes by a policy; every placed pod is assumed at once.

    Nodes are numbered in the order given, pod classes as they are compiled, pods by handle.

    Parameters
    ----------
    nodes
        Kubernetes Node objects.
    policy
        What decides.
    tie_break
        Among nodes of the same score: ``first`` in the order given, ``lexical`` the smallest name,
        ``random`` uniformly as kube-scheduler does.
    seed
        Seed of ``random``; one seed, one history.
    objects
        Other Kubernetes objects that scheduling reads, by plural name.
    kernel
        Row of the kernel table, the best of this machine if None; results do not depend on it.
    engine
        What makes the engine.
    percentage_of_nodes_to_score
        How many feasible nodes are looked for, in percent: 1 to 100, or 0 for kube-scheduler's
        adaptive rule. None takes what the profile says, and all nodes where it says 0 or nothing,
        so that a comparison sees the whole cluster. Below 100 a search goes round the zones and
        begins where the one before ended.

    Attributes
    ----------
    nodes : tuple of dict
        The Node objects.
    node_names : tuple of str
        Their names.
    engine : Engine
        The engine, for layers above that need more of it than this class offers.
    context : CompileContext
        With what pods are compiled.
    samples : bool
        Placing a pod looks at some nodes only; evaluating it looks at all of them.

    Raises
    ------
    InputError
        A node cannot be read, or two have one name.
    """

    def __init__(
        self,
        nodes: Sequence[KubeObject],
        policy: Policy,
        *,
        tie_break: TieBreak = "first",
        seed: int = 0,
        objects: Mapping[str, Sequence[KubeObject]] | None = None,
        kernel: str | None = None,
        engine: EngineFactory = Engine,
        percentage_of_nodes_to_score: int | None = None,
    ) -> None:
        self._interner = Interner()
        self._profile = policy.profile
        self._classes: dict[PodClass, int] = {}
        self._compiled: list[PodClass] = []
        self.nodes: tuple[KubeObject, ...] = tuple(nodes)
        self.node_names: tuple[str, ...] = tuple(name_of(node) for node in nodes)
        ranks = range(len(nodes))
        if tie_break == "lexical":
            order = sorted(ranks, key=self.node_names.__getitem__)
            ranks = sorted(ranks, key=order.__getitem__)  # type: ignore[assignment]
        storage = Storage(objects)
        rows = [
            compile_node(node, rank, self._interner, storage)
            for node, rank in zip(nodes, ranks, strict=True)
        ]
        tie = Tie.RANDOM if tie_break == "random" else Tie.RANK
        self.engine = engine(kernel, tie, seed)
        self.context = self._make_context(Listers(objects), storage)
        function = policy.load_function()
        plugin = None if policy.function is None else policy.function.plugin
        profile = compile_profile(policy.profile, plugin, self._interner)
        index = self.engine.add_profile(profile, self._kernel_of(function))
        self.engine.add_nodes(rows)
        self._volumes = VolumePlacing(
            self.engine, self.context, self._profile, self._interner, self.node_names
        )
        percentage = percentage_of_nodes_to_score
        if percentage is not None and not 0 <= percentage <= 100:
            raise ValueError("percentage_of_nodes_to_score: expected 0 to 100")
        if percentage is None:
            percentage = policy.profile.percentage_of_nodes_to_score or 100
        self.samples = percentage < 100
        if self.samples:
            self.engine.set_sampling(index, percentage)
            self.engine.set_order(in_turn(nodes))

    def _make_context(self, listers: Listers, storage: Storage) -> CompileContext:
        matchers = MatcherTable(self.engine, self._interner)
        for namespace in listers.list("namespaces"):
            labels = (namespace.get("metadata") or {}).get("labels") or {}
            matchers.set_namespace(name_of(namespace), labels)
        profile = self._profile
        return CompileContext(
            self._interner, profile.args, profile.plugins, matchers, listers, storage
        )

    def _kernel_of(self, function: UserPolicy | None) -> object | None:
        if function is None:
            return None
        # Numba takes most of a second to import.
        from _pykube_hotcore.kernels.policy import PolicyKernel

        columns = {
            name: self._interner.resource(resource) for name, resource in function.resources.items()
        }
        self.engine.reserve_resources(len(self._interner.resources))
        return PolicyKernel(function.function, columns)

    def close(self) -> None:
        """Free the engine; a second close does nothing."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def profile(self) -> Profile:
        """The profile that decides."""
        return self._profile

    @property
    def resource_names(self) -> tuple[str, ...]:
        """Resources in the order of ``requests``, ``allocatable`` and ``requested``.

        cpu (millicores), memory and ephemeral-storage (bytes), then others (counts) as met.
        """
        return tuple(self._interner.resources)

    def compile(self, templates: Sequence[KubeObject]) -> NDArray[np.int32]:
        """Return the class (n,) of each Pod; equal ones share a class.

        Raises
        ------
        InputError
            A pod cannot be read.
        """
        classes = np.empty(len(templates), np.int32)
        for i, pod in enumerate(templates):
            compiled = compile_pod(pod, 0, self.context)
            classes[i] = self.add_class(compiled)
            if compiled.has_external:
                self._volumes.register(int(classes[i]), pod)
        return classes

    def add_class(self, compiled: PodClass) -> int:
        """Return the index of a class; equal ones share it."""
        index = self._classes.get(compiled)
        if index is None:
            index = self.engine.add_class(compiled)
            self._classes[compiled] = index
            self._compiled.append(compiled)
        return index

    def class_at(self, index: int) -> PodClass:
        """Return the class of an index."""
        return self._compiled[index]

    def place(self, classes: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Schedule pods in order, each assumed at once, its volumes reserved.

        Nobody is preempted, and gates are the caller's matter: see `SchedulingCycle`.

        Returns
        -------
        nodes, pods : (n,) int32
            Index of the node and handle of each pod, -1 where no node fits.
        """
        return self._volumes.place(classes)

    def bind(self, classes: NDArray[Any], nodes: NDArray[Any]) -> NDArray[np.int32]:
        """Put pods on nodes without asking whether they fit; return their handles (n,)."""
        return self.engine.bind(classes, nodes)

    def remove(self, pods: NDArray[Any]) -> None:
        """Take pods off their nodes, by handle."""
        self.engine.remove(pods)
        self._volumes.forget(pods)

    def requests(self, classes: NDArray[Any]) -> NDArray[np.int64]:
        """Return what pods of the classes take of a node, (n, resources)."""
        table = np.zeros((len(self._compiled), len(self._interner.resources)), np.int64)
        for i, compiled in enumerate(self._compiled):
            for resource, amount in compiled.request:
                table[i, resource] = amount
        return table[np.asarray(classes, np.int64)]

    def _columns(self, field: Callable[[int], int]) -> NDArray[np.int64]:
        count = self.engine.reserve_resources(len(self._interner.resources))
        return np.stack([self.engine.column(field(r)) for r in range(count)])

    def allocatable(self) -> NDArray[np.int64]:
        """Return (resources, nodes)."""
        return self._columns(field_allocatable)

    def requested(self) -> NDArray[np.int64]:
        """Return (resources, nodes): the sum over the pods of each node."""
        return self._columns(field_requested)

    def pod_count(self) -> NDArray[np.int32]:
        """Return the number of pods of each node, (nodes,)."""
        return self.engine.column(FIELD_POD_COUNT).astype(np.int32)

    def evaluate(self, class_index: int) -> Evaluation:
        """Say what every plugin thinks of a pod on every node; nothing is assumed."""
        return self.engine.evaluate(class_index)

    def feasible(self, class_index: int) -> NDArray[np.bool_]:
        """Return which nodes a pod of the class fits now, (nodes,)."""
        total = np.empty(len(self.node_names))
        self.engine.scan(class_index, total)
        fits: NDArray[np.bool_] = total != -np.inf
        return fits

    def validate(self) -> None:
        """Check the engine's invariants from scratch; AssertionError where one is broken."""
        self.engine.validate()
