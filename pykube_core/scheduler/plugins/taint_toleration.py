"""TaintToleration: NoSchedule and NoExecute taints refuse, PreferNoSchedule ones cost score.

Source: kubernetes v1.34.1, plugins/tainttoleration/taint_toleration.go.
"""

from collections.abc import Hashable, Sequence
from typing import ClassVar, Final

from _pykube_hotcore.program import Effect, Plugin, Toleration
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.plugins.base import ClassBuilder, CompileContext, SchedulerPlugin

EFFECTS: Final = {
    "NoSchedule": Effect.NO_SCHEDULE,
    "PreferNoSchedule": Effect.PREFER_NO_SCHEDULE,
    "NoExecute": Effect.NO_EXECUTE,
}


class TaintToleration(SchedulerPlugin):
    """Reads ``spec.tolerations``."""

    name: ClassVar = "TaintToleration"
    code: ClassVar = Plugin.TAINT_TOLERATION

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put the tolerations into the class; an operator that is none tolerates nothing."""
        found = []
        for item in (pod.get("spec") or {}).get("tolerations") or ():
            operator = item.get("operator") or "Equal"
            effect = item.get("effect") or ""
            if operator not in ("Equal", "Exists") or (effect and effect not in EFFECTS):
                continue
            key = item.get("key") or ""
            found.append(
                Toleration(
                    key=context.interner.key(key) if key else -1,
                    exists=operator == "Exists",
                    value=context.interner.value(item.get("value") or ""),
                    effect=EFFECTS[effect] if effect else -1,
                )
            )
        builder.tolerations = tuple(found)

    def reason_key(self, detail: int, node: KubeObject) -> Hashable:
        """Return the taint."""
        taint = node["spec"]["taints"][detail]
        return taint.get("key"), taint.get("value")

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the reason; ``detail`` is the index of the taint."""
        taint = node["spec"]["taints"][detail]
        return [f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value') or ''}}}"]


PLUGIN = TaintToleration()
