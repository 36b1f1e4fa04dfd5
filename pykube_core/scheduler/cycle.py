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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from _pykube_hotcore.native import Evaluation
from _pykube_hotcore.program import Code, Plugin
from pykube_core.api.objects import KubeObject, full_name, name_of
from pykube_core.scheduler.decision import (
    CODE_NAMES,
    NO_NODES,
    Decision,
    PluginScores,
    Rejection,
    fit_error,
    pre_filter_error,
)
from pykube_core.scheduler.plugins import PLUGINS, Refusal, SchedulerPlugin
from pykube_core.scheduler.scheduler import Scheduler

DYNAMIC_RESOURCES = "DynamicResources"
_NAMES: Mapping[int, SchedulerPlugin] = {
    plugin.code: plugin for plugin in PLUGINS.values() if plugin.code != Plugin.NONE
}
_DONE = frozenset({"Succeeded", "Failed"})


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
    rejected: dict[str, Rejection] = field(default_factory=dict)
    evaluation: Evaluation | None = None
    rows: tuple[int, ...] = ()


class SchedulingCycle:
    """Schedules pods one by one and says everything about each decision.

    Parameters
    ----------
    scheduler
        Holds nodes, pods and the profile; shared with whoever else places pods in it.

    Attributes
    ----------
    pods : dict of int to dict
        Pods on nodes by their handle.
    nominations : dict of str to str
        Node by pod ("namespace/name"), of pods that wait for the victims on it to go.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._engine = scheduler.engine
        self._rows = {name: row for row, name in enumerate(scheduler.node_names)}
        self.pods: dict[int, KubeObject] = {}
        self.nominations: dict[str, str] = {}
        self._nominated: dict[str, int] = {}

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
            if (pod.get("status") or {}).get("phase") not in _DONE
            and pod["spec"].get("nodeName") in self._rows
        ]
        # The node of a pod that has one is no rule for it.
        plain = [pod | {"spec": pod["spec"] | {"nodeName": ""}} for pod in there]
        classes = self._scheduler.compile(plain)
        rows = np.array([self._rows[pod["spec"]["nodeName"]] for pod in there], np.int32)
        for handle, pod in zip(self._engine.bind(classes, rows), there, strict=True):
            self.pods[int(handle)] = pod

    def nominate(self, pod: KubeObject, node: str) -> None:
        """Keep room on a node for a pod that is about to be scheduled there."""
        self.clear_nomination(pod)
        self.nominations[full_name(pod)] = node
        if node in self._rows:
            self._nominated[full_name(pod)] = self._engine.nominate(
                self._class_of(pod), self._rows[node]
            )

    def clear_nomination(self, pod: KubeObject) -> None:
        """Give the room up again; nothing happens if there is none."""
        name = full_name(pod)
        self.nominations.pop(name, None)
        handle = self._nominated.pop(name, None)
        if handle is not None:
            self._engine.unnominate(handle)

    # -- the cycle ---------------------------------------------------------------------------

    def explain(self, pod: KubeObject) -> Decision:
        """Return what the next cycle would decide about a pod, without placing it."""
        decision, _ = self._decide(pod)
        return decision

    def schedule(self, pod: KubeObject) -> Decision:
        """Run the cycle for one pod, which is assumed on its node at once.

        Raises
        ------
        InputError
            The pod cannot be read.
        """
        decision, attempt = self._decide(pod)
        if attempt is None or not decision.candidates:
            return decision
        return self._place(decision, attempt)

    def _class_of(self, pod: KubeObject) -> int:
        return int(self._scheduler.compile([pod])[0])

    def _decide(self, pod: KubeObject) -> tuple[Decision, _Attempt | None]:
        name = full_name(pod)
        gate = self._pre_enqueue(pod)
        if gate is not None:
            return Decision(name, pre_enqueue=gate), None
        if not self._rows:
            return Decision(name, message=NO_NODES), None
        attempt = _Attempt(pod, self._class_of(pod), nominated_to=self.nominations.get(name, ""))
        self._pre_filter(attempt)
        if attempt.refused_by is None:
            with _Unnominated(self, pod):
                self._filter(attempt)
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
        )
        return decision, attempt

    def _names(self, rows: Iterable[int]) -> tuple[str, ...]:
        return tuple(self._scheduler.node_names[row] for row in rows)

    def _pre_enqueue(self, pod: KubeObject) -> Rejection | None:
        for enabled in self._scheduler.profile.plugins.pre_enqueue:
            plugin = PLUGINS.get(enabled.name)
            refusal = plugin.pre_enqueue(pod) if plugin else None
            if refusal is not None:
                return _rejection(enabled.name, refusal)
        return None

    def _pre_filter(self, attempt: _Attempt) -> None:
        for enabled in self._scheduler.profile.plugins.pre_filter:
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
        columns = zip(evaluation.plugin, evaluation.code, evaluation.detail, strict=True)
        for row, (plugin, code, detail) in enumerate(columns):
            if int(code) in CODE_NAMES and self._scheduler.node_names[row] not in attempt.rejected:
                self._reject(attempt, row, int(plugin), int(code), int(detail))

    def _reject(self, attempt: _Attempt, row: int, plugin: int, code: int, detail: int) -> None:
        node = self._scheduler.nodes[row]
        if plugin == Plugin.NONE:
            reasons = ["node(s) didn't satisfy plugin(s) [NodeAffinity]"]
            name = ""
        else:
            said_by = _NAMES[plugin]
            name = said_by.name
            reasons = said_by.reasons(detail, node, self._scheduler.resource_names)
        rejection = Rejection(name, CODE_NAMES[code], tuple(reasons))
        attempt.rejected[name_of(node)] = rejection

    def _try_nominated(self, attempt: _Attempt) -> bool:
        """Look at the nominated node alone; if the pod fits there, no other is looked at."""
        row = self._rows.get(attempt.nominated_to, -1)
        if row < 0:
            return False
        compiled = self._scheduler.class_at(attempt.class_index)
        # PreFilter's choice of nodes does not count here.
        index = self._scheduler.add_class(replace(compiled, node_set=None))
        plugin, code, detail = self._engine.filter_row(index, row)
        if code == Code.FITS:
            attempt.nominated_row = row
            attempt.rows = (row,)
            return True
        if compiled.node_set is not None:
            self._reject(attempt, row, plugin, code, detail)
        return False

    # -- scores, choice, failure -------------------------------------------------------------

    def _scores(
        self, attempt: _Attempt
    ) -> tuple[dict[str, PluginScores] | None, tuple[int | float, ...] | None]:
        evaluation, rows = attempt.evaluation, list(attempt.rows)
        enabled = self._scheduler.profile.plugins.score
        if evaluation is None or len(rows) < 2 or not enabled:
            return None, None
        found = {}
        for plugin in enabled:
            known = PLUGINS.get(plugin.name)
            code = known.code if known is not None else Plugin.POLICY
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
            rows, handles = self._engine.place([attempt.class_index])
            row, handle = int(rows[0]), int(handles[0])
        placed = self._scheduler.node_names[row] if row >= 0 else None
        if placed not in decision.candidates:
            raise AssertionError(
                f"{decision.pod}: placed on {placed}, candidates are {decision.candidates}"
            )
        self.clear_nomination(attempt.pod)
        spec = attempt.pod["spec"] | {"nodeName": placed}
        self.pods[handle] = attempt.pod | {"spec": spec}
        return replace(decision, placed=placed, handle=handle)

    def _message(self, attempt: _Attempt) -> str:
        count = len(self._rows)
        post_filter = self._post_filter(attempt)
        if attempt.refused_by is not None:
            return pre_filter_error(count, attempt.refused_by.reasons, post_filter)
        reasons = (r for rejection in attempt.rejected.values() for r in rejection.reasons)
        return fit_error(count, reasons, post_filter)

    def _post_filter(self, attempt: _Attempt) -> str:
        said = []
        for enabled in self._scheduler.profile.plugins.post_filter:
            if enabled.name == DYNAMIC_RESOURCES:
                if not attempt.has_claims_state:
                    return "not found"
                said.append("no new claims to deallocate")
        return ", ".join(said)


class _Unnominated:
    """A pod's own nomination does not stand in its way while it is looked at."""

    def __init__(self, cycle: SchedulingCycle, pod: KubeObject) -> None:
        self._cycle, self._pod = cycle, pod
        self._node = cycle.nominations.get(full_name(pod))

    def __enter__(self) -> None:
        self._cycle.clear_nomination(self._pod)

    def __exit__(self, *error: object) -> None:
        if self._node is not None:
            self._cycle.nominate(self._pod, self._node)


def _rejection(plugin: str, refusal: Refusal) -> Rejection:
    return Rejection(plugin, CODE_NAMES[refusal.code], refusal.reasons)


def _best(rows: Sequence[int], total: tuple[int | float, ...] | None) -> tuple[int, ...]:
    """Return the rows of the maximal total, all of them where nothing was scored."""
    if total is None:
        return tuple(rows)
    best = max(total)
    return tuple(row for row, value in zip(rows, total, strict=True) if value == best)
