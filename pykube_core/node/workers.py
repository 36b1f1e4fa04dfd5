"""How a pod gets on: from its admission through its containers' starts and ends to its own end.

Everything here is memory; what a pod has come to is written by the kubelet.

Source: ``k8s.io/kubernetes/pkg/kubelet/kubelet.go`` (SyncPod, SyncTerminatingPod) and
``active_deadline.go`` v1.34. Differences: a sandbox takes no time to make; a pod that waits for its
node's network tells NetworkNotReady once, not anew each second.
"""

from __future__ import annotations

import hashlib
from typing import Final

from pykube_core.api.machinery.objects import DONE_PHASES
from pykube_core.api.machinery.times import NANO, time_text
from pykube_core.client.recorder import NORMAL, WARNING, EventRecorder, EventText
from pykube_core.node.admission import Node
from pykube_core.node.containers import Containers
from pykube_core.node.heartbeats import NodeStatuses
from pykube_core.node.network import NOT_READY_MESSAGE, NetworkError, PodNetwork
from pykube_core.node.pods import RUNNING, Pod, Template
from pykube_core.node.runtime import Runtime
from pykube_core.node.statuses import phase_of

_RETRY_NS: Final = 10 * NANO
_SCHEDULED: Final = b',{"type":"PodScheduled"'
_DEADLINE_REASON: Final = "DeadlineExceeded"
_DEADLINE_TEXT: Final = "Pod was active on the node longer than the specified deadline"


