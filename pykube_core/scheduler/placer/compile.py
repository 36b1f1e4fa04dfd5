"""Kubernetes objects as the engine's integers: profiles, nodes, pod classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from _pykube_hotcore.program import (
    DEVICE_COUNT_MAX,
    RESOURCE_COUNT_MAX,
    EngineProfile,
    NodeRow,
    Plugin,
    PodClass,
    Strategy,
    Taint,
)
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject, full_name, name_of, namespace_of
from pykube_core.api.machinery.quantity import QuantityError, parse_quantity
from pykube_core.scheduler.config import (
    InterPodAffinityArgs,
    NodeResourcesBalancedAllocationArgs,
    NodeResourcesFitArgs,
    Profile,
)
from pykube_core.scheduler.plugins import PLUGINS, ClassBuilder, CompileContext
from pykube_core.scheduler.plugins.gpu_share import COUNT as GPU_COUNT
from pykube_core.scheduler.plugins.image_locality import node_images
from pykube_core.scheduler.plugins.node_resources_fit import KNOWN
from pykube_core.scheduler.plugins.node_volume_limits import node_attached, node_limits
from pykube_core.scheduler.plugins.priority_sort import priority_of
from pykube_core.scheduler.plugins.taint_toleration import EFFECTS
from pykube_core.scheduler.tables.interner import NODE_NAME_KEY, Interner
from pykube_core.scheduler.tables.requests import is_scalar_resource, scheduler_units
from pykube_core.scheduler.tables.volume_cache import VolumeCache

_STRATEGIES = {
    "LeastAllocated": Strategy.LEAST_ALLOCATED,
    "MostAllocated": Strategy.MOST_ALLOCATED,
    "RequestedToCapacityRatio": Strategy.REQUESTED_TO_CAPACITY_RATIO,
}
# MaxNodeScore / MaxCustomPriorityScore: shapes are written on a scale of 0 to 10.
_SHAPE_SCALE = 10


class Prepared(NamedTuple):
    """A profile as the engine takes it, with the kernel of the user's own function, if any."""

    profile: EngineProfile
    kernel: object | None


def compile_profile(
    profile: Profile, policy_plugin: str | None, interner: Interner
) -> EngineProfile:
    """Return a profile as the engine takes it.

    Parameters
    ----------
    profile
        The profile.
    policy_plugin
        Name of the score plugin that stands for a policy of the user's own.
    interner
        Numbers of resources; grows.
    """
    filters = [PLUGINS[p.name].code for p in profile.plugins.filter if p.name in PLUGINS]
    scorers = []
    for plugin in profile.plugins.score:
        if plugin.name == policy_plugin:
            scorers.append((Plugin.POLICY, plugin.weight))
        elif plugin.name in PLUGINS and PLUGINS[plugin.name].is_scorer:
            scorers.append((PLUGINS[plugin.name].code, plugin.weight))
    fit = profile.args.get("NodeResourcesFit")
    strategy = fit.scoring_strategy if isinstance(fit, NodeResourcesFitArgs) else None
    balanced = profile.args.get("NodeResourcesBalancedAllocation")
    affinity = profile.args.get("InterPodAffinity")
    if not isinstance(affinity, InterPodAffinityArgs):
        affinity = InterPodAffinityArgs()
    base = EngineProfile(tuple(filters), tuple(scorers))
    return EngineProfile(
        filters=base.filters,
        scorers=base.scorers,
        strategy=_STRATEGIES[strategy.type] if strategy else base.strategy,
        fit_resources=tuple((interner.resource(r.name), r.weight) for r in strategy.resources)
        if strategy
        else base.fit_resources,
        shape=tuple((p.utilization, p.score * _SHAPE_SCALE) for p in strategy.shape)
        if strategy
        else (),
        balanced_resources=tuple(interner.resource(r.name) for r in balanced.resources)
        if isinstance(balanced, NodeResourcesBalancedAllocationArgs)
        else base.balanced_resources,
        packing_resources=_packing_resources(profile, interner),
        hard_pod_affinity_weight=affinity.hard_pod_affinity_weight,
        ignore_preferred_terms_of_existing_pods=affinity.ignore_preferred_terms_of_existing_pods,
    )


def _packing_resources(profile: Profile, interner: Interner) -> tuple[int, ...]:
    for name in ("BestFit", "WorstFit", "DotProduct"):
        args = profile.args.get(name)
        if isinstance(args, Mapping) and args.get("resources"):
            return tuple(interner.resource(str(r)) for r in args["resources"])
    return ()


def compile_node(
    node: KubeObject,
    rank: int,
    interner: Interner,
    volume_cache: VolumeCache | None = None,
    *,
    has_devices: bool = False,
) -> NodeRow:
    """Return a Node as a row, with what ``volume_cache`` says of its volumes.

    Parameters
    ----------
    has_devices
        Its GPUs count one by one, as some profile shares them.

    Raises
    ------
    InputError
        A quantity cannot be read or is negative, or a list has the wrong shape.
    """
    try:
        return _compile_node(node, rank, interner, volume_cache or VolumeCache(), has_devices)
    except (QuantityError, KeyError, TypeError, AttributeError, ValueError, InputError) as error:
        raise _bad(f"Node {name_of(node)}", error) from error


