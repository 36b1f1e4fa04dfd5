"""One workload through one scheduler, from the first pod to the last.

Two experiments share this code:

arrivals only
    Pods arrive one after another and none departs. The pods that the cluster holds in the end are
    the policy's packing.
replay
    Pods arrive at their creation time and depart at their deletion time, on a virtual clock. A
    pod that fits nowhere waits, and is tried again, in the order of kube-scheduler's queue
    (priority, then age), whenever a departure frees enough of what it requests.

Deletion times are wall times: whoever owned the pod deleted it then. So a pod that waited runs
shorter, a pod still pending at its deletion time *expires*, and at every moment all policies face
the same demand. (A closed loop, in which waiting postpones the end, is another experiment.)

Known differences from kube-scheduler: a pending pod is tried again in the very moment that
capacity frees, with no back-off; one that waits for another pod to *arrive* (pod affinity) is tried
again when a pod departs; and scheduling takes no virtual time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore.native import Replay
from pykube_core.api.machinery.errors import InputError
from pykube_core.experiments.pending import Pending
from pykube_core.scheduler.placer.scheduler import Scheduler, TieBreak
from pykube_core.scheduler.plugins import scheduling_gates
from pykube_core.words import counted

if TYPE_CHECKING:
    from pykube_core.workloads.model import PodTable, Workload

SAMPLE_COUNT = 100
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"

# Events at one instant happen in this order: pods that leave make room for pods that come.
DEPART, BIND, ARRIVE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Settings:
    """How an experiment is run; reports print it.

    Attributes
    ----------
    replay
        Honour creation and deletion times; otherwise pods only arrive.
    tie_break
        Which of the best nodes is taken: ``random`` (kube-scheduler's own way, drawn from the
        seed), ``first`` or ``lexical``.
    keep_bound
        Pods that already have a node stay there. Otherwise only pinned pods do, and the policy
        places the rest anew, as *it* would have done.
    shuffle
        Arrivals only: pods arrive in a random order drawn from the seed, not by creation time.
    percentage_of_nodes_to_score
        See `Scheduler`.

    Raises
    ------
    ValueError
        When the tie-break is none of these, or the percentage out of range.
    """

    replay: bool = False
    tie_break: TieBreak = "random"
    keep_bound: bool = False
    shuffle: bool = False
    percentage_of_nodes_to_score: int | None = None

    def __post_init__(self) -> None:
        if self.tie_break not in get_args(TieBreak):
            raise ValueError(f"tie_break: expected one of {', '.join(get_args(TieBreak))}")
        if not 0 <= (self.percentage_of_nodes_to_score or 0) <= 100:
            raise ValueError("percentage_of_nodes_to_score: expected 0 to 100")


# A pod that has no time counts as created in 1970, decades before Kubernetes.
_NO_TIME_NS = 30 * 365 * 24 * 3600 * 10**9


@dataclass(frozen=True, slots=True)
class Moment:
    """A run under way, as an observer may look at it; valid during the call only.

    Attributes
    ----------
    position
        Pods that have arrived so far; in replay, nanoseconds on the workload's clock.
    scheduler
        The scheduler as it stands.
    """

    position: int
    scheduler: Scheduler


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of every pod.

    Attributes
    ----------
    node
        int32 (pods,): the node's index, -1 when the pod was never placed.
    placed_ns
        int64 (pods,): when it was placed, on the workload's clock; -1 when never.
    bound
        bool (pods,): the pod was bound to its node from the start; the policy had no say.
    classes
        int32 (pods,): the engine's pod class.
    attempts
        Pods handed to the engine, retries included.
    engine_seconds
        Seconds of real time that the engine took to place them. Not deterministic.
    """

    node: NDArray[np.int32]
    placed_ns: NDArray[np.int64]
    bound: NDArray[np.bool_]
    classes: NDArray[np.int32]
    attempts: int
    engine_seconds: float


Observe = Callable[[Moment], None]
Advance = Callable[[int], None]


