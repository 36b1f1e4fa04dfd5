"""Configurations of versions before v1, rewritten as v1, with warnings that say what changed.

Defaults are those of v1: what a file leaves out is as kube-scheduler v1.34 has it, not as the
kube-scheduler of its time had it. Plugins that are gone are left out, or replaced where v1 has the
same under another name; each is named in a warning.

===========  ======================================================================================
version      what v1 has otherwise
===========  ======================================================================================
v1alpha1     one scheduler at the top level instead of ``profiles``
v1alpha2     ``disablePreemption``, ``bindTimeoutSeconds``, the extension point ``unreserve``
v1beta1      one score plugin per strategy instead of ``NodeResourcesFit.scoringStrategy``
v1beta2      smaller default weights, no MultiPoint
v1beta3      the plugin SelectorSpread
===========  ======================================================================================

Source: kubernetes v1.18 to v1.25, pkg/scheduler/apis/config/*/, and the page "Scheduler
Configuration" of the documentation.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final

from pykube_core.scheduler.config.types import DEFAULT_SCHEDULER_NAME

VERSIONS: Final = ("v1alpha1", "v1alpha2", "v1beta1", "v1beta2", "v1beta3", "v1")

_GROUP: Final = "kubescheduler.config.k8s.io"
_ADDRESSES: Final = ("healthzBindAddress", "metricsBindAddress")

# Changes after each version, in the order of VERSIONS.
_CHANGES: Final = (
    "v1alpha2: one configuration holds several profiles",
    "v1beta1: preemption and the time limit of volume binding are settings of plugins",
    "v1beta2: score plugins for one strategy each became NodeResourcesFit.scoringStrategy; "
    "NodeLabel and ServiceAffinity are gone",
    "v1beta3: default score weights rose: TaintToleration 3, NodeAffinity 2, InterPodAffinity 2 "
    "(before: 1 each); to keep the old ones, enable the plugins at score with a weight",
    "v1: SelectorSpread is gone, PodTopologySpread spreads by default",
)

_CSI_LIMITS: Final = "NodeVolumeLimits counts volumes of CSI drivers"
_REMOVED: Final[Mapping[str, str]] = {
    "AzureDiskLimits": _CSI_LIMITS,
    "CinderLimits": _CSI_LIMITS,
    "DefaultPodTopologySpread": "PodTopologySpread spreads by default",
    "EBSLimits": _CSI_LIMITS,
    "GCEPDLimits": _CSI_LIMITS,
    "NodeLabel": "use NodeAffinity with addedAffinity",
    "NodePreferAvoidPods": "use taints",
    "NodeResourceLimits": "there is no successor",
    "SelectorSpread": "PodTopologySpread spreads by default",
    "ServiceAffinity": "use InterPodAffinity",
}

# Score plugins of v1beta1 that are strategies of NodeResourcesFit since v1beta2.
_STRATEGIES: Final[Mapping[str, str]] = {
    "NodeResourcesLeastAllocated": "LeastAllocated",
    "NodeResourcesMostAllocated": "MostAllocated",
    "RequestedToCapacityRatio": "RequestedToCapacityRatio",
}

_Object = dict[str, Any]


def to_v1(document: Mapping[str, Any], version: str) -> tuple[_Object, list[str]]:
    """Rewrite a configuration of any version as v1.

    Parts of an unexpected type are left as they are, for the reader of v1 to name.

    Parameters
    ----------
    document : mapping
        The configuration; it is not changed.
    version : str
        One of ``VERSIONS``.

    Returns
    -------
    document : dict
        The same as v1.
    warnings : list of str
        Changes between the version and v1, with the affected parts of the document.
    """
    age = VERSIONS.index(version)
    if version == VERSIONS[-1]:
        return dict(document), []
    result: _Object = copy.deepcopy(dict(document))
    warnings = [
        f"apiVersion {_GROUP}/{version}: kube-scheduler v1.34 no longer reads it; read as v1",
        *_CHANGES[age:],
    ]
    result["apiVersion"] = f"{_GROUP}/v1"
    for upto, rewrite in _REWRITES:
        if age <= VERSIONS.index(upto):
            rewrite(result, warnings)
    for path, profile in _profiles(result):
        _drop_removed_plugins(path, profile, warnings)
        for config in _objects(profile.get("pluginConfig")):
            args = config.get("args")
            if isinstance(args, dict) and args.get("apiVersion") == document["apiVersion"]:
                args["apiVersion"] = result["apiVersion"]
    return result, warnings


def _objects(value: object) -> list[_Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _name(item: _Object) -> str:
    return str(item.get("name"))


def _object_at(parent: _Object, name: str) -> _Object:
    """Return a field that is an object, made if absent; of another type, a detached empty one."""
    if parent.get(name) is None:
        parent[name] = {}
    value = parent[name]
    return value if isinstance(value, dict) else {}


def _list_at(parent: _Object, name: str) -> list[Any]:
    """Return a field that is a list, made if absent; of another type, a detached empty one."""
    if parent.get(name) is None:
        parent[name] = []
    value = parent[name]
    return value if isinstance(value, list) else []


def _profiles(document: _Object) -> list[tuple[str, _Object]]:
    profiles = document.get("profiles")
    if not isinstance(profiles, list):
        return []
    return [(f"profiles[{i}]", item) for i, item in enumerate(profiles) if isinstance(item, dict)]


def _only_profiles(document: _Object) -> list[tuple[str, _Object]]:
    """Return the profiles, after adding an empty one where there is none."""
    if not document.get("profiles"):
        document["profiles"] = [{}]
    return _profiles(document)


def _plugin_sets(profile: _Object) -> list[tuple[str, _Object]]:
    plugins = profile.get("plugins")
    if not isinstance(plugins, dict):
        return []
    return [(point, item) for point, item in plugins.items() if isinstance(item, dict)]


def _set_args(profile: _Object, plugin: str, args: _Object) -> None:
    """Add arguments of a plugin; those that the profile gives already stay."""
    configs = _list_at(profile, "pluginConfig")
    for config in _objects(configs):
        if config.get("name") == plugin and isinstance(config.get("args"), dict):
            config["args"] = {**args, **config["args"]}
            return
    configs.append({"name": plugin, "args": args})


def _rewrite_v1alpha1(document: _Object, warnings: list[str]) -> None:
    """Make a profile of what stood at the top level."""
    profile: _Object = {
        name: document.pop(name)
        for name in ("schedulerName", "plugins", "pluginConfig")
        if name in document
    }
    if document.get("profiles"):
        return
    profile.setdefault("schedulerName", DEFAULT_SCHEDULER_NAME)
    document["profiles"] = [profile]
    warnings.append("v1alpha1: the settings of the top level are those of profiles[0]")
    weight = document.pop("hardPodAffinitySymmetricWeight", None)
    if weight is not None:
        _set_args(profile, "InterPodAffinity", {"hardPodAffinityWeight": weight})
    source = document.pop("algorithmSource", None)
    if source not in (None, {}, {"provider": "DefaultProvider"}):
        warnings.append("algorithmSource: providers and policies are gone, this one has no effect")
    if document.pop("failureDomains", None) is not None:
        warnings.append("failureDomains: gone since Kubernetes 1.18, it has no effect")


def _rewrite_v1alpha2(document: _Object, warnings: list[str]) -> None:
    """Move what was global into the plugins, and drop the extension point unreserve."""
    if document.pop("disablePreemption", None) is True:
        for _, profile in _only_profiles(document):
            post_filter = _object_at(_object_at(profile, "plugins"), "postFilter")
            _list_at(post_filter, "disabled").append({"name": "DefaultPreemption"})
        warnings.append("disablePreemption: read as DefaultPreemption disabled at postFilter")
    timeout = document.pop("bindTimeoutSeconds", None)
    if timeout is not None:
        for _, profile in _only_profiles(document):
            _set_args(profile, "VolumeBinding", {"bindTimeoutSeconds": timeout})
        warnings.append("bindTimeoutSeconds: read as an argument of VolumeBinding")
    for path, profile in _profiles(document):
        plugins = profile.get("plugins")
        if isinstance(plugins, dict) and plugins.pop("unreserve", None) is not None:
            warnings.append(f"{path}.plugins.unreserve: part of reserve since v1beta1, dropped")


def _rewrite_v1beta1(document: _Object, warnings: list[str]) -> None:
    """Turn the score plugins that became strategies into NodeResourcesFit."""
    for path, profile in _profiles(document):
        args = _take_strategy_args(profile)
        score = _object_at(_object_at(profile, "plugins"), "score")
        enabled, disabled = _objects(score.get("enabled")), _objects(score.get("disabled"))
        off = {_name(plugin) for plugin in disabled}
        on = {_name(plugin): plugin for plugin in enabled}
        chosen = [name for name in on if name in _STRATEGIES]
        default_is_off = bool(off & {"*", "NodeResourcesLeastAllocated"})
        if not chosen and not (off | set(args)) & set(_STRATEGIES):
            continue
        if not chosen and not default_is_off:
            chosen = ["NodeResourcesLeastAllocated"]
        score["disabled"] = [item for item in disabled if _name(item) not in _STRATEGIES]
        score["enabled"] = [item for item in enabled if _name(item) not in _STRATEGIES]
        if not chosen:
            score["disabled"].append({"name": "NodeResourcesFit"})
            warnings.append(f"{path}.plugins.score: read as NodeResourcesFit disabled")
            continue
        # One strategy is all that v1 can say: the last one that the file enables.
        name = chosen[-1]
        weight = on.get(name, {}).get("weight")
        entry = {"name": "NodeResourcesFit", **({} if weight is None else {"weight": weight})}
        if name in on:
            score["enabled"].append(entry)
        strategy = {"type": _STRATEGIES[name], **args.get(name, {})}
        _set_args(profile, "NodeResourcesFit", {"scoringStrategy": strategy})
        warnings.append(
            f"{path}.plugins.score: {name} is the strategy {_STRATEGIES[name]} of NodeResourcesFit"
        )
        others = [*chosen[:-1]]
        if name != "NodeResourcesLeastAllocated" and not default_is_off:
            others.append("NodeResourcesLeastAllocated")
        for other in dict.fromkeys(others):
            warnings.append(f"{path}.plugins.score: {other} scored as well and does no more")


def _take_strategy_args(profile: _Object) -> dict[str, _Object]:
    """Take the arguments of the former score plugins out of a profile, as strategies have them."""
    found: dict[str, _Object] = {}
    configs = profile.get("pluginConfig")
    if not isinstance(configs, list):
        return found
    for config in _objects(configs):
        name, args = _name(config), config.get("args")
        if name not in _STRATEGIES:
            continue
        strategy = dict(args) if isinstance(args, dict) else {}
        strategy.pop("apiVersion", None)
        strategy.pop("kind", None)
        if "shape" in strategy:
            strategy["requestedToCapacityRatio"] = {"shape": strategy.pop("shape")}
        found[name] = strategy
    profile["pluginConfig"] = [
        item for item in configs if not (isinstance(item, dict) and _name(item) in _STRATEGIES)
    ]
    return found


def _rewrite_v1beta2(document: _Object, warnings: list[str]) -> None:
    """Drop the addresses; the rest of what changed are defaults."""
    for name in _ADDRESSES:
        if document.pop(name, None) is not None:
            warnings.append(f"{name}: gone since v1beta3, it has no effect")


def _drop_removed_plugins(path: str, profile: _Object, warnings: list[str]) -> None:
    for point, plugins in _plugin_sets(profile):
        for which in ("enabled", "disabled"):
            given = _objects(plugins.get(which))
            removed = [item for item in given if _name(item) in _REMOVED]
            if not removed:
                continue
            plugins[which] = [item for item in given if item not in removed]
            for name in dict.fromkeys(map(_name, removed)):
                at = f"{path}.plugins.{point}.{which}"
                warnings.append(f"{at}: the plugin {name} is gone: {_REMOVED[name]}")
    configs = profile.get("pluginConfig")
    for config in _objects(configs):
        if _name(config) in _REMOVED and isinstance(configs, list):
            configs.remove(config)
            warnings.append(f"{path}.pluginConfig: the plugin {_name(config)} is gone")


# Up to which version each rewrite applies, oldest first.
_REWRITES: Final[tuple[tuple[str, Callable[[_Object, list[str]], None]], ...]] = (
    ("v1alpha1", _rewrite_v1alpha1),
    ("v1alpha2", _rewrite_v1alpha2),
    ("v1beta1", _rewrite_v1beta1),
    ("v1beta2", _rewrite_v1beta2),
)
