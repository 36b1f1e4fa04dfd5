"""Logs of simulated containers: what their image's behavior says, at the time of their start."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.times import parse_time
from pykube_core.apiserver.endpoints.logs import LogLine, Logs
from pykube_core.node.runtime import Runtime

_KINDS: Final = ("initContainers", "containers")


def container_logs(runtime: Runtime) -> Logs:
    """Return what knows the lines of a runtime's containers."""

    def lines(pod: KubeObject, container: str, is_previous: bool) -> list[LogLine]:
        for kind in _KINDS:
            for each in pod["spec"].get(kind) or []:
                if each["name"] == container:
                    behavior = runtime.behavior(each["image"], init=kind == _KINDS[0])
                    started_ns = _started_ns(pod, container, is_previous)
                    return [LogLine(started_ns, text) for text in behavior.output.splitlines()]
        return []

    return lines


def _started_ns(pod: KubeObject, container: str, is_previous: bool) -> int:
    status = pod.get("status") or {}
    for kind in ("initContainerStatuses", "containerStatuses"):
        for each in status.get(kind) or []:
            if each.get("name") == container:
                state = each.get("lastState" if is_previous else "state") or {}
                started = (state.get("running") or state.get("terminated") or {}).get("startedAt")
                return parse_time(started) if started else 0
    return 0
