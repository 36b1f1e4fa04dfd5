"""DefaultPreemption: which pods of lower priority make way, and on which node.

On each node that is ``Unschedulable`` (not ``UnschedulableAndUnresolvable``: nothing that could go
would help there) the engine takes off all pods of lower priority and puts back whom the pod can
live with, first those whose going would violate a PodDisruptionBudget, the most important first.
A pod that cannot come back is a victim. Among the nodes that would do, the first of these rules
that leaves one node decides:

1. the fewest victims that violate a budget;
2. the lowest priority of the most important victim;
3. the smallest sum of the victims' priorities, each raised by 2^31 so that none is negative;
4. the fewest victims;
5. the latest start of the longest running victim among those of the highest priority;
6. chance.

Source: kubernetes v1.34.1, plugins/defaultpreemption/default_preemption.go,
framework/preemption/preemption.go, framework/runtime/framework.go (RunPostFilterPlugins) and
plugins/dynamicresources/dynamicresources.go (PostFilter). Differences: candidates are tried one
after the other, where upstream's threads may find a few more than were asked for; extenders are
not asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore.program import Code
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.config import DefaultPreemptionArgs

NEVER: Final = "not eligible due to preemptionPolicy=Never."
STILL_TERMINATING: Final = "not eligible due to a terminating pod on the nominated node."
NO_VICTIMS: Final = "No preemption victims found for incoming pod"
NOT_HELPFUL: Final = "Preemption is not helpful for scheduling"
NO_CLAIMS: Final = "no new claims to deallocate"
NOT_FOUND: Final = "not found"

_PRIORITY_SHIFT: Final = 1 << 31
# Rows of one dry run at least, so that few candidates do not mean many small calls.
_BATCH_MIN: Final = 64


class DryRun(Protocol):
    """Findings of a dry run on n rows.

    Attributes
    ----------
    code : (n,) uint8
        FITS where the pod fits once the victims are gone, NOT_EVALUATED where nobody is of lower
        priority, else how the pod is refused with all of these gone.
    plugin, detail : (n,) integers
        The plugin that refuses it then, as in ``Evaluation``.
    violations : (n,) int32
        Victims that violate a budget.
    offsets, pods : (n + 1,), (total,) int32
        Victims' slots by row, most important first.
    """

    code: NDArray[np.uint8]
    plugin: NDArray[np.uint8]
    detail: NDArray[np.uint64]
    violations: NDArray[np.int32]
    offsets: NDArray[np.int32]
    pods: NDArray[np.int32]


class PreemptionEngine(Protocol):
    """The part of the engine that is called."""

    def dry_run(
        self,
        class_index: int,
        rows: NDArray[np.int32],
        budgets: Sequence[tuple[int, int]] = (),
        exempt: Collection[tuple[int, int]] = (),
    ) -> Any:  # noqa: ANN401
        """Return a `DryRun`."""
        ...


class PodsOnNodes(Protocol):
    """The part that is read of a table of pods on nodes."""

    def pod(self, slot: int) -> KubeObject:
        """Return the Pod of a slot."""
        ...

    def start_ns(self, slot: int) -> int:
        """Return when it started, in nanoseconds; the largest int64 if it has not."""
        ...

    def slots_on(self, row: int) -> Iterable[int]:
        """Return the slots of a row's pods."""
        ...

    def slot_of(self, namespace: str, name: str) -> int | None:
        """Return the slot of a pod that is on a node."""
        ...


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """A pod that fits nowhere.

    Attributes
    ----------
    pod : KubeObject
        The Pod.
    class_index : int
        Its class.
    code : (rows,) uint8
        How each row refuses it: ``Code``.
    nominated_row : int
        Of the node that it is nominated to; -1 if it is not, or if that node is gone.
    """

    pod: KubeObject
    class_index: int
    code: NDArray[np.uint8]
    nominated_row: int = -1


@dataclass(frozen=True, slots=True)
class Victims:
    """A decision of PostFilter.

    Attributes
    ----------
    row : int
        Node that the pod is nominated to, -1 for none.
    victims : tuple of int
        Slots of the pods to delete, most important first.
    violations : int
        Victims whose going violates a budget.
    tied_rows : tuple of int
        All nodes that are equally good, ascending.
    message : str
        Why no node was nominated; "" if one was.
    keeps_nomination : bool
        A nomination of before stays: the pod may not preempt (again) now.
    """

    row: int = -1
    victims: tuple[int, ...] = ()
    violations: int = 0
    tied_rows: tuple[int, ...] = ()
    message: str = ""
    keeps_nomination: bool = False


