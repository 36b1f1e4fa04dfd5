"""The scheduling queue that a configuration asks for."""

from collections.abc import Callable, Collection, Mapping

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.config import Profile, SchedulerConfiguration
from pykube_core.scheduler.queue.backoff import SECOND_NS
from pykube_core.scheduler.queue.hints import queueing_hints
from pykube_core.scheduler.queue.pools import QueuedPod
from pykube_core.scheduler.queue.pre_enqueue import PreEnqueue
from pykube_core.scheduler.queue.queue import SchedulingQueue


def has_no_scheduling_gates(queued: QueuedPod) -> bool:
    """Return whether SchedulingGates lets a pod in: one without ``spec.schedulingGates``."""
    return not queued.has_gates


def build_queue(
    configuration: SchedulerConfiguration,
    *,
    registry: Mapping[str, Collection[str]] | None = None,
    pre_enqueue: Mapping[str, PreEnqueue] | None = None,
    default_selector: Callable[[KubeObject], KubeObject | None] | None = None,
    start_ns: int = 0,
) -> SchedulingQueue:
    """Make the queue for the profiles of a configuration.

    Parameters
    ----------
    configuration : SchedulerConfiguration
        Its profiles and its backoff.
    registry : mapping, optional
        Plugins of the user: name to the extension points that it implements.
    pre_enqueue : mapping, optional
        PreEnqueue plugins beside SchedulingGates, by name; used where a profile enables them.
        Without ``DefaultPreemption`` here, pods are not held back while their victims go; without
        ``DynamicResources``, not while their claims are missing.
    default_selector : callable, optional
        As for :func:`pykube_core.scheduler.queue.hints.queueing_hints`.
    start_ns : int
        The time.
    """
    functions = {"SchedulingGates": has_no_scheduling_gates, **(pre_enqueue or {})}

    def plugins_of(profile: Profile) -> list[tuple[str, PreEnqueue]]:
        names = [plugin.name for plugin in profile.plugins.pre_enqueue]
        return [(name, functions[name]) for name in names if name in functions]

    return SchedulingQueue(
        {
            profile.scheduler_name: queueing_hints(profile, registry, default_selector)
            for profile in configuration.profiles
        },
        {profile.scheduler_name: plugins_of(profile) for profile in configuration.profiles},
        initial_backoff_ns=configuration.pod_initial_backoff_seconds * SECOND_NS,
        max_backoff_ns=configuration.pod_max_backoff_seconds * SECOND_NS,
        start_ns=start_ns,
    )
