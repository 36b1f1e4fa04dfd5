"""How a pod gets on: from its admission through its containers' starts and ends to its own end.

Everything here is memory; what a pod has come to is written by the kubelet.

Source: ``k8s.io/kubernetes/pkg/kubelet/kubelet.go`` (SyncPod, SyncTerminatingPod),
``kuberuntime/kuberuntime_manager.go``, ``kuberuntime_container.go`` and
``images/image_manager.go`` v1.34. Differences: a container that crashes again is in
CrashLoopBackOff at once, without an Error between; probes always succeed; hooks take no time; an
image that is there and has the pull policy Always is pulled in no time.
"""

from __future__ import annotations

import hashlib
from typing import Final

from pykube_core.api.builtin import PODS
from pykube_core.apiserver.lifecycle import NANO, time_text
from pykube_core.apiserver.recorder import NORMAL, WARNING, EventRecorder, Reference
from pykube_core.node import statuses
from pykube_core.node.admission import Node
from pykube_core.node.network import NOT_READY_MESSAGE, NetworkError, PodNetwork
from pykube_core.node.pods import (
    BACK_OFF_MAX_NS,
    BACK_OFF_MIN_NS,
    CRASH_LOOP,
    CRASHED,
    CREATED,
    CREATING,
    ENDED,
    IDLE,
    IMAGE_BACK_OFF,
    PULL_BACK_OFF,
    PULL_FAILED,
    PULLING,
    RUNNING,
    Container,
    Pod,
    go_duration,
)
from pykube_core.node.runtime import Behavior, ContainerEvent, Runtime