def simulate(
    workload: Workload,
    scheduler: Scheduler,
    *,
    seed: int = 0,
    settings: Settings | None = None,
    observe: Observe | None = None,
    advance: Advance | None = None,
    template_class: NDArray[np.int32] | None = None,
) -> Outcome:
    """Run one workload through a scheduler.

    Parameters
    ----------
    workload
        Nodes and pods; not changed.
    scheduler
        A scheduler over the workload's nodes that holds no pod yet; it holds what is left at the
        end when the call returns.
    seed
        Draws the order of pods of equal priority created at the same time (seed 0 leaves it as the
        input has it).
    settings
        How the experiment is run; the defaults when None. Its tie-break is the scheduler's matter.
    observe
        Called before the first pod and at up to SAMPLE_COUNT moments, evenly spread over the
        arrivals (over the time from first to last creation in replay).
    advance
        Called with the number of pods dealt with since the last call.
    template_class
        int32 (templates,): class of each template, compiled here when None.

    Returns
    -------
    Outcome
        Node and time of every pod. The same seed gives the same.

    Notes
    -----
    Memory is columns only, about 100 bytes a pod. Time is one engine call per sample, and in replay
    one more per pod that does not fit, per departure that makes a retry worth while, and per retry.
    """
    settings = settings or Settings()
    if template_class is None:
        template_class = scheduler.compile(workload.pods.templates)
    run = _Run(workload.pods, scheduler, template_class, seed, settings)
    run.observe, run.advance = observe or _ignore, advance or _ignore
    if settings.replay:
        run.replay()
    else:
        run.arrivals_only()
    return Outcome(
        run.node, run.placed_ns, run.bound, run.classes, run.attempts, run.engine_seconds
    )


def bound_pods(pods: PodTable, settings: Settings) -> NDArray[np.bool_]:
    """Return which pods stay where the input has them; bool (pods,)."""
    return pods.node >= 0 if settings.keep_bound else pods.pinned


def check_times(workload: Workload) -> None:
    """Refuse to replay pods that have no times.

    Raises
    ------
    InputError
        None has a time of creation or of deletion, or some have no time of creation.
    """
    pods = workload.pods
    if not len(pods):
        return
    first = pods.created_ns.min()
    undated = pods.created_ns == first
    if undated.all():
        if workload.start_ns or (pods.deleted_ns >= 0).any():
            return
    elif (pods.created_ns[~undated] - first <= _NO_TIME_NS).any():
        return
    count = int(np.count_nonzero(undated))
    of_all = "" if count == len(pods) else f" of {len(pods):,}"
    why = f"{counted(count, 'pod')}{of_all} without a creation time"
    raise InputError(
        f"{why}: this cannot be replayed, only compared by arrivals (without --replay)",
        source=workload.source,
        field="metadata.creationTimestamp",
    )


def arrival_order(pods: PodTable, seed: int, shuffle: bool = False) -> NDArray[np.int64]:
    """Return the order in which pods arrive.

    Creation time first, then priority (higher first), then the order of the input, which any seed
    but 0 replaces by a random one. With ``shuffle`` the whole order is random, for any seed.

    Returns
    -------
    int64 (pods,)
        Row numbers of the table.
    """
    rows = len(pods)
    # A generator's raw stream never changes between releases of NumPy; its permutations may.
    drawn = np.random.PCG64(seed).random_raw(rows) if shuffle or seed else np.arange(rows)
    if shuffle:
        return np.argsort(drawn, kind="stable").astype(np.int64)
    priority = priorities(pods)[pods.template]
    return np.lexsort((drawn, -priority, pods.created_ns)).astype(np.int64)


def priorities(pods: PodTable) -> NDArray[np.int64]:
    """Return ``spec.priority`` of each template, 0 where none is given; int64 (templates,)."""
    found = [template.get("spec", {}).get("priority") or 0 for template in pods.templates]
    return np.array(found, dtype=np.int64).reshape(len(found))


def gated(pods: PodTable) -> NDArray[np.bool_]:
    """Return the templates with scheduling gates: their pods never reach the queue."""
    held = scheduling_gates.PLUGIN.pre_enqueue
    found = [held(template) is not None for template in pods.templates]
    return np.array(found, dtype=np.bool_).reshape(len(found))