class Candidate(NamedTuple):
    """A node, and who would have to go."""

    row: int
    victims: tuple[int, ...]
    violations: int


@dataclass(slots=True)
class _Tried:
    """Outcome of the dry runs: candidates, and reasons of the nodes that are none."""

    candidates: list[Candidate] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    count: int = 0
    free_row: int = -1


class DefaultPreemption:
    """Finds victims for a pod that fits nowhere.

    Parameters
    ----------
    engine
        Holds nodes and pods.
    pods
        Knows the pods that are on nodes.
    node_names
        By row.
    explain
        Returns the reasons of a refusal, given row, plugin and detail.
    draw
        Returns a random integer from 0 to below its argument: upstream's choice of the first node
        and among equals. None takes the first of both.
    """

    def __init__(
        self,
        engine: PreemptionEngine,
        pods: PodsOnNodes,
        node_names: Sequence[str],
        explain: Callable[[int, int, int], Sequence[str]],
        draw: Callable[[int], int] | None = None,
    ) -> None:
        self._engine = engine
        self._pods = pods
        self._node_names = node_names
        self._explain = explain
        self._draw = draw

    def run(
        self,
        attempt: FailedAttempt,
        node_count: int,
        args: DefaultPreemptionArgs,
        budgets: Sequence[tuple[int, int]] = (),
        exempt: Collection[tuple[int, int]] = (),
    ) -> Victims:
        """Choose a node and its victims; nothing is changed.

        Parameters
        ----------
        attempt
            The pod, and how the nodes refuse it.
        node_count
            Nodes there are.
        args
            How many candidates are enough.
        budgets, exempt
            As `disruption.Budgets.resolve` returns them.
        """
        refusal = self._ineligibility(attempt)
        if refusal:
            return Victims(message=refusal, keeps_nomination=True)
        rows = np.flatnonzero(attempt.code == Code.UNSCHEDULABLE).astype(np.int32)
        tried = self._dry_run(attempt.class_index, rows, args, budgets, exempt)
        if tried.candidates:
            return self._pick(tried.candidates)
        if tried.free_row >= 0:
            name = self._node_names[tried.free_row]
            text = f'expected at least one victim pod on node "{name}"'
            return Victims(message=text, keeps_nomination=True)
        if node_count > tried.count:
            tried.reasons[NOT_HELPFUL] += node_count - tried.count
        histogram = sorted(f"{count} {reason}" for reason, count in tried.reasons.items())
        return Victims(message=f"0/{node_count} nodes are available: {', '.join(histogram)}.")

    def _ineligibility(self, attempt: FailedAttempt) -> str:
        """Return why the pod may not preempt now, "" if it may."""
        spec = attempt.pod.get("spec") or {}
        if spec.get("preemptionPolicy") == "Never":
            return NEVER
        row = attempt.nominated_row
        if row < 0 or attempt.code[row] != Code.UNSCHEDULABLE:
            return ""
        for slot in self._pods.slots_on(row):
            other = self._pods.pod(slot)
            if _priority(other) < _priority(attempt.pod) and is_being_preempted(other):
                return STILL_TERMINATING
        return ""

    def _dry_run(
        self,
        class_index: int,
        rows: NDArray[np.int32],
        args: DefaultPreemptionArgs,
        budgets: Sequence[tuple[int, int]],
        exempt: Collection[tuple[int, int]],
    ) -> _Tried:
        """Try nodes from a random one on until there are candidates enough."""
        tried = _Tried()
        if len(rows) == 0:
            return tried
        if self._draw is not None:
            rows = np.roll(rows, -self._draw(len(rows)))
        enough = _candidates_wanted(len(rows), args)
        clean = violating = 0
        for start in range(0, len(rows), max(enough, _BATCH_MIN)):
            batch = rows[start : start + max(enough, _BATCH_MIN)]
            result: DryRun = self._engine.dry_run(class_index, batch, budgets, exempt)
            candidates = _candidates(result, batch.tolist())
            for i, (row, found) in enumerate(candidates):
                tried.count += 1
                if found is None:
                    self._note_refusal(tried, result, i, row)
                elif not found.victims:
                    tried.free_row = row
                elif found.violations == 0 or violating < enough:
                    tried.candidates.append(found)
                    clean += found.violations == 0
                    violating += found.violations > 0
                if clean > 0 and clean + violating >= enough:
                    return tried
        return tried

    def _note_refusal(self, tried: _Tried, result: DryRun, i: int, row: int) -> None:
        if result.code[i] == Code.NOT_EVALUATED:
            tried.reasons[NO_VICTIMS] += 1
        else:
            plugin, detail = int(result.plugin[i]), int(result.detail[i])
            tried.reasons.update(self._explain(row, plugin, detail))

    def _pick(self, candidates: Sequence[Candidate]) -> Victims:
        """Return the best candidate by upstream's rules."""
        ranked = [(self._badness(candidate), candidate) for candidate in candidates]
        best = min(badness for badness, _ in ranked)
        tied = sorted((c for badness, c in ranked if badness == best), key=lambda c: c.row)
        chosen = tied[0 if self._draw is None else self._draw(len(tied))]
        return Victims(
            row=chosen.row,
            victims=chosen.victims,
            violations=chosen.violations,
            tied_rows=tuple(c.row for c in tied),
        )

    def _badness(self, candidate: Candidate) -> tuple[int, ...]:
        """Return what is the smaller the better, rule by rule."""
        priorities = [_priority(self._pods.pod(slot)) for slot in candidate.victims]
        highest = max(priorities)
        earliest = min(
            self._pods.start_ns(slot)
            for slot, priority in zip(candidate.victims, priorities, strict=True)
            if priority == highest
        )
        return (
            candidate.violations,
            highest,
            sum(priorities) + _PRIORITY_SHIFT * len(priorities),
            len(priorities),
            -earliest,
        )


