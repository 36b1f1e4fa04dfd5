"""A policy by its name, or from a file."""

import difflib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler.config import (
    DEFAULT_SCHEDULER_NAME,
    Profile,
    SchedulerConfiguration,
    read_configuration,
)
from pykube_core.scheduler.config.fields import FieldErrors
from pykube_core.scheduler.config.reader import ObjectReader
from pykube_core.scheduler.policies import (
    best_fit,
    default,
    dot_product,
    first_fit,
    most_allocated,
    random,
    requested_to_capacity_ratio,
    worst_fit,
)
from pykube_core.scheduler.policies.base import (
    OWN_PLUGINS,
    Policy,
    PolicyFunction,
    score_only_profile,
)
from pykube_core.scheduler.policies.user_policy import UserPolicy

POLICIES: Final[Mapping[str, Policy]] = {
    module.POLICY.name: module.POLICY
    for module in (
        default,
        most_allocated,
        requested_to_capacity_ratio,
        best_fit,
        worst_fit,
        dot_product,
        first_fit,
        random,
    )
}

_CONFIGURATION_SUFFIXES: Final = (".yaml", ".yml", ".json")


def policy(name_or_path: str | UserPolicy) -> Policy:
    """Return a policy.

    Parameters
    ----------
    name_or_path : str or UserPolicy
        One of:

        - a name of ``POLICIES``;
        - ``FILE.yaml``: a KubeSchedulerConfiguration, which may enable our own plugins too. Of
          several profiles each decides about the pods that name it, and the one for
          ``default-scheduler``, or else the first, about the rest;
        - ``FILE.yaml:NAME``: its profile NAME alone, for all pods;
        - ``FILE.py:FUNCTION``: a function of the user's own, the only score. It is not run here:
          see :meth:`PolicyFunction.load`;
        - such a function itself, decorated with ``pykube_core.policy``.

    Raises
    ------
    InputError
        If there is no such policy, or the file is not as it should be.
    """
    if isinstance(name_or_path, UserPolicy):
        return _of_user(name_or_path)
    known = POLICIES.get(name_or_path)
    if known is not None:
        return known
    path, _, part = name_or_path.rpartition(":")
    if path.endswith(".py") or name_or_path.endswith(".py"):
        return _from_function(name_or_path, path, part)
    if name_or_path.endswith(_CONFIGURATION_SUFFIXES) or Path(name_or_path).is_file():
        return _from_configuration(name_or_path, name_or_path, None)
    if path.endswith(_CONFIGURATION_SUFFIXES):
        return _from_configuration(name_or_path, path, part)
    close = difflib.get_close_matches(name_or_path, POLICIES, n=1)
    hint = f'did you mean "{close[0]}"? ' if close else ""
    names = ", ".join(POLICIES)
    raise InputError(
        f'unknown policy "{name_or_path}": {hint}known are {names}, the path of a '
        "KubeSchedulerConfiguration, or FILE.py:FUNCTION"
    )


def _of_user(function: UserPolicy) -> Policy:
    return Policy(
        name=function.plugin,
        description=f"the function {function.plugin}",
        profile=score_only_profile(function.plugin),
        function=function,
    )


def _from_function(name: str, path: str, attribute: str) -> Policy:
    if not path.endswith(".py"):
        raise InputError("which function? write FILE.py:FUNCTION", source=attribute or path)
    if not attribute.isidentifier():
        raise InputError(f'"{attribute}" is not the name of a function', source=path)
    if not Path(path).is_file():
        raise InputError("No such file", source=path)
    function = PolicyFunction(path, attribute)
    return Policy(
        name=name,
        description=f"the function {attribute} of {Path(path).name}",
        profile=score_only_profile(function.plugin),
        function=function,
    )


def _from_configuration(name: str, path: str, scheduler_name: str | None) -> Policy:
    if scheduler_name == "":
        raise InputError("which profile? write FILE or FILE:PROFILE", source=path)
    configuration = read_configuration(path, OWN_PLUGINS)
    profiles = [
        _of_profile(name, path, configuration, profile)
        for profile in _choose_profiles(configuration, path, scheduler_name)
    ]
    chosen = replace(profiles[0], warnings=configuration.warnings, others=tuple(profiles[1:]))
    if chosen.others:
        names = ", ".join(chosen.scheduler_names)
        chosen = replace(chosen, description=f"profiles {names} of {Path(path).name}")
    return chosen


def _of_profile(
    name: str, path: str, configuration: SchedulerConfiguration, profile: Profile
) -> Policy:
    _check_own_arguments(profile, path)
    if profile.percentage_of_nodes_to_score is None:
        percentage = configuration.percentage_of_nodes_to_score
        profile = replace(profile, percentage_of_nodes_to_score=percentage)
    return Policy(name, f"profile {profile.scheduler_name} of {Path(path).name}", profile)


def _check_own_arguments(profile: Profile, path: str) -> None:
    """Raise unless the arguments of our own plugins name resources, and nothing else."""
    errors = FieldErrors()
    for name in OWN_PLUGINS:
        args = profile.args.get(name)
        if isinstance(args, Mapping):
            reader = ObjectReader(args, f"pluginConfig[{name}].args", errors)
            if name not in ("Random", "GpuShare"):
                reader.strings("resources")
            reader.finish()
    errors.raise_if_any(path, f"profile {profile.scheduler_name}")


def _choose_profiles(
    configuration: SchedulerConfiguration, path: str, scheduler_name: str | None
) -> list[Profile]:
    """Return the profile of a name; or all of them, that for pods of no profile first."""
    profiles = list(configuration.profiles)
    profile = configuration.profile_for(scheduler_name or DEFAULT_SCHEDULER_NAME)
    if scheduler_name is None:
        return sorted(profiles, key=lambda each: each is not profile)
    if profile is None:
        names = ", ".join(each.scheduler_name for each in profiles)
        reason = f'no profile is called "{scheduler_name}", known are {names}'
        raise InputError(reason, source=path, field="profiles")
    return [profile]
