"""Policies compared on one workload."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, as_completed
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.experiments.executors import check_executor, check_policies_travel
from pykube_core.experiments.experiment import Experiment
from pykube_core.experiments.metrics import Measured
from pykube_core.experiments.notes import being_deleted, comparison_warnings
from pykube_core.experiments.results import Results, Run, Subject
from pykube_core.experiments.simulate import Settings, bound_pods, check_times
from pykube_core.scheduler.policies import Policy, policy
from pykube_core.scheduler.policies.user_policy import UserPolicy
from pykube_core.workloads.input_times import newest_time
from pykube_core.workloads.model import Workload

DEFAULT_POLICIES = ("default", "most-allocated", "best-fit", "dot-product", "first-fit", "random")

Choice = str | UserPolicy | Policy
Report = Callable[[int, int], None]
R = TypeVar("R", bound=Results)


def run_policies(
    workload: Workload,
    policies: Sequence[Choice],
    seeds: tuple[int, ...],
    settings: Settings,
    *,
    executor: Executor | None,
    progress: Report | None,
    timing: bool,
    made: type[R],
) -> R:
    """Run every policy with every seed on one workload, and return what it was ``made`` to be.

    Parameters and errors are those of `pykube_core.compare`.
    """
    chosen = [_chosen(given).with_filters(workload.filters) for given in policies]
    names = _labels([each.name for each in chosen])
    described = {name: each.description for name, each in zip(names, chosen, strict=True)}
    if not chosen or not seeds:
        raise ValueError("compare needs at least one policy and one seed")
    if executor is not None:
        check_executor(executor)
        check_policies_travel(executor, policies)
    if settings.replay:
        check_times(workload)
    tasks = [(index, seed) for index in range(len(chosen)) for seed in seeds]
    done = _run_all(Experiment(workload, chosen, settings), tasks, executor, progress)
    labels = [(name, seed) for name in names for seed in seeds]
    return made(
        _subject(workload, settings),
        settings,
        described,
        seeds,
        tuple(Run(*label, measured) for label, measured in zip(labels, done, strict=True)),
        tuple(name_of(node) for node in workload.nodes),
        _shapes(workload.nodes),
        (
            *comparison_warnings(workload, dict(zip(names, chosen, strict=True))),
            # A replay knows when they leave.
            *([] if settings.replay else being_deleted(workload)),
        ),
        timing,
    )


def _chosen(given: Choice) -> Policy:
    """Return the policy that the caller means."""
    if isinstance(given, Policy):
        return given
    if not isinstance(given, str | UserPolicy):
        raise TypeError(f"policies: {given!r} is neither a name nor a function under @pk.policy")
    return policy(given)


def _labels(names: Sequence[str]) -> list[str]:
    """Return names without their folders, unless that would make two the same.

    Raises
    ------
    InputError
        A name is given twice.
    """
    for name in names:
        if names.count(name) > 1:
            raise InputError("is given twice", object=f'policy "{name}"')
    short = [name.rpartition("/")[2] for name in names]
    return short if len(set(short)) == len(short) else list(names)


def _shapes(nodes: Sequence[KubeObject]) -> NDArray[np.int64]:
    """Return a number per node that is equal where what they can allocate is."""
    seen: dict[str, int] = {}
    texts = (
        json.dumps(node.get("status", {}).get("allocatable"), sort_keys=True) for node in nodes
    )
    return np.array([seen.setdefault(text, len(seen)) for text in texts], dtype=np.int64)


def _subject(workload: Workload, settings: Settings) -> Subject:
    """Return what the policies are compared on, for reports."""
    source = " + ".join(part.rpartition("/")[2] for part in workload.source.split(" + "))
    bound = int(np.count_nonzero(bound_pods(workload.pods, settings)))
    newest = newest_time(workload)
    return Subject(source, len(workload.nodes), len(workload.pods), bound, newest)


def _run_all(
    experiment: Experiment,
    tasks: Sequence[tuple[int, int]],
    executor: Executor | None,
    progress: Report | None,
) -> list[Measured]:
    """Run policies with seeds and return the results in order; a failure cancels the rest."""
    pods = len(experiment.workload.pods)
    bar = _Bar(progress, len(tasks) * pods)
    if executor is None:
        return [experiment.run(index, seed, bar.advance) for index, seed in tasks]
    futures = [executor.submit(experiment.run, index, seed) for index, seed in tasks]
    try:
        for future in as_completed(futures):
            future.result()
            bar.advance(pods)
    finally:
        for future in futures:
            future.cancel()
    return [future.result() for future in futures]


class _Bar:
    """Adds up what is done for a progress callback."""

    def __init__(self, report: Report | None, total: int) -> None:
        self._report = report
        self._total = total
        self._done = 0

    def advance(self, count: int) -> None:
        """Report that so many pods more are done."""
        self._done += count
        if self._report is not None:
            self._report(self._done, self._total)
