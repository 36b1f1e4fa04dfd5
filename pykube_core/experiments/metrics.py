"""Measures of one run.

Fragmentation
-------------
After Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation
Gradient Descent" (USENIX ATC 2023), section 3, said here for any resource *r*. Let the *typical
pods* be the most frequent pod classes of the workload that together make up 95 % of its pods, with
their shares *p* renormalised. Node *n* has *free(n, r)* left. Pod *m* can use it when *m* passes
every filter on *n* now, and requests some *r*::

    amount(r) = sum over n, m of p(m) * free(n, r) * [m cannot use r on n]

It is what a pod drawn from the workload should expect to find free and out of reach. The *rate* is
the amount over all that is free, the *share* the amount over the cluster's allocatable (as in the
paper's figures). Pods that request no *r* count too: to them all of it is out of reach.

Difference from the paper: free capacity is counted per node. On a node where the pod fits, the
paper looks at each GPU, and also counts those too full for the pod.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore.native import Survey
from pykube_core.experiments.simulate import Moment, Outcome
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.workloads.model import PodTable

TYPICAL_SHARE = 0.95
# A generator may draw every pod anew; the most frequent classes still say what is typical.
TYPICAL_MAX = 100
# Figures are rounded, so that sums of floats give the same text on every machine.
DIGITS = 9
SECOND_NS = 1_000_000_000
METRICS = ("allocation", "fragmentation_rate", "fragmentation_share")
"""Metrics that are told of each resource, in the order of the tables."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run in figures; small, and it pickles.

    Attributes
    ----------
    values
        Metric by name; None where no pod gives it a value.
    curves
        Columns of equal length: ``position`` (see `Moment`), ``nodes_used``, and per resource R
        ``allocation.R``, ``fragmentation_rate.R`` and ``fragmentation_share.R``, all of 1.
    utilisation
        float32 (resources, nodes): requested over allocatable when the cluster was fullest; NaN
        where a node has none.
    attempts, engine_seconds
        Pods handed to the engine, and the real time it took. Not deterministic.
    """

    values: dict[str, int | float | None]
    curves: dict[str, NDArray[np.float64]]
    utilisation: NDArray[np.float32]
    attempts: int
    engine_seconds: float


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources worth reporting: those that some pod of the workload requests.

    Attributes
    ----------
    names
        Kubernetes' names.
    rows
        int64 (resources,): their rows in the scheduler's columns.
    """

    names: tuple[str, ...]
    rows: NDArray[np.int64]


class Observer:
    """Looks at a run while it is under way.

    Parameters
    ----------
    pods
        The pods of the workload.
    bound
        bool (pods,): pods that the policy has no say in; a node with no other pod is not in use.
    scheduler
        The scheduler of the run, before its first pod.
    template_class
        int32 (templates,): class of each template, compiled here when None.
    """

    def __init__(
        self,
        pods: PodTable,
        bound: NDArray[np.bool_],
        scheduler: Scheduler,
        template_class: NDArray[np.int32] | None = None,
    ) -> None:
        if template_class is None:
            template_class = scheduler.compile(pods.templates)
        classes = template_class[pods.template]
        requests = scheduler.requests(template_class)
        used = np.bincount(pods.template, minlength=len(pods.templates)) > 0
        rows = np.flatnonzero(requests[used].any(axis=0))
        self.resources = Resources(tuple(scheduler.resource_names[i] for i in rows), rows)
        self._pods = pods
        self._requests = requests[:, rows]
        self._allocatable = scheduler.allocatable()[rows]
        self._total = self._allocatable.sum(axis=1).tolist()
        typical, share = typical_classes(classes[~bound])
        wanted = scheduler.requests(typical)[:, rows] > 0
        self._weight = share[:, None] * wanted
        self._survey = Survey(typical, rows)
        self._bound_count = np.bincount(pods.node[bound], minlength=len(scheduler.node_names))
        self._samples: list[tuple[float, ...]] = []
        self._fullest = 0.0
        self._requested_then = np.zeros(self._allocatable.T.shape, np.int64)

    def __call__(self, moment: Moment) -> None:
        """Take one sample. Costs a filter per typical class and node that changed since the last.

        A class with rules that look beyond the node costs a pass over all nodes.
        """
        survey = self._survey
        moment.scheduler.engine.survey(survey)
        taken = survey.requested_total.tolist()
        allocation = [_share(*each) for each in zip(taken, self._total, strict=True)]
        used = np.count_nonzero(survey.pod_count > self._bound_count)
        sample = [float(moment.position), float(used)]
        for part, amounts in zip(allocation, self._unusable(), strict=True):
            sample += (part, *amounts)
        self._samples.append(tuple(sample))
        fullness = float(np.array(allocation).sum())
        if fullness > self._fullest:
            self._fullest = fullness
            np.copyto(self._requested_then, survey.requested)

    @property
    def utilisation(self) -> NDArray[np.float32]:
        """Requested over allocatable at the fullest moment, float32 (resources, nodes)."""
        if self._fullest == 0.0:
            return np.zeros(self._allocatable.shape, np.float32)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.ascontiguousarray(self._requested_then.T) / self._allocatable
        return np.where(self._allocatable > 0, ratio, np.nan).astype(np.float32)

    def curves(self) -> dict[str, NDArray[np.float64]]:
        """Return the samples as columns."""
        names = ["position", "nodes_used"]
        for resource in self.resources.names:
            names += (f"{metric}.{resource}" for metric in METRICS)
        columns = zip(*self._samples, strict=True)
        return {
            name: np.round(column, DIGITS) for name, column in zip(names, columns, strict=False)
        }

    def mean_allocation(self, outcome: Outcome) -> NDArray[np.float64]:
        """Return the mean share allocated from first to last creation, float64 (resources,)."""
        pods = self._pods
        first, last = int(pods.created_ns.min()), int(pods.created_ns.max())
        if first == last:
            last = first + 1
        placed = outcome.node >= 0
        gone = np.where(pods.deleted_ns >= 0, pods.deleted_ns, last)[placed]
        spent = np.minimum(gone, last) - np.minimum(outcome.placed_ns[placed], last)
        held = np.zeros(len(pods.templates))
        np.add.at(held, pods.template[placed], np.maximum(spent, 0) / (last - first))
        return _ratio(held @ self._requests, self._allocatable.sum(axis=1))

    def _unusable(self) -> Iterator[tuple[float, float]]:
        """Yield of each resource what typical pods cannot use now, of what is free and of all.

        The sums over nodes are of integers and thus exact; the sum over the classes is of floats
        and goes through them in order, so that its bits are the same everywhere.
        """
        free = self._survey.free_total.tolist()
        usable = [0.0] * len(free)
        if len(self._weight):
            usable = np.add.accumulate(self._weight * self._survey.usable)[-1].tolist()
        for left, within_reach, whole in zip(free, usable, self._total, strict=True):
            unusable = max(left - within_reach, 0.0)
            yield _share(unusable, left), _share(unusable, whole)


