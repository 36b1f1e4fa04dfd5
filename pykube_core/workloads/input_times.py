"""How old an input is, told from the input alone."""

from __future__ import annotations

from collections.abc import Iterator

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.times import parse_time, time_text
from pykube_core.workloads.model import Workload

_CONDITION_TIMES = ("lastHeartbeatTime", "lastTransitionTime")


def newest_time(workload: Workload) -> str:
    """Return the newest time of any object of a workload in RFC 3339, "" where none has one.

    A snapshot is hardly older than the last heartbeat of its nodes. A time that does not parse, or
    that a generator made up, is none.
    """
    found = [time for time in map(_parsed, _times(workload)) if time is not None]
    pods = workload.pods
    if workload.start_ns and len(pods):
        found.append(workload.start_ns + int(pods.created_ns.max()))
    return time_text(max(found)) if found else ""


def _times(workload: Workload) -> Iterator[object]:
    for obj in (*workload.nodes, *(o for kind in workload.objects.values() for o in kind)):
        yield (obj.get("metadata") or {}).get("creationTimestamp")
    for node in workload.nodes:
        for condition in _conditions(node):
            yield from (condition.get(name) for name in _CONDITION_TIMES)


def _conditions(node: KubeObject) -> list[KubeObject]:
    return (node.get("status") or {}).get("conditions") or []


def _parsed(text: object) -> int | None:
    if not isinstance(text, str):
        return None
    try:
        return parse_time(text)
    except ValueError:
        return None