_SCHEDULED: Final = b',{"type":"PodScheduled"'
_KILLED: Final = 137
_SYNC_NS: Final = 10 * NANO
_RELIST_NS: Final = NANO
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
    """

    def __init__(self, runtime: Runtime, network: PodNetwork, recorder: EventRecorder) -> None:
        self._runtime = runtime
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
        if pod.stopping:
            self._stop(pod, now_ns)
        else:
            self._run(pod, node, now_ns)
        phase = statuses.phase_of(pod)
        if phase in ("Succeeded", "Failed") and not pod.stopping:
            pod.final = phase
            self._begin_stop(pod, now_ns)
            self._stop(pod, now_ns)
        if pod.stopping:
            self._finish_stopped(pod, node)
        else:
            pod.phase = phase
        for container in pod.containers:
            due_ns = container.due_ns
            if due_ns and (not pod.due_ns or due_ns < pod.due_ns):
                pod.due_ns = due_ns

    def doom(self, pod: Pod, deadline_ns: int) -> None:
        """Tell a pod that it is being deleted, and when what is left is killed."""
        if not pod.doomed or deadline_ns < pod.deadline_ns:
            pod.doomed = pod.stopping = True
            pod.deadline_ns = deadline_ns

    def forget(self, pod: Pod, node: Node, now_ns: int) -> None:
        """Let go of a pod that the API does not have any more."""
        for index, container in enumerate(pod.containers):
            if container.stage == RUNNING:
                self._tell_stop(pod, index)
                self._report_exit(pod, index, now_ns)
        if not pod.finished:
            self._release(pod, node)
        pod.finished = pod.gone = True

    def rearm(self, pod: Pod, now_ns: int) -> None:
        """Set what happens next to the containers of a pod that was read back."""
        for index, container in enumerate(pod.containers):
            if container.stage == RUNNING:
                self._arm(pod, index, self._behavior(pod, index))
                self._report_run(pod, index, now_ns)

    def crash(self, pod: Pod, now_ns: int) -> None:
        """Let containers of a pod end now that are told to."""
        for index, container in enumerate(pod.containers):
            name = pod.template.specs[index].name
            code = self._runtime.take_crash(pod.namespace, pod.name, name)
            if code is not None and container.stage == RUNNING:
                container.exit_ns = container.due_ns = now_ns
                container.exit_code = code

    def _admit(self, pod: Pod, node: Node, now_ns: int) -> bool:
        template = pod.template
        pod.start, pod.start_ns, pod.stale = self._text(now_ns), now_ns, True
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
            pod.others += _SCHEDULED + b',"status":"True","lastTransitionTime":"%b"}' % (
                pod.start.encode()
            )
        return True

    def _run(self, pod: Pod, node: Node, now_ns: int) -> None:
        limit = pod.template.view.spec.activeDeadlineSeconds
        if limit is not None:
            deadline_ns = pod.start_ns + limit * NANO
            if now_ns >= deadline_ns:
                self._event(pod, NORMAL, _DEADLINE_REASON, _DEADLINE_TEXT)
                pod.final, pod.overdue = "Failed", True
                self._begin_stop(pod, now_ns)
                self._stop(pod, now_ns)
                return
            pod.due_ns = deadline_ns
        if not pod.sandbox and not self._make_sandbox(pod, node, now_ns):
            return
        for index, container in enumerate(pod.containers):
            self._bring(pod, node, index, container, now_ns)
            if index < pod.template.init_count and not self._is_past(pod, index):
                return

    @staticmethod
    def _is_past(pod: Pod, index: int) -> bool:
        """Say whether what comes behind an init container may begin."""
        container = pod.containers[index]
        if pod.template.is_sidecar(index):
            return container.started or container.attempt > 0
        return container.ended is not None and container.ended.exitCode == 0

    def _make_sandbox(self, pod: Pod, node: Node, now_ns: int) -> bool:
        """Give a pod its network; it waits where there is none."""
        if pod.template.view.spec.hostNetwork:
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
                plugin = "flannel" if self._network.needs_agent else "bridge"
                sandbox = hashlib.sha256(f"{pod.uid}/{now_ns}".encode()).hexdigest()
                text = (
                    "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to "
                    f'setup network for sandbox "{sandbox}": plugin type="{plugin}" failed (add): '
                    f"failed to allocate for range 0: {error}"
                )
                self._event(pod, WARNING, "FailedCreatePodSandBox", text)
                retry_ns = now_ns + _SYNC_NS
                pod.due_ns = min(pod.due_ns, retry_ns) if pod.due_ns else retry_ns
                return False
        pod.sandbox = pod.stale = True
        return True

    def _bring(self, pod: Pod, node: Node, index: int, c: Container, now_ns: int) -> None:
        """Bring one container to where it is now."""
        while True:
            stage = c.stage
            if stage == ENDED:
                if not self._restart(pod, index, c, now_ns):
                    return
            elif stage == IDLE:
                self._begin(pod, node, index, c, now_ns)
            elif not c.due_ns or c.due_ns > now_ns:
                return
            elif stage == RUNNING:
                self._tick(pod, index, c, now_ns)
            elif stage == PULLING:
                self._pulled(pod, node, index, c, now_ns)
            elif stage == CREATED:
                self._started(pod, index, c, now_ns)
            elif stage == PULL_FAILED:
                self._back_off_pull(pod, index, c, now_ns)
            else:  # A back-off is over.
                if stage == CRASHED:
                    c.back_off_ns = min(2 * c.back_off_ns, BACK_OFF_MAX_NS)
                    c.back_off_since_ns = now_ns
                c.stage = IDLE

    def _behavior(self, pod: Pod, index: int) -> Behavior:
        template = pod.template
        init = index < template.init_count and not template.is_sidecar(index)
        return self._runtime.behavior(template.specs[index].image, init=init)

    def _begin(self, pod: Pod, node: Node, index: int, c: Container, now_ns: int) -> None:
        """Begin with a container: have its image, or pull it."""
        template = pod.template
        spec, image = template.specs[index], template.images[index]
        there_ns, policy = node.images.get(image), spec.imagePullPolicy
        if there_ns is not None and there_ns <= now_ns and policy != "Always":
            text = f'Container image "{spec.image}" already present on machine'
            self._event(pod, NORMAL, "Pulled", text, index)
            c.stage, c.due_ns = CREATED, now_ns + self._behavior(pod, index).start_ns
            return
        if policy == "Never":
            text = f'Container image "{spec.image}" is not present with pull policy of Never'
            self._event(pod, WARNING, "ErrImageNeverPull", text, index)
            self._wait(pod, index, c, "ErrImageNeverPull", text)
            c.stage, c.due_ns = PULL_BACK_OFF, now_ns + _SYNC_NS
            return
        self._event(pod, NORMAL, "Pulling", f'Pulling image "{spec.image}"', index)
        behavior = self._behavior(pod, index)
        c.stage, c.due_ns, c.pull_since_ns = PULLING, now_ns + behavior.pull_ns, now_ns
        if not behavior.missing:
            if there_ns is None:
                node.has_image(image, c.due_ns, behavior.size_bytes)
            else:
                c.due_ns = max(there_ns, now_ns)

    def _pulled(self, pod: Pod, node: Node, index: int, c: Container, now_ns: int) -> None:
        behavior, spec = self._behavior(pod, index), pod.template.specs[index]
        if behavior.missing:
            image = pod.template.images[index]
            why = (
                f'failed to pull and unpack image "{image}": failed to resolve reference '
                f'"{image}": {image}: not found'
            )
            text = f"rpc error: code = NotFound desc = {why}"
            self._event(
                pod, WARNING, "Failed", f'Failed to pull image "{spec.image}": {text}', index
            )
            self._wait(pod, index, c, "ErrImagePull", text)
            doubled_ns = min(2 * c.pull_back_off_ns, BACK_OFF_MAX_NS)
            c.pull_back_off_ns, c.pull_since_ns = doubled_ns or BACK_OFF_MIN_NS, now_ns
            c.stage, c.due_ns = PULL_FAILED, now_ns + _RELIST_NS
            return
        took = go_duration(now_ns - c.pull_since_ns)
        text = (
            f'Successfully pulled image "{spec.image}" in {took} ({took} including waiting). '
            f"Image size: {behavior.size_bytes} bytes."
        )
        self._event(pod, NORMAL, "Pulled", text, index)
        c.stage, c.due_ns, c.pull_back_off_ns = CREATED, now_ns + behavior.start_ns, 0

    def _wait(self, pod: Pod, index: int, c: Container, reason: str, message: str) -> None:
        """Let a container wait for an image, and say why."""
        self._event(pod, WARNING, "Failed", f"Error: {reason}", index)
        if c.ended is not None:
            c.last, c.ended = c.ended, None
        c.reason, c.message, pod.stale = reason, message, True

    def _back_off_pull(self, pod: Pod, index: int, c: Container, now_ns: int) -> None:
        text = f'Back-off pulling image "{pod.template.specs[index].image}"'
        self._event(pod, NORMAL, "BackOff", text, index)
        self._wait(pod, index, c, IMAGE_BACK_OFF, f"{text}: ErrImagePull: {c.message}")
        c.stage, c.due_ns = PULL_BACK_OFF, c.pull_since_ns + c.pull_back_off_ns

    def _started(self, pod: Pod, index: int, c: Container, now_ns: int) -> None:
        name = pod.template.specs[index].name
        self._event(pod, NORMAL, "Created", f"Created container: {name}", index)
        self._event(pod, NORMAL, "Started", f"Started container {name}", index)
        last = c.ended or c.last
        if last is not None:
            c.last, c.ended = last, None
            c.attempt += 1
        c.stage, c.reason, c.message, c.started_ns = RUNNING, "", "", now_ns
        self._arm(pod, index, self._behavior(pod, index))
        pod.stale = True
        if index == pod.template.init_count:
            self._initialized(pod)
        self._report_run(pod, index, now_ns)

    @staticmethod
    def _initialized(pod: Pod) -> None:
        """Let the containers that have not begun wait for themselves, not for init containers."""
        for container in pod.containers[pod.template.init_count :]:
            if container.stage < CRASHED and container.reason == "PodInitializing":
                container.reason = CREATING

    def _arm(self, pod: Pod, index: int, behavior: Behavior) -> None:
        """Set when a container that runs ends by itself, and when its probes succeed."""
        c = pod.containers[index]
        run_ns = behavior.run_ns(c.attempt)
        c.exit_ns = 0 if run_ns is None else c.started_ns + run_ns
        c.exit_code, c.due_ns = behavior.exit_code, c.exit_ns
        if not (c.ready and c.started):
            self._probe(pod, index, c, c.started_ns)

    def _probe(self, pod: Pod, index: int, c: Container, now_ns: int) -> None:
        """Say whether a container has started and is ready, and when it will be."""
        spec, due_ns = pod.template.specs[index], 0
        started_ns = c.started_ns
        if spec.startupProbe is not None:
            started_ns = spec.startupProbe.success_ns(c.started_ns, c.started_ns)
        started = now_ns >= started_ns
        ready_ns = started_ns
        if spec.readinessProbe is not None:
            ready_ns = spec.readinessProbe.success_ns(c.started_ns, started_ns)
        regular = index < pod.template.init_count and not pod.template.is_sidecar(index)
        ready = now_ns >= ready_ns and not regular
        if not started:
            due_ns = started_ns
        elif not ready and not regular:
            due_ns = ready_ns
        if (started, ready) != (c.started, c.ready):
            c.started, c.ready, pod.stale = started, ready, True
        c.due_ns = min(due_ns, c.exit_ns) if due_ns and c.exit_ns else due_ns or c.exit_ns

    def _tick(self, pod: Pod, index: int, c: Container, now_ns: int) -> None:
        """Do what is due for a container that runs: it ends, or a probe succeeds."""
        if c.exit_ns and c.exit_ns <= now_ns:
            self._exit(pod, index, c, c.exit_code, now_ns)
        else:
            self._probe(pod, index, c, now_ns)

    def _exit(self, pod: Pod, index: int, c: Container, code: int, now_ns: int) -> None:
        c.ended = statuses.ended(pod, index, code, now_ns)
        init = index < pod.template.init_count and not pod.template.is_sidecar(index)
        c.stage, c.started, c.ready = ENDED, False, init and code == 0
        c.due_ns = c.exit_ns = 0
        pod.stale = True
        self._report_exit(pod, index, now_ns)

    def _restart(self, pod: Pod, index: int, c: Container, now_ns: int) -> bool:
        """Begin again with a container that has ended, or let it wait; False when it stays so."""
        policy = pod.template.view.spec.restartPolicy
        assert c.ended is not None
        if pod.template.is_sidecar(index):
            policy = "Always"
        elif index < pod.template.init_count and policy == "Always":
            policy = "OnFailure"
        if policy == "Never" or (policy == "OnFailure" and not c.ended.exitCode):
            return False
        if not c.back_off_ns or now_ns - c.back_off_since_ns > 2 * BACK_OFF_MAX_NS:
            c.back_off_ns, c.back_off_since_ns, c.stage = BACK_OFF_MIN_NS, now_ns, IDLE
            return True
        name = pod.template.specs[index].name
        c.stage, c.due_ns, c.reason = CRASHED, now_ns + c.back_off_ns, CRASH_LOOP
        c.message = (
            f"back-off {go_duration(c.back_off_ns)} restarting failed container={name} "
            f"pod={pod.full_name}"
        )
        c.last, c.ended = c.ended, None
        pod.stale = True
        text = f"Back-off restarting failed container {name} in pod {pod.full_name}"
        self._event(pod, WARNING, "BackOff", text, index)
        return True

    @staticmethod
    def _begin_stop(pod: Pod, now_ns: int) -> None:
        grace = pod.template.view.spec.terminationGracePeriodSeconds
        pod.stopping, pod.deadline_ns = True, now_ns + grace * NANO

    def _stop(self, pod: Pod, now_ns: int) -> None:
        """Tell the containers that run to end, kill those whose time is over."""
        for index, c in enumerate(pod.containers):
            if c.stage != RUNNING:
                c.due_ns = 0
                if c.stage == CRASHED:
                    c.stage, c.ended, c.last = ENDED, c.last, None
                continue
            if c.exit_ns and c.exit_ns <= now_ns:
                self._exit(pod, index, c, c.exit_code, now_ns)
                continue
            stop_ns = now_ns + self._behavior(pod, index).stop_ns
            if not c.stopping:
                c.stopping = True
                self._tell_stop(pod, index)
                code = self._behavior(pod, index).stop_exit_code
                if not c.exit_ns or stop_ns < c.exit_ns:
                    c.exit_ns, c.exit_code = stop_ns, code
            if pod.deadline_ns < c.exit_ns:
                c.exit_ns, c.exit_code = max(pod.deadline_ns, now_ns), _KILLED
            c.due_ns = c.exit_ns
            if c.exit_ns <= now_ns:
                self._exit(pod, index, c, c.exit_code, now_ns)

    def _finish_stopped(self, pod: Pod, node: Node) -> None:
        """End a pod whose containers have all ended."""
        if any(c.stage == RUNNING for c in pod.containers):
            return
        ends = [c.ended for c in pod.containers[pod.template.init_count :]]
        failed = any(how is None or how.exitCode for how in ends)
        pod.phase = pod.final or ("Failed" if failed else "Succeeded")
        if pod.overdue:
            pod.reason, pod.message = _DEADLINE_REASON, _DEADLINE_TEXT
        if pod.admitted:
            self._release(pod, node)
        pod.finished = pod.stale = True
        pod.due_ns = 0

    def _release(self, pod: Pod, node: Node) -> None:
        """Give back what a pod had of its node."""
        node.waiting.pop(pod.obj.key, None)
        if pod.admitted:
            node.give_back(pod.template)
        if pod.sandbox and not pod.template.view.spec.hostNetwork:
            self._network.release(node.pod_cidr, pod.address)
        pod.sandbox = False

    def _tell_stop(self, pod: Pod, index: int) -> None:
        name = pod.template.specs[index].name
        self._event(pod, NORMAL, "Killing", f"Stopping container {name}", index)

    def _report_run(self, pod: Pod, index: int, now_ns: int) -> None:
        if self._runtime.is_heard:
            self._runtime.report_run(self._container_event(pod, index, now_ns))

    def _report_exit(self, pod: Pod, index: int, now_ns: int) -> None:
        if self._runtime.is_heard:
            self._runtime.report_exit(self._container_event(pod, index, now_ns))

    @staticmethod
    def _container_event(pod: Pod, index: int, now_ns: int) -> ContainerEvent:
        spec = pod.template.specs[index]
        return ContainerEvent(
            pod.namespace, pod.name, pod.uid, pod.node, spec.name, spec.image,
            pod.containers[index].attempt, now_ns,
        )  # fmt: skip

    def _event(
        self, pod: Pod, type: str, reason: str, message: str, index: int | None = None
    ) -> None:
        path = "" if index is None else pod.template.field_paths[index]
        about = Reference(PODS, pod.namespace, pod.name, pod.uid, pod.obj.revision, path)
        self._recorder.record(about, type, reason, message, host=pod.node)

    def _text(self, now_ns: int) -> str:
        if now_ns != self._now_ns:
            self._now_ns, self._now = now_ns, time_text(now_ns)
        return self._now
