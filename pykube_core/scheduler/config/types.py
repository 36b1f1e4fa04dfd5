"""A KubeSchedulerConfiguration as typed values.

Names are those of ``kubescheduler.config.k8s.io/v1`` in snake_case. Everything is resolved:
defaults are filled in, MultiPoint is expanded, weights are final.

Source: kubernetes v1.34.1, pkg/scheduler/apis/config/types.go and types_pluginargs.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

DEFAULT_SCHEDULER_NAME: Final = "default-scheduler"

ScoringStrategyType: TypeAlias = Literal[
    "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"
]
DefaultingType: TypeAlias = Literal["System", "List"]


class ResourceSpec(NamedTuple):
    """A resource that counts in a score, and its share of it (1 to 100)."""

    name: str
    weight: int


class UtilizationShapePoint(NamedTuple):
    """A corner of a scoring curve: utilization in percent (0 to 100), score from 0 to 10."""

    utilization: int
    score: int


DEFAULT_RESOURCES: Final = (ResourceSpec("cpu", 1), ResourceSpec("memory", 1))


@dataclass(frozen=True, slots=True)
class ScoringStrategy:
    """How NodeResourcesFit scores.

    ``shape`` is ``requestedToCapacityRatio.shape``, sorted by utilization; it counts only for the
    type RequestedToCapacityRatio and is empty when it was not given.
    """

    type: ScoringStrategyType = "LeastAllocated"
    resources: tuple[ResourceSpec, ...] = DEFAULT_RESOURCES
    shape: tuple[UtilizationShapePoint, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeResourcesFitArgs:
    """Arguments of NodeResourcesFit. Ignored resources and groups count for its filter only."""

    ignored_resources: tuple[str, ...] = ()
    ignored_resource_groups: tuple[str, ...] = ()
    scoring_strategy: ScoringStrategy = ScoringStrategy()


@dataclass(frozen=True, slots=True)
class NodeResourcesBalancedAllocationArgs:
    """Arguments of NodeResourcesBalancedAllocation; every weight is 1."""

    resources: tuple[ResourceSpec, ...] = DEFAULT_RESOURCES


@dataclass(frozen=True, slots=True)
class NodeAffinityArgs:
    """Arguments of NodeAffinity.

    ``added_affinity`` has the shape of a Pod's ``spec.affinity.nodeAffinity``; it is not to be
    changed.
    """

    added_affinity: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class InterPodAffinityArgs:
    """Arguments of InterPodAffinity; the weight is from 0 to 100."""

    hard_pod_affinity_weight: int = 1
    ignore_preferred_terms_of_existing_pods: bool = False


@dataclass(frozen=True, slots=True)
class PodTopologySpreadArgs:
    """Arguments of PodTopologySpread.

    Each default constraint has the shape of one in a Pod's ``spec.topologySpreadConstraints``,
    without a labelSelector; it is not to be changed. The system's own defaults, for the type
    System, are not listed here.
    """

    default_constraints: tuple[Mapping[str, Any], ...] = ()
    defaulting_type: DefaultingType = "System"


@dataclass(frozen=True, slots=True)
class VolumeBindingArgs:
    """Arguments of VolumeBinding."""

    bind_timeout_seconds: int = 600


@dataclass(frozen=True, slots=True)
class DefaultPreemptionArgs:
    """Arguments of DefaultPreemption: how many candidate nodes a dry run looks at."""

    min_candidate_nodes_percentage: int = 10
    min_candidate_nodes_absolute: int = 100


@dataclass(frozen=True, slots=True)
class DynamicResourcesArgs:
    """Arguments of DynamicResources; 0 turns the timeout off."""

    filter_timeout_ns: int = 10_000_000_000


PluginArgs: TypeAlias = (
    NodeResourcesFitArgs
    | NodeResourcesBalancedAllocationArgs
    | NodeAffinityArgs
    | InterPodAffinityArgs
    | PodTopologySpreadArgs
    | VolumeBindingArgs
    | DefaultPreemptionArgs
    | DynamicResourcesArgs
    | Mapping[str, Any]
)


class EnabledPlugin(NamedTuple):
    """A plugin at an extension point; the weight is 0 at every point but score."""

    name: str
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Plugins:
    """The plugins of each extension point, in the order in which they run."""

    pre_enqueue: tuple[EnabledPlugin, ...] = ()
    queue_sort: tuple[EnabledPlugin, ...] = ()
    pre_filter: tuple[EnabledPlugin, ...] = ()
    filter: tuple[EnabledPlugin, ...] = ()
    post_filter: tuple[EnabledPlugin, ...] = ()
    pre_score: tuple[EnabledPlugin, ...] = ()
    score: tuple[EnabledPlugin, ...] = ()
    reserve: tuple[EnabledPlugin, ...] = ()
    permit: tuple[EnabledPlugin, ...] = ()
    pre_bind: tuple[EnabledPlugin, ...] = ()
    bind: tuple[EnabledPlugin, ...] = ()
    post_bind: tuple[EnabledPlugin, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One KubeSchedulerProfile, merged with the defaults.

    Attributes
    ----------
    scheduler_name : str
        Pods with this ``spec.schedulerName`` are scheduled by this profile.
    plugins : Plugins
        The plugins that run, in their order.
    args : mapping
        Arguments by plugin name, for every plugin that takes some. The arguments of a plugin that
        is not of kube-scheduler are a plain mapping.
    percentage_of_nodes_to_score : int or None
        0 to 100, 0 for the adaptive rule; None to take that of the configuration.
    """

    scheduler_name: str
    plugins: Plugins
    args: Mapping[str, PluginArgs] = field(hash=False)
    percentage_of_nodes_to_score: int | None = None


@dataclass(frozen=True, slots=True)
class SchedulerConfiguration:
    """A KubeSchedulerConfiguration.

    Attributes
    ----------
    profiles : tuple of Profile
        At least one; names are unique.
    percentage_of_nodes_to_score : int
        0 to 100; 0 is the adaptive rule.
    pod_initial_backoff_seconds, pod_max_backoff_seconds : int
        First and largest backoff of a pod that could not be scheduled.
    parallelism : int
        Accepted; results never depend on the number of threads.
    warnings : tuple of str
        Notes for the reader: an old version and what changed since, names without effect.
    """

    profiles: tuple[Profile, ...]
    percentage_of_nodes_to_score: int = 0
    pod_initial_backoff_seconds: int = 1
    pod_max_backoff_seconds: int = 10
    parallelism: int = 16
    warnings: tuple[str, ...] = ()

    def profile_for(self, scheduler_name: str) -> Profile | None:
        """Return the profile of the pods that name this scheduler, or None if there is none."""
        for profile in self.profiles:
            if profile.scheduler_name == scheduler_name:
                return profile
        return None
