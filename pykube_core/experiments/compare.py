"""Policies compared on one workload."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.experiments.executors import check_executor, check_policies_travel
from pykube_core.experiments.experiment import Experiment
from pykube_core.experiments.metrics import Measured
from pykube_core.experiments.notes import being_deleted, comparison_warnings
from pykube_core.experiments.simulate import Settings, bound_pods, check_times
from pykube_core.reports.frame import Frame, Value
from pykube_core.scheduler.placer.scheduler import TieBreak
from pykube_core.scheduler.policies import Policy, policy
from pykube_core.scheduler.policies.user_policy import UserPolicy
from pykube_core.words import counted
from pykube_core.workloads.input_times import newest_time
from pykube_core.workloads.model import Workload

DEFAULT_POLICIES = ("default", "most-allocated", "best-fit", "dot-product", "first-fit", "random")

Choice = str | UserPolicy | Policy
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Run:
    """One policy with one seed."""

    policy: str
    seed: int
    measured: Measured


@dataclass(frozen=True, slots=True)
class Subject:
    """What the policies were compared on.

    Attributes
    ----------
    source
        Where the workload came from; files without their folders.
    nodes, pods
        How many of each.
    bound
        Pods that stayed where the input has them.
    newest
        The newest time that the input holds, in RFC 3339; "" where it holds none.
    """

    source: str
    nodes: int
    pods: int
    bound: int
    newest: str = ""

    def __str__(self) -> str:
        return f"{self.source}: {counted(self.nodes, 'node')}, {counted(self.pods, 'pod')}"


@dataclass(frozen=True, repr=False)
class Comparison:
    """The result of `compare`; a data frame of its runs to whoever asks for one.

    Attributes
    ----------
    subject
        The workload.
    settings
        How the experiment was run.
    policies
        Description of each policy by name, in the order given.
    seeds
        The seeds that each policy was run with.
    runs
        Every policy with every seed, policies outermost.
    nodes
        Names of the nodes.
    node_shapes
        int64 (nodes,): equal for nodes that can allocate the same, in order of first appearance.
    warnings
        What the workload lacks, and what a reader of the policies' files should know, with the
        policy's name where it is about one policy.
    timing
        Whether real time shows in the outputs. Without it, the same input and seeds give the same
        bytes.
    command
        The command line that made it, without where results go; "" in Python.
    """

    subject: Subject
    settings: Settings
    policies: dict[str, str]
    seeds: tuple[int, ...]
    runs: tuple[Run, ...]
    nodes: tuple[str, ...]
    node_shapes: NDArray[np.int64]
    warnings: tuple[str, ...] = ()
    timing: bool = False
    command: str = ""

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, in order."""
        names = dict.fromkeys(name for run in self.runs for name in run.measured.values)
        return (*names, "pods_per_s") if self.timing else tuple(names)

    @cached_property
    def resources(self) -> tuple[str, ...]:
        """Names of the resources that some pod requests."""
        mark = "allocation."
        return tuple(name.removeprefix(mark) for name in self.metrics if name.startswith(mark))

    def rows(self) -> list[dict[str, Value]]:
        """Return one row per policy and seed: ``policy``, ``seed`` and every metric."""
        rows: list[dict[str, Value]] = []
        for run in self.runs:
            rows.append({"policy": run.policy, "seed": run.seed})
            rows[-1].update((name, _metric(run, name)) for name in self.metrics)
        return rows

    def summary(self) -> list[dict[str, Value]]:
        """Return one row per policy: of every metric its mean, and as ``NAME_std`` its deviation.

        The deviation is that of a sample (divided by seeds - 1), and 0 for a single seed.
        """
        rows: list[dict[str, Value]] = []
        for name in self.policies:
            rows.append({"policy": name})
            rows[-1].update(self._means([run for run in self.runs if run.policy == name]))
        return rows

    def curves(self, policy: str) -> dict[str, NDArray[np.float64]]:
        """Return a policy's samples as columns, means over the seeds.

        ``position`` is the number of pods that have arrived, in replay the time in nanoseconds.

        Raises
        ------
        KeyError
            When no run has this policy.
        """
        found = [run.measured.curves for run in self.runs if run.policy == policy]
        if not found:
            raise KeyError(policy)
        return {name: np.mean([curve[name] for curve in found], axis=0) for name in found[0]}

    def utilisation(self, policy: str) -> NDArray[np.float32]:
        """Return requested over allocatable per resource and node, at the fullest moment.

        Of the first seed: the mean over seeds would blur the pattern. float32 (resources, nodes),
        NaN where a node has none of a resource.

        Raises
        ------
        KeyError
            When no run has this policy.
        """
        for run in self.runs:
            if run.policy == policy:
                return run.measured.utilisation
        raise KeyError(policy)

    def frame(self) -> Frame:
        """Return `rows` as a data frame."""
        return Frame.of_rows(self.rows())

    def to_csv(self) -> str:
        """Return `rows` as CSV."""
        return self.frame().to_csv()

    def to_json(self) -> str:
        """Return everything but the node heat map as JSON, one line."""
        document = {
            "workload": asdict(self.subject),
            "settings": asdict(self.settings),
            "seeds": list(self.seeds),
            "warnings": list(self.warnings),
            "policies": [
                {
                    "policy": row.pop("policy"),
                    "description": description,
                    "metrics": row,
                    "runs": [
                        {name: value for name, value in run.items() if name != "policy"}
                        for run in self.rows()
                        if run["policy"] == name
                    ],
                    "curves": {
                        name: np.round(column, 6).tolist()
                        for name, column in self.curves(name).items()
                    },
                }
                for row, (name, description) in zip(
                    self.summary(), self.policies.items(), strict=True
                )
            ],
        }
        return json.dumps(document) + "\n"

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write the comparison as one self-contained HTML file.

        Raises
        ------
        OSError
            When the file cannot be written.
        """
        from pykube_core.reports import write_report

        write_report(self, path)

    def speed(self) -> str:
        """Return how fast the engine was, in words."""
        pods = sum(run.measured.attempts for run in self.runs)
        seconds = sum(run.measured.engine_seconds for run in self.runs)
        cycles = counted(pods, "scheduling cycle")
        return f"{cycles} in {seconds:.2f} s ({pods / max(seconds, 1e-9):,.0f}/s)"

    def __iter__(self) -> Iterator[dict[str, Value]]:
        """Yield `rows`: what pandas makes a data frame of."""
        return iter(self.rows())

    def __repr__(self) -> str:
        what = f"{counted(len(self.policies), 'policy', 'policies')} x "
        what += counted(len(self.seeds), "seed")
        return f"<Comparison of {what} on {self.subject}; print it for the table>"

    def __arrow_c_schema__(self) -> object:
        return self.frame().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.frame().__arrow_c_stream__(requested_schema)

    def __str__(self) -> str:
        from pykube_core.reports.table import text_table

        return text_table(self)

    def _repr_html_(self) -> str:
        from pykube_core.reports.table import html_table

        return html_table(self)

    def _means(self, runs: Sequence[Run]) -> Iterator[tuple[str, Value]]:
        """Yield mean and deviation of every metric over these runs."""
        for name in self.metrics:
            found = [value for run in runs if (value := _metric(run, name)) is not None]
            mean = statistics.fmean(found) if found else None
            yield name, None if mean is None else round(mean, 6)
            spread = statistics.stdev(found) if len(found) > 1 else 0.0
            yield f"{name}_std", None if mean is None else round(spread, 6)


def compare(
    workload: Workload,
    policies: Sequence[Choice] = DEFAULT_POLICIES,
    *,
    seeds: int | Sequence[int] = 1,
    replay: bool = False,
    tie_break: TieBreak = "random",
    keep_bound: bool = False,
    shuffle: bool = False,
    percentage_of_nodes_to_score: int | None = None,
    executor: Executor | None = None,
    progress: Report | None = None,
    timing: bool = False,
) -> Comparison:
    """Run every policy with every seed on one workload.

    Parameters
    ----------
    workload
        Nodes and pods, as `read_workload` or `synthetic` gives them.
    policies
        Names, KubeSchedulerConfiguration files (each profile decides about the pods that name it;
        ``FILE:PROFILE`` is one of them alone), ``path.py:function``, functions decorated with
        ``pykube_core.policy``, or Policy objects.
    seeds
        Seeds, or how many (3 is the seeds 0, 1, 2). A seed draws random tie-breaks and the order of
        pods created at the same time; seed 0 leaves that order as the input has it.
    replay, tie_break, keep_bound, shuffle, percentage_of_nodes_to_score
        See `Settings`.
    executor
        Runs are submitted here, one task per policy and seed: a ``ThreadPoolExecutor``, a
        ``ProcessPoolExecutor``, or any other ``concurrent.futures.Executor``, such as Dask's
        ``client.get_executor()``. None runs them here, one after another. The result is the same.
    progress
        Called with pods done and pods to do, from this thread.
    timing
        Let ``pods_per_s`` show in the outputs, which are then no longer the same every time.

    Returns
    -------
    Comparison
        Prints as a table, shows as one in notebooks, and is a data frame by the Arrow interface.

    Raises
    ------
    InputError
        When a policy is not known, is given twice, or is a function that fails; or when an object
        of the workload makes no sense to the scheduler.
    ValueError
        When there is no policy or no seed.
    TypeError
        When the executor or a policy is none; the text names what to pass.
    """
    if isinstance(policies, str):
        raise TypeError(f"policies: expected a list, such as [{policies!r}]")
    chosen = [_chosen(given).with_filters(workload.filters) for given in policies]
    numbers = tuple(range(seeds) if isinstance(seeds, int) else seeds)
    names = _labels([each.name for each in chosen])
    described = {name: each.description for name, each in zip(names, chosen, strict=True)}
    if not chosen or not numbers:
        raise ValueError("compare needs at least one policy and one seed")
    settings = Settings(
        replay, tie_break, keep_bound, shuffle and not replay, percentage_of_nodes_to_score
    )
    if executor is not None:
        check_executor(executor)
        check_policies_travel(executor, policies)
    if replay:
        check_times(workload)
    tasks = [(index, seed) for index in range(len(chosen)) for seed in numbers]
    done = _run_all(Experiment(workload, chosen, settings), tasks, executor, progress)
    labels = [(name, seed) for name in names for seed in numbers]
    return Comparison(
        _subject(workload, settings),
        settings,
        described,
        numbers,
        tuple(Run(*label, measured) for label, measured in zip(labels, done, strict=True)),
        tuple(name_of(node) for node in workload.nodes),
        _shapes(workload.nodes),
        (
            *comparison_warnings(workload, dict(zip(names, chosen, strict=True))),
            *([] if replay else being_deleted(workload)),  # A replay knows when they leave.
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


def _metric(run: Run, name: str) -> float | int | None:
    """Return one figure of a run."""
    if name == "pods_per_s":
        seconds = run.measured.engine_seconds
        return round(run.measured.attempts / seconds) if seconds else None
    return run.measured.values.get(name)