def compile_again(
    node: KubeObject,
    held: NodeRow,
    before: KubeObject,
    interner: Interner,
    volume_cache: VolumeCache,
    *,
    has_devices: bool = False,
) -> NodeRow:
    """Return a Node as a row, where it was ``before`` and ``held`` is the row of that.

    Most often nothing but its images is new, and nothing else is compiled then.

    Raises
    ------
    InputError
        As `compile_node`.
    """
    if _without_images(node) != _without_images(before):
        return compile_node(node, held.rank, interner, volume_cache, has_devices=has_devices)
    name = name_of(node)
    return replace(
        held,
        images=node_images(node, interner),
        csi_limits=node_limits(name, volume_cache, interner),
        csi_attached=node_attached(name, volume_cache, interner),
    )


def _without_images(node: KubeObject) -> tuple[Any, ...]:
    """Return what `compile_node` reads of a Node beside its name and its images."""
    labels = (node.get("metadata") or {}).get("labels")
    return labels, node.get("spec"), (node.get("status") or {}).get("allocatable")


def _bad(what: str, error: Exception) -> InputError:
    if isinstance(error, InputError):
        return error.within(object=what)
    words = str(error) if isinstance(error, (QuantityError, ValueError)) else repr(error)
    return InputError(f"cannot be read: {words}", object=what)


def _compile_node(
    node: KubeObject, rank: int, interner: Interner, volume_cache: VolumeCache, has_devices: bool
) -> NodeRow:
    metadata = node.get("metadata") or {}
    spec = node.get("spec") or {}
    allocatable = [0, 0, 0]
    pod_slots = 0
    devices = 0
    for name, text in ((node.get("status") or {}).get("allocatable") or {}).items():
        amount = scheduler_units(name, parse_quantity(text).nano)
        if amount < 0:
            raise InputError(f"{text} is negative", field=f"status.allocatable[{name}]")
        if name == "pods":
            pod_slots = amount
        elif name in KNOWN or is_scalar_resource(name):
            number = interner.resource(name)
            allocatable += [0] * (number + 1 - len(allocatable))
            allocatable[number] = amount
        if name == GPU_COUNT and has_devices:
            devices = amount
    if devices > DEVICE_COUNT_MAX:
        raise InputError(
            f"{devices} GPUs, at most {DEVICE_COUNT_MAX} are supported",
            field=f"status.allocatable[{GPU_COUNT}]",
        )
    if len(interner.resources) > RESOURCE_COUNT_MAX:
        raise InputError(f"more than {RESOURCE_COUNT_MAX} resources", field="status.allocatable")
    labels = {NODE_NAME_KEY: name_of(node), **(metadata.get("labels") or {})}
    return NodeRow(
        allocatable=tuple(allocatable),
        pod_slots=pod_slots,
        rank=rank,
        unschedulable=bool(spec.get("unschedulable")),
        labels=tuple(sorted(interner.label(k, v or "") for k, v in labels.items())),
        taints=tuple(
            Taint(
                interner.key(t.get("key") or ""),
                interner.value(t.get("value") or ""),
                EFFECTS[t["effect"]],
            )
            for t in spec.get("taints") or ()
        ),
        device_count=devices,
        images=node_images(node, interner),
        csi_limits=node_limits(name_of(node), volume_cache, interner),
        csi_attached=node_attached(name_of(node), volume_cache, interner),
    )


def compile_pod(pod: KubeObject, profile: int, context: CompileContext) -> PodClass:
    """Return what the scheduler can tell apart in a Pod.

    Parameters
    ----------
    pod
        The Pod; its name and uid do not matter.
    profile
        Index of its profile.
    context
        That profile, and what else there is to know.

    Raises
    ------
    InputError
        A quantity cannot be read or is negative, or a field has the wrong shape.
    """
    builder = ClassBuilder(profile=profile)
    interner = context.interner
    try:
        _compile_identity(pod, builder, context)
        for plugin in PLUGINS.values():
            plugin.compile(pod, builder, context)
        built = builder.build()
        if any(amount < 0 for _, amount in built.request):
            raise InputError("requests are negative", field="spec.containers")
        if len(interner.resources) > RESOURCE_COUNT_MAX:
            raise InputError(f"more than {RESOURCE_COUNT_MAX} resources", field="spec.containers")
    except (QuantityError, KeyError, TypeError, AttributeError, ValueError, InputError) as error:
        raise _bad(f"Pod {full_name(pod)}", error) from error
    return built


def compile_key(profile: Profile) -> tuple[object, ...]:
    """Return what `compile_pod` reads of a profile: under equal ones a pod has the same class."""
    args, plugins = profile.args, profile.plugins
    return tuple(each.reads(args.get(name), plugins) for name, each in PLUGINS.items())


def _compile_identity(pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
    """Put what other pods' selectors and preemption see of a pod into its class."""
    metadata = pod.get("metadata") or {}
    interner, namespace = context.interner, namespace_of(pod)
    context.matchers.see_namespace(namespace)
    builder.namespace = interner.value(namespace)
    builder.labels = tuple(
        sorted(
            (interner.key(k), interner.value(v or ""))
            for k, v in (metadata.get("labels") or {}).items()
        )
    )
    builder.priority = priority_of(pod)
    builder.terminating = metadata.get("deletionTimestamp") is not None
