"""The scheduler as a library: nodes and a policy in, placements out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore.native import Engine, Evaluation
from _pykube_hotcore.program import (
    FIELD_POD_COUNT,
    NodeRow,
    PodClass,
    Tie,
    field_allocatable,
    field_requested,
)
from pykube_core.api.errors import InputError
from pykube_core.api.objects import KubeObject, name_of
from pykube_core.scheduler.compile import compile_node, compile_pod, compile_profile
from pykube_core.scheduler.config import DEFAULT_SCHEDULER_NAME, Profile
from pykube_core.scheduler.interner import Interner
from pykube_core.scheduler.listers import Listers
from pykube_core.scheduler.matchers import MatcherTable
from pykube_core.scheduler.node_order import NodeTree
from pykube_core.scheduler.node_rows import NodeRows
from pykube_core.scheduler.plugins import CompileContext, gpu_share
from pykube_core.scheduler.plugins.image_locality import node_images
from pykube_core.scheduler.plugins.node_volume_limits import node_attached, node_limits
from pykube_core.scheduler.policies import Policy
from pykube_core.scheduler.policy_check import compile_policy
from pykube_core.scheduler.storage import Storage
from pykube_core.scheduler.user_policy import UserPolicy
from pykube_core.scheduler.volume_placing import VolumePlacing

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
        What decides, with the other profiles of its configuration.
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
        What makes the engine.
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
    context : CompileContext
        With what pods of the first policy are compiled.
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
        percentage = percentage_of_nodes_to_score
        if percentage is not None and not 0 <= percentage <= 100:
            raise ValueError("percentage_of_nodes_to_score: expected 0 to 100")
        self._interner = Interner()
        self._classes: dict[PodClass, int] = {}
        self._compiled: list[PodClass] = []
        self.nodes: list[KubeObject] = []
        self.node_names: list[str] = []
        self.rows: dict[str, int] = {}
        self._compiled_nodes: list[NodeRow] = []
        self._is_lexical = tie_break == "lexical"
        self._tree = NodeTree()
        self._is_order_stale = False
        tie = Tie.RANDOM if tie_break == "random" else Tie.RANK
        self.engine = engine(kernel, tie, seed)
        self.node_rows = NodeRows(self.engine, self._interner)
        self._volumes = VolumePlacing(self.engine, self.node_rows, self.node_names)
        matchers, listers, storage = self._make_tables(objects)
        self._profiles: list[tuple[Profile, CompileContext]] = []
        self._profile_indices: dict[str, int] = {}
        self.samples = False
        policies = (policy, *policy.others, *more_policies)
        self._has_devices = any(gpu_share.is_enabled(p.profile.plugins) for p in policies)
        for each in policies:
            args, plugins = each.profile.args, each.profile.plugins
            context = CompileContext(self._interner, args, plugins, matchers, listers, storage)
            self._add_profile(each, context, percentage)
        self.context = self._profiles[0][1]
        self.add_nodes(nodes)

    def _make_tables(
        self, objects: Mapping[str, Sequence[KubeObject]] | None
    ) -> tuple[MatcherTable, Listers, Storage]:
        listers = Listers(objects)
        matchers = MatcherTable(self.engine, self._interner)
        for namespace in listers.list("namespaces"):
            labels = (namespace.get("metadata") or {}).get("labels") or {}
            matchers.set_namespace(name_of(namespace), labels)
        return matchers, listers, Storage(objects)

    def _add_profile(self, policy: Policy, context: CompileContext, percentage: int | None) -> None:
        profile, function = policy.profile, policy.load_function()
        plugin = None if policy.function is None else policy.function.plugin
        compiled = compile_profile(profile, plugin, self._interner)
        index = self.engine.add_profile(compiled, self._kernel_of(function, policy.source))
        self._profiles.append((profile, context))
        self._profile_indices[profile.scheduler_name] = index
        if percentage is None:
            percentage = profile.percentage_of_nodes_to_score or 100
        self.set_percentage(profile.scheduler_name, percentage)

    def set_percentage(self, scheduler_name: str, percentage_of_nodes_to_score: int) -> None:
        """Say how many feasible nodes a profile looks for, in percent; 0 is the adaptive rule."""
        index = self._profile_indices[scheduler_name]
        self.engine.set_sampling(index, percentage_of_nodes_to_score)
        if percentage_of_nodes_to_score < 100:
            self.samples = True
            self._is_order_stale = True

    # -- nodes -------------------------------------------------------------------------------

    def add_nodes(self, nodes: Sequence[KubeObject]) -> None:
        """Add nodes behind those that are there.

        Raises
        ------
        InputError
            A node cannot be read, or its name is taken; nothing is changed.
        """
        first, names = len(self.nodes), [name_of(node) for node in nodes]
        for name, count in Counter(names).items():
            if count > 1 or name in self.rows:
                raise InputError("there is another of this name", object=f"Node {name}")
        compiled = [self._compile_node(node, first + index) for index, node in enumerate(nodes)]
        self.engine.add_nodes(compiled)
        self.nodes += nodes
        self.node_names += names
        self._compiled_nodes += compiled
        for row, (name, node) in enumerate(zip(names, nodes, strict=True), first):
            self.rows[name] = row
            self._tree.add(row, node)
        self._nodes_changed(bool(nodes))

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
        rows, compiled, refused = [], [], []
        for node, new in [(node, self._compile_again(node)) for node in nodes]:
            row = self.rows[name_of(node)]
            held = self._compiled_nodes[row]
            if new.device_count != held.device_count:
                refused.append(node)
                continue
            self.nodes[row] = node
            if new != held:
                rows.append(row)
                compiled.append(new)
                self._compiled_nodes[row] = new
                if new.labels != held.labels:
                    self._nodes_changed(self._tree.add(row, node))
        if rows:
            self.engine.update_nodes(rows, compiled)
        return refused

    def _compile_node(self, node: KubeObject, rank: int) -> NodeRow:
        storage, has_devices = self.context.storage, self._has_devices
        return compile_node(node, rank, self._interner, storage, has_devices=has_devices)

    def _compile_again(self, node: KubeObject) -> NodeRow:
        """Return a node that is there as a row; most often nothing but its images is new."""
        name, storage = name_of(node), self.context.storage
        row = self.rows[name]
        held = self._compiled_nodes[row]
        if _without_images(node) != _without_images(self.nodes[row]):
            return self._compile_node(node, held.rank)
        return replace(
            held,
            images=node_images(node, self._interner),
            csi_limits=node_limits(name, storage, self._interner),
            csi_attached=node_attached(name, storage, self._interner),
        )

    def remove_node(self, name: str) -> int:
        """Remove a node with the pods on it; return its row."""
        row = self.rows.pop(name)
        self.engine.remove_node(row)
        self._tree.remove(row)
        self._nodes_changed(True)
        return row

    def _nodes_changed(self, is_order_stale: bool) -> None:
        self.node_rows.forget()
        self._is_order_stale |= is_order_stale

    def _settle(self) -> None:
        """Tell the engine the order of nodes, if it changed."""
        if not self._is_order_stale:
            return
        self._is_order_stale = False
        if self.samples:
            self.engine.set_order(self._tree.in_turn())
        for rank, name in enumerate(sorted(self.rows) if self._is_lexical else ()):
            row = self.rows[name]
            held = self._compiled_nodes[row]
            if held.rank != rank:
                self._compiled_nodes[row] = replace(held, rank=rank)
                self.engine.update_nodes([row], [self._compiled_nodes[row]])

    def _kernel_of(self, function: UserPolicy | None, source: str) -> object | None:
        if function is None:
            return None
        columns = {
            name: self._interner.resource(resource) for name, resource in function.resources.items()
        }
        self.engine.reserve_resources(len(self._interner.resources))
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

        What comes behind it is not tried, and -1 as well.
        """
        self._settle()
        return self.engine.place(classes, stop_at_misfit=True)

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


def _without_images(node: KubeObject) -> tuple[Any, ...]:
    """Return what `compile_node` reads of a Node beside its name and its images."""
    labels = (node.get("metadata") or {}).get("labels")
    return labels, node.get("spec"), (node.get("status") or {}).get("allocatable")
