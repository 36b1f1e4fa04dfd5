"""NodeResourcesFit: the pod's requests within what the node has left, and three ways to score it.

Source: kubernetes v1.34.1, plugins/noderesources/fit.go, resource_allocation.go,
least_allocated.go, most_allocated.go, requested_to_capacity_ratio.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from _pykube_hotcore.program import Amounts, Plugin
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.config import NodeResourcesFitArgs, Plugins
from pykube_core.scheduler.plugins.base import ClassBuilder, CompileContext, SchedulerPlugin
from pykube_core.scheduler.tables.interner import Interner
from pykube_core.scheduler.tables.requests import (
    is_scalar_resource,
    non_missing_for,
    pod_level_requests,
    pod_requests,
    scheduler_units,
)

KNOWN = ("cpu", "memory", "ephemeral-storage")


class NodeResourcesFit(SchedulerPlugin):
    """Reads requests, overhead and, for pods on a node, the status of containers."""

    name: ClassVar = "NodeResourcesFit"
    code: ClassVar = Plugin.NODE_RESOURCES_FIT

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put what the pod takes of a node, asks of the filter and shows the scorers."""
        interner = context.interner
        total = pod_requests(pod, use_status=True)
        builder.request = amounts(total, interner)
        defaults = non_missing_for(total, bool(pod_level_requests(pod)))
        nonzero = pod_requests(pod, use_status=True, non_missing=defaults) if defaults else total
        builder.nonzero = (
            scheduler_units("cpu", nonzero.get("cpu", 0)),
            scheduler_units("memory", nonzero.get("memory", 0)),
        )
        shown = pod_requests(
            pod, use_status=True, skip_pod_level=True, non_missing=("cpu", "memory")
        )
        builder.score_request = amounts(shown, interner)
        args = context.args.get(self.name)
        asked = pod_requests(pod)
        if isinstance(args, NodeResourcesFitArgs):
            asked = {k: v for k, v in asked.items() if not _ignored(k, args)}
        filtered = amounts(asked, interner)
        if filtered != builder.request:
            builder.filter_request = filtered

    def reads(self, args: object, plugins: Plugins) -> object:
        """Return the resources that the filter is to ignore."""
        if isinstance(args, NodeResourcesFitArgs):
            return args.ignored_resources, args.ignored_resource_groups
        return (), ()

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the reasons; ``detail`` has bit 0 for pods and bit 1 + r for resource r."""
        found = ["Too many pods"] if detail & 1 else []
        short = [r for i, r in enumerate(resources) if detail >> (i + 1) & 1]
        found += [f"Insufficient {r}" for r in short if r in KNOWN]
        return found + [f"Insufficient {r}" for r in sorted(short) if r not in KNOWN]


def _ignored(name: str, args: NodeResourcesFitArgs) -> bool:
    if name in KNOWN:
        return False
    group, slash, _ = name.partition("/")
    return name in args.ignored_resources or bool(slash and group in args.ignored_resource_groups)


def amounts(nano: Mapping[str, int], interner: Interner) -> Amounts:
    """Return the resources that the scheduler accounts for, in its units, by number."""
    return tuple(
        sorted(
            (interner.resource(name), scheduler_units(name, amount))
            for name, amount in nano.items()
            if amount != 0 and (name in KNOWN or is_scalar_resource(name))
        )
    )


PLUGIN = NodeResourcesFit()