def _candidates_wanted(count: int, args: DefaultPreemptionArgs) -> int:
    share = count * args.min_candidate_nodes_percentage // 100
    return min(count, max(share, args.min_candidate_nodes_absolute))


def _candidates(result: DryRun, rows: list[int]) -> Iterator[tuple[int, Candidate | None]]:
    """Yield each row with the candidate that it is, if it is one."""
    slots, ends = result.pods.tolist(), result.offsets.tolist()
    columns = (result.code.tolist(), result.violations.tolist(), ends, ends[1:])
    for row, code, violations, begin, end in zip(rows, *columns, strict=False):
        fits = code == Code.FITS
        yield row, Candidate(row, tuple(slots[begin:end]), violations) if fits else None


def _priority(pod: KubeObject) -> int:
    return (pod.get("spec") or {}).get("priority") or 0


def is_being_preempted(pod: KubeObject) -> bool:
    """Say whether a pod is being deleted because the scheduler chose it as a victim."""
    if (pod.get("metadata") or {}).get("deletionTimestamp") is None:
        return False
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "DisruptionTarget":
            by_scheduler = condition.get("reason") == "PreemptionByScheduler"
            return bool(condition.get("status") == "True" and by_scheduler)
    return False


class PostFilter(NamedTuple):
    """The outcome of a profile's PostFilter plugins.

    Attributes
    ----------
    message : str
        For the end of the pod's message; "" when a node was nominated, or no plugin ran.
    preemption : Victims or None
        DefaultPreemption's decision; None if it was not asked, or another plugin failed.
    """

    message: str
    preemption: Victims | None


def run_post_filter(
    plugins: Iterable[str], has_claim_state: bool, preempt: Callable[[], Victims]
) -> PostFilter:
    """Run a profile's PostFilter plugins in their order.

    Parameters
    ----------
    plugins
        Their names; others than DynamicResources and DefaultPreemption are ignored.
    has_claim_state
        DynamicResources was asked at PreFilter: no plugin before it ended PreFilter. Its
        PostFilter fails otherwise, and what comes after it is not tried.
    preempt
        Runs DefaultPreemption.
    """
    reasons = []
    decided = None
    for name in plugins:
        if name == "DynamicResources":
            if not has_claim_state:
                return PostFilter(NOT_FOUND, None)
            reasons.append(NO_CLAIMS)
        elif name == "DefaultPreemption":
            decided = preempt()
            if decided.row >= 0:
                return PostFilter("", decided)
            reasons.append(f"preemption: {decided.message}")
    return PostFilter(", ".join(reasons), decided)
