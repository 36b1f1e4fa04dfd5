"""One KubeSchedulerProfile: read, merged with the defaults, expanded.

Source: kubernetes v1.34.1, pkg/scheduler/apis/config/v1/defaults.go, validation/validation.go and
pkg/scheduler/framework/runtime/framework.go (NewFramework).

Differences
-----------
- A fault that kube-scheduler finds only when it builds a profile (a plugin that does not exist, or
  not at that extension point, or twice) is reported with the field's path.
- Arguments for a plugin that does not exist are an error; kube-scheduler drops them.
- Negative weights that its check of overflows refuses by mistake are a warning.
"""

from collections.abc import Collection, Mapping
from typing import Final

from pykube_core.scheduler.config.args import default_args, read_args
from pykube_core.scheduler.config.fields import FieldErrors, child
from pykube_core.scheduler.config.plugins import (
    EXTENSION_POINTS,
    IN_TREE_PLUGINS,
    PluginSets,
    check_names,
    expand,
    read_plugin_sets,
    unknown_plugin,
    upstream_sees_overflow,
)
from pykube_core.scheduler.config.reader import ObjectReader
from pykube_core.scheduler.config.types import PluginArgs, Plugins, Profile

# Plugins that return an error where the step before theirs left no state; the others make do.
_FILTER_NEEDS_STATE: Final = frozenset(
    {
        "NodePorts",
        "NodeResourcesFit",
        "VolumeRestrictions",
        "VolumeBinding",
        "PodTopologySpread",
        "InterPodAffinity",
        "DynamicResources",
    }
)
_OVERFLOW: Final = (
    'kube-scheduler v1.34.1 refuses these weights, "total score of Score plugins could overflow", '
    "because their sum is negative before the last of them; here they count. It takes a negative "
    "weight that multiPoint sets behind larger ones"
)
_SCORE_NEEDS_STATE: Final = frozenset({"TaintToleration", "PodTopologySpread", "InterPodAffinity"})


def read_percentage(reader: ObjectReader) -> int | None:
    """Read ``percentageOfNodesToScore``, None if it is absent."""
    percentage = reader.optional_integer("percentageOfNodesToScore")
    if percentage is not None and not 0 <= percentage <= 100:
        path = reader.at("percentageOfNodesToScore")
        reader.errors.invalid(path, percentage, "not in valid range [0-100]")
    return percentage


def read_profile(
    reader: ObjectReader,
    registry: Mapping[str, Collection[str]],
    api_version: str,
    default_name: str | None,
) -> tuple[Profile, list[str]]:
    """Read one profile; what is wrong with it is recorded in the reader's errors.

    Parameters
    ----------
    reader : ObjectReader
        At the profile.
    registry : mapping
        Plugins of the user: name to the extension points that it implements.
    api_version : str
        The version of the configuration.
    default_name : str or None
        The scheduler's name if the profile gives none; None if it must give one.

    Returns
    -------
    profile : Profile
        Of no use if an error was recorded.
    warnings : list of str
        Notes on settings without effect.
    """
    plugins_known = {**IN_TREE_PLUGINS, **registry}
    errors = reader.errors
    name = default_name or ""
    if reader.raw("schedulerName") is not None:
        name = reader.string("schedulerName")
    percentage = read_percentage(reader)
    sets = read_plugin_sets(reader.nested("plugins"))
    errors_before = len(errors)
    warnings = check_names(sets, plugins_known, errors, api_version)
    args = _read_plugin_config(reader, plugins_known, api_version, warnings)
    reader.finish()
    if not name:
        errors.required(reader.at("schedulerName"))
    if len(errors) > errors_before:
        return Profile(name, Plugins(), args, percentage), warnings
    plugins = expand(sets, plugins_known, errors)
    _check_counts(name, sets, plugins, reader)
    for plugin in sorted(sets.names()):
        defaults = default_args(plugin)
        if defaults is not None and plugin not in args:
            args[plugin] = defaults
    if upstream_sees_overflow(sets, plugins_known):
        warnings.append(f"{reader.at('plugins')}: {_OVERFLOW}")
    warnings += _missing_states(reader.at("plugins"), plugins)
    return Profile(name, plugins, args, percentage), warnings


