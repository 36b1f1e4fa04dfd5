"""Results of an experiment, as data: `pykube_core.reports` shows them."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pykube_core.experiments.frame import Frame, Value
from pykube_core.experiments.metrics import Measured
from pykube_core.experiments.simulate import Settings
from pykube_core.words import counted


@dataclass(frozen=True, slots=True)
class Run:
    """One policy with one seed."""

    policy: str
    seed: int
    measured: Measured


@dataclass(frozen=True, slots=True)
class Subject:
    """The workload that the policies were compared on.

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
class Results:
    """Policies on one workload, each with every seed: figures and curves, no presentation.

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
        The objects that the workload lacks, and the notes of the readers of the policies' files;
        a text about one policy has its name.
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

    def speed(self) -> str:
        """Return how fast the engine was, in words."""
        pods = sum(run.measured.attempts for run in self.runs)
        seconds = sum(run.measured.engine_seconds for run in self.runs)
        cycles = counted(pods, "scheduling cycle")
        return f"{cycles} in {seconds:.2f} s ({pods / max(seconds, 1e-9):,.0f}/s)"

    def __iter__(self) -> Iterator[dict[str, Value]]:
        """Yield `rows`: pandas makes a data frame of them."""
        return iter(self.rows())

    def __arrow_c_schema__(self) -> object:
        return self.frame().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.frame().__arrow_c_stream__(requested_schema)

    def _means(self, runs: Sequence[Run]) -> Iterator[tuple[str, Value]]:
        """Yield mean and deviation of every metric over these runs."""
        for name in self.metrics:
            found = [value for run in runs if (value := _metric(run, name)) is not None]
            mean = statistics.fmean(found) if found else None
            yield name, None if mean is None else round(mean, 6)
            spread = statistics.stdev(found) if len(found) > 1 else 0.0
            yield f"{name}_std", None if mean is None else round(spread, 6)


def _metric(run: Run, name: str) -> float | int | None:
    """Return one figure of a run."""
    if name == "pods_per_s":
        seconds = run.measured.engine_seconds
        return round(run.measured.attempts / seconds) if seconds else None
    return run.measured.values.get(name)
