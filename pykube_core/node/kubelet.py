"""The kubelets of all nodes, as one component.

Source: ``k8s.io/kubernetes/pkg/kubelet/kubelet.go`` and ``status/status_manager.go`` v1.34. The
differences are named in the modules of this package.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from pykube_core.api.core import NODES, PODS
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.status import StatusError
from pykube_core.client import Client
from pykube_core.client.informers import (
    Change,
    Created,
    Deleted,
    Housekeeping,
    SharedInformer,
    Updated,
)
from pykube_core.client.recorder import EventRecorder
from pykube_core.node.admission import Node, NodeView
from pykube_core.node.fresh import FreshPods
from pykube_core.node.heartbeats import Leases, NodeStatuses
from pykube_core.node.network import PodNetwork
from pykube_core.node.pods import (
    RUNNING,
    Container,
    Pod,
    Template,
    is_new,
    is_overruled,
    other_conditions,
    resumed_pod,
)
from pykube_core.node.runtime import Runtime
from pykube_core.node.static_pods import StaticPods
from pykube_core.node.statuses import status_of
from pykube_core.node.views import PodView
from pykube_core.node.workers import PodWorkers
from pykube_core.objects import ApiObject, Body

_UNREADABLE: Final = (msgspec.DecodeError, ValueError)
"""Errors of statuses that others wrote, where a container has no name or no time."""
PODS_A_STEP: Final = 4096
"""So many pods are brought forward before others read what was written about them."""


class _Spec(msgspec.Struct, gc=False):
    nodeName: str = ""


class _NodeName(msgspec.Struct, gc=False):
    spec: _Spec


class Kubelet:
    """The kubelets of all nodes that the API server knows: a component over the log.

    Parameters
    ----------
    client : Client
        Where it writes.
    log : SharedInformer
        The log that it reads.
    runtime : Runtime
        The containers of all nodes.
    network : PodNetwork
        Where addresses come from.
    static_pods : mapping of str to sequence of dict
        By node, pods that its kubelet runs without being told by the API client.
    """

    name = "kubelet"

    def __init__(
        self,
        client: Client,
        log: SharedInformer,
        *,
        runtime: Runtime,
        network: PodNetwork,
        static_pods: Mapping[str, Sequence[KubeObject]] | None = None,
    ) -> None:
        self._client = client
        self._log = log
        self.cursor = log.cursor(NODES, PODS)
        self._runtime = runtime
        self._network = network
        self._recorder = EventRecorder(client, self.name)
        self._leases = Leases(client)
        self._statuses = NodeStatuses(client, self._recorder)
        self._workers = PodWorkers(runtime, network, self._recorder, self._statuses)
        self._static = StaticPods(client, log, static_pods or {}, self._template)
        self._nodes: dict[str, Node] = {}
        self._stopped: dict[str, None] = {}
        self._pods: dict[bytes, Pod] = {}
        self._waiting_for_node: dict[str, dict[bytes, None]] = {}
        self._fresh = FreshPods()
        # The last body without a node: its copies have none either.
        self._unbound: Body | None = None
        self._due: dict[int, list[Pod]] = {}
        self._times: list[int] = []
        self._active: list[Pod] = []
        runtime.attach(self._wake)

    def stop(self, node: str) -> None:
        """Stop a node's kubelet: its containers run on, and nobody tells of them or of it."""
        self._stopped[node] = None
        held = self._nodes.pop(node, None)
        if held is not None:
            self._leases.remove(node)
            self._statuses.remove(node)
            for key, pod in self._pods_of(node):
                pod.gone = True
                del self._pods[key]
                self._waiting_for_node.setdefault(node, {})[key] = None

    def start(self, node: str) -> None:
        """Start a node's kubelet again; it goes on from what the log says."""
        if self._stopped.pop(node, "") is None:
            obj = self._log.get(NODES, node)
            if obj is not None:
                self.cursor.changes.append(Created(obj))

    def step(self, now_ns: int) -> int | None:
        """Bring pods forward that something happened to, or whose time has come.

        More than `PODS_A_STEP` take several steps, so that what others have to read of them, and
        what is about to be written, stays small.
        """
        pods = self._pods
        for change in self.cursor.read():
            obj = change.object
            if obj.resource is not PODS:
                with suppress(*_UNREADABLE):
                    self._note_node(change, now_ns)
                continue
            pod = pods.get(obj.key)
            if type(change) is Deleted:
                if pod is not None and obj.revision >= pod.revision:
                    self._lose_pod(pod, obj.key, now_ns)
            elif pod is None:
                if obj.body is not self._unbound:
                    self._note_new(obj, now_ns)
            elif type(change) is Updated and change.old is obj:
                self._workers.crash(pod, now_ns)
                self._activate(pod)
            elif obj.revision == pod.revision:
                pod.obj = obj  # Its own write: the log's copy is enough.
            elif obj.revision > pod.revision:
                self._note_known(pod, obj, now_ns)
        self._collect_due(now_ns)
        room = PODS_A_STEP
        while self._active and room:
            active, self._active = self._active[:room], self._active[room:]
            room -= len(active)
            self._write_statuses(self._advance(active, now_ns), now_ns)
        self._write_statuses(self._static.step(now_ns), now_ns)
        self._statuses.step(now_ns)
        self._leases.step(now_ns)
        self._recorder.flush(now_ns)
        return now_ns if self._active else self._next_ns()

    def _next_ns(self) -> int | None:
        times = self._times
        while times and not self._waits(times[0]):
            self._due.pop(heapq.heappop(times), None)
        found = [times[0]] if times else []
        found += [self._static.due_ns] if self._static.due_ns else []
        beats = [due_ns for due_ns in (self._leases.due_ns, self._statuses.due_ns) if due_ns]
        if found:
            return min(found + beats)
        return Housekeeping(min(beats)) if beats else None

    def _waits(self, time_ns: int) -> bool:
        """Say whether anybody still waits for a time."""
        return any(pod.due_ns == time_ns and not pod.gone for pod in self._due.get(time_ns, ()))

    def _wake(self, namespace: str, name: str) -> None:
        """Look at a pod in the next step, because one of its containers is to end."""
        obj = self._log.get(PODS, name, namespace)
        if obj is not None:
            self.cursor.changes.append(Updated(obj, obj))

    def _collect_due(self, now_ns: int) -> None:
        times = self._times
        while times and times[0] <= now_ns:
            time_ns = heapq.heappop(times)
            for pod in self._due.pop(time_ns, ()):
                if pod.due_ns == time_ns and not pod.gone:
                    pod.due_ns = 0
                    self._activate(pod)

    def _activate(self, pod: Pod) -> None:
        """Let a pod be brought forward in this step."""
        if not pod.active:
            pod.active = True
            self._active.append(pod)

    def _pods_of(self, node: str) -> list[tuple[bytes, Pod]]:
        """Return the pods of a node, by key. O(pods)."""
        return [(key, pod) for key, pod in self._pods.items() if pod.node == node]

    def _advance(self, pods: list[Pod], now_ns: int) -> list[Pod]:
        """Bring pods forward; return those whose statuses are to be written."""
        due, advance = self._due, self._workers.advance
        stale = []
        for pod in pods:
            if pod.gone:
                continue
            node, planned_ns = pod.host, pod.due_ns
            pod.active = False
            advance(pod, node, now_ns)
            due_ns = pod.due_ns
            if due_ns and due_ns != planned_ns:
                bucket = due.get(due_ns)
                if bucket is None:
                    due[due_ns] = [pod]
                    heapq.heappush(self._times, due_ns)
                else:
                    bucket.append(pod)
            if pod.template.is_agent and not node.agent_runs:
                self._look_at_agent(pod, node)
            if pod.stale or (pod.deleting and pod.finished):
                stale.append(pod)
        return stale

    def _look_at_agent(self, pod: Pod, node: Node) -> None:
        """Note that the agent of a node's network runs there."""
        if pod.containers[pod.template.init_count].stage == RUNNING:
            node.agent_runs = True
            self._look_at_network(node)

    def _look_at_network(self, node: Node) -> None:
        """Let the network of a node come up, and its pods begin, once its agent runs there."""
        if node.network_up or not node.pod_cidr:
            return
        if self._network.needs_agent and not node.agent_runs:
            return
        node.network_up = True
        self._statuses.report_now(node)
        for key in node.waiting:
            self._activate(self._pods[key])
        node.waiting.clear()

    def _note_node(self, change: Change, now_ns: int) -> None:
        obj = change.object
        name = obj.name
        node = self._nodes.get(name)
        if type(change) is Deleted:
            if node is not None:
                self._drop_node(node, now_ns)
            return
        if name in self._stopped:
            return
        if node is None:
            self._take_node(obj, now_ns)
            return
        if obj.revision <= node.obj.revision:
            return
        view = obj.view(NodeView)
        if view.metadata.uid != node.uid:
            self._drop_node(node, now_ns)
            self._take_node(obj, now_ns)
            return
        node.read(obj, view)
        ready = next((c.status for c in view.status.conditions if c.type == "Ready"), "")
        if ready != ("True" if node.network_up else "False"):
            self._statuses.report_now(node)
        self._look_at_network(node)

    def _take_node(self, obj: ApiObject, now_ns: int) -> None:
        """Run a node that is new here, with the pods that wait for it."""
        node = Node(obj)
        view = obj.view(NodeView)
        self._nodes[node.name] = node
        node.agent_runs = any(
            c.type == "Ready" and c.status == "True" for c in view.status.conditions
        )
        node.network_up = bool(node.pod_cidr) and (node.agent_runs or not self._network.needs_agent)
        self._statuses.add(node, view)
        self._leases.add(node.name, node.uid)
        for pod in self._static.of(node, now_ns):
            self._place(pod, node, now_ns)
        for key in self._waiting_for_node.pop(node.name, ()):
            namespace, name = PODS.split_key(key)
            pod_obj = self._log.get(PODS, name, namespace)
            if pod_obj is not None and key not in self._pods:
                self._note_new(pod_obj, now_ns)

    def _drop_node(self, node: Node, now_ns: int) -> None:
        """Run a node no more that the API does not have; its pods end with it."""
        del self._nodes[node.name]
        self._leases.remove(node.name)
        self._statuses.remove(node.name)
        for key, pod in self._pods_of(node.name):
            self._workers.forget(pod, node, now_ns)
            del self._pods[key]
            self._waiting_for_node.setdefault(node.name, {})[key] = None

    def _note_new(self, obj: ApiObject, now_ns: int) -> None:
        """Take on a pod if it has a node, and that is one of ours."""
        pod = self._fresh.pod(obj, self._nodes)
        if pod is not None:
            self._pods[obj.key] = pod
            self._activate(pod)
            return
        if not (obj.bound_to or obj.body.view(_NodeName).spec.nodeName):
            self._unbound = obj.body
        else:
            with suppress(*_UNREADABLE):
                self._take_pod(obj, now_ns)

    def _take_pod(self, obj: ApiObject, now_ns: int) -> None:
        """Go on with a pod where its status says that it is."""
        view = obj.view(PodView)
        node = self._nodes.get(view.spec.nodeName)
        if self._static.is_orphan(obj.key, view):
            return
        if node is None:
            if view.spec.nodeName:
                self._waiting_for_node.setdefault(view.spec.nodeName, {})[obj.key] = None
            return
        template = self._template(obj, view)
        pod = resumed_pod(obj, view.metadata.uid, node, template, view)
        if not (pod.start or view.metadata.deletionTimestamp) and is_new(pod):
            self._fresh.add(obj, template)
        self._place(pod, node, now_ns)
        if view.metadata.deletionTimestamp:
            self._workers.begin_deletion(pod, view.metadata.deletionGracePeriodSeconds, now_ns)

    def _template(self, obj: ApiObject, view: PodView) -> Template:
        agent = self._network.is_agent(view.metadata.namespace, view.metadata.labels)
        return Template(view, obj.body.spec, is_agent=agent)

    def _place(self, pod: Pod, node: Node, now_ns: int) -> None:
        """Put a pod on its node, with all that it holds there already."""
        key = pod.obj.key
        self._pods[key] = pod
        self._activate(pod)
        if pod.admitted and pod.address and not pod.template.host_network:
            self._network.hold(node.pod_cidr, pod.address, pod.start_ns, in_use=pod.sandbox)
        if not pod.admitted:
            return
        for container in pod.containers:
            if container.ended or container.last or container.stage == RUNNING:
                self._remember_image(node, container, now_ns)
        if pod.finished:
            return
        node.take(pod.template)
        self._workers.resume_timer(pod, now_ns)
        if pod.template.is_agent:
            self._look_at_agent(pod, node)

    def _remember_image(self, node: Node, container: Container, now_ns: int) -> None:
        """Take an image for present that has run on a node."""
        share = container.share
        if share.image not in node.images:
            node.has_image(share, now_ns, self._runtime.behavior(share.spec.image).size_bytes)
            self._statuses.changed(node, now_ns)

    def _lose_pod(self, pod: Pod, key: bytes, now_ns: int) -> None:
        """Take note that the API has a pod no more."""
        if pod.static:
            self._static.lose_mirror(pod)
            return
        self._workers.forget(pod, pod.host, now_ns)
        del self._pods[key]

    def _note_known(self, pod: Pod, obj: ApiObject, now_ns: int) -> None:
        """Take over from a newer state of a pod what others wrote."""
        try:
            view = obj.view(PodView)
        except _UNREADABLE:
            return
        if view.metadata.uid != pod.mirror_uid:
            self._workers.forget(pod, pod.host, now_ns)
            del self._pods[obj.key]
            self._note_new(obj, now_ns)
            return
        pod.obj, pod.revision = obj, obj.revision
        pod.others = other_conditions(view.status.conditions)
        if not pod.static:
            pod.generation = view.metadata.generation
        if obj.body.spec != pod.template.spec_json and not pod.static:
            template = self._template(obj, view)
            self._workers.replace(pod, template, now_ns)
        self._activate(pod)
        if pod.static:
            self._static.look_at_mirror(pod, view)
        elif view.metadata.deletionTimestamp:
            self._workers.begin_deletion(pod, view.metadata.deletionGracePeriodSeconds, now_ns)
        if pod.template.gated or is_overruled(view.status.conditions):
            pod.stale = True

    def _write_statuses(self, pods: list[Pod], now_ns: int) -> None:
        """Write the statuses of pods, and delete those that have ended for it."""
        items, written, over = [], [], []
        for pod in pods:
            if pod.stale and pod.revision and (pod.admitted or pod.reason):
                obj = pod.obj
                if obj.revision != pod.revision:
                    # The log lags: of what is there, the body is known.
                    obj = obj.with_status(b"").at(pod.revision)
                items.append((obj, status_of(pod, now_ns)))
                written.append(pod)
            if pod.deleting and pod.finished:
                over.append(pod)
        if items:
            outcomes = self._client.batch.patch_status(PODS, items)
            for pod, outcome in zip(written, outcomes, strict=True):
                if not isinstance(outcome, StatusError):
                    pod.revision, pod.stale = outcome, False
                elif outcome.code != 409:
                    pod.stale = False  # Refused for good. After a 409 what came between is news.
        if over:
            targets = [(pod.namespace, pod.name, pod.mirror_uid) for pod in over]
            self._client.batch.delete(PODS, targets, grace_period_seconds=0)