def _missing_states(path: str, plugins: Plugins) -> list[str]:
    """Return warnings about plugins that fail because the step before theirs is turned off."""
    found = []
    for point, before, names, who in (
        ("filter", "preFilter", _FILTER_NEEDS_STATE, "every pod that it does not skip"),
        ("score", "preScore", _SCORE_NEEDS_STATE, "every pod that fits two nodes or more"),
    ):
        attribute, _ = EXTENSION_POINTS[point]
        running = {p.name for p in getattr(plugins, EXTENSION_POINTS[before][0])}
        for plugin in getattr(plugins, attribute):
            if plugin.name in names and plugin.name not in running:
                text = f"{plugin.name} runs without its {before}; kube-scheduler then fails {who}"
                found.append(f"{child(path, point)}: {text}, which is not reproduced here")
    return found


def _check_counts(name: str, sets: PluginSets, plugins: Plugins, reader: ObjectReader) -> None:
    """Record a profile without exactly one queue sort, or without a bind plugin."""
    path = child(reader.at("plugins"), "queueSort")
    explicit = len(sets.points["queueSort"].enabled)
    count = len(plugins.queue_sort)
    profile = f'profile with scheduler name "{name}"'
    if explicit > 1:
        detail = "only one queue sort plugin can be enabled"
        reader.errors.invalid(child(path, "Enabled"), explicit, detail)
    elif count != 1:
        reader.errors.add(
            path, f"only one queue sort plugin required for {profile}, but got {count}"
        )
    if not plugins.bind:
        path = child(reader.at("plugins"), "bind")
        reader.errors.add(path, f"at least one bind plugin is needed for {profile}")


def _read_plugin_config(
    reader: ObjectReader,
    registry: Mapping[str, Collection[str]],
    api_version: str,
    warnings: list[str],
) -> dict[str, PluginArgs]:
    args: dict[str, PluginArgs] = {}
    seen: set[str] = set()
    for item in reader.objects("pluginConfig"):
        name = item.string("name")
        given = item.nested("args")
        item.finish()
        if name in seen:
            reader.errors.duplicate(item.path, name)
        elif name not in registry:
            reason = unknown_plugin("plugin", name, registry)
            reader.errors.invalid(item.at("name"), name, reason)
        else:
            _read_plugin_args(name, given, item, args, api_version, warnings)
        seen.add(name)
    return args


def _read_plugin_args(
    name: str,
    given: ObjectReader | None,
    item: ObjectReader,
    args: dict[str, PluginArgs],
    api_version: str,
    warnings: list[str],
) -> None:
    if name not in IN_TREE_PLUGINS:
        args[name] = {} if given is None else given.value
        return
    if given is None:
        given = ObjectReader({}, item.at("args"), item.errors)
    typed = read_args(name, given, api_version)
    if typed is not None:
        args[name] = typed
    elif item.raw("args") is not None:
        warnings.append(f"{item.at('args')}: plugin {name} takes no arguments")


def check_same_queue_sort(profiles: list[Profile], errors: FieldErrors) -> None:
    """Record profiles that sort the queue otherwise than the first: there is one queue."""
    for position, profile in enumerate(profiles[1:], start=1):
        first, own = profiles[0].plugins.queue_sort, profile.plugins.queue_sort
        path = f"profiles[{position}].plugins.queueSort"
        if own and first and own != first:
            name = profile.scheduler_name
            detail = f'queue sort plugins for profile "{name}": "{own[0].name}"'
            errors.add(path, f'different {detail}, first: "{first[0].name}"')
        elif own and first and profile.args.get(own[0].name) != profiles[0].args.get(first[0].name):
            name = profile.scheduler_name
            errors.add(path, f'different queue sort plugin args for profile "{name}"')
