"""Recorded scenarios of kube-scheduler, run through the scheduler and compared field by field.

A scenario is one JSON document: a cluster, pending pods, a profile, and what kube-scheduler did
with each pod. A decision agrees only if every recorded field does, a scenario only if all of its
decisions do. See ``tests/conformance/kube-scheduler-v1.34.1/README.md`` for the fields and for what
upstream leaves to chance and the recordings fix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from _pykube_hotcore.native import Engine
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.json_faults import NOT_DECODED, json_fault
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.config import profile_from_dict
from pykube_core.scheduler.cycle.cycle import SchedulingCycle
from pykube_core.scheduler.cycle.decision import Decision, Rejection
from pykube_core.scheduler.placer.scheduler import EngineFactory, Scheduler
from pykube_core.scheduler.policies import Policy
from pykube_core.workloads.read import read_inputs

# The start of a pod that was placed, plus one second for every pod placed before it.
_FIRST_START: Final = datetime(2030, 1, 1, tzinfo=UTC)
# Fields that an entry has only where they apply.
_OPTIONAL: Final = ("preEnqueue", "prefilter")


class Scenario(msgspec.Struct):
    """One recorded scenario; the names are those of the file."""

    name: str
    objects: dict[str, list[KubeObject]]
    pending: list[KubeObject]
    expected: list[dict[str, Any]]
    family: str = ""
    description: str = ""
    config: dict[str, Any] | None = None
    expected_detail: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a decision differs from the recorded one.

    Attributes
    ----------
    scenario, pod : str
        Whose.
    field : str
        Path in the entry, such as ``scores.NodeResourcesFit.raw``.
    node : str
        "" where the field is not about a node.
    expected, got : object
        JSON values; None where one side has nothing.
    """

    scenario: str
    pod: str
    field: str
    node: str
    expected: Any
    got: Any


