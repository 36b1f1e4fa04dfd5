"""NodeName: a pod that names its node goes nowhere else.

Source: kubernetes v1.34.1, plugins/nodename/node_name.go.
"""

from collections.abc import Sequence
from typing import ClassVar

from _pykube_hotcore.program import Plugin
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.plugins.base import ClassBuilder, CompileContext, SchedulerPlugin


class NodeName(SchedulerPlugin):
    """Reads ``spec.nodeName``."""

    name: ClassVar = "NodeName"
    code: ClassVar = Plugin.NODE_NAME

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put the name into the class."""
        name = (pod.get("spec") or {}).get("nodeName")
        if name:
            builder.node_name = context.interner.value(name)

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the one reason."""
        return ["node(s) didn't match the requested node name"]


PLUGIN = NodeName()
