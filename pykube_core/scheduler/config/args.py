"""Arguments of the in-tree plugins: read, filled with defaults, validated.

Source: kubernetes v1.34.1, pkg/scheduler/apis/config/v1/defaults.go and
validation/validation_pluginargs.go, with the feature gates at their defaults.

Differences
-----------
- kube-scheduler validates NodeResourcesFitArgs when it builds the plugin, so its errors there have
  no path before ``args``; here every path is complete.
- The type RequestedToCapacityRatio without ``requestedToCapacityRatio`` ends kube-scheduler with a
  nil dereference; here it is an error of the field.
"""

from collections.abc import Callable, Mapping
from typing import Final, get_args

from pykube_core.scheduler.config.fields import child, index
from pykube_core.scheduler.config.reader import ObjectReader
from pykube_core.scheduler.config.selectors import (
    check_label_names,
    read_node_affinity,
    read_spread_constraints,
)
from pykube_core.scheduler.config.types import (
    DEFAULT_RESOURCES,
    DefaultingType,
    DefaultPreemptionArgs,
    DynamicResourcesArgs,
    InterPodAffinityArgs,
    NodeAffinityArgs,
    NodeResourcesBalancedAllocationArgs,
    NodeResourcesFitArgs,
    PluginArgs,
    PodTopologySpreadArgs,
    ResourceSpec,
    ScoringStrategy,
    ScoringStrategyType,
    UtilizationShapePoint,
    VolumeBindingArgs,
)

_UTILIZATION_MAX: Final = 100
_SCORE_MAX: Final = 10


def _read_resources(reader: ObjectReader) -> tuple[ResourceSpec, ...]:
    """Read ``resources``; a weight that is absent or 0 is 1, none at all are cpu and memory."""
    resources = []
    for item in reader.objects("resources"):
        name = item.string("name")
        weight = item.integer("weight", 0, bits=64)
        item.finish()
        resources.append(ResourceSpec(name, weight or 1))
    return tuple(resources) or DEFAULT_RESOURCES


def _read_shape(reader: ObjectReader) -> tuple[UtilizationShapePoint, ...]:
    """Read ``shape`` and check that it is a curve."""
    errors, path = reader.errors, reader.at("shape")
    points = []
    for item in reader.objects("shape"):
        points.append(
            UtilizationShapePoint(item.integer("utilization", 0), item.integer("score", 0))
        )
        item.finish()
    if not points:
        errors.required(path, "at least one point must be specified")
    for position in range(1, len(points)):
        utilization = points[position].utilization
        if points[position - 1].utilization >= utilization:
            at = child(index(path, position), "utilization")
            errors.invalid(at, utilization, "values must be sorted in increasing order")
            break
    for position, point in enumerate(points):
        at = index(path, position)
        _check_range(reader, child(at, "utilization"), point.utilization, _UTILIZATION_MAX)
        _check_range(reader, child(at, "score"), point.score, _SCORE_MAX)
    return tuple(points)


def _check_range(reader: ObjectReader, path: str, value: int, maximum: int) -> None:
    if not 0 <= value <= maximum:
        reader.errors.invalid(path, value, f"not in valid range [0, {maximum}]")


def _read_scoring_strategy(reader: ObjectReader) -> ScoringStrategy:
    kind = reader.string("type")
    resources = _read_resources(reader)
    ratio = reader.nested("requestedToCapacityRatio")
    shape: tuple[UtilizationShapePoint, ...] = ()
    if ratio is not None:
        shape = _read_shape(ratio)
        ratio.finish()
    reader.finish()
    known: tuple[ScoringStrategyType, ...] = get_args(ScoringStrategyType)
    if kind not in known:
        reader.errors.not_supported(reader.at("type"), kind, known)
    if kind == "RequestedToCapacityRatio" and ratio is None:
        path = reader.at("requestedToCapacityRatio")
        reader.errors.required(path, "the type RequestedToCapacityRatio needs a shape")
    for position, resource in enumerate(resources):
        if not 0 < resource.weight <= 100:
            path = child(index(reader.at("resources"), position), "weight")
            detail = f"resource weight of {resource.name} not in valid range (0, 100]"
            reader.errors.invalid(path, resource.weight, detail)
    strategy = next((name for name in known if name == kind), known[0])
    return ScoringStrategy(strategy, resources, shape)


def _read_node_resources_fit(reader: ObjectReader) -> NodeResourcesFitArgs:
    ignored = reader.strings("ignoredResources")
    groups = reader.strings("ignoredResourceGroups")
    check_label_names(reader.errors, reader.at("ignoredResources"), ignored)
    for position, group in enumerate(groups):
        if "/" in group:
            path = index(reader.at("ignoredResourceGroups"), position)
            reader.errors.invalid(path, group, "resource group name can't contain '/'")
    check_label_names(reader.errors, reader.at("ignoredResourceGroups"), groups)
    strategy = reader.nested("scoringStrategy")
    scoring = ScoringStrategy() if strategy is None else _read_scoring_strategy(strategy)
    return NodeResourcesFitArgs(ignored, groups, scoring)


def _read_balanced_allocation(reader: ObjectReader) -> NodeResourcesBalancedAllocationArgs:
    resources = _read_resources(reader)
    seen: set[str] = set()
    for position, resource in enumerate(resources):
        path = index(reader.at("resources"), position)
        if resource.name in seen:
            reader.errors.duplicate(child(path, "name"), resource.name)
        seen.add(resource.name)
        if resource.weight != 1:
            reader.errors.invalid(child(path, "weight"), resource.weight, "must be 1")
    return NodeResourcesBalancedAllocationArgs(resources)


