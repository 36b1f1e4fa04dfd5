"""Which plugins run at which extension point, and in which order.

A profile names plugins per extension point and through MultiPoint, which stands for every point
that a plugin implements. Two steps make lists of them:

1. *Merge* with the defaults. Defaults that are disabled go; a default that is enabled again keeps
   its place and takes the new weight; the others are appended.
2. *Expand* MultiPoint at each point. Order: plugins named at the point that MultiPoint has too, in
   the point's order; then the rest of MultiPoint; then those named only at the point.

Example: with ``filter.enabled: [Mine, TaintToleration]`` and the defaults, the filters are
TaintToleration, NodeUnschedulable, NodeName, ... and Mine comes last.

Source: kubernetes v1.34.1, pkg/scheduler/apis/config/v1/default_plugins.go (mergePluginSet) and
pkg/scheduler/framework/runtime/framework.go (NewFramework, expandMultiPointPlugins,
getScoreWeights).
"""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pykube_core.scheduler.config.fields import FieldErrors, child
from pykube_core.scheduler.config.reader import ObjectReader
from pykube_core.scheduler.config.types import EnabledPlugin, Plugins

# Extension point as the configuration writes it: attribute of Plugins, name of the Go interface.
EXTENSION_POINTS: Final[Mapping[str, tuple[str, str]]] = {
    "preEnqueue": ("pre_enqueue", "PreEnqueuePlugin"),
    "queueSort": ("queue_sort", "QueueSortPlugin"),
    "preFilter": ("pre_filter", "PreFilterPlugin"),
    "filter": ("filter", "FilterPlugin"),
    "postFilter": ("post_filter", "PostFilterPlugin"),
    "preScore": ("pre_score", "PreScorePlugin"),
    "score": ("score", "ScorePlugin"),
    "reserve": ("reserve", "ReservePlugin"),
    "permit": ("permit", "PermitPlugin"),
    "preBind": ("pre_bind", "PreBindPlugin"),
    "bind": ("bind", "BindPlugin"),
    "postBind": ("post_bind", "PostBindPlugin"),
}

_FILTER: Final = frozenset({"preFilter", "filter"})
_FILTER_AND_SCORE: Final = _FILTER | {"preScore", "score"}

# The in-tree plugins in the order of the default MultiPoint, with their default weights and the
# extension points that each implements.
_IN_TREE: Final[tuple[tuple[str, int, frozenset[str]], ...]] = (
    ("SchedulingGates", 0, frozenset({"preEnqueue"})),
    ("PrioritySort", 0, frozenset({"queueSort"})),
    ("NodeUnschedulable", 0, frozenset({"filter"})),
    ("NodeName", 0, frozenset({"filter"})),
    ("TaintToleration", 3, frozenset({"filter", "preScore", "score"})),
    ("NodeAffinity", 2, _FILTER_AND_SCORE),
    ("NodePorts", 0, _FILTER),
    ("NodeResourcesFit", 1, _FILTER_AND_SCORE),
    ("VolumeRestrictions", 0, _FILTER),
    ("NodeVolumeLimits", 0, _FILTER),
    ("VolumeBinding", 0, _FILTER_AND_SCORE | {"reserve", "preBind"}),
    ("VolumeZone", 0, _FILTER),
    ("PodTopologySpread", 2, _FILTER_AND_SCORE),
    ("InterPodAffinity", 2, _FILTER_AND_SCORE),
    ("DynamicResources", 0, _FILTER | {"preEnqueue", "postFilter", "reserve", "preBind"}),
    ("DefaultPreemption", 0, frozenset({"preEnqueue", "postFilter"})),
    ("NodeResourcesBalancedAllocation", 1, frozenset({"preScore", "score"})),
    ("ImageLocality", 1, frozenset({"score"})),
    ("DefaultBinder", 0, frozenset({"bind"})),
)

IN_TREE_PLUGINS: Final[Mapping[str, Collection[str]]] = {
    name: points for name, _, points in _IN_TREE
}

# Names that a v1 configuration may not enable.
_INVALID_IN_V1: Final = frozenset({"AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits"})


@dataclass(frozen=True, slots=True)
class _Named:
    """A plugin that the configuration enables, and where it does so (empty for a default)."""

    name: str
    weight: int
    path: str = ""


@dataclass(slots=True)
class PluginSet:
    """The plugins that a profile enables and disables at one extension point."""

    enabled: list[_Named] = field(default_factory=list)
    disabled: list[_Named] = field(default_factory=list)


@dataclass(slots=True)
class PluginSets:
    """The plugin sets of a profile, by extension point and for MultiPoint."""

    multi_point: PluginSet
    points: dict[str, PluginSet]

    def names(self) -> set[str]:
        """Return every plugin that is enabled anywhere."""
        sets = (self.multi_point, *self.points.values())
        return {plugin.name for each in sets for plugin in each.enabled}


def default_multi_point() -> list[_Named]:
    """Return the default MultiPoint plugins, in their order."""
    return [_Named(name, weight) for name, weight, _ in _IN_TREE]


def read_plugin_sets(reader: ObjectReader | None) -> PluginSets:
    """Read ``plugins`` of a profile and merge it with the defaults."""
    given = PluginSet() if reader is None else _read_plugin_set(reader.nested("multiPoint"))
    points = {
        point: PluginSet() if reader is None else _read_plugin_set(reader.nested(point))
        for point in EXTENSION_POINTS
    }
    if reader is not None:
        reader.finish()
    merged = PluginSet(_merge(default_multi_point(), given), given.disabled)
    return PluginSets(merged, points)


