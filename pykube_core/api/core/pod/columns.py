"""The row of a pod in a table."""

from __future__ import annotations

from pykube_core.api.machinery.columns import NONE, age, since
from pykube_core.api.machinery.objects import DONE_PHASES, Json, KubeObject, name_of


def pod_cells(pod: KubeObject, now_ns: int) -> list[Json]:
    """Return a pod's cells; STATUS is the first of many things that is out of the ordinary."""
    spec, status = pod["spec"], pod.get("status", {})
    state = _PodState(pod)
    restarts = str(state.restarts)
    if state.restarts and state.restarted:
        restarts += f" ({since(state.restarted, now_ns)} ago)"
    gates = spec.get("readinessGates", [])
    true = {c.get("type") for c in status.get("conditions", ()) if c.get("status") == "True"}
    met = sum(gate.get("conditionType") in true for gate in gates)
    return [
        name_of(pod),
        f"{state.ready}/{state.total}",
        state.reason,
        restarts,
        age(pod, now_ns),
        status.get("podIP") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        f"{met}/{len(gates)}" if gates else NONE,
    ]


class _PodState:
    """How many containers are ready, how often they restarted, and the word for it all."""

    def __init__(self, pod: KubeObject) -> None:
        spec, status = pod["spec"], pod.get("status", {})
        inits = spec.get("initContainers", ())
        self._sidecars = {c["name"] for c in inits if c.get("restartPolicy") == "Always"}
        self.total = len(spec.get("containers", ())) + len(self._sidecars)
        self.ready = self.restarts = 0
        self.restarted = ""
        self.reason = status.get("reason") or status.get("phase", "")
        conditions = {c.get("type"): c for c in status.get("conditions", ())}
        if conditions.get("PodScheduled", {}).get("reason") == "SchedulingGated":
            self.reason = "SchedulingGated"
        initializing = self._count_inits(status.get("initContainerStatuses", ()), len(inits))
        if not initializing or conditions.get("Initialized", {}).get("status") == "True":
            ready = conditions.get("Ready", {}).get("status") == "True"
            self._count_containers(status, ready=ready)
        if pod["metadata"].get("deletionTimestamp"):
            if status.get("reason") == "NodeLost":
                self.reason = "Unknown"
            elif status.get("phase") not in DONE_PHASES:
                self.reason = "Terminating"

    def _count_inits(self, statuses: Json, count: int) -> bool:
        """Count the init containers up to the first that is not done; say whether there is one."""
        for index, container in enumerate(statuses):
            self._count_restarts(container)
            state = container.get("state", {})
            waiting, terminated = state.get("waiting"), state.get("terminated")
            if terminated is not None and not terminated.get("exitCode"):
                continue
            if container["name"] in self._sidecars and container.get("started"):
                self.ready += bool(container.get("ready"))
                continue
            if terminated is not None:
                self.reason = f"Init:{_ended(terminated)}"
            elif waiting and waiting.get("reason") not in (None, "", "PodInitializing"):
                self.reason = f"Init:{waiting['reason']}"
            else:
                self.reason = f"Init:{index}/{count}"
            return True
        return False

    def _count_containers(self, status: KubeObject, *, ready: bool) -> None:
        self.restarts, self.restarted = 0, ""
        for container in status.get("initContainerStatuses", ()):
            if container["name"] in self._sidecars:
                self._count_restarts(container)
        running = False
        for container in reversed(status.get("containerStatuses", [])):
            self._count_restarts(container)
            state = container.get("state", {})
            if state.get("waiting", {}).get("reason"):
                self.reason = state["waiting"]["reason"]
            elif "terminated" in state:
                self.reason = _ended(state["terminated"])
            elif container.get("ready") and "running" in state:
                running = True
                self.ready += 1
        if self.reason == "Completed" and running:
            self.reason = "Running" if ready else "NotReady"

    def _count_restarts(self, container: KubeObject) -> None:
        self.restarts += container.get("restartCount", 0)
        last = container.get("lastState", {}).get("terminated", {}).get("finishedAt", "")
        self.restarted = max(self.restarted, last)


def _ended(terminated: KubeObject) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"