def typical_classes(
    classes: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the most frequent classes that cover 95 % of the pods, and their shares of 1.

    At most TYPICAL_MAX of them, equally frequent ones in order of class.
    """
    # np.unique would import half of NumPy that nobody else needs.
    counts = np.bincount(classes)
    found = np.flatnonzero(counts)
    counts = counts[found]
    by_count = np.argsort(-counts, kind="stable")
    covered = np.cumsum(counts[by_count])
    enough = int(np.searchsorted(covered, TYPICAL_SHARE * len(classes))) + 1
    chosen = by_count[: min(enough, TYPICAL_MAX)]
    return found[chosen].astype(np.int32), counts[chosen] / max(1, counts[chosen].sum())


def measure(observer: Observer, outcome: Outcome, pods: PodTable, replay: bool) -> Measured:
    """Return the figures of a run that has ended.

    With arrivals only, ``nodes_used``, ``allocation`` and ``fragmentation`` are taken when the last
    pod has arrived. In replay they are means over the time from the first to the last creation:
    exact for ``allocation``, over the samples for the others.
    """
    curves = observer.curves()
    asked = ~outcome.bound
    placed = int(np.count_nonzero(outcome.node[asked] >= 0))
    unplaced = int(np.count_nonzero(asked)) - placed
    values: dict[str, int | float | None] = {"placed": placed, "unplaced": unplaced}
    last = {name: column[1:].mean() if replay else column[-1] for name, column in curves.items()}
    values["nodes_used"] = _tidy(last["nodes_used"])
    names = observer.resources.names
    if replay:
        exact = observer.mean_allocation(outcome)
        last |= {f"allocation.{n}": share for n, share in zip(names, exact, strict=True)}
    for metric in METRICS:
        values |= {f"{metric}.{name}": _tidy(last[f"{metric}.{name}"]) for name in names}
    if replay:
        values |= _waiting(outcome, pods)
    return Measured(values, curves, observer.utilisation, outcome.attempts, outcome.engine_seconds)


def _waiting(outcome: Outcome, pods: PodTable) -> dict[str, int | float | None]:
    """Return percentiles of creation to placement, in seconds, of the pods that were placed.

    Each is a time that some pod did wait (the smallest that at least that share did not exceed).
    """
    placed = ~outcome.bound & (outcome.node >= 0)
    waited = outcome.placed_ns[placed] - pods.created_ns[placed]
    if not len(waited):
        return {"wait_p50_s": None, "wait_p99_s": None}
    p50, p99 = np.percentile(waited, (50, 99), method="inverted_cdf").tolist()
    return {"wait_p50_s": _tidy(p50 / SECOND_NS), "wait_p99_s": _tidy(p99 / SECOND_NS)}


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """Return part over whole, 0 where whole is 0."""
    return np.where(whole > 0, part / np.maximum(whole, 1), 0.0)


def _share(part: float, whole: int) -> float:
    """Return part over whole as a quotient of float64, 0 where there is no whole."""
    return float(part) / float(whole) if whole > 0 else 0.0


def _tidy(value: float) -> float:
    """Return the value as a Python float, rounded."""
    return round(float(value), DIGITS)
