"""ScheduleLoop at all active pods: placed in batches, bound, or told why not.

The pods come in the queue's order. Runs of plain pods, about which nobody but the engine has a say,
are placed in one call that ends at the first that fits nowhere. That pod, and every pod that is
not plain, gets a cycle of its own. So each pod meets the state that the one before it left.

A failure is remembered while nothing changes, so that of a thousand like pods one is evaluated.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pykube_core.api.core import PODS
from pykube_core.api.core.pod.conditions import Condition
from pykube_core.api.machinery.status import StatusError
from pykube_core.client import Binding, Client
from pykube_core.client.recorder import NORMAL, WARNING, EventRecorder, EventText, Reference
from pykube_core.objects import ApiObject
from pykube_core.scheduler.component.pod_status import StatusChange, write_statuses
from pykube_core.scheduler.component.scheduler_cache import AssignedPod, SchedulerCache
from pykube_core.scheduler.component.signatures import PodSignature, PodSignatures, SignatureClass
from pykube_core.scheduler.cycle.cycle import SchedulingCycle
from pykube_core.scheduler.cycle.decision import Decision, Preemption
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.queue.events import ASSIGNED_POD_DELETE
from pykube_core.scheduler.queue.pools import QueuedPod
from pykube_core.scheduler.queue.queue import SchedulingQueue

# Pods of one engine call at most: what follows a pod that fits nowhere is handed over again.
_WINDOW: Final = 4096
_NOTE_BYTES_MAX: Final = 1024
_CUT: Final = " ..."
_FAILURES_MAX: Final = 4096


class WaitingPod(QueuedPod, eq=False, gc=False, kw_only=True):
    """A pod in the queue that is decoded when a hint, or a failure, asks for it.

    Attributes
    ----------
    name : str
        Its name without the namespace.
    object : ApiObject
        Its newest state.
    signature : PodSignature
        The part that it has in common with others.
    """

    name: str
    object: ApiObject
    signature: PodSignature

    def take(self, obj: ApiObject, signature: PodSignature) -> None:
        """Take a new state; the priority stays what the queue knows."""
        self.object = obj
        self.signature = signature
        self.source = obj

    @property
    def has_gates(self) -> bool:
        """Whether the Pod has scheduling gates."""
        return self.signature.has_gates


class _Failure(NamedTuple):
    """Why a pod was not scheduled, in the words of event and condition."""

    message: str
    plugins: frozenset[str] = frozenset()
    reason: str = "Unschedulable"


@dataclass(slots=True)
class _Placed:
    """Pods that the engine has put on rows, and that are not bound yet; columns of one length."""

    pods: list[WaitingPod] = field(default_factory=list)
    classes: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)


class ScheduleLoop:
    """Tries pods and writes what came of it.

    Parameters
    ----------
    client, scheduler, cycle, cache, signatures, queue, pods
        The component's; ``pods`` are all it knows, by key in the store.
    profiles
        Scheduler names.
    instance
        Its name in events.
    """

    def __init__(
        self,
        client: Client,
        scheduler: Scheduler,
        cycle: SchedulingCycle,
        cache: SchedulerCache,
        signatures: PodSignatures,
        queue: SchedulingQueue,
        pods: dict[bytes, WaitingPod | AssignedPod],
        profiles: Collection[str],
        instance: str,
    ) -> None:
        self._client = client
        self._scheduler = scheduler
        self._cycle = cycle
        self._cache = cache
        self._signatures = signatures
        self._queue = queue
        self._pods = pods
        self._recorders = {
            name: EventRecorder(client, name, instance=instance) for name in sorted(profiles)
        }
        self._placed = _Placed()
        self._changes: dict[bytes, tuple[ApiObject, StatusChange]] = {}
        self._failures: dict[tuple[int, bool], tuple[int, _Failure]] = {}
        self._now_ns = 0

    def run(self, now_ns: int) -> None:
        """Try every active pod, then those in backoff, in the queue's order."""
        self._now_ns = now_ns
        while pods := self._queue.pop_all():
            self._try_all(pods)  # type: ignore[arg-type]
            self._bind()
        if self._changes:
            changes, self._changes = self._changes, {}
            write_statuses(self._client, changes, now_ns)
        for recorder in self._recorders.values():
            recorder.flush(now_ns)

    # -- order -------------------------------------------------------------------------------

    def _try_all(self, pods: Sequence[WaitingPod]) -> None:
        classes = self._classes_of(pods)
        indices = np.array([each.index for each in classes], np.int32)
        at = 0
        while at < len(pods):
            end = self._end_of_run(pods, classes, at)
            if end > at:
                at = self._place(pods, indices, at, end)
                if at == end:
                    continue
            if self._try(pods[at], classes[at]):
                at += 1

    def _classes_of(self, pods: Sequence[WaitingPod]) -> list[SignatureClass]:
        classes: list[SignatureClass] = []
        signature = None
        for pod in pods:
            if pod.signature is not signature:  # Most come in runs of copies.
                signature = pod.signature
                pod_class = self._signatures.class_of(pod.object, signature)
            classes.append(pod_class)
        return classes

    def _end_of_run(
        self, pods: Sequence[WaitingPod], classes: Sequence[SignatureClass], begin: int
    ) -> int:
        """Return where the run of pods ends that the engine may place by itself."""
        last = min(len(pods), begin + _WINDOW) if self._scheduler.rows else begin
        nominations, signature = self._cycle.nominator.nodes, None
        for end in range(begin, last):
            pod = pods[end]
            if nominations and pod.key in nominations:
                return end
            if pod.signature is not signature:
                signature, pod_class = pod.signature, classes[end]
                if not pod_class.is_plain or signature.is_deleting:
                    return end
                if self._known_failure(pod, pod_class) is not None:
                    return end
        return last

    def _place(
        self, pods: Sequence[WaitingPod], indices: NDArray[np.int32], begin: int, end: int
    ) -> int:
        """Place a run; return the end of those that fit."""
        rows, handles = self._scheduler.place_plain(indices[begin:end])
        misfits = np.flatnonzero(rows < 0)
        count = int(misfits[0]) if len(misfits) else len(rows)
        middle = begin + count
        self._placed.pods += pods[begin:middle]
        self._placed.classes += indices[begin:middle].tolist()
        self._placed.rows += rows[:count].tolist()
        self._placed.handles += handles[:count].tolist()
        self._cache.version += count > 0
        return middle

    def _try(self, pod: WaitingPod, pod_class: SignatureClass) -> bool:
        """Give a pod a cycle of its own; False if it has to be tried anew."""
        self._queue.take_turn(pod)
        if pod.signature.is_deleting:
            self._tell_failure(pod, f"skip schedule deleting pod: {pod.key}")
            self._queue.done(pod)
            return True
        if pod_class.problem:
            self._fail(pod, _Failure(pod_class.problem, reason="SchedulerError"))
            return True
        known = self._known_failure(pod, pod_class)
        if known is not None:
            self._fail(pod, known)
            return True
        if self._bind() > 0:
            return False
        self._schedule(pod, pod_class)
        return True

    def _known_failure(self, pod: WaitingPod, pod_class: SignatureClass) -> _Failure | None:
        """Return why a like pod failed, if nothing has changed since."""
        found = self._failures.get((pod_class.index, pod.signature.preempts))
        if found is None or found[0] != self._cache.version:
            return None
        return None if pod.key in self._cycle.nominator.nodes else found[1]

    def _schedule(self, pod: WaitingPod, pod_class: SignatureClass) -> None:
        nominations = dict(self._cycle.nominator.nodes)
        decision = self._cycle.schedule(pod.pod)
        if decision.placed is not None:
            self._placed.pods.append(pod)
            self._placed.classes.append(pod_class.index)
            self._placed.rows.append(self._scheduler.rows[decision.placed])
            self._placed.handles.append(decision.handle)
            self._cache.version += 1
            return
        failure = _Failure(decision.message or "", self._rejectors(decision, pod_class))
        if decision.preemption is not None:
            self._evict(pod, decision.preemption)
        if nominations != self._cycle.nominator.nodes:
            self._note_nominations(nominations)
            self._cache.version += 1
        elif pod_class.is_stable and pod.key not in nominations:
            if len(self._failures) >= _FAILURES_MAX:
                self._failures.clear()
            key = pod_class.index, pod.signature.preempts
            self._failures[key] = self._cache.version, failure
        self._fail(pod, failure)

    def _rejectors(self, decision: Decision, pod_class: SignatureClass) -> frozenset[str]:
        """Return the plugins to whose events the pod's hopes are tied."""
        plugins = {rejection.plugin for rejection in decision.rejected.values()}
        if decision.pre_filter is not None:
            plugins.add(decision.pre_filter.plugin)
        if self._scheduler.class_at(pod_class.index).node_set is not None and plugins:
            plugins.add("NodeAffinity")
        return frozenset(plugins - {""})

    # -- success -----------------------------------------------------------------------------

    def _bind(self) -> int:
        """Bind what was placed; return how many bindings were refused."""
        if not self._placed.pods:
            return 0
        placed, self._placed = self._placed, _Placed()
        names = self._scheduler.node_names
        nodes = [names[row] for row in placed.rows]
        outcomes = self._client.batch.bind(
            [
                Binding(pod.signature.namespace, pod.name, node, pod.uid, pod.object)
                for pod, node in zip(placed.pods, nodes, strict=True)
            ]
        )
        bound: list[AssignedPod] = []
        rows: list[int] = []
        done: list[WaitingPod] = []
        refused: list[tuple[WaitingPod, int, str, StatusError]] = []
        columns = (placed.pods, placed.classes, placed.rows, placed.handles, nodes, outcomes)
        for pod, index, row, handle, node, outcome in zip(*columns, strict=True):
            if isinstance(outcome, StatusError):
                refused.append((pod, handle, node, outcome))
                continue
            name, uid, signature = pod.key, pod.uid, pod.signature
            assigned = AssignedPod(name, uid, node, index, outcome, signature.is_sized, handle)
            bound.append(assigned)
            rows.append(row)
            done.append(pod)
            self._pods[outcome.key] = assigned
            message = f"Successfully assigned {name} to {node}"
            self._tell(pod, EventText(NORMAL, "Scheduled", message, "Binding"))
            if self._changes:
                self._changes.pop(outcome.key, None)
        self._cache.adopt(bound, rows)
        self._queue.done(*done)
        for refusal in refused:
            self._forget(*refusal)
        return len(refused)

    def _forget(self, pod: WaitingPod, handle: int, node: str, error: StatusError) -> None:
        """Take a pod off the node that the API did not give it."""
        self._cache.version += 1
        self._cycle.forget(handle)
        assumed = pod.pod | {"spec": pod.pod["spec"] | {"nodeName": node}}
        self._queue.move_all(ASSIGNED_POD_DELETE, assumed, None, self._now_ns)
        text = f'running Bind plugin "DefaultBinder": {error.message}'
        self._fail(pod, _Failure(text, reason="SchedulerError"))

    # -- failure -----------------------------------------------------------------------------

    def _tell(self, pod: WaitingPod, text: EventText) -> None:
        regarding = Reference(PODS, pod.signature.namespace, pod.name, pod.uid)
        self._recorders[pod.scheduler_name].record(regarding, text, pod.object.revision)

    def _tell_failure(self, pod: WaitingPod, message: str) -> None:
        self._tell(pod, EventText(WARNING, "FailedScheduling", _note(message), "Scheduling"))

    def _fail(self, pod: WaitingPod, failure: _Failure) -> None:
        """Give a pod back to the queue, and say why."""
        self._queue.add_unschedulable(pod, self._now_ns, failure.plugins)
        self._tell_failure(pod, failure.message)
        condition = Condition("PodScheduled", "False", failure.reason, failure.message)
        self._note_change(pod.object, StatusChange(condition))

    def _note_change(self, obj: ApiObject, change: StatusChange) -> None:
        _, before = self._changes.get(obj.key, (obj, StatusChange()))
        node = before.nominated_node if change.nominated_node is None else change.nominated_node
        self._changes[obj.key] = obj, StatusChange(change.condition or before.condition, node)

    def _note_nominations(self, before: dict[str, str]) -> None:
        """Note the nominations that the last cycle made and took back."""
        now = self._cycle.nominator.nodes
        for name in before | now:
            pod = self._pods.get(PODS.key(*name.split("/")))
            if before.get(name) != now.get(name) and pod is not None:
                self._note_change(pod.object, StatusChange(nominated_node=now.get(name, "")))

    def _evict(self, pod: WaitingPod, preemption: Preemption) -> None:
        """Delete the victims that are not on their way already."""
        table = self._cycle.pods
        victims = [
            self._cache.at(slot)
            for name in preemption.victims
            if (slot := table.slot_of(*name.split("/"))) is not None
        ]
        text = f"{pod.scheduler_name}: preempting to accommodate a higher priority pod"
        condition = Condition("DisruptionTarget", "True", "PreemptionByScheduler", text)
        changes = {
            victim.object.key: (victim.object, StatusChange(condition))
            for victim in victims
            if not self._signatures.of(victim.object).is_deleting
        }
        written = write_statuses(self._client, changes, self._now_ns)
        going = [victim for victim in victims if victim.object.key in written]
        targets = [(*PODS.split_key(victim.object.key), victim.uid) for victim in going]
        outcomes = self._client.batch.delete(PODS, targets)
        message = f"Preempted by pod {pod.uid} on node {preemption.nominated_node}"
        told = EventText(NORMAL, "Preempted", message, "Preempting")
        for victim, (namespace, name, uid), outcome in zip(going, targets, outcomes, strict=True):
            if isinstance(outcome, StatusError):
                continue
            regarding = Reference(PODS, namespace, name, uid)
            self._recorders[pod.scheduler_name].record(regarding, told, victim.object.revision)


def _note(message: str) -> str:
    """Return a message as an event takes it."""
    data = message.encode()
    if len(data) <= _NOTE_BYTES_MAX:
        return message
    return data[: _NOTE_BYTES_MAX - len(_CUT)].decode(errors="ignore") + _CUT
