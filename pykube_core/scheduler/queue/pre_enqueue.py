"""Whether a pod may enter the queue at all, as its profile's PreEnqueue plugins say."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from pykube_core.scheduler.queue.pools import QueuedPod

PreEnqueue: TypeAlias = Callable[[QueuedPod], bool]
"""Whether a plugin lets a pod into the queue."""


class PreEnqueuePlugins:
    """The PreEnqueue plugins of all profiles.

    Parameters
    ----------
    plugins : mapping of str to sequence of (str, callable)
        By scheduler name: name and function, in their order.
    """

    def __init__(self, plugins: Mapping[str, Sequence[tuple[str, PreEnqueue]]]) -> None:
        self._plugins = plugins

    def gate_of(self, queued: QueuedPod) -> str:
        """Return the plugin that holds a pod back; "" for none.

        The one that held it back before is asked first.
        """
        plugins = self._plugins.get(queued.scheduler_name, ())
        held_by = queued.gating_plugin
        if held_by:
            plugins = sorted(plugins, key=lambda plugin: plugin[0] != held_by)
        return next((name for name, may_enter in plugins if not may_enter(queued)), "")
