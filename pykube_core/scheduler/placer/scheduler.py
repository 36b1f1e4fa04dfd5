"""The scheduler as a library: nodes and a policy in, placements out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore.native import Engine, Evaluation, Replay
from _pykube_hotcore.program import (
    FIELD_POD_COUNT,
    PodClass,
    Tie,
    field_allocatable,
    field_requested,
)
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.config import DEFAULT_SCHEDULER_NAME, Profile
from pykube_core.scheduler.placer.compile import (
    Prepared,
    compile_pod,
    compile_profile,
)
from pykube_core.scheduler.placer.node_table import NodeTable
from pykube_core.scheduler.placer.volume_placing import VolumePlacing
from pykube_core.scheduler.plugins import CompileContext, gpu_share
from pykube_core.scheduler.policies import Policy
from pykube_core.scheduler.policies.check import compile_policy
from pykube_core.scheduler.policies.user_policy import UserPolicy
from pykube_core.scheduler.tables.tables import Tables

TieBreak = Literal["first", "lexical", "random"]
EngineFactory = Callable[[str | None, Tie, int], Engine]
"""From a kernel, a tie rule and a seed to an engine."""


class Scheduler:
    """Places pods on nodes by a policy; every placed pod is assumed at once.

    Nodes are numbered as they come, pod classes as they are compiled, pods by handle. The number of
    a node that is gone is not given again.

    Parameters
    ----------
    nodes
        Kubernetes Node objects.
    policy
        The policy that decides, with the other profiles of its configuration.
    more_policies
        Policies of further profiles: a pod's ``spec.schedulerName`` chooses among all of them, and
        ``policy`` decides for those of other names.
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
        Makes the engine.
    percentage_of_nodes_to_score
        How many feasible nodes are looked for, in percent: 1 to 100, or 0 for kube-scheduler's
        adaptive rule. None takes what the profile says, and all nodes where it says 0 or nothing,
        so that a comparison sees the whole cluster. Below 100 a search goes round the zones and
        begins where the one before ended.

    Attributes
    ----------
    nodes : list of dict
        The Node objects by row; of a node that is gone, its last state.
    node_names : list of str
        Their names.
    rows : dict of str to int
        Row by name, of the nodes that are there.
    engine : Engine
        The engine, for layers above that need more of it than this class offers.
    node_rows : NodeRows
        Answers which nodes match.
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
        more_policies: Sequence[Policy] = (),
        tie_break: TieBreak = "first",
        seed: int = 0,
        objects: Mapping[str, Sequence[KubeObject]] | None = None,
        kernel: str | None = None,
        engine: EngineFactory = Engine,
        percentage_of_nodes_to_score: int | None = None,
    ) -> None:
        made = engine(kernel, _tie_of(tie_break), seed)
        policies = _with_others((policy, *more_policies))
        has_devices = any(gpu_share.is_enabled(p.profile.plugins) for p in policies)
        self._begin(made, Tables.of(objects, made), tie_break, has_devices)
        for each in policies:
            self._add_policy(each, percentage_of_nodes_to_score)
        self.add_nodes(nodes)

    def _begin(
        self, engine: Engine, tables: Tables, tie_break: TieBreak, has_devices: bool
    ) -> None:
        """Set up a scheduler without policies, nodes and classes."""
        self._tables = tables
        self._classes: dict[PodClass, int] = {}
        self._compiled: list[PodClass] = []
        self._words: list[NDArray[np.int64]] = []
        self.engine = engine
        nodes = self._node_table = NodeTable(
            engine, tables, is_lexical=tie_break == "lexical", has_devices=has_devices
        )
        self.nodes, self.node_names, self.rows = nodes.objects, nodes.names, nodes.rows
        self.node_rows = nodes.matching
        self._volumes = VolumePlacing(engine, self.node_rows, self.node_names)
        self._profiles: list[tuple[Profile, CompileContext]] = []
        self._prepared: list[Prepared] = []
        self._profile_indices: dict[str, int] = {}
        self.samples = False

    def fork(
        self,
        policies: Sequence[Policy] | None = None,
        *,
        tie_break: TieBreak = "first",
        seed: int = 0,
        percentage_of_nodes_to_score: int | None = None,
        engine: EngineFactory = Engine,
        keep_classes: bool = True,
    ) -> Scheduler:
        """Return a scheduler over the same nodes and pod classes, without pods.

        It has an engine of its own and shares no state with this one, which may be closed. Nodes
        and classes are not compiled again, so that it costs a small part of a new scheduler.

        Parameters
        ----------
        policies
            Decide there, profile by profile; the same as here if None. With classes kept, they
            have to compile pods as the policies here do: see `compile_key`.
        tie_break, seed, percentage_of_nodes_to_score, engine
            As of a new scheduler.
        keep_classes
            Whether it begins with the classes of this one, under the same numbers.

        Raises
        ------
        ValueError
            Nodes were removed here; or classes are kept, and there is another number of policies.
        """
        if len(self.rows) < len(self.nodes):
            raise ValueError("a scheduler that has lost nodes cannot be forked")
        chosen = None if policies is None else _with_others(policies)
        if keep_classes and chosen is not None and len(chosen) != len(self._profiles):
            raise ValueError("a fork that keeps classes has as many policies")
        made = engine(None, _tie_of(tie_break), seed)
        other = object.__new__(type(self))
        has_devices = self._node_table.has_devices
        other._begin(made, self._tables.copy(made), tie_break, has_devices)
        if chosen is None:
            for (profile, _), prepared in zip(self._profiles, self._prepared, strict=True):
                other._add_profile(profile, prepared, percentage_of_nodes_to_score)
        for policy in chosen or ():
            other._add_policy(policy, percentage_of_nodes_to_score)
        other._node_table.take(self._node_table)
        other._settle()
        if keep_classes:
            other._take_classes(self)
        return other

    def _take_classes(self, source: Scheduler) -> None:
        # Threads may fork one source at a time, so lists that they share are replaced whole.
        words = source._words
        if len(words) < len(source._compiled):
            words = source._words = [compiled.words() for compiled in source._compiled]
        for compiled, program in zip(source._compiled, words, strict=True):
            self.engine.add_class(compiled, program)
        self._classes.update(source._classes)
        self._compiled += source._compiled
        self._words = words
        for class_index, pod in source._volumes.registered().items():
            profile, context = self._profiles[self._compiled[class_index].profile]
            self._volumes.register(class_index, pod, profile, context)

    def _add_policy(self, policy: Policy, percentage: int | None) -> None:
        function = policy.load_function()
        plugin = None if policy.function is None else policy.function.plugin
        compiled = compile_profile(policy.profile, plugin, self._tables.interner)
        kernel = self._kernel_of(function, policy.source)
        self._add_profile(policy.profile, Prepared(compiled, kernel), percentage)

    def _add_profile(self, profile: Profile, prepared: Prepared, percentage: int | None) -> None:
        tables, args, plugins = self._tables, profile.args, profile.plugins
        context = CompileContext(
            tables.interner, args, plugins, tables.matchers, tables.listers, tables.volume_cache
        )
        index = self.engine.add_profile(*prepared)
        self._prepared.append(prepared)
        self._profiles.append((profile, context))
        self._profile_indices[profile.scheduler_name] = index
        if percentage is None:
            percentage = profile.percentage_of_nodes_to_score or 100
        if not 0 <= percentage <= 100:
            raise ValueError("percentage_of_nodes_to_score: expected 0 to 100")
        self.set_percentage(profile.scheduler_name, percentage)

    @property
    def context(self) -> CompileContext:
        """With what pods of the first policy are compiled."""
        return self._profiles[0][1]

    def set_percentage(self, scheduler_name: str, percentage_of_nodes_to_score: int) -> None:
        """Say how many feasible nodes a profile looks for, in percent; 0 is the adaptive rule."""
        index = self._profile_indices[scheduler_name]
        self.engine.set_sampling(index, percentage_of_nodes_to_score)
        if percentage_of_nodes_to_score < 100:
            self.samples = True
            self._node_table.is_order_stale = True

    # -- nodes -------------------------------------------------------------------------------

    def add_nodes(self, nodes: Sequence[KubeObject]) -> None:
        """Add nodes behind those that are there.

        Raises
        ------
        InputError
            A node cannot be read, or its name is taken; nothing is changed.
        """
        self._node_table.add(nodes)

    def update_nodes(self, nodes: Sequence[KubeObject]) -> list[KubeObject]:
        """Replace what nodes of these names say; the pods on them stay.

        Returns
        -------
        list of dict
            Nodes whose number of devices changed: they are as before, and have to be removed and
            added, since pods may hold their devices.

        Raises
        ------
        InputError
            A node cannot be read; nothing is changed.
        """
        return self._node_table.update(nodes)

    def remove_node(self, name: str) -> int:
        """Remove a node with the pods on it; return its row."""
        return self._node_table.remove(name)

    def _settle(self) -> None:
        self._node_table.settle(samples=self.samples)

    def _kernel_of(self, function: UserPolicy | None, source: str) -> object | None:
        if function is None:
            return None
        columns = {
            name: self._tables.interner.resource(resource)
            for name, resource in function.resources.items()
        }
        self.engine.reserve_resources(len(self._tables.interner.resources))
        return compile_policy(function, columns, source)

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
        """The profile of the first policy."""
        return self._profiles[0][0]

    def profile_of(self, pod: KubeObject) -> Profile:
        """Return the profile that decides about a pod."""
        return self._profiles[self._profile_index(pod)][0]

    def _profile_index(self, pod: KubeObject) -> int:
        name = (pod.get("spec") or {}).get("schedulerName") or DEFAULT_SCHEDULER_NAME
        return self._profile_indices.get(name, 0)

    @property
    def resource_names(self) -> tuple[str, ...]:
        """Resources in the order of ``requests``, ``allocatable`` and ``requested``.

        cpu (millicores), memory and ephemeral-storage (bytes), then others (counts) as met.
        """
        return tuple(self._tables.interner.resources)

    def compile(self, templates: Sequence[KubeObject]) -> NDArray[np.int32]:
        """Return the class (n,) of each Pod; equal ones share a class.

        Raises
        ------
        InputError
            A pod cannot be read.
        """
        classes = np.empty(len(templates), np.int32)
        for i, pod in enumerate(templates):
            index = self._profile_index(pod)
            profile, context = self._profiles[index]
            compiled = compile_pod(pod, index, context)
            classes[i] = self.add_class(compiled)
            if compiled.has_external:
                self._volumes.register(int(classes[i]), pod, profile, context)
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
        self._settle()
        return self._volumes.place(classes)

    def place_plain(self, classes: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Schedule pods without claims in order, as `place`, up to the first that fits nowhere.

        The pods behind it are not tried, and -1 as well.
        """
        self._settle()
        return self.engine.place(classes, stop_at_misfit=True)

    def bind(self, classes: NDArray[Any], nodes: NDArray[Any]) -> NDArray[np.int32]:
        """Put pods on nodes without asking whether they fit; return their handles (n,)."""
        return self.engine.bind(classes, nodes)

    def remove(self, pods: NDArray[Any]) -> None:
        """Take pods off their nodes, by handle."""
        self._volumes.remove(pods)

    def replay(self, replay: Replay, begin: int, end: int) -> tuple[int, bool]:
        """Let pods come and go up to where the caller decides: see `Engine.replay`."""
        self._settle()
        return self._volumes.replay(replay, begin, end)

    def requests(self, classes: NDArray[Any]) -> NDArray[np.int64]:
        """Return what pods of the classes take of a node, (n, resources)."""
        table = np.zeros((len(self._compiled), len(self._tables.interner.resources)), np.int64)
        for i, compiled in enumerate(self._compiled):
            for resource, amount in compiled.request:
                table[i, resource] = amount
        return table[np.asarray(classes, np.int64)]

    def _columns(self, field: Callable[[int], int]) -> NDArray[np.int64]:
        count = self.engine.reserve_resources(len(self._tables.interner.resources))
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

    def validate(self) -> None:
        """Check the engine's invariants from scratch; AssertionError where one is broken."""
        self.engine.validate()


def _tie_of(tie_break: TieBreak) -> Tie:
    return Tie.RANDOM if tie_break == "random" else Tie.RANK


def _with_others(policies: Sequence[Policy]) -> list[Policy]:
    """Return policies, each with the other profiles of its configuration behind it."""
    return [each for policy in policies for each in (policy, *policy.others)]