@dataclass(slots=True)
class ScenarioReport:
    """The outcome of one scenario.

    Attributes
    ----------
    name, family : str
        Of the scenario.
    decisions, agreed : int
        How many, and how many of them agree.
    differences : list of Difference
        All of those of the decisions that do not.
    """

    name: str
    family: str
    decisions: int
    agreed: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Every decision agrees."""
        return self.agreed == self.decisions and not self.differences


_DECODER = msgspec.json.Decoder(Scenario)


def find_scenarios(paths: Iterable[str | Path]) -> list[Path]:
    """Return the scenario files among paths, folders searched through; sorted in each folder.

    Raises
    ------
    InputError
        A path does not exist, or a folder holds no scenario.
    """
    found: list[Path] = []
    for given in paths:
        path = Path(given)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.name.endswith((".json", ".json.gz")))
            if not inside:
                raise InputError("holds no .json or .json.gz file", source=str(path))
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise InputError("no such file or folder", source=str(path))
    return found


def read_scenario(path: str | Path) -> Scenario:
    """Read one scenario, packed or not.

    Raises
    ------
    InputError
        It is no scenario.
    """
    try:
        source, data = next(read_inputs(str(path)))
        scenario = _DECODER.decode(data)
    except NOT_DECODED:
        fault = json_fault(data, _DECODER)
        raise InputError(f"not a scenario: {fault}", source=source) from None
    if len(scenario.expected) != len(scenario.pending):
        raise InputError("expected and pending differ in length", source=str(path))
    scenario.family = scenario.family or Path(path).parent.name
    return scenario


def run_scenario(scenario: Scenario, engine: EngineFactory = Engine) -> ScenarioReport:
    """Schedule the pending pods of a scenario and compare every decision.

    An error counts as a difference in the field ``error`` of every decision that it prevented.

    Parameters
    ----------
    scenario
        The scenario.
    engine
        The class of engine.
    """
    report = ScenarioReport(scenario.name, scenario.family, len(scenario.pending))
    is_full = scenario.expected_detail != "placements"
    done = 0
    try:
        for expected, decision in zip(
            scenario.expected, decisions_of(scenario, engine), strict=True
        ):
            found = list(_compare(scenario.name, expected, _entry(decision), is_full))
            report.agreed += not found
            report.differences += found
            done += 1
    except Exception as error:
        text = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        report.differences += [
            Difference(scenario.name, str(e.get("pod")), "error", "", None, text)
            for e in scenario.expected[done:]
        ]
    return report


def decisions_of(scenario: Scenario, engine: EngineFactory = Engine) -> Iterator[Decision]:
    """Yield the decision about each pending pod, in order.

    Raises
    ------
    InputError
        An object or the profile cannot be read.
    """
    others = {k: v for k, v in scenario.objects.items() if k not in ("nodes", "pods")}
    policy = Policy(scenario.name, scenario.description, profile_from_dict(scenario.config))
    nodes = scenario.objects.get("nodes", [])
    with Scheduler(
        nodes, policy, objects=others, engine=engine, percentage_of_nodes_to_score=100
    ) as scheduler:
        cycle = SchedulingCycle(scheduler, preempt_everywhere=True)
        cycle.add_bound(scenario.objects.get("pods", []))
        for pod in scenario.pending:
            node = (pod.get("status") or {}).get("nominatedNodeName")
            if node:
                cycle.nominator.nominate(pod, node)
        placed = 0
        for pod in scenario.pending:
            decision = _attempts(cycle, _started(pod, placed))
            placed += decision.placed is not None
            yield decision


def _attempts(cycle: SchedulingCycle, pod: KubeObject) -> Decision:
    """Run the cycle, and once more right after a preemption."""
    decision = cycle.schedule(pod)
    if decision.preemption is None:
        return decision
    again = cycle.schedule(pod, may_preempt=False)
    return replace(decision, placed=again.placed, handle=again.handle)


def _started(pod: KubeObject, placed: int) -> KubeObject:
    """Return the pod with the start that it gets if it is placed now."""
    status = pod.get("status") or {}
    if status.get("startTime"):
        return pod
    start = _FIRST_START + timedelta(seconds=placed)
    return pod | {"status": status | {"startTime": start.strftime("%Y-%m-%dT%H:%M:%SZ")}}


def _rejection(rejection: Rejection) -> dict[str, Any]:
    return {
        "code": rejection.code,
        "plugin": rejection.plugin,
        "reasons": list(rejection.reasons),
    }


def _entry(decision: Decision) -> dict[str, Any]:
    """Return a decision in the shape of a recorded entry."""
    entry: dict[str, Any] = {
        "pod": decision.pod,
        "rejected": {node: _rejection(r) for node, r in decision.rejected.items()},
        "feasible": list(decision.feasible),
        "scores": None,
        "total": None if decision.total is None else list(decision.total),
        "candidates": list(decision.candidates),
        "placed": decision.placed,
        "message": decision.message,
        "preemption": None,
    }
    if decision.pre_enqueue is not None:
        entry["preEnqueue"] = _rejection(decision.pre_enqueue)
    if decision.pre_filter is not None:
        entry["prefilter"] = _rejection(decision.pre_filter)
    if decision.scores is not None:
        entry["scores"] = {
            plugin: {"weight": s.weight, "raw": list(s.raw), "normalized": list(s.normalized)}
            for plugin, s in decision.scores.items()
        }
    if decision.preemption is not None:
        entry["preemption"] = {
            "nominatedNode": decision.preemption.nominated_node,
            "victims": list(decision.preemption.victims),
            "numPDBViolations": decision.preemption.violations,
            "tiedNodes": list(decision.preemption.tied_nodes),
        }
    return entry


def _compare(
    scenario: str, expected: Mapping[str, Any], got: Mapping[str, Any], is_full: bool
) -> Iterator[Difference]:
    pod = str(expected.get("pod"))
    names = [*expected, *(name for name in _OPTIONAL if is_full and name not in expected)]
    nodes = expected.get("feasible") or ()
    for name in names:
        wanted, found = expected.get(name), got.get(name)
        if wanted == found:
            continue
        if name in ("rejected", "scores") and isinstance(wanted, dict) and isinstance(found, dict):
            for path, node, a, b in _inside(name, wanted, found, nodes):
                yield Difference(scenario, pod, path, node, a, b)
        elif name == "total" and (rows := _differing(wanted, found, nodes)):
            for node, a, b in rows:
                yield Difference(scenario, pod, name, node, a, b)
        else:
            yield Difference(scenario, pod, name, "", wanted, found)


def _differing(a: object, b: object, nodes: Sequence[str]) -> list[tuple[str, Any, Any]]:
    """Return node, expected and got where two rows differ; nothing if they have other lengths."""
    if not (isinstance(a, list) and isinstance(b, list) and len(a) == len(b) == len(nodes)):
        return []
    return [(node, x, y) for node, x, y in zip(nodes, a, b, strict=True) if x != y]


def _inside(
    name: str, wanted: Mapping[str, Any], found: Mapping[str, Any], nodes: Sequence[str]
) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield path, node, expected and got of what differs in ``rejected`` or ``scores``."""
    for key in [*wanted, *(key for key in found if key not in wanted)]:
        a, b = wanted.get(key), found.get(key)
        if a == b:
            continue
        if name == "rejected":
            yield name, key, a, b
        elif a is None or b is None:
            yield f"{name}.{key}", "", a, b
        else:
            for row in ("weight", "raw", "normalized"):
                path, x, y = f"{name}.{key}.{row}", a.get(row), b.get(row)
                if x != y:
                    rows = _differing(x, y, nodes) or [("", x, y)]
                    yield from ((path, node, p, q) for node, p, q in rows)