def reaching(pods: PodTable) -> NDArray[np.bool_]:
    """Return the templates for which a pod that leaves one node may make room on another.

    These are the ones with topology spread constraints or required pod affinity; and all of them
    once any template has required pod anti-affinity, which refuses other pods, too.
    """
    found = np.zeros(len(pods.templates), dtype=np.bool_)
    for i, template in enumerate(pods.templates):
        spec = template.get("spec", {})
        affinity = spec.get("affinity") or {}
        if (affinity.get("podAntiAffinity") or {}).get(REQUIRED):
            return np.ones_like(found)
        near = (affinity.get("podAffinity") or {}).get(REQUIRED)
        found[i] = bool(near or spec.get("topologySpreadConstraints"))
    return found


def _ignore(_: object) -> None:
    """Observe nothing."""


class _Run:
    """The state of one run."""

    def __init__(
        self,
        pods: PodTable,
        scheduler: Scheduler,
        template_class: NDArray[np.int32],
        seed: int,
        settings: Settings,
    ) -> None:
        self.pods = pods
        self.scheduler = scheduler
        self.observe: Observe = _ignore
        self.advance: Advance = _ignore
        self.template_class = template_class
        self.classes = self.template_class[pods.template]
        self.bound = bound_pods(pods, settings)
        order = arrival_order(pods, seed, settings.shuffle and not settings.replay)
        self.order = order[~gated(pods)[pods.template[order]]]
        self.rank = np.zeros(len(pods), dtype=np.int64)
        self.rank[self.order] = np.arange(len(self.order))
        self.node = np.full(len(pods), -1, dtype=np.int32)
        self.handle = np.full(len(pods), -1, dtype=np.int32)
        self.placed_ns = np.full(len(pods), -1, dtype=np.int64)
        self.attempts = 0
        self.engine_seconds = 0.0

    def arrivals_only(self) -> None:
        """Bind what is bound, then place the others in order."""
        self._bind(self.order[self.bound[self.order]])
        self.observe(Moment(0, self.scheduler))
        free = self.order[~self.bound[self.order]]
        cuts = _cuts(len(free))
        for start, stop in pairwise(cuts.tolist()):
            batch = free[start:stop]
            self._place(batch)
            placed = batch[self.node[batch] >= 0]
            self.placed_ns[placed] = self.pods.created_ns[placed]
            self.observe(Moment(stop, self.scheduler))

    def replay(self) -> None:
        """Let pods come and go on the workload's clock."""
        scheduler = self.scheduler
        when, kind, pod = _events(self.pods, self.bound, self.order)
        play = Replay(when, pod, kind == DEPART, self.classes)
        self.node, self.handle = play.rows, play.slots
        pending = Pending(
            priorities(self.pods),
            reaching(self.pods),
            lambda templates, nodes: scheduler.engine.room(self.template_class[templates], nodes),
        )
        self.observe(Moment(int(when[0]) if len(when) else 0, scheduler))
        for start, stop, moment in _segments(when, kind):
            if start < stop and kind[start] == BIND:
                self._bind(pod[start:stop])
            elif start < stop:
                self._pass(play, start, stop, pending)
            if moment is not None:
                self.observe(Moment(moment, scheduler))
        at_once = (self.node >= 0) & (self.placed_ns < 0)
        self.placed_ns[at_once] = self.pods.created_ns[at_once]

    def _pass(self, play: Replay, start: int, stop: int, pending: Pending) -> None:
        """Let the engine play events, and decide where it stops."""
        at = start
        while at < stop:
            before = time.perf_counter()
            end, decide = self.scheduler.replay(play, at, stop)
            self.engine_seconds += time.perf_counter() - before
            came = end - at - int(np.count_nonzero(play.leaves[at:end]))
            self.attempts += came
            self.advance(came)
            if decide:
                self._decide(play, end - 1, pending)
                waiting = pending.templates()
                anywhere = bool(pending.anywhere[waiting].any())
                play.wait(self.template_class[waiting], anywhere)
            at = end

    def _decide(self, play: Replay, last: int, pending: Pending) -> None:
        """Let a pod wait that fits nowhere, or see to those that left at an instant."""
        row = int(play.pods[last])
        if not play.leaves[last]:
            pending.push(int(self.pods.template[row]), int(self.rank[row]), row)
            return
        now = play.when_ns[last]
        # Departures of an instant come first in it.
        leaving = play.pods[np.searchsorted(play.when_ns, now) : last + 1]
        nodes = self.node[leaving]
        for gone in leaving[nodes < 0].tolist():
            pending.expire(int(self.pods.template[gone]), gone)
        freed = sorted(set(nodes[nodes >= 0].tolist()))
        if freed and pending.count:
            self._retry(int(now), np.array(freed, np.int32), pending)

    def _retry(self, now: int, freed: NDArray[np.int32], pending: Pending) -> None:
        """Try pending pods in queue order; a template that fits nowhere is not tried twice.

        But for the templates of `reaching`, only nodes that pods have just left can have become
        feasible. So templates for which NodeResourcesFit finds no room on any of these are left
        alone: the hint that it gives kube-scheduler's queue.
        """
        for row in pending.candidates(freed):
            self._place(np.array([row]), retry=True)
            if self.node[row] < 0:
                pending.refuse(int(self.pods.template[row]))
            else:
                self.placed_ns[row] = now
                pending.accept(int(self.pods.template[row]))

    def _place(self, batch: NDArray[np.int64], retry: bool = False) -> None:
        """Hand pods to the engine."""
        classes = self.classes[batch]
        before = time.perf_counter()
        nodes, handles = self.scheduler.place(classes)
        self.engine_seconds += time.perf_counter() - before
        self.node[batch] = nodes
        self.handle[batch] = handles
        self.attempts += len(batch)
        if not retry:
            self.advance(len(batch))

    def _bind(self, batch: NDArray[np.int64]) -> None:
        """Put bound pods where they are, no questions asked."""
        if len(batch):
            nodes = self.pods.node[batch]
            self.handle[batch] = self.scheduler.bind(self.classes[batch], nodes)
            self.node[batch] = nodes
            self.placed_ns[batch] = self.pods.created_ns[batch]
            self.advance(len(batch))


