"""GpuShare: GPUs of a node one by one, whole or in thousandths.

A node with ``alibabacloud.com/gpu-count`` in its allocatable has that many GPUs of 1000 milli. A
pod asks with the annotations ``alibabacloud.com/gpu-count`` (how many) and
``alibabacloud.com/gpu-milli`` (of each, 1000 if absent); it fits where so many single GPUs have so
much left, and takes those with the least left that do, the first among equals.

No profile has it by itself: a configuration enables it at ``filter``, and input that speaks of
such GPUs (the openb trace) asks for it.

Source: the scheduler of the openb trace's simulator, hkust-adsl/kubernetes-scheduler-simulator,
pkg/simulator/plugin/open-gpu-share.go. Difference: which GPUs are taken does not depend on the
score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from _pykube_hotcore.program import DEVICE_COUNT_MAX, DEVICE_MILLI, Plugin
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject, full_name
from pykube_core.scheduler.config import Plugins
from pykube_core.scheduler.plugins.base import ClassBuilder, CompileContext, SchedulerPlugin

COUNT: Final = "alibabacloud.com/gpu-count"
MILLI: Final = "alibabacloud.com/gpu-milli"


class GpuShare(SchedulerPlugin):
    """Reads two annotations."""

    name: ClassVar = "GpuShare"
    code: ClassVar = Plugin.GPU_SHARE

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put the number of GPUs and the share of each into the class."""
        if not is_enabled(context.plugins):
            return
        annotations = (pod.get("metadata") or {}).get("annotations") or {}
        if COUNT in annotations:
            count = _number(pod, annotations, COUNT, DEVICE_COUNT_MAX)
            milli = DEVICE_MILLI
            if MILLI in annotations:
                milli = _number(pod, annotations, MILLI, DEVICE_MILLI)
            if count > 0:
                builder.devices = (count, max(milli, 1))

    def reads(self, args: object, plugins: Plugins) -> object:
        """Return whether the profile filters with it."""
        return is_enabled(plugins)

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the one reason."""
        return ["node(s) had too few GPUs with room"]


def is_enabled(plugins: Plugins) -> bool:
    """Return whether a profile filters with it."""
    return any(plugin.name == GpuShare.name for plugin in plugins.filter)


def _number(pod: KubeObject, annotations: dict[str, str], key: str, largest: int) -> int:
    text = str(annotations[key])
    if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= largest):
        raise InputError(
            f"must be an integer from 0 to {largest}, not {text!r}",
            object=f"Pod {full_name(pod)}",
            field=f"metadata.annotations[{key}]",
        )
    return int(text)


PLUGIN = GpuShare()