def _read_plugin_set(reader: ObjectReader | None) -> PluginSet:
    if reader is None:
        return PluginSet()
    found = PluginSet(_read_plugins(reader, "enabled"), _read_plugins(reader, "disabled"))
    reader.finish()
    return found


def _read_plugins(reader: ObjectReader, name: str) -> list[_Named]:
    plugins = []
    for item in reader.objects(name):
        plugins.append(_Named(item.string("name"), item.integer("weight", 0), item.path))
        item.finish()
    return plugins


def _merge(defaults: list[_Named], given: PluginSet) -> list[_Named]:
    """Merge the given MultiPoint set with the default one."""
    disabled = {plugin.name for plugin in given.disabled}
    # The last entry of a name counts for its default; the others stay and are refused later.
    last = {plugin.name: plugin for plugin in given.enabled}
    replaced: list[_Named] = []
    merged: list[_Named] = []
    for default in defaults if "*" not in disabled else ():
        if default.name in disabled:
            continue
        plugin = last.get(default.name, default)
        if plugin is not default:
            replaced.append(plugin)
        merged.append(plugin)
    return merged + [plugin for plugin in given.enabled if plugin not in replaced]


def check_names(
    sets: PluginSets, registry: Mapping[str, Collection[str]], errors: FieldErrors, api_version: str
) -> list[str]:
    """Record plugins that do not exist, or not at the point that enables them.

    Returns
    -------
    list of str
        Warnings: names that are disabled although no such plugin exists.
    """
    warnings = []
    for point, plugins in (("multiPoint", sets.multi_point), *sets.points.items()):
        interface = EXTENSION_POINTS[point][1] if point in EXTENSION_POINTS else "plugin"
        for plugin in plugins.enabled:
            path = child(plugin.path, "name")
            if plugin.name in _INVALID_IN_V1:
                detail = f'KubeSchedulerConfiguration is version "{api_version}"'
                reason = f'was invalid in version "v1" ({detail})'
                errors.invalid(plugin.path, plugin.name, reason)
            elif plugin.name not in registry:
                errors.invalid(path, plugin.name, unknown_plugin(interface, plugin.name, registry))
            elif point in EXTENSION_POINTS and point not in registry[plugin.name]:
                detail = f'plugin "{plugin.name}" does not extend {interface} plugin'
                errors.invalid(path, plugin.name, detail)
        for plugin in plugins.disabled:
            if plugin.name != "*" and plugin.name not in registry:
                path = child(plugin.path, "name")
                reason = unknown_plugin("plugin", plugin.name, registry)
                warnings.append(f"{path}: {reason}; disabling it changes nothing")
    return warnings


def unknown_plugin(kind: str, name: str, registry: Iterable[str]) -> str:
    """Return the words for a plugin that does not exist, with the closest one that does."""
    close = difflib.get_close_matches(name, sorted(registry), n=1)
    hint = f', did you mean "{close[0]}"?' if close else ""
    return f'{kind} "{name}" does not exist{hint}'


def expand(
    sets: PluginSets, registry: Mapping[str, Collection[str]], errors: FieldErrors
) -> Plugins:
    """Return the plugins of each extension point, MultiPoint expanded and weights final.

    The names must have passed :func:`check_names`. A plugin that is enabled twice at one place is
    recorded in ``errors``.
    """
    weights = _score_weights(sets)
    lists: dict[str, tuple[EnabledPlugin, ...]] = {}
    for point, (attribute, interface) in EXTENSION_POINTS.items():
        names = _expand_point(point, interface, sets, registry, errors)
        lists[attribute] = tuple(
            EnabledPlugin(name, weights[name] if point == "score" else 0) for name in names
        )
    return Plugins(**lists)


def _expand_point(
    point: str,
    interface: str,
    sets: PluginSets,
    registry: Mapping[str, Collection[str]],
    errors: FieldErrors,
) -> list[str]:
    explicit = _names_once(sets.points[point].enabled, interface, errors)
    disabled = {plugin.name for plugin in sets.points[point].disabled}
    if "*" in disabled:
        return explicit
    candidates = [
        plugin
        for plugin in sets.multi_point.enabled
        if point in registry[plugin.name] and plugin.name not in disabled
    ]
    overridden = {plugin.name for plugin in candidates} & set(explicit)
    through_multi_point = _names_once(
        [plugin for plugin in candidates if plugin.name not in overridden], interface, errors
    )
    return [
        *(name for name in explicit if name in overridden),
        *through_multi_point,
        *(name for name in explicit if name not in overridden),
    ]


def _names_once(plugins: list[_Named], interface: str, errors: FieldErrors) -> list[str]:
    names: dict[str, None] = {}
    for plugin in plugins:
        if plugin.name in names:
            errors.add(plugin.path, f'plugin "{plugin.name}" already registered as "{interface}"')
        names[plugin.name] = None
    return list(names)


def _score_weights(sets: PluginSets) -> dict[str, int]:
    """Return the weight of every enabled plugin: that of score before MultiPoint's, 0 is 1."""
    weights: dict[str, int] = {}
    for plugin in (*sets.points["score"].enabled, *sets.multi_point.enabled):
        weights.setdefault(plugin.name, plugin.weight or 1)
    return weights


def upstream_sees_overflow(sets: PluginSets, registry: Mapping[str, Collection[str]]) -> bool:
    """Return whether kube-scheduler takes the weights of score plugins for an overflow.

    Its check subtracts the sum so far from the largest int64, which wraps around as soon as that
    sum is negative: then it refuses to start at the next plugin, whatever its weight. (The sum of
    weights of 32 bits cannot really pass int64.)
    """
    total = 0
    for name, weight in _score_weights(sets).items():
        if "score" in registry[name]:
            if total < 0:
                return True
            total += weight
    return False
