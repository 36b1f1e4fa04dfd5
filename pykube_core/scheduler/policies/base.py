"""Policies, and how one is made of a profile or of a function of the user's own.

Our own score plugins
---------------------
Written for a pod and a node that fits it. R is the set of resources that the pod asks for
(requests above 0, extended resources too), ``free`` what the node's pods leave of its allocatable,
``max`` the largest allocatable of any node in the cluster. Means are over R, 0 if R is empty, and
clamped to [0, 1]. Scores are cut to integers from 0 to 100; requests are those that the filter
counts, without the non-zero defaults of NodeResourcesFit's scorers.

===========  ==========================================================================
plugin       score
===========  ==========================================================================
BestFit      ``int(100 * (1 - mean((free - request) / max)))``
WorstFit     ``int(100 * mean((free - request) / max))``
DotProduct   ``int(100 * (1 - mean((free / max) * (request / max))))``
Random       the same on every node; the choice is uniform, whatever the tie-break
===========  ==========================================================================

GpuShare is a filter (``pykube_core/scheduler/plugins/gpu_share.py``): no policy has it by itself.

The arguments of BestFit, WorstFit and DotProduct may name resources that are in R even for a pod
that does not ask for them: ``{"resources": ["cpu", "nvidia.com/gpu"]}``.

Source: the simulator of "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
Fragmentation Gradient Descent" (USENIX ATC 2023), hkust-adsl/kubernetes-scheduler-simulator,
pkg/simulator/plugin/{best_fit,worst_fit,dot_product,random,first_fit}_score.go. There R is always
cpu and GPU milli, and ``max`` is 128,000 and 8,000; WorstFit sums unscaled amounts with weights 1
and 100; scores are stretched to 0..100 afterwards, which changes no order.
"""

import importlib.util
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler.config import EnabledPlugin, Profile, profile_from_dict
from pykube_core.scheduler.policies.user_policy import UserPolicy
from pykube_core.scheduler.policies.user_policy import policy as user_policy

OWN_PLUGINS: Final[Mapping[str, frozenset[str]]] = {
    **{name: frozenset({"score"}) for name in ("BestFit", "WorstFit", "DotProduct", "Random")},
    "GpuShare": frozenset({"filter"}),
}


@dataclass(frozen=True, slots=True)
class PolicyFunction:
    """A function in a Python file of the user's own.

    Attributes
    ----------
    path : str
        The file, as the user gave it.
    attribute : str
        The name in it.
    loaded : callable or None
        The file's value of the name, once it was run to be used again; see `once`.
    """

    path: str
    attribute: str
    loaded: Callable[..., Any] | None = None

    @property
    def plugin(self) -> str:
        """Name of the score plugin that stands for the function in a profile."""
        return f"{Path(self.path).name}:{self.attribute}"

    def load(self) -> Callable[..., Any]:
        """Run the file and return what it holds under the name; each call runs it anew, see `once`.

        Raises
        ------
        InputError
            If the file cannot be read or run, or has nothing callable of that name.
        """
        if self.loaded is not None:
            return self.loaded
        name = f"_pykube_policy_{Path(self.path).stem}"
        spec = importlib.util.spec_from_file_location(name, self.path)
        if spec is None or spec.loader is None:
            raise InputError("not a Python file", source=self.path)
        module = importlib.util.module_from_spec(spec)
        # Dataclasses and Numba look a module up by its name while it runs.
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[name]
            # The import system knows the file by its absolute path.
            if isinstance(error, FileNotFoundError) and error.filename == spec.origin:
                raise InputError("No such file", source=self.path) from error
            said = error.msg if isinstance(error, SyntaxError) else error
            reason = f"{type(error).__name__}: {said}"
            place = _place(error, spec.origin or self.path)
            raise InputError(reason, source=self.path, object=place) from error
        function = getattr(module, self.attribute, None)
        if not callable(function):
            found = "is not callable" if hasattr(module, self.attribute) else "is not defined"
            raise InputError(f'"{self.attribute}" {found}', source=self.path)
        result: Callable[..., Any] = function
        return result

    def once(self) -> "PolicyFunction":
        """Run the file and return the function with what it holds, so that it is not run again.

        Raises
        ------
        InputError
            As `load`.
        """
        return replace(self, loaded=self.load())


def _place(error: BaseException, path: str) -> str:
    """Return the line of the file in which an error arose, empty if it is unknown."""
    if isinstance(error, SyntaxError) and error.filename == path and error.lineno is not None:
        return f"line {error.lineno}"
    line, trace = "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = f"line {trace.tb_lineno}"
        trace = trace.tb_next
    return line


@dataclass(frozen=True, slots=True)
class Policy:
    """How pods are placed.

    Attributes
    ----------
    name : str
        The text that the policy was asked for by: one of our names, or a file's.
    description : str
        One sentence for a report.
    profile : Profile
        The plugins that decide. A function of the user's own is its score plugin under
        ``function.plugin``.
    function : PolicyFunction, UserPolicy or None
        The user's own function, if there is one.
    warnings : tuple of str
        Notes for the reader of a configuration file.
    others : tuple of Policy
        The other profiles of the same configuration: each decides about the pods whose
        ``spec.schedulerName`` is its name, and this policy about all the rest.
    """

    name: str
    description: str
    profile: Profile
    function: PolicyFunction | UserPolicy | None = None
    warnings: tuple[str, ...] = ()
    others: tuple["Policy", ...] = ()

    @property
    def scheduler_names(self) -> tuple[str, ...]:
        """Names of the profiles, this one's first."""
        return tuple(each.profile.scheduler_name for each in (self, *self.others))

    def with_filters(self, names: Collection[str]) -> "Policy":
        """Return the policy with filter plugins that each profile runs behind its own."""
        profile = self.profile
        had = {plugin.name for plugin in profile.plugins.filter}
        added = tuple(EnabledPlugin(name, 0) for name in names if name not in had)
        others = tuple(each.with_filters(names) for each in self.others)
        plugins = replace(profile.plugins, filter=(*profile.plugins.filter, *added))
        return replace(self, profile=replace(profile, plugins=plugins), others=others)

    def load_function(self) -> UserPolicy | None:
        """Return the user's own function, None if there is none; see ``PolicyFunction.load``."""
        if self.function is None:
            return None
        if isinstance(self.function, UserPolicy):
            return self.function
        loaded = self.function.load()
        if isinstance(loaded, UserPolicy):
            return loaded
        try:
            return user_policy(loaded)
        except TypeError as error:
            raise InputError(str(error), source=self.name) from None

    @property
    def source(self) -> str:
        """The user's own function in messages: its file and its name."""
        if not isinstance(self.function, UserPolicy):
            return self.name
        return f"{self.function.function.__code__.co_filename}:{self.function.plugin}"


def score_only_profile(plugin: str | None) -> Profile:
    """Return the default profile with one score plugin alone, or with none.

    Filters and preemption stay kube-scheduler's own.
    """
    everything = [{"name": "*"}]
    score: dict[str, Any] = {"disabled": everything}
    if plugin is not None:
        score["enabled"] = [{"name": plugin, "weight": 1}]
    registry = {**OWN_PLUGINS, **({plugin: frozenset({"score"})} if plugin is not None else {})}
    return profile_from_dict(
        {"plugins": {"preScore": {"disabled": everything}, "score": score}}, registry
    )
