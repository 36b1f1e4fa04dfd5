"""One pod's scheduling cycle, from PreEnqueue to PostFilter, over the engine.

    PreEnqueue -> PreFilter -> Filter -> PreScore, Score, NormalizeScore -> select -> assume
                      |          |
                      +----------+--> PostFilter (preemption), then one more attempt

The engine filters, scores and places; this layer adds what is said once per pod and not per node,
and puts everything into kube-scheduler's words.

Source: kubernetes v1.34.1, pkg/scheduler/schedule_one.go (schedulePod, findNodesThatFitPod,
evaluateNominatedNode, selectHost) and pkg/scheduler/framework/runtime/framework.go.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore.native import Evaluation
from _pykube_hotcore.program import Code, Plugin
from pykube_core.api.machinery.objects import DONE_PHASES, KubeObject, full_name
from pykube_core.scheduler.config import DefaultPreemptionArgs
from pykube_core.scheduler.cycle.decision import (
    CODE_NAMES,
    NO_NODES,
    Decision,
    PluginScores,
    Preemption,
    Rejection,
    fit_error,
    pre_filter_error,
)
from pykube_core.scheduler.cycle.disruption import read_budgets
from pykube_core.scheduler.cycle.nominator import Nominator
from pykube_core.scheduler.cycle.preemption import (
    DefaultPreemption,
    FailedAttempt,
    PostFilter,
    Victims,
    run_post_filter,
)
from pykube_core.scheduler.cycle.remedies import Question, Remedy, remedies
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.placer.volumes import VolumeAnswer, ask_volumes, reserves_volumes
from pykube_core.scheduler.plugins import PLUGINS, Refusal, SchedulerPlugin
from pykube_core.scheduler.plugins.priority_sort import priority_of
from pykube_core.scheduler.tables.pod_table import PodSource, PodTable

DYNAMIC_RESOURCES = "DynamicResources"
_NAMES: Mapping[int, SchedulerPlugin] = {
    plugin.code: plugin for plugin in PLUGINS.values() if plugin.code != Plugin.NONE
}
# They give every node 0 where their PreScore would have skipped, but is turned off.
_ZERO_UNASKED = frozenset({"NodeResourcesBalancedAllocation", "VolumeBinding"})


@dataclass(slots=True)
class _Attempt:
    """One attempt at one pod, as far as it has come."""

    pod: KubeObject
    class_index: int
    refused_by: Rejection | None = None
    nominated_to: str = ""
    # PreFilter reached DynamicResources, whose PostFilter fails otherwise.
    has_claims_state: bool = False
    nominated_row: int = -1
    # How the nominated node refuses a pod that may look at other nodes only.
    nominated_code: int | None = None
    rejected: dict[str, Rejection] = field(default_factory=dict)
    evaluation: Evaluation | None = None
    rows: tuple[int, ...] = ()
    volumes: VolumeAnswer | None = None
    post_filter: PostFilter = field(default_factory=lambda: PostFilter("", None))


class SchedulingCycle:
    """Schedules pods one by one and says everything about each decision.

    Parameters
    ----------
    scheduler
        Holds nodes, pods and the profiles; shared with whoever else places pods in it.
    draw
        Returns a random integer from 0 to below its argument, for what preemption leaves to
        chance; None takes the first.
    preempt_everywhere
        Preemption tries every node that it may help, however many candidates it has.
    evict
        Victims are taken off at once; otherwise whoever watches them says when they are gone.

    Attributes
    ----------
    pods : PodTable
        Pods on nodes by their handle.
    nominator : Nominator
        The nodes that pods wait for, until the victims there are gone.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        draw: Callable[[int], int] | None = None,
        preempt_everywhere: bool = False,
        evict: bool = True,
    ) -> None:
        self._scheduler = scheduler
        self._engine = scheduler.engine
        self._evict = evict
        self._rows = scheduler.rows
        self.pods = PodTable()
        self.nominator = Nominator(scheduler)
        self._preempt_everywhere = preempt_everywhere
        self._preemption = DefaultPreemption(
            self._engine, self.pods, scheduler.node_names, self._reasons, draw
        )

    # -- what is there -----------------------------------------------------------------------

    def add_bound(self, pods: Iterable[KubeObject]) -> None:
        """Put pods on the nodes that they name; those that are done or on no known node are not.

        Raises
        ------
        InputError
            A pod cannot be read.
        """
        there = [
            pod
            for pod in pods
            if (pod.get("status") or {}).get("phase") not in DONE_PHASES
            and pod["spec"].get("nodeName") in self._rows
        ]
        # The node of a pod that has one is no rule for it.
        plain = [pod | {"spec": pod["spec"] | {"nodeName": ""}} for pod in there]
        classes = self._scheduler.compile(plain)
        self.add_assigned(
            classes, [(pod["spec"]["nodeName"], full_name(pod), pod) for pod in there]
        )

    def add_assigned(
        self, classes: NDArray[np.int32], pods: Sequence[tuple[str, str, PodSource]]
    ) -> list[int]:
        """Put pods (node, "namespace/name", Pod) of known classes on nodes that are there.

        Returns
        -------
        list of int
            Their handles.
        """
        rows = [self._rows[node] for node, _, _ in pods]
        handles: list[int] = self._engine.bind(classes, np.array(rows, np.int32)).tolist()
        for handle, row, (_, name, pod) in zip(handles, rows, pods, strict=True):
            self.pods.add(handle, row, name, pod)
        return handles

    def remove(self, handles: Sequence[int]) -> None:
        """Take pods off their nodes."""
        self._scheduler.remove(np.array(handles, np.int32))
        for handle in handles:
            self.pods.remove(handle)

    def forget(self, handle: int) -> None:
        """Take a pod off the node that it was assumed on."""
        self._scheduler.remove(np.array([handle], np.int32))
        if handle in self.pods:
            self.pods.remove(handle)

    def remove_node(self, name: str) -> list[int]:
        """Remove a node; return the handles of the pods that were on it."""
        self.nominator.lose_node(name)
        row = self._scheduler.remove_node(name)
        handles = sorted(self.pods.slots_on(row))
        for handle in handles:
            self.pods.remove(handle)
        return handles

    def add_nodes(self, nodes: Sequence[KubeObject]) -> None:
        """Add nodes; whoever is nominated to one of them has room kept there."""
        self._scheduler.add_nodes(nodes)
        self.nominator.find_nodes()

    # -- the cycle ---------------------------------------------------------------------------

    def explain(self, pod: KubeObject) -> Decision:
        """Return what the next cycle would decide about a pod, without placing it."""
        decision, _ = self._decide(pod)
        return decision

    @property
    def nodes(self) -> Mapping[str, int]:
        """Rows of the nodes that are there, by name."""
        return self._rows

    def remedies(self, pod: KubeObject) -> list[list[Remedy]]:
        """Return for every node the changes that would let a pod in, none where it fits now."""
        attempt = _Attempt(pod, self._class_of(pod))
        with self.nominator.without(pod):
            self._ask_volumes(attempt)
            compiled = self._scheduler.class_at(attempt.class_index)
            return remedies(
                Question(
                    self._scheduler,
                    self.pods,
                    pod,
                    compiled,
                    lambda index: self._set_external(attempt, index),
                )
            )

    def schedule(self, pod: KubeObject, may_preempt: bool = True) -> Decision:
        """Run the cycle for one pod, which is assumed on its node at once.

        Parameters
        ----------
        pod
            The Pod.
        may_preempt
            Where no node fits, PostFilter runs: victims go, and the pod is nominated to their node.

        Raises
        ------
        InputError
            The pod cannot be read.
        """
        decision, attempt = self._decide(pod, may_preempt)
        if attempt is None:
            return decision
        if decision.candidates:
            return self._place(decision, attempt)
        self._preempt(attempt)
        return decision

    def _class_of(self, pod: KubeObject) -> int:
        return int(self._scheduler.compile([pod])[0])

    def _decide(
        self, pod: KubeObject, may_preempt: bool = True
    ) -> tuple[Decision, _Attempt | None]:
        name = full_name(pod)
        gate = self._pre_enqueue(pod)
        if gate is not None:
            return Decision(name, pre_enqueue=gate), None
        if not self._rows:
            return Decision(name, message=NO_NODES), None
        attempt = _Attempt(
            pod, self._class_of(pod), nominated_to=self.nominator.nodes.get(name, "")
        )
        self._pre_filter(attempt)
        with self.nominator.without(pod):
            if attempt.refused_by is None:
                self._ask_volumes(attempt)
                self._filter(attempt)
            if not attempt.rows and may_preempt:
                attempt.post_filter = self._post_filter(attempt)
        scores, total = self._scores(attempt)
        decision = Decision(
            name,
            pre_filter=attempt.refused_by,
            rejected=attempt.rejected,
            feasible=self._names(attempt.rows),
            scores=scores,
            total=total,
            candidates=self._names(_best(attempt.rows, total)),
            message=None if attempt.rows else self._message(attempt),
            preemption=self._told(attempt.post_filter.preemption),
        )
        return decision, attempt

    def _names(self, rows: Iterable[int]) -> tuple[str, ...]:
        return tuple(self._scheduler.node_names[row] for row in rows)

    def _pre_enqueue(self, pod: KubeObject) -> Rejection | None:
        for enabled in self._scheduler.profile_of(pod).plugins.pre_enqueue:
            plugin = PLUGINS.get(enabled.name)
            refusal = plugin.pre_enqueue(pod) if plugin else None
            if refusal is not None:
                return _rejection(enabled.name, refusal)
        return None

    def _pre_filter(self, attempt: _Attempt) -> None:
        for enabled in self._scheduler.profile_of(attempt.pod).plugins.pre_filter:
            attempt.has_claims_state |= enabled.name == DYNAMIC_RESOURCES
            plugin = PLUGINS.get(enabled.name)
            refusal = plugin.pre_filter(attempt.pod, self._scheduler.context) if plugin else None
            if refusal is not None:
                attempt.refused_by = _rejection(enabled.name, refusal)
                if refusal.code == Code.UNRESOLVABLE:
                    return

    def _filter(self, attempt: _Attempt) -> None:
        if self._try_nominated(attempt):
            return
        evaluation = self._engine.evaluate(attempt.class_index)
        attempt.evaluation = evaluation
        attempt.rows = tuple(np.flatnonzero(evaluation.code == Code.FITS).tolist())
        names, rejected = self._scheduler.node_names, attempt.rejected
        told: dict[Hashable, Rejection] = {}
        columns = (evaluation.plugin, evaluation.code, evaluation.detail)
        for row, verdict in enumerate(zip(*(each.tolist() for each in columns), strict=True)):
            plugin, code, detail = verdict
            if code not in CODE_NAMES or names[row] in rejected:
                continue
            key: Hashable = verdict
            if plugin == Plugin.TAINT_TOLERATION:
                key = code, _NAMES[plugin].reason_key(detail, self._scheduler.nodes[row])
            rejection = told.get(key)
            if rejection is None:
                rejection = told[key] = self._rejected(row, plugin, code, detail)
            rejected[names[row]] = rejection

    def _rejected(self, row: int, plugin: int, code: int, detail: int) -> Rejection:
        name = "" if plugin == Plugin.NONE else _NAMES[plugin].name
        return Rejection(name, CODE_NAMES[code], tuple(self._reasons(row, plugin, detail)))

    def _reasons(self, row: int, plugin: int, detail: int) -> list[str]:
        if plugin == Plugin.NONE:
            return ["node(s) didn't satisfy plugin(s) [NodeAffinity]"]
        node = self._scheduler.nodes[row]
        return _NAMES[plugin].reasons(detail, node, self._scheduler.resource_names)

    def _ask_volumes(self, attempt: _Attempt) -> None:
        """Tell the engine what the pod's volumes say about every node."""
        if self._scheduler.class_at(attempt.class_index).has_external:
            volume_cache = self._scheduler.context.volume_cache
            attempt.volumes = ask_volumes(attempt.pod, volume_cache, self._scheduler.node_rows)
            self._set_external(attempt, attempt.class_index)

    def _set_external(self, attempt: _Attempt, class_index: int) -> None:
        if attempt.volumes is not None:
            binding, zone, _ = attempt.volumes
            self._engine.set_external(class_index, binding, zone)

    def _try_nominated(self, attempt: _Attempt) -> bool:
        """Look at the nominated node alone; if the pod fits there, no other is looked at."""
        row = self._rows.get(attempt.nominated_to, -1)
        if row < 0:
            return False
        plugin, code, detail = self._engine.filter_row(self._open_class(attempt), row)
        if code == Code.FITS:
            attempt.nominated_row = row
            attempt.rows = (row,)
            return True
        if self._scheduler.class_at(attempt.class_index).node_set is not None:
            rejection = self._rejected(row, plugin, code, detail)
            attempt.rejected[self._scheduler.node_names[row]] = rejection
            attempt.nominated_code = code
        return False

    def _open_class(self, attempt: _Attempt) -> int:
        """Return the pod's class without PreFilter's choice of nodes.

        It does not count for the nominated node, nor once victims are gone.
        """
        compiled = self._scheduler.class_at(attempt.class_index)
        if compiled.node_set is None:
            return attempt.class_index
        index = self._scheduler.add_class(replace(compiled, node_set=None))
        self._set_external(attempt, index)
        return index

    # -- scores, choice, failure -------------------------------------------------------------

    def _scores(
        self, attempt: _Attempt
    ) -> tuple[dict[str, PluginScores] | None, tuple[int | float, ...] | None]:
        evaluation, rows = attempt.evaluation, list(attempt.rows)
        plugins = self._scheduler.profile_of(attempt.pod).plugins
        enabled = plugins.score
        if evaluation is None or len(rows) < 2 or not enabled:
            return None, None
        found = {}
        asked = {plugin.name for plugin in plugins.pre_score}
        for plugin in enabled:
            known = PLUGINS.get(plugin.name)
            code = known.code if known is not None else Plugin.POLICY
            if plugin.name in _ZERO_UNASKED and plugin.name not in asked:
                zeros = (0,) * len(rows)
                found[plugin.name] = PluginScores(plugin.weight, zeros, zeros)
            if evaluation.scored[code]:
                raw, normalized = evaluation.raw[code][rows], evaluation.normalized[code][rows]
                found[plugin.name] = PluginScores(
                    plugin.weight, tuple(raw.tolist()), tuple(normalized.tolist())
                )
        totals = evaluation.total[rows].tolist() if found else [0.0] * len(rows)
        return found, tuple(int(t) if t.is_integer() else t for t in totals)

    def _place(self, decision: Decision, attempt: _Attempt) -> Decision:
        if attempt.nominated_row >= 0:
            row = attempt.nominated_row
            handle = int(self._engine.bind([attempt.class_index], [row])[0])
        else:
            rows, handles = self._scheduler.place_plain(np.array([attempt.class_index]))
            row, handle = int(rows[0]), int(handles[0])
        placed = self._scheduler.node_names[row] if row >= 0 else None
        if placed not in (decision.feasible if self._scheduler.samples else decision.candidates):
            raise AssertionError(
                f"{decision.pod}: placed on {placed}, candidates are {decision.candidates}"
            )
        self.nominator.clear(attempt.pod)
        spec = attempt.pod["spec"] | {"nodeName": placed}
        self.pods.add(handle, row, decision.pod, attempt.pod | {"spec": spec})
        profile = self._scheduler.profile_of(attempt.pod)
        if attempt.volumes is not None and reserves_volumes(profile):
            volume_cache = self._scheduler.context.volume_cache
            attempt.volumes.reserve(volume_cache, row, self._scheduler.node_names[row])
        return replace(decision, placed=placed, handle=handle)

    def _message(self, attempt: _Attempt) -> str:
        count = len(self._rows)
        post_filter = attempt.post_filter.message
        if attempt.refused_by is not None:
            return pre_filter_error(count, attempt.refused_by.reasons, post_filter)
        reasons = (r for rejection in attempt.rejected.values() for r in rejection.reasons)
        return fit_error(count, reasons, post_filter)

    def _post_filter(self, attempt: _Attempt) -> PostFilter:
        """Ask who could make way for a pod that fits nowhere; nothing is changed."""
        enabled = self._scheduler.profile_of(attempt.pod).plugins.post_filter
        return run_post_filter(
            [plugin.name for plugin in enabled],
            attempt.has_claims_state,
            lambda: self._find_victims(attempt),
        )

    def _find_victims(self, attempt: _Attempt) -> Victims:
        context = self._scheduler.context
        nominated_row = self._rows.get(attempt.nominated_to, -1)
        code = np.full(len(self._scheduler.nodes), Code.UNRESOLVABLE, np.uint8)
        if attempt.evaluation is not None:
            code = attempt.evaluation.code
        if attempt.nominated_code is not None:
            code[nominated_row] = attempt.nominated_code
        if np.any(code == Code.UNSCHEDULABLE):
            self._engine.set_start_times(*self.pods.take_fresh())
        failed = FailedAttempt(attempt.pod, self._open_class(attempt), code, nominated_row)
        budgets = read_budgets(
            context.listers.list("podDisruptionBudgets"), context.matchers, self.pods.slot_of
        )
        args = self._scheduler.profile_of(attempt.pod).args.get("DefaultPreemption")
        if self._preempt_everywhere or not isinstance(args, DefaultPreemptionArgs):
            args = DefaultPreemptionArgs(100 if self._preempt_everywhere else 10)
        return self._preemption.run(failed, len(self._rows), args, *budgets)

    def _told(self, found: Victims | None) -> Preemption | None:
        if found is None or found.row < 0:
            return None
        return Preemption(
            self._scheduler.node_names[found.row],
            tuple(self.pods.name(slot) for slot in found.victims),
            found.violations,
            self._names(found.tied_rows),
        )

    def _preempt(self, attempt: _Attempt) -> None:
        """Make the victims go, and keep their room for the pod."""
        found = attempt.post_filter.preemption
        if found is None:
            return
        if found.row < 0:
            if not found.keeps_nomination:
                self.nominator.clear(attempt.pod)
            return
        node = self._scheduler.node_names[found.row]
        if self._evict:
            self.remove(found.victims)
        self.nominator.clear_lower(node, priority_of(attempt.pod))
        self.nominator.nominate(attempt.pod, node)


def _rejection(plugin: str, refusal: Refusal) -> Rejection:
    return Rejection(plugin, CODE_NAMES[refusal.code], refusal.reasons)


def _best(rows: Sequence[int], total: tuple[int | float, ...] | None) -> tuple[int, ...]:
    """Return the rows of the maximal total, all of them where nothing was scored."""
    if total is None:
        return tuple(rows)
    best = max(total)
    return tuple(row for row, value in zip(rows, total, strict=True) if value == best)
