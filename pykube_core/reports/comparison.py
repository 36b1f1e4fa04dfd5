"""A comparison as users have it: made by one call, printed, shown in notebooks, a page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from pykube_core.experiments.compare import DEFAULT_POLICIES, Choice, Report, run_policies
from pykube_core.experiments.results import Results
from pykube_core.experiments.simulate import Settings
from pykube_core.reports.page import write_report
from pykube_core.reports.table import html_table, text_table
from pykube_core.scheduler.placer.scheduler import TieBreak
from pykube_core.words import counted
from pykube_core.workloads.model import Workload


@dataclass(frozen=True, repr=False)
class Comparison(Results):
    """The result of `compare`; a data frame of its runs to whoever asks for one.

    Its figures are those of `pykube_core.experiments.results.Results`.
    """

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write the comparison as one self-contained HTML file.

        Raises
        ------
        OSError
            When the file cannot be written.
        """
        write_report(self, path)

    def __repr__(self) -> str:
        what = f"{counted(len(self.policies), 'policy', 'policies')} x "
        what += counted(len(self.seeds), "seed")
        return f"<Comparison of {what} on {self.subject}; print it for the table>"

    def __str__(self) -> str:
        return text_table(self)

    def _repr_html_(self) -> str:
        return html_table(self)


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
    numbers = tuple(range(seeds) if isinstance(seeds, int) else seeds)
    settings = Settings(
        replay, tie_break, keep_bound, shuffle and not replay, percentage_of_nodes_to_score
    )
    return run_policies(
        workload,
        policies,
        numbers,
        settings,
        executor=executor,
        progress=progress,
        timing=timing,
        made=Comparison,
    )
