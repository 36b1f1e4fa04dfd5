"""NodePorts: two pods of a node may not take the same host port.

Source: kubernetes v1.34.1, plugins/nodeports/node_ports.go, pkg/scheduler/util/utils.go
(GetHostPorts) and staging/src/k8s.io/kube-scheduler/framework (HostPortInfo).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final

from _pykube_hotcore.program import VALUE_ANY_IP, Plugin, Port
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.plugins.base import ClassBuilder, CompileContext, SchedulerPlugin

ANY_IP: Final = "0.0.0.0"
REASON: Final = "node(s) didn't have free ports for the requested pod ports"


class NodePorts(SchedulerPlugin):
    """Reads ``hostPort`` of containers and of sidecars, not of other init containers."""

    name: ClassVar = "NodePorts"
    code: ClassVar = Plugin.NODE_PORTS

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put the host ports into the class, each once."""
        interner = context.interner
        found: dict[Port, None] = {}
        for item in host_ports(pod):
            ip = item.get("hostIP") or ANY_IP
            number = VALUE_ANY_IP if ip == ANY_IP else interner.value(ip)
            found[Port(number, interner.value(item.get("protocol") or "TCP"), item["hostPort"])] = (
                None
            )
        builder.ports = tuple(found)

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the one reason."""
        return [REASON]


def host_ports(pod: KubeObject) -> Iterator[dict[str, Any]]:
    """Yield the ports that a pod takes of its node."""
    spec = pod.get("spec") or {}
    sidecars = (c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always")
    for container in (*sidecars, *(spec.get("containers") or ())):
        for port in container.get("ports") or ():
            if (port.get("hostPort") or 0) > 0:
                yield port


PLUGIN = NodePorts()