def _read_node_affinity_args(reader: ObjectReader) -> NodeAffinityArgs:
    affinity = reader.nested("addedAffinity")
    if affinity is None:
        return NodeAffinityArgs()
    return NodeAffinityArgs(read_node_affinity(affinity))


def _read_inter_pod_affinity(reader: ObjectReader) -> InterPodAffinityArgs:
    weight = reader.integer("hardPodAffinityWeight", 1)
    _check_range(reader, reader.at("hardPodAffinityWeight"), weight, 100)
    return InterPodAffinityArgs(weight, reader.boolean("ignorePreferredTermsOfExistingPods"))


def _read_pod_topology_spread(reader: ObjectReader) -> PodTopologySpreadArgs:
    known: tuple[DefaultingType, ...] = get_args(DefaultingType)
    text = reader.string("defaultingType") or "System"
    defaulting = next((name for name in known if name == text), known[0])
    constraints = reader.elements("defaultConstraints")
    if text not in known:
        reader.errors.not_supported(reader.at("defaultingType"), text, known)
    elif text == "System" and constraints:
        detail = "when .defaultConstraints are not empty"
        reader.errors.invalid(reader.at("defaultingType"), text, detail)
    return PodTopologySpreadArgs(read_spread_constraints(reader), defaulting)


def _read_volume_binding(reader: ObjectReader) -> VolumeBindingArgs:
    timeout = reader.integer("bindTimeoutSeconds", 600, bits=64)
    if timeout < 0:
        detail = "invalid BindTimeoutSeconds, should not be a negative value"
        reader.errors.invalid(reader.at("bindTimeoutSeconds"), timeout, detail)
    shape = reader.raw("shape")
    if shape is not None:
        detail = "unexpected field `shape`, remove it or turn on the feature gate "
        reader.errors.invalid(reader.at("shape"), shape, detail + "StorageCapacityScoring")
    return VolumeBindingArgs(timeout)


def _read_default_preemption(reader: ObjectReader) -> DefaultPreemptionArgs:
    percentage = reader.integer("minCandidateNodesPercentage", 10)
    absolute = reader.integer("minCandidateNodesAbsolute", 100)
    percentage_at = reader.at("minCandidateNodesPercentage")
    absolute_at = reader.at("minCandidateNodesAbsolute")
    _check_range(reader, percentage_at, percentage, 100)
    if absolute < 0:
        reader.errors.invalid(absolute_at, absolute, "not in valid range [0, inf)")
    if percentage == absolute == 0:
        detail = "cannot be zero at the same time as "
        reader.errors.invalid(percentage_at, percentage, detail + "minCandidateNodesAbsolute")
        reader.errors.invalid(absolute_at, absolute, detail + "minCandidateNodesPercentage")
    return DefaultPreemptionArgs(percentage, absolute)


def _read_dynamic_resources(reader: ObjectReader) -> DynamicResourcesArgs:
    timeout_ns = reader.duration_ns("filterTimeout", DynamicResourcesArgs().filter_timeout_ns)
    if timeout_ns < 0:
        path, text = reader.at("filterTimeout"), reader.raw("filterTimeout")
        reader.errors.invalid(path, text, "must be zero or positive")
    return DynamicResourcesArgs(timeout_ns)


_READERS: Final[Mapping[str, Callable[[ObjectReader], PluginArgs]]] = {
    "DefaultPreemption": _read_default_preemption,
    "DynamicResources": _read_dynamic_resources,
    "InterPodAffinity": _read_inter_pod_affinity,
    "NodeAffinity": _read_node_affinity_args,
    "NodeResourcesBalancedAllocation": _read_balanced_allocation,
    "NodeResourcesFit": _read_node_resources_fit,
    "PodTopologySpread": _read_pod_topology_spread,
    "VolumeBinding": _read_volume_binding,
}

_DEFAULTS: Final[Mapping[str, PluginArgs]] = {
    "DefaultPreemption": DefaultPreemptionArgs(),
    "DynamicResources": DynamicResourcesArgs(),
    "InterPodAffinity": InterPodAffinityArgs(),
    "NodeAffinity": NodeAffinityArgs(),
    "NodeResourcesBalancedAllocation": NodeResourcesBalancedAllocationArgs(),
    "NodeResourcesFit": NodeResourcesFitArgs(),
    "PodTopologySpread": PodTopologySpreadArgs(),
    "VolumeBinding": VolumeBindingArgs(),
}


def default_args(plugin: str) -> PluginArgs | None:
    """Return the default arguments of an in-tree plugin, None if it takes none."""
    return _DEFAULTS.get(plugin)


def read_args(plugin: str, reader: ObjectReader, api_version: str) -> PluginArgs | None:
    """Read the arguments of an in-tree plugin.

    Faults are recorded in the reader's errors.

    Parameters
    ----------
    plugin : str
        Name of the plugin.
    reader : ObjectReader
        At ``args``; ``apiVersion`` and ``kind`` may be left out.
    api_version : str
        The version of the configuration, which ``apiVersion`` must repeat if it is there.

    Returns
    -------
    PluginArgs or None
        None if the plugin takes no arguments.
    """
    read = _READERS.get(plugin)
    if read is None:
        return None
    version, kind = reader.string("apiVersion"), reader.string("kind")
    args = read(reader)
    reader.finish()
    if version and version != api_version:
        reader.errors.not_supported(reader.at("apiVersion"), version, [api_version])
    if kind and kind != f"{plugin}Args":
        reader.errors.invalid(
            reader.at("kind"), kind, f"args for plugin {plugin} must be of type {plugin}Args"
        )
    return args
