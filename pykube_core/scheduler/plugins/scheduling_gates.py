"""SchedulingGates: a pod with gates does not enter the queue.

Source: kubernetes v1.34.1, plugins/schedulinggates/scheduling_gates.go.
"""

from typing import ClassVar

from _pykube_hotcore.program import Code, Plugin
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.plugins.base import Refusal, SchedulerPlugin


class SchedulingGates(SchedulerPlugin):
    """Reads ``spec.schedulingGates``."""

    name: ClassVar = "SchedulingGates"
    code: ClassVar = Plugin.NONE

    def pre_enqueue(self, pod: KubeObject) -> Refusal | None:
        """Return the gates that are left."""
        gates = [gate["name"] for gate in (pod.get("spec") or {}).get("schedulingGates") or ()]
        if not gates:
            return None
        return Refusal(Code.UNRESOLVABLE, (f"waiting for scheduling gates: [{' '.join(gates)}]",))


PLUGIN = SchedulingGates()
