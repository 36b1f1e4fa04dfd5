"""NodeUnschedulable: cordoned nodes take only pods that tolerate the cordon.

Source: kubernetes v1.34.1, plugins/nodeunschedulable/node_unschedulable.go.
"""

from collections.abc import Sequence
from typing import ClassVar

from _pykube_hotcore.program import Plugin
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.plugins.base import SchedulerPlugin


class NodeUnschedulable(SchedulerPlugin):
    """Reads the tolerations that TaintToleration compiles."""

    name: ClassVar = "NodeUnschedulable"
    code: ClassVar = Plugin.NODE_UNSCHEDULABLE

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the one reason."""
        return ["node(s) were unschedulable"]


PLUGIN = NodeUnschedulable()
