"""PrioritySort: pods of higher priority first, among equals who came first.

Source: kubernetes v1.34.1, plugins/queuesort/priority_sort.go.
"""

from typing import ClassVar

from _pykube_hotcore.program import Plugin
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.plugins.base import SchedulerPlugin


class PrioritySort(SchedulerPlugin):
    """Reads ``spec.priority``."""

    name: ClassVar = "PrioritySort"
    code: ClassVar = Plugin.NONE


def priority_of(pod: KubeObject) -> int:
    """Return a pod's priority, 0 if it has none."""
    return int((pod.get("spec") or {}).get("priority") or 0)


def sort_key(pod: KubeObject, timestamp_ns: int) -> tuple[int, int]:
    """Return what the queue sorts by, ascending: the pod and when it was put into the queue."""
    return -priority_of(pod), timestamp_ns


PLUGIN = PrioritySort()
