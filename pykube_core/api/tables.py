"""What ``kubectl get`` shows of an object: the cells of its row, wide ones too.

Each function takes an object and the time, in nanoseconds since the epoch, and returns the cells of
the columns that its resource declares.

Source: ``k8s.io/kubernetes/pkg/printers/internalversion/printers.go`` and
``k8s.io/apimachinery/pkg/util/duration`` v1.36.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.objects import DONE_PHASES, Json, KubeObject, name_of
from pykube_core.api.machinery.times import NANO, parse_time

NONE: Final = "<none>"
UNKNOWN: Final = "<unknown>"

_ROLE_PREFIX: Final = "node-role.kubernetes.io/"
_ROLE_LABEL: Final = "kubernetes.io/role"


def since(text: str | None, now_ns: int) -> str:
    """Return how long ago a time stamp is, for people."""
    return UNKNOWN if not text else human_duration((now_ns - parse_time(text)) // NANO)


def human_duration(seconds: int) -> str:
    """Return a duration with two or three digits of precision, such as "5m30s" or "4h40m".

    >>> human_duration(16800)
    '4h40m'
    """
    if seconds < 0:
        return "0s" if seconds >= -1 else "<invalid>"
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _pair(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return _pair(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    years = days // 365
    return _pair(years, "y", days % 365, "d") if days < 2920 else f"{years}y"


def name_and_age(obj: KubeObject, now_ns: int) -> list[Json]:
    """Return the cells of a resource that has no columns of its own."""
    return [name_of(obj), _age(obj, now_ns)]


def namespace_cells(namespace: KubeObject, now_ns: int) -> list[Json]:
    """Return a namespace's cells."""
    phase = namespace.get("status", {}).get("phase", "")
    return [name_of(namespace), phase, _age(namespace, now_ns)]


def config_map_cells(config_map: KubeObject, now_ns: int) -> list[Json]:
    """Return a config map's cells."""
    count = len(config_map.get("data", ())) + len(config_map.get("binaryData", ()))
    return [name_of(config_map), count, _age(config_map, now_ns)]


def lease_cells(lease: KubeObject, now_ns: int) -> list[Json]:
    """Return a lease's cells."""
    return [name_of(lease), lease.get("spec", {}).get("holderIdentity", ""), _age(lease, now_ns)]


def priority_class_cells(priority_class: KubeObject, now_ns: int) -> list[Json]:
    """Return a priority class's cells."""
    return [
        name_of(priority_class),
        priority_class.get("value", 0),
        priority_class.get("globalDefault", False),
        _age(priority_class, now_ns),
        priority_class.get("preemptionPolicy", ""),
    ]


def event_cells(event: KubeObject, now_ns: int) -> list[Json]:
    """Return an event's cells."""
    first = since(event.get("firstTimestamp") or event.get("eventTime"), now_ns)
    last = since(event["lastTimestamp"], now_ns) if event.get("lastTimestamp") else first
    series, count = event.get("series"), event.get("count") or 1
    if series is not None:
        last, count = since(series.get("lastObservedTime"), now_ns), series.get("count", 0)
    involved, source = event.get("involvedObject", {}), event.get("source", {})
    component = source.get("component") or event.get("reportingComponent", "")
    host = source.get("host") or event.get("reportingInstance", "")
    target = involved.get("kind", "").lower()
    return [
        last,
        event.get("type", ""),
        event.get("reason", ""),
        f"{target}/{involved['name']}" if involved.get("name") else target,
        involved.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        event.get("message", "").strip(),
        first,
        count,
        name_of(event),
    ]


def node_cells(node: KubeObject, now_ns: int) -> list[Json]:
    """Return a node's cells."""
    status = node.get("status", {})
    ready = [c for c in status.get("conditions", ()) if c.get("type") == "Ready"]
    words = ["Ready" if c.get("status") == "True" else "NotReady" for c in ready] or ["Unknown"]
    if node.get("spec", {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    labels = node["metadata"].get("labels", {})
    roles = {
        key.removeprefix(_ROLE_PREFIX) if key != _ROLE_LABEL else value
        for key, value in labels.items()
        if key.startswith(_ROLE_PREFIX) or (key == _ROLE_LABEL and value)
    }
    info = status.get("nodeInfo", {})
    return [
        name_of(node),
        ",".join(words),
        ",".join(sorted(role for role in roles if role)) or NONE,
        _age(node, now_ns),
        info.get("kubeletVersion", ""),
        _address(status, "InternalIP"),
        _address(status, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def deployment_cells(deployment: KubeObject, now_ns: int) -> list[Json]:
    """Return a deployment's cells."""
    spec, status = deployment["spec"], deployment.get("status", {})
    return [
        name_of(deployment),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        str(status.get("updatedReplicas", 0)),
        str(status.get("availableReplicas", 0)),
        _age(deployment, now_ns),
        *_template_cells(spec),
    ]


def replica_set_cells(replica_set: KubeObject, now_ns: int) -> list[Json]:
    """Return a replica set's cells."""
    spec, status = replica_set["spec"], replica_set.get("status", {})
    return [
        name_of(replica_set),
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        _age(replica_set, now_ns),
        *_template_cells(spec),
    ]


def daemon_set_cells(daemon_set: KubeObject, now_ns: int) -> list[Json]:
    """Return a daemon set's cells."""
    spec, status = daemon_set["spec"], daemon_set.get("status", {})
    selector = spec["template"]["spec"].get("nodeSelector", {})
    return [
        name_of(daemon_set),
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        selector_text({"matchLabels": selector}),
        _age(daemon_set, now_ns),
        *_template_cells(spec),
    ]


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
        _age(pod, now_ns),
        status.get("podIP") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        f"{met}/{len(gates)}" if gates else NONE,
    ]


def selector_text(selector: KubeObject) -> str:
    """Return a ``LabelSelector`` as ``kubectl get -o wide`` shows it; "<none>" when empty."""
    terms = [f"{key}={value}" for key, value in sorted(selector.get("matchLabels", {}).items())]
    for expression in selector.get("matchExpressions", ()):
        key, operator = expression["key"], expression["operator"]
        values = ",".join(sorted(expression.get("values", ())))
        match operator:
            case "Exists":
                terms.append(key)
            case "DoesNotExist":
                terms.append(f"!{key}")
            case _:
                terms.append(f"{key} {operator.lower()} ({values})")
    return ",".join(terms) or NONE


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


def _pair(whole: int, unit: str, rest: int, rest_unit: str) -> str:
    return f"{whole}{unit}{rest}{rest_unit}" if rest else f"{whole}{unit}"


def _age(obj: KubeObject, now_ns: int) -> str:
    return since(obj["metadata"].get("creationTimestamp"), now_ns)


def _address(status: KubeObject, kind: str) -> str:
    found = [a["address"] for a in status.get("addresses", ()) if a.get("type") == kind]
    return found[0] if found else NONE


def _template_cells(spec: KubeObject) -> list[Json]:
    containers = spec["template"]["spec"].get("containers", [])
    return [
        ",".join(container.get("name", "") for container in containers),
        ",".join(container.get("image", "") for container in containers),
        selector_text(spec.get("selector", {})),
    ]
