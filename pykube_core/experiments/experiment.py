"""One workload under many policies and seeds; nodes and pods are compiled once for all of them."""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pykube_core.experiments.faults import RaisedInKernel, own_fault
from pykube_core.experiments.metrics import Measured, Observer, measure
from pykube_core.experiments.simulate import Settings, bound_pods, simulate
from pykube_core.scheduler.placer.compile import compile_key, compile_profile
from pykube_core.scheduler.placer.scheduler import Scheduler, TieBreak
from pykube_core.scheduler.plugins import gpu_share
from pykube_core.scheduler.policies import Policy, PolicyFunction
from pykube_core.scheduler.tables.interner import Interner
from pykube_core.workloads.model import Workload


@dataclass(frozen=True, slots=True)
class Prepared:
    """A policy with the workload compiled for it.

    Attributes
    ----------
    resources
        The resources that the policy names: they are numbered before those of nodes and pods.
    shares_devices
        Whether GPUs of nodes count one by one.
    key
        The part of it that compiling pods reads.
    scheduler
        Forked for every run, and never run itself.
    template_class
        int32 (templates,): class of each template.
    """

    resources: tuple[str, ...]
    shares_devices: bool
    key: tuple[object, ...]
    scheduler: Scheduler
    template_class: NDArray[np.int32]


class Experiment:
    """A workload, policies and settings; `run` may be called from any thread.

    It pickles: a process that gets it with many tasks unpickles and compiles it once.

    Parameters
    ----------
    workload
        Nodes and pods; not changed.
    policies
        The policies.
    settings
        How the experiment is run.
    """

    def __init__(self, workload: Workload, policies: Sequence[Policy], settings: Settings) -> None:
        self.workload = workload
        self.policies = policies
        self.settings = settings
        self._lock = threading.Lock()
        self._prepared: dict[int, Prepared] = {}
        self._pickled: bytes | None = None

    def __reduce__(self) -> tuple[Callable[[bytes], Experiment], tuple[bytes]]:
        with self._lock:
            if self._pickled is None:
                self._pickled = pickle.dumps((self.workload, self.policies, self.settings))
            return _receive, (self._pickled,)

    def run(self, index: int, seed: int, advance: Callable[[int], None] | None = None) -> Measured:
        """Run one policy, by its index, with one seed and measure it.

        Raises
        ------
        InputError
            An object makes no sense to the scheduler, or a function of the user's own fails.
        """
        chosen = self.policies[index]
        caught = RaisedInKernel()
        try:
            with caught:
                return self._run(index, chosen, seed, advance)
        except Exception as error:
            fault = own_fault(chosen, error, caught.error)
            if fault is None:
                raise
            raise fault from error

    def _run(
        self, index: int, chosen: Policy, seed: int, advance: Callable[[int], None] | None
    ) -> Measured:
        with self._lock:
            found = self._prepared.get(index)
            if found is None:
                found = self._prepared[index] = self._prepare(chosen)
        pods, settings, classes = self.workload.pods, self.settings, found.template_class
        with found.scheduler.fork(
            tie_break=_tie_break(chosen, settings),
            seed=seed,
            percentage_of_nodes_to_score=settings.percentage_of_nodes_to_score,
        ) as scheduler:
            observer = Observer(pods, bound_pods(pods, settings), scheduler, classes)
            outcome = simulate(
                self.workload,
                scheduler,
                seed=seed,
                settings=settings,
                observe=observer,
                advance=advance,
                template_class=classes,
            )
            return measure(observer, outcome, pods, settings.replay)

    def _prepare(self, chosen: Policy) -> Prepared:
        """Compile the workload for a policy, as far as it was not for those before."""
        if isinstance(chosen.function, PolicyFunction):
            chosen = replace(chosen, function=chosen.function.once())
        resources = _named_resources(chosen)
        key = tuple((p.profile.scheduler_name, *compile_key(p.profile)) for p in _each(chosen))
        shares = any(gpu_share.is_enabled(p.profile.plugins) for p in _each(chosen))
        alike = [
            each
            for each in self._prepared.values()
            if (each.resources, each.shares_devices) == (resources, shares)
        ]
        same = next((each for each in alike if each.key == key), None)
        source = same or next(iter(alike), None)
        tie_break = _tie_break(chosen, self.settings)
        if source is None:
            scheduler = Scheduler(
                self.workload.nodes, chosen, tie_break=tie_break, objects=self.workload.objects
            )
        else:
            scheduler = source.scheduler.fork(
                [chosen], tie_break=tie_break, keep_classes=same is not None
            )
        with scheduler:
            if same is not None:
                classes = same.template_class
            else:
                classes = scheduler.compile(self.workload.pods.templates)
        return Prepared(resources, shares, key, scheduler, classes)


def _named_resources(chosen: Policy) -> tuple[str, ...]:
    """Return the resources that a scheduler numbers before it has seen a node."""
    interner = Interner()
    for each in _each(chosen):
        function = each.load_function()
        plugin = None if each.function is None else each.function.plugin
        compile_profile(each.profile, plugin, interner)
        for name in function.resources.values() if function is not None else ():
            interner.resource(name)
    return tuple(interner.resources)


def _tie_break(chosen: Policy, settings: Settings) -> TieBreak:
    """Return the tie-break of a policy: one that scores nothing takes the first node that fits."""
    scores = any(each.profile.plugins.score for each in _each(chosen))
    return settings.tie_break if scores else "first"


def _each(chosen: Policy) -> tuple[Policy, ...]:
    """Return a policy and those of the other profiles of its configuration."""
    return chosen, *chosen.others


# The experiment that this process was sent last: most often its next task is of the same.
_received: dict[bytes, Experiment] = {}
_receiving = threading.Lock()


def _receive(pickled: bytes) -> Experiment:
    """Return the experiment of a pickle, the same object for the same bytes."""
    digest = hashlib.blake2b(pickled).digest()
    with _receiving:
        if digest not in _received:
            found = Experiment(*pickle.loads(pickled))
            _received.clear()
            _received[digest] = found
        return _received[digest]