def _cuts(count: int) -> NDArray[np.int64]:
    """Return 0, ..., count in at most SAMPLE_COUNT steps that are as even as integers allow."""
    steps = min(SAMPLE_COUNT, count)
    return np.arange(steps + 1, dtype=np.int64) * count // max(1, steps)


def _events(
    pods: PodTable, bound: NDArray[np.bool_], order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int64]]:
    """Return what happens, in order: time int64, kind int8 and row of the table int64.

    A pod whose deletion is not after its creation lives for one nanosecond, so that it comes
    before it goes.
    """
    created = pods.created_ns[order]
    mortal = pods.deleted_ns[order] >= 0
    gone = np.maximum(pods.deleted_ns[order], created + 1)[mortal]
    kinds = np.where(bound[order], BIND, ARRIVE)
    when = np.concatenate((created, gone))
    kind = np.concatenate((kinds, np.full(len(gone), DEPART))).astype(np.int8)
    pod = np.concatenate((order, order[mortal]))
    # The sort is stable: within an instant, pods keep their order of arrival.
    by_time = np.lexsort((kind, when))
    return when[by_time], kind[by_time], pod[by_time]


def _segments(
    when: NDArray[np.int64], kind: NDArray[np.int8]
) -> Iterator[tuple[int, int, int | None]]:
    """Yield runs of events that are bindings all or none, cut where a sample is due.

    Yields
    ------
    start, stop, moment
        A run of events, possibly empty, and the time of the sample that follows it, if any.
    """
    arrivals = when[kind != DEPART]
    if not len(arrivals):
        return
    first, last = int(arrivals[0]), int(arrivals[-1])
    moments = first + _cuts(last - first)
    due = np.searchsorted(when, moments, side="right")
    changes = np.flatnonzero(np.diff(kind == BIND)) + 1
    edges = sorted({0, *changes.tolist(), *due.tolist(), len(when)})
    samples: dict[int, list[int]] = {}
    for position, moment in zip(due.tolist(), moments.tolist(), strict=True):
        samples.setdefault(position, []).append(moment)
    for start, stop in pairwise(edges):
        after = samples.get(stop, ())
        yield start, stop, (after[0] if after else None)
        for moment in after[1:]:
            yield stop, stop, moment