class PodWorkers:
    """Brings pods forward.

    Parameters
    ----------
    runtime : Runtime
    network : PodNetwork
    recorder : EventRecorder
        Where events are told.
    nodes : NodeStatuses
        Where it is told that a node has another image.
    """

    def __init__(
        self,
        runtime: Runtime,
        network: PodNetwork,
        recorder: EventRecorder,
        nodes: NodeStatuses,
    ) -> None:
        self._containers = Containers(runtime, recorder, nodes)
        self._bring = self._containers.bring
        self._network = network
        self._recorder = recorder
        self._now_ns, self._now = -1, ""

    def advance(self, pod: Pod, node: Node, now_ns: int) -> None:
        """Bring a pod to where it is now; say what is to be written and when it goes on."""
        pod.due_ns = 0
        if pod.finished:
            return
        if not pod.admitted and not pod.stopping and not self._admit(pod, node, now_ns):
            return
        if not pod.stopping:
            if not pod.template.simple:
                self._run(pod, node, now_ns)
            elif pod.sandbox or self._make_sandbox(pod, node, now_ns):
                c = pod.containers[0]
                self._bring(pod, node, c, now_ns)
                if c.ended is None and c.last is None:  # Which is most of all cases.
                    pod.due_ns = c.due_ns
                    if c.stage == RUNNING:
                        pod.phase = "Running"
                    return
        if not pod.stopping:
            phase = phase_of(pod)
            if phase in DONE_PHASES:
                self._end(pod, phase, now_ns)
            else:
                pod.phase = phase
        if pod.stopping:
            self._stop(pod, node, now_ns)
        for container in pod.containers:
            due_ns = container.due_ns
            if due_ns and (not pod.due_ns or due_ns < pod.due_ns):
                pod.due_ns = due_ns

    def begin_deletion(self, pod: Pod, grace_seconds: int, now_ns: int) -> None:
        """Tell a pod that it is being deleted; the time that it has can only become shorter."""
        deadline_ns = now_ns + grace_seconds * NANO
        if not pod.deleting or deadline_ns < pod.deadline_ns:
            pod.deleting = pod.stopping = True
            pod.deadline_ns = deadline_ns

    def replace(self, pod: Pod, template: Template, now_ns: int) -> None:
        """Go on with a changed spec: containers of another image are started again."""
        pod.template = template
        for container, share in zip(pod.containers, template.shares, strict=True):
            if container.share.spec.image != share.spec.image:
                self._containers.replace(pod, container, now_ns)
            container.share = share

    def forget(self, pod: Pod, node: Node, now_ns: int) -> None:
        """Let go of a pod that the API does not have any more."""
        for container in pod.containers:
            self._containers.lose(pod, container, now_ns)
        if not pod.finished:
            self._release(pod, node)
        pod.finished = pod.gone = True

    def resume_timer(self, pod: Pod, now_ns: int) -> None:
        """Set what happens next to the containers of a pod that was read back."""
        for container in pod.containers:
            if container.stage == RUNNING:
                self._containers.resume_timer(pod, container, now_ns)

    def crash(self, pod: Pod, now_ns: int) -> None:
        """Let the containers of a pod end now of which the runtime was told so."""
        for container in pod.containers:
            self._containers.crash(pod, container, now_ns)

    def _admit(self, pod: Pod, node: Node, now_ns: int) -> bool:
        template = pod.template
        if now_ns != self._now_ns:
            self._now_ns, self._now = now_ns, time_text(now_ns)
        pod.start, pod.start_ns, pod.stale = self._now, now_ns, True
        refusal = node.refusal(template, static=pod.static)
        if refusal is not None:
            self._event(pod, WARNING, refusal.reason, refusal.message)
            pod.phase, pod.reason = "Failed", refusal.reason
            pod.message = f"Pod was rejected: {refusal.message}"
            pod.finished = True
            return False
        pod.admitted = True
        node.take(template)
        if _SCHEDULED not in pod.others:
            since = b',"status":"True","lastProbeTime":null,"lastTransitionTime":"%b"}'
            observed = b',"observedGeneration":%d' % pod.generation if pod.generation else b""
            pod.others += _SCHEDULED + observed + since % self._now.encode()
        return True

    def _run(self, pod: Pod, node: Node, now_ns: int) -> None:
        limit = pod.template.view.spec.activeDeadlineSeconds
        if limit is not None:
            deadline_ns = pod.start_ns + limit * NANO
            if now_ns >= deadline_ns:
                self._event(pod, NORMAL, _DEADLINE_REASON, _DEADLINE_TEXT)
                pod.overdue = True
                self._end(pod, "Failed", now_ns)
                return
            pod.due_ns = deadline_ns
        if not pod.sandbox and not self._make_sandbox(pod, node, now_ns):
            return
        for c in pod.containers:
            self._bring(pod, node, c, now_ns)
            if c.share.init and (c.ended is None or c.ended.exitCode):
                return
            if c.share.sidecar and not (c.started or c.attempt):
                return

    def _make_sandbox(self, pod: Pod, node: Node, now_ns: int) -> bool:
        """Give a pod its network; it waits where there is none."""
        if pod.template.host_network:
            pod.address = node.address
        elif not node.network_up:
            if pod.obj.key not in node.waiting:
                node.waiting[pod.obj.key] = None
                text = f"network is not ready: {NOT_READY_MESSAGE}"
                self._event(pod, WARNING, "NetworkNotReady", text)
            return False
        else:
            try:
                pod.address = self._network.reserve(node.pod_cidr)
            except NetworkError as error:
                self._tell_no_sandbox(pod, error, now_ns)
                retry_ns = now_ns + _RETRY_NS
                pod.due_ns = min(pod.due_ns, retry_ns) if pod.due_ns else retry_ns
                return False
        pod.sandbox = pod.stale = True
        return True

    def _tell_no_sandbox(self, pod: Pod, error: NetworkError, now_ns: int) -> None:
        plugin = "flannel" if self._network.needs_agent else "bridge"
        sandbox = hashlib.sha256(f"{pod.uid}/{now_ns}".encode()).hexdigest()
        text = (
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network"
            f' for sandbox "{sandbox}": plugin type="{plugin}" failed (add): failed to allocate '
            f"for range 0: {error}"
        )
        self._event(pod, WARNING, "FailedCreatePodSandBox", text)

    @staticmethod
    def _end(pod: Pod, phase: str, now_ns: int) -> None:
        """Let a pod end, in this phase."""
        grace = pod.template.view.spec.terminationGracePeriodSeconds
        pod.final, pod.stopping, pod.deadline_ns = phase, True, now_ns + grace * NANO

    def _stop(self, pod: Pod, node: Node, now_ns: int) -> None:
        """Stop a pod's containers; when all have ended, it has, too."""
        pod.due_ns = 0
        for container in pod.containers:
            self._containers.stop(pod, container, now_ns)
        if any(c.stage == RUNNING for c in pod.containers):
            return
        ends = [c.ended for c in pod.containers if not c.share.init and not c.share.sidecar]
        failed = any(how is None or how.exitCode for how in ends)
        pod.phase = pod.final or ("Failed" if failed else "Succeeded")
        if pod.overdue:
            pod.reason, pod.message = _DEADLINE_REASON, _DEADLINE_TEXT
        self._release(pod, node)
        pod.finished = pod.stale = True

    def _release(self, pod: Pod, node: Node) -> None:
        """Give back what a pod had of its node."""
        node.waiting.pop(pod.obj.key, None)
        if pod.admitted:
            node.give_back(pod.template)
        if pod.sandbox and not pod.template.host_network:
            self._network.release(node.pod_cidr, pod.address)
        pod.sandbox = False

    def _event(self, pod: Pod, type: str, reason: str, message: str) -> None:
        text = EventText(type, reason, message)
        self._recorder.record(pod.about, text, pod.revision, pod.node)
