"""How a container gets on: its image, its start, its probes, its end, and its next attempt.

Source: ``k8s.io/kubernetes/pkg/kubelet/kuberuntime/kuberuntime_manager.go``,
``kuberuntime_container.go`` and ``images/image_manager.go`` v1.34. Differences: a container that
crashes again is in CrashLoopBackOff at once, without an Error between; probes always succeed; hooks
take no time; an image that is there and has the pull policy Always is pulled in no time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from pykube_core.api.machinery.times import NANO
from pykube_core.client.recorder import NORMAL, WARNING, EventRecorder, EventText
from pykube_core.node.admission import Node
from pykube_core.node.heartbeats import NodeStatuses
from pykube_core.node.pods import (
    BACK_OFF_MAX_NS,
    BACK_OFF_MIN_NS,
    CRASH_LOOP,
    CRASHED,
    CREATED,
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
from pykube_core.node.statuses import ended

_KILLED: Final = 137
_SYNC_NS: Final = 10 * NANO
_RELIST_NS: Final = NANO


class Containers:
    """Brings containers forward.

    Parameters
    ----------
    runtime : Runtime
    recorder : EventRecorder
        Where events are told.
    nodes : NodeStatuses
        Where it is told that a node has another image.
    """

    def __init__(self, runtime: Runtime, recorder: EventRecorder, nodes: NodeStatuses) -> None:
        self._runtime = runtime
        self._recorder = recorder
        self._nodes = nodes

    def bring(self, pod: Pod, node: Node, c: Container, now_ns: int) -> None:
        """Bring a container to where it is now."""
        while True:
            stage = c.stage
            if stage == IDLE:
                self._begin(pod, node, c, now_ns)
            elif stage == ENDED:
                if not self._restart(pod, c, now_ns):
                    return
            elif not c.due_ns or c.due_ns > now_ns:
                return
            elif stage == PULLING:
                self._pulled(pod, c, now_ns)
            elif stage == CREATED:
                self._start(pod, c, now_ns)
            elif stage == RUNNING:
                self._tick(pod, c, now_ns)
            elif stage == PULL_FAILED:
                self._back_off_pull(pod, c)
            else:  # A back-off is over.
                if stage == CRASHED:
                    c.back_off_ns = min(2 * c.back_off_ns, BACK_OFF_MAX_NS)
                    c.back_off_since_ns = now_ns
                c.stage = IDLE

    def resume_timer(self, pod: Pod, c: Container, now_ns: int) -> None:
        """Set what happens next to a container that was read back and runs."""
        self._arm(pod, c, self._behavior(c))
        self._report_run(pod, c, now_ns)

    def stop(self, pod: Pod, c: Container, now_ns: int) -> None:
        """Tell a container to end, kill it when the pod's time is over."""
        if c.stage != RUNNING:
            c.due_ns = 0
            if c.stage == CRASHED:
                c.stage, c.ended, c.last = ENDED, c.last, None
            return
        if not c.stopping and not (c.exit_ns and c.exit_ns <= now_ns):
            c.stopping = True
            self.tell_stop(pod, c)
            behavior = self._behavior(c)
            stop_ns = now_ns + behavior.stop_ns
            if not c.exit_ns or stop_ns < c.exit_ns:
                c.exit_ns, c.exit_code = stop_ns, behavior.stop_exit_code
        if pod.deadline_ns < c.exit_ns:
            c.exit_ns, c.exit_code = max(pod.deadline_ns, now_ns), _KILLED
        c.due_ns = c.exit_ns
        if c.exit_ns <= now_ns:
            self._exit(pod, c, now_ns)

    def lose(self, pod: Pod, c: Container, now_ns: int) -> None:
        """End a container whose pod nobody knows any more."""
        if c.stage == RUNNING:
            self.tell_stop(pod, c)
            self._report_exit(pod, c, now_ns)

    def crash(self, pod: Pod, c: Container, now_ns: int) -> None:
        """Let a container end now if the runtime was told so."""
        code = self._runtime.take_crash(pod.namespace, pod.name, c.share.name)
        if code is not None and c.stage == RUNNING:
            c.exit_ns, c.due_ns, c.exit_code = now_ns, now_ns, code

    def replace(self, pod: Pod, c: Container, now_ns: int) -> None:
        """End a container whose image has changed; it is restarted without a back-off."""
        c.back_off_ns = 0
        if c.stage == RUNNING:
            text = f"Container {c.share.name} definition changed, will be restarted"
            self._event(pod, NORMAL, "Killing", text, c)
            c.exit_ns, c.due_ns = now_ns, now_ns
            c.exit_code = self._behavior(c).stop_exit_code
        elif c.stage != ENDED:
            c.stage, c.due_ns, c.pull_back_off_ns = IDLE, 0, 0

    def tell_stop(self, pod: Pod, c: Container) -> None:
        """Say that a container is told to end."""
        self._event(pod, NORMAL, "Killing", f"Stopping container {c.share.name}", c)

    def _behavior(self, c: Container) -> Behavior:
        """Return what a container does: it is settled when it begins."""
        if c.behavior is None:
            share = c.share
            c.behavior = self._runtime.behavior(share.spec.image, init=share.init)
        return c.behavior

    def _begin(self, pod: Pod, node: Node, c: Container, now_ns: int) -> None:
        """Begin with a container: have its image, or pull it."""
        share = c.share
        if share.invalid:
            self._event(pod, WARNING, "InspectFailed", share.invalid, c)
            self._miss(pod, c, "InvalidImageName", share.invalid, now_ns)
            return
        c.behavior = behavior = self._runtime.behavior(share.spec.image, init=share.init)
        there_ns, policy = node.images.get(share.image), share.policy
        is_there = there_ns is not None and there_ns <= now_ns
        if is_there and policy != "Always":
            self._tell(pod, share.present)
            c.stage, c.due_ns = CREATED, now_ns + behavior.start_ns
        elif policy == "Never":
            text = f'Container image "{share.spec.image}" is not present with pull policy of Never'
            self._event(pod, WARNING, "ErrImageNeverPull", text, c)
            self._miss(pod, c, "ErrImageNeverPull", text, now_ns)
        else:
            self._tell(pod, share.pulling)
            c.stage, c.due_ns, c.pull_since_ns = PULLING, now_ns + behavior.pull_ns, now_ns
            if there_ns is not None:
                c.due_ns = max(there_ns, now_ns)
            elif not behavior.missing:
                node.has_image(share, c.due_ns, behavior.size_bytes)
                self._nodes.changed(node, now_ns)

    def _miss(self, pod: Pod, c: Container, reason: str, message: str, now_ns: int) -> None:
        """Let a container wait for an image that nobody pulls, and look again now and then."""
        self._wait(pod, c, reason, message)
        c.stage, c.due_ns = PULL_BACK_OFF, now_ns + _SYNC_NS

    def _pulled(self, pod: Pod, c: Container, now_ns: int) -> None:
        share, behavior = c.share, self._behavior(c)
        if behavior.missing:
            text = (
                f'rpc error: code = NotFound desc = failed to pull and unpack image "{share.image}"'
                f': failed to resolve reference "{share.image}": {share.image}: not found'
            )
            why = f'Failed to pull image "{share.spec.image}": {text}'
            self._event(pod, WARNING, "Failed", why, c)
            self._wait(pod, c, "ErrImagePull", text)
            doubled_ns = min(2 * c.pull_back_off_ns, BACK_OFF_MAX_NS)
            c.pull_back_off_ns, c.pull_since_ns = doubled_ns or BACK_OFF_MIN_NS, now_ns
            c.stage, c.due_ns = PULL_FAILED, now_ns + _RELIST_NS
            return
        took_ns = now_ns - c.pull_since_ns
        self._tell(pod, _pulled_text(share.path, share.spec.image, took_ns, behavior.size_bytes))
        c.stage, c.due_ns, c.pull_back_off_ns = CREATED, now_ns + behavior.start_ns, 0

    def _wait(self, pod: Pod, c: Container, reason: str, message: str) -> None:
        """Let a container wait for an image, and say why."""
        self._event(pod, WARNING, "Failed", f"Error: {reason}", c)
        if c.ended is not None:
            c.last, c.ended = c.ended, None
        if (c.reason, c.message) != (reason, message):
            c.reason, c.message, pod.stale = reason, message, True

    def _back_off_pull(self, pod: Pod, c: Container) -> None:
        text = f'Back-off pulling image "{c.share.spec.image}"'
        self._event(pod, NORMAL, "BackOff", text, c)
        self._wait(pod, c, IMAGE_BACK_OFF, f"{text}: ErrImagePull: {c.message}")
        c.stage, c.due_ns = PULL_BACK_OFF, c.pull_since_ns + c.pull_back_off_ns

    def _start(self, pod: Pod, c: Container, now_ns: int) -> None:
        self._tell(pod, c.share.created)
        self._tell(pod, c.share.started)
        last = c.ended or c.last
        if last is not None:
            c.last, c.ended = last, None
            c.attempt += 1
        c.stage, c.reason, c.message, c.started_ns = RUNNING, "", "", now_ns
        pod.stale = True
        self._arm(pod, c, self._behavior(c))
        self._report_run(pod, c, now_ns)

    def _arm(self, pod: Pod, c: Container, behavior: Behavior) -> None:
        """Set when a container that runs ends by itself, and when its probes succeed."""
        run_ns = behavior.run_ns(c.attempt)
        c.exit_ns = 0 if run_ns is None else c.started_ns + run_ns
        c.exit_code, c.due_ns = behavior.exit_code, c.exit_ns
        share = c.share
        if share.init or not share.probed:
            c.started, c.ready = True, not share.init
        elif not (c.ready and c.started):
            self._probe(pod, c, c.started_ns)

    def _probe(self, pod: Pod, c: Container, now_ns: int) -> None:
        """Say whether a container has started and is ready, and when it will be."""
        spec, began_ns = c.share.spec, c.started_ns
        started_ns = ready_ns = began_ns
        if spec.startupProbe is not None:
            started_ns = ready_ns = spec.startupProbe.success_ns(began_ns, began_ns)
        if spec.readinessProbe is not None:
            ready_ns = spec.readinessProbe.success_ns(began_ns, started_ns)
        state = now_ns >= started_ns, now_ns >= ready_ns
        if state != (c.started, c.ready):
            (c.started, c.ready), pod.stale = state, True
        due_ns = 0 if c.ready else ready_ns if c.started else started_ns
        c.due_ns = min(due_ns, c.exit_ns) if due_ns and c.exit_ns else due_ns or c.exit_ns

    def _tick(self, pod: Pod, c: Container, now_ns: int) -> None:
        """Do what is due for a container that runs: it ends, or a probe succeeds."""
        if c.exit_ns and c.exit_ns <= now_ns:
            self._exit(pod, c, now_ns)
        else:
            self._probe(pod, c, now_ns)

    def _exit(self, pod: Pod, c: Container, now_ns: int) -> None:
        c.ended = ended(pod, c, c.exit_code, now_ns)
        c.stage, c.started, c.ready = ENDED, False, c.share.init and not c.exit_code
        c.due_ns = c.exit_ns = 0
        pod.stale = True
        self._report_exit(pod, c, now_ns)

    def _restart(self, pod: Pod, c: Container, now_ns: int) -> bool:
        """Begin again with a container that has ended, or let it wait; False when it stays so."""
        policy, share = pod.template.view.spec.restartPolicy, c.share
        if share.sidecar:
            policy = "Always"
        elif share.init and policy == "Always":
            policy = "OnFailure"
        has_failed = c.ended is not None and c.ended.exitCode != 0
        if policy == "Never" or (policy == "OnFailure" and not has_failed):
            return False
        if not c.back_off_ns or now_ns - c.back_off_since_ns > 2 * BACK_OFF_MAX_NS:
            c.back_off_ns, c.back_off_since_ns, c.stage = BACK_OFF_MIN_NS, now_ns, IDLE
            return True
        c.stage, c.due_ns, c.reason = CRASHED, now_ns + c.back_off_ns, CRASH_LOOP
        c.message = (
            f"back-off {go_duration(c.back_off_ns)} restarting failed container={share.name} "
            f"pod={pod.full_name}"
        )
        c.last, c.ended, pod.stale = c.ended, None, True
        text = f"Back-off restarting failed container {share.name} in pod {pod.full_name}"
        self._event(pod, WARNING, "BackOff", text, c)
        return True

    def _report_run(self, pod: Pod, c: Container, now_ns: int) -> None:
        if self._runtime.is_heard:
            self._runtime.report_run(_container_event(pod, c, now_ns))

    def _report_exit(self, pod: Pod, c: Container, now_ns: int) -> None:
        if self._runtime.is_heard:
            self._runtime.report_exit(_container_event(pod, c, now_ns))

    def _event(self, pod: Pod, type: str, reason: str, message: str, c: Container) -> None:
        self._tell(pod, EventText(type, reason, message, field_path=c.share.path))

    def _tell(self, pod: Pod, text: EventText) -> None:
        self._recorder.record(pod.about, text, pod.revision, pod.node)


@lru_cache(1024)
def _pulled_text(path: str, image: str, took_ns: int, size_bytes: int) -> EventText:
    took = go_duration(took_ns)
    message = (
        f'Successfully pulled image "{image}" in {took} ({took} including waiting). '
        f"Image size: {size_bytes} bytes."
    )
    return EventText(NORMAL, "Pulled", message, field_path=path)


def _container_event(pod: Pod, c: Container, now_ns: int) -> ContainerEvent:
    spec = c.share.spec
    return ContainerEvent(
        pod.namespace, pod.name, pod.uid, pod.node, spec.name, spec.image, c.attempt, now_ns
    )
