"""kube-scheduler as a component of the cluster.

::

    log -> nodes and assigned pods -> engine        pending pods -> queue
                                        ^                             |
                                        |  assumed        all active, | in the queue's order
                                        +----- schedule loop <--------+
                                                    |
              bindings, events, conditions, evictions, nominations -> API server

Each step reads the log, lets the queue's time pass, and tries every active pod once. Runs of pods
that the engine alone decides about go to it in one call, which ends at the first that fits
nowhere; so the outcome is that of one pod after the other. A step's writes are news of the next.

Source: kubernetes v1.34.1, pkg/scheduler/eventhandlers.go and schedule_one.go. Differences: within
a step nothing but the scheduler's own assumptions changes, where upstream's informers come between
any two pods; victims are deleted within the step, so that DefaultPreemption's PreEnqueue, which
holds a pod back while these requests are under way, never has anything to do.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Final

import msgspec

from pykube_core.api.core import NAMESPACES, NODES, PODS
from pykube_core.api.machinery.objects import KubeObject, namespace_of
from pykube_core.client import Client
from pykube_core.client.informers import (
    Change,
    Created,
    Deleted,
    Housekeeping,
    SharedInformer,
    Updated,
)
from pykube_core.objects import ApiObject
from pykube_core.scheduler.component.schedule_loop import ScheduleLoop, WaitingPod
from pykube_core.scheduler.component.scheduler_cache import AssignedPod, SchedulerCache
from pykube_core.scheduler.component.signatures import PodSignatures
from pykube_core.scheduler.config import SchedulerConfiguration, default_configuration
from pykube_core.scheduler.cycle.cycle import SchedulingCycle
from pykube_core.scheduler.placer.scheduler import Scheduler, TieBreak
from pykube_core.scheduler.plugins.inter_pod_affinity import pod_match
from pykube_core.scheduler.policies import Policy
from pykube_core.scheduler.queue.build import build_queue
from pykube_core.scheduler.queue.events import (
    ASSIGNED_POD_ADD,
    ASSIGNED_POD_DELETE,
    NODE_ADD,
    NODE_DELETE,
    ActionType,
    ClusterEvent,
    node_update_events,
    pod_update_events,
)
from pykube_core.scheduler.queue.pools import QueuedPod
from pykube_core.scheduler.tables.matchers import MatcherTable

_ASSIGNED_POD_UPDATE: Final = ClusterEvent("AssignedPod", ActionType.UPDATE)
_UNSCHEDULABLE_POD_UPDATE: Final = ClusterEvent("UnschedulablePod", ActionType.UPDATE)
# Plural names of the API by those of Listers: what default constraints and preemption read.
_LISTED: Final = {
    "services": "services",
    "replicasets": "replicaSets",
    "statefulsets": "statefulSets",
    "replicationcontrollers": "replicationControllers",
    "poddisruptionbudgets": "podDisruptionBudgets",
}


class _NodeCondition(msgspec.Struct, gc=False):
    type: str = ""
    status: str = ""


class _NodeStatus(msgspec.Struct, gc=False):
    allocatable: msgspec.Raw = msgspec.Raw(b"")
    images: msgspec.Raw = msgspec.Raw(b"")
    conditions: list[_NodeCondition] = []


_NODE_STATUS: Final = msgspec.json.Decoder(_NodeStatus)


class _NamespaceMetadata(msgspec.Struct, gc=False):
    labels: dict[str, str] = {}


class _NamespaceView(msgspec.Struct, gc=False):
    metadata: _NamespaceMetadata


class SchedulerComponent:
    """kube-scheduler: a component over the log.

    Parameters
    ----------
    client : Client
        Where it writes.
    log : SharedInformer
        The log that it reads.
    configuration : SchedulerConfiguration, optional
        kube-scheduler's defaults without it.
    policy : Policy, optional
        Decides in place of the configuration's profile of the same scheduler name.
    tie_break : str
        As for `Scheduler`; other than ``random``, preemption leaves nothing to chance either.
    seed : int
        Of all that is left to chance.
    instance : str
        Its name in events.
    start_ns : int
        The time; intervals of the queue count from it.
    """

    name = "kube-scheduler"

    def __init__(
        self,
        client: Client,
        log: SharedInformer,
        *,
        configuration: SchedulerConfiguration | None = None,
        policy: Policy | None = None,
        tie_break: TieBreak = "random",
        seed: int = 0,
        instance: str = "default-scheduler-kube-scheduler",
        start_ns: int = 0,
    ) -> None:
        configuration = _with_policy(configuration or default_configuration(), policy)
        policies = [
            replace(policy, others=())
            if policy is not None and policy.profile is profile
            else Policy(profile.scheduler_name, "", profile)
            for profile in configuration.profiles
        ]
        self._log = log
        listed = [r for r in client.registry.kept if r.plural in _LISTED]
        self.cursor = log.cursor(NAMESPACES, *listed, NODES, PODS, every_version=True)
        self._scheduler = Scheduler(
            [], policies[0], more_policies=policies[1:], tie_break=tie_break, seed=seed
        )
        for profile in configuration.profiles:
            own = profile.percentage_of_nodes_to_score
            percentage = configuration.percentage_of_nodes_to_score if own is None else own
            self._scheduler.set_percentage(profile.scheduler_name, percentage)
        draw = random.Random(seed).randrange if tie_break == "random" else None
        self._cycle = SchedulingCycle(self._scheduler, draw, evict=False)
        self._cache = SchedulerCache(self._scheduler, self._cycle)
        self._signatures = PodSignatures(self._scheduler)
        self._queue = build_queue(configuration, start_ns=start_ns)
        self._profiles = frozenset(profile.scheduler_name for profile in configuration.profiles)
        self._pods: dict[bytes, WaitingPod | AssignedPod] = {}
        self._schedule_loop = ScheduleLoop(
            client, self._scheduler, self._cycle, self._cache, self._signatures, self._queue,
            self._pods, self._profiles, instance,
        )  # fmt: skip
        self._now_ns = start_ns

    def close(self) -> None:
        """Free the engine; a second call does nothing."""
        self._scheduler.close()

    def step(self, now_ns: int) -> int | None:
        """Take what is new, and try every pod whose turn it is."""
        self._now_ns = now_ns
        for change in self.cursor.read():
            resource = change.object.resource
            if resource is PODS:
                self._note_pod(change)
            elif resource is NODES:
                self._note_node(change)
            elif resource is NAMESPACES:
                self._note_namespace(change)
            else:
                self._note_listed(change)
        self._cache.settle()
        self._queue.tick(now_ns)
        self._schedule_loop.run(now_ns)
        again_ns = self._queue.next_wakeup_ns()
        # A pod that is left in the unschedulable pool is tried again for ever, each five minutes.
        return again_ns if again_ns is None or self._queue.has_backoff else Housekeeping(again_ns)

    # -- what plugins read beside pods and nodes -----------------------------------------------

    def _note_namespace(self, change: Change) -> None:
        obj = change.object
        labels = None if type(change) is Deleted else obj.view(_NamespaceView).metadata.labels
        self._scheduler.context.matchers.set_namespace(obj.name, labels)
        self._cache.version += 1

    def _note_listed(self, change: Change) -> None:
        obj = change.object
        plural = obj.resource.plural
        if type(change) is Updated and plural != "poddisruptionbudgets":
            if change.old.body.spec == obj.body.spec:
                return
        listers = self._scheduler.context.listers
        if type(change) is Deleted:
            listers.delete(_LISTED[plural], obj.decode())
        else:
            listers.set(_LISTED[plural], obj.decode())
        self._signatures.forget()
        self._cache.version += 1

    # -- nodes -------------------------------------------------------------------------------

    def _note_node(self, change: Change) -> None:
        obj = change.object
        if type(change) is Created:
            node = obj.decode()
            self._cache.add_node(node)
            self._tell(NODE_ADD, None, node)
        elif type(change) is Deleted:
            self._tell(NODE_DELETE, obj.decode(), None)
            self._cache.remove_node(obj.name)
        elif not _is_heartbeat(change):
            after = obj.decode()
            self._cache.update_node(after)
            if self._queue.has_unschedulable:
                before = change.old.decode()
                for event in node_update_events(before, after):
                    self._tell(event, before, after)

    def _tell(self, event: ClusterEvent, old: KubeObject | None, new: KubeObject | None) -> None:
        self._queue.move_all(event, old, new, self._now_ns)

    # -- pods --------------------------------------------------------------------------------

    def _note_pod(self, change: Change) -> None:
        obj = change.object
        held = self._pods.get(obj.key)
        if type(change) is Deleted:
            self._lose_pod(held, obj)
        elif not isinstance(held, AssignedPod):
            self._note_unassigned(held, change)
        elif obj.revision < held.object.revision:
            # It changed just before it was bound: it is on its node as it is now.
            self._update_assigned(held, Updated(obj, held.object))
        elif type(change) is Updated:
            if obj.revision > held.object.revision:
                self._update_assigned(held, change)
            else:
                self._tell_pod(ASSIGNED_POD_ADD, None, obj)

    def _note_unassigned(self, held: WaitingPod | None, change: Created | Updated) -> None:
        """Take a change of a pod that had no node, as far as is known here."""
        new = change.object
        name, uid, signature = new.name, new.uid, self._signatures.of(new)
        if signature.is_done:
            self._lose_pod(held, change.old if type(change) is Updated else new)
        elif signature.node:
            if held is not None:
                self._drop_waiting(held)
            full_name, index = (
                f"{signature.namespace}/{name}",
                self._signatures.class_of(new, signature).index,
            )
            pod = AssignedPod(full_name, uid, signature.node, index, new, signature.is_sized)
            self._pods[new.key] = pod
            self._cache.add_pod(pod)
            self._tell_pod(ASSIGNED_POD_ADD, None, new)
        elif type(change) is Updated and held is not None:
            self._update_waiting(held, change)
        elif signature.scheduler_name in self._profiles:
            waiting = self._pods[new.key] = WaitingPod(
                f"{signature.namespace}/{name}",
                signature.priority,
                new,
                uid,
                signature.scheduler_name,
                name=name,
                object=new,
                signature=signature,
            )
            self._queue.add(waiting, self._now_ns)
            if signature.nominated_node or self._cycle.nominator.nodes:
                self._nominate(waiting)

    def _lose_pod(self, held: WaitingPod | AssignedPod | None, last: ApiObject) -> None:
        """Forget a pod that was deleted or has ended; ``last`` is its last state before that."""
        if held is None:
            return
        del self._pods[last.key]
        if isinstance(held, AssignedPod):
            self._cache.remove_pod(held)
            self._tell_pod(ASSIGNED_POD_DELETE, last, None)
            return
        self._drop_waiting(held)
        if held.signature.nominated_node:
            self._tell_unnominated(held, last)

    def _drop_waiting(self, held: WaitingPod) -> None:
        self._queue.delete(held.key)
        if held.key in self._cycle.nominator.nodes:
            self._cycle.nominator.clear(held.pod)
            self._cache.version += 1

    def _tell_unnominated(self, held: WaitingPod, old: ApiObject) -> None:
        """Room that was kept for a pod is free for those of no higher priority."""
        if self._queue.concerns(ASSIGNED_POD_DELETE):
            priority = held.priority
            self._queue.move_all(
                ASSIGNED_POD_DELETE,
                old.decode(),
                None,
                self._now_ns,
                lambda queued: queued.priority <= priority,
            )

    def _update_waiting(self, held: WaitingPod, change: Updated) -> None:
        new = change.object
        before, signature = held.signature, self._signatures.of(new)
        held.take(new, signature)
        if self._queue.get(held.key) is None:
            # It was left out because it is being deleted; it is looked at again, as upstream does.
            self._queue.add(held, self._now_ns)
        elif (
            not change.is_status_alone
            or before.is_sized
            or signature.is_sized
            or self._queue.concerns(_UNSCHEDULABLE_POD_UPDATE)
        ):
            self._queue.update(change.old.decode(), new.decode(), self._now_ns)
        if signature.nominated_node == before.nominated_node:
            return
        self._nominate(held)
        if before.nominated_node:
            self._tell_unnominated(held, change.old)

    def _nominate(self, held: WaitingPod) -> None:
        """Keep room for a pod where its status says."""
        node = held.signature.nominated_node
        if node == self._cycle.nominator.nodes.get(held.key, ""):
            return
        self._cache.settle()
        self._cache.version += 1
        if node:
            self._cycle.nominator.nominate(held.pod, node)
        else:
            self._cycle.nominator.clear(held.pod)

    def _update_assigned(self, held: AssignedPod, change: Updated) -> None:
        """Take a change of a pod on a node; most change nothing but the status."""
        old, new = change.old, change.object
        is_done, is_sized = self._signatures.read_status(new)
        if is_done:
            self._lose_pod(held, old)
            return
        was_sized, held.is_sized = held.is_sized, is_sized
        if change.is_status_alone and not (was_sized or is_sized):
            self._cache.update_pod(held, new)
            if self._queue.concerns(_ASSIGNED_POD_UPDATE):
                self._tell_update(old, new)
            return
        index = self._signatures.read_class(new).index
        if index != held.class_index:
            self._cache.remove_pod(held)
            held = AssignedPod(held.name, held.uid, held.node, index, new, held.is_sized)
            self._pods[new.key] = held
            self._cache.add_pod(held)
        else:
            self._cache.update_pod(held, new)
        self._tell_update(old, new)

    def _tell_update(self, old: ApiObject, new: ApiObject) -> None:
        if not self._queue.has_unschedulable:
            return
        before, after = old.decode(), new.decode()
        for event in pod_update_events(before, after):
            crossing = None if event.action & ActionType.UPDATE_POD_SCALE_DOWN else after
            self._move(event, before, after, crossing)

    def _tell_pod(self, event: ClusterEvent, old: ApiObject | None, new: ApiObject | None) -> None:
        if self._queue.concerns(event):
            before = None if old is None else old.decode()
            after = None if new is None else new.decode()
            self._move(event, before, after, after)

    def _move(
        self,
        event: ClusterEvent,
        old: KubeObject | None,
        new: KubeObject | None,
        crossing: KubeObject | None,
    ) -> None:
        """Tell the queue; ``crossing`` is a pod that only helps those who look beyond a node."""
        if crossing is None:
            self._queue.move_all(event, old, new, self._now_ns)
            return
        matchers = self._scheduler.context.matchers

        def looks_beyond(queued: QueuedPod) -> bool:
            return crosses(queued, crossing, matchers)

        self._queue.move_all(event, old, new, self._now_ns, looks_beyond)


def crosses(queued: QueuedPod, pod: KubeObject, matchers: MatcherTable) -> bool:
    """Return whether a pod in the queue may care for a pod on some node.

    It was rejected by PodTopologySpread and shares the namespace, or requires such a pod nearby
    (getUnschedulablePodsWithCrossTopologyTerm, pkg/scheduler/backend/queue/scheduling_queue.go).
    """
    other = queued.pod
    namespace = namespace_of(pod)
    if "PodTopologySpread" in queued.unschedulable_plugins and namespace == namespace_of(other):
        return True
    labels = (pod.get("metadata") or {}).get("labels") or {}
    affinity = ((other.get("spec") or {}).get("affinity") or {}).get("podAffinity") or {}
    return any(
        matchers.accepts(pod_match(term, other), namespace, labels)
        for term in affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    )


def _with_policy(
    configuration: SchedulerConfiguration, policy: Policy | None
) -> SchedulerConfiguration:
    if policy is None:
        return configuration
    own = [each.profile for each in (policy, *policy.others)]
    others = [p for p in configuration.profiles if p.scheduler_name not in policy.scheduler_names]
    return replace(configuration, profiles=(*own, *others))


def _is_heartbeat(change: Updated) -> bool:
    """Return whether nothing of a node changed that the scheduler reads."""
    if not change.is_status_alone:
        return False
    return _NODE_STATUS.decode(change.old.status) == _NODE_STATUS.decode(change.object.status)
