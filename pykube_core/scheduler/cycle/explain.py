"""Why a pod goes where it goes, or why it goes nowhere and what would have to change.

    with Scheduler(nodes, policy("default"), objects=objects) as scheduler:
        cycle = SchedulingCycle(scheduler)
        cycle.add_bound(pods)
        explanation = explain(cycle, pod)
        print(explanation.nearest[0].changes)

Nothing is placed and nothing is preempted. Every verdict and score is the engine's, the one that
placing the pod would use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.cycle.cycle import SchedulingCycle
from pykube_core.scheduler.cycle.decision import Decision, Rejection
from pykube_core.scheduler.cycle.remedies import Remedy
from pykube_core.words import counted


@dataclass(frozen=True, slots=True)
class NodeScore:
    """A score of one plugin for one node."""

    raw: int
    normalized: int
    weight: int

    @property
    def weighted(self) -> int:
        """The plugin's part of the total."""
        return self.normalized * self.weight


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node as the pod meets it.

    Attributes
    ----------
    name : str
        Of the node.
    fits : bool
        The pod may go there now.
    rejection : Rejection or None
        The first refusal; None if it fits, or if the node was not looked at.
    changes : tuple of Remedy
        All that would have to be different for the pod to fit; of several ways the smallest.
    scores : mapping of str to NodeScore
        By plugin; empty where nothing was scored.
    total : int or float or None
        Weighted sum.
    """

    name: str
    fits: bool
    rejection: Rejection | None
    changes: tuple[Remedy, ...]
    scores: Mapping[str, NodeScore]
    total: int | float | None


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """One pod on every node.

    Attributes
    ----------
    decision : Decision
        The decision of the next scheduling cycle.
    nodes : tuple of NodeView
        In the order of nodes.
    nearest : tuple of NodeView
        Nodes that refuse the pod, the smallest change first: by how many things would have to
        change, then by how large the changes are.
    missing_claims : tuple of str
        "namespace/name" of claims that the pod names and nobody knows.
    origin : str
        The workload that would make the pod, such as ``Deployment default/web``; "" for none.
    """

    decision: Decision
    nodes: tuple[NodeView, ...]
    nearest: tuple[NodeView, ...]
    missing_claims: tuple[str, ...] = ()
    origin: str = ""

    def __repr__(self) -> str:
        nodes = counted(len(self.nodes), "node")
        return f"<Explanation of pod {self.decision.pod} on {nodes}: {self.summary}>"

    def __str__(self) -> str:
        from pykube_core.scheduler.cycle.explain_text import explanation_text

        return explanation_text(self)

    @property
    def summary(self) -> str:
        """One line: where the pod would go, or kube-scheduler's words for why nowhere."""
        decision = self.decision
        if decision.pre_enqueue is not None:
            return f"not scheduled: {', '.join(decision.pre_enqueue.reasons)}"
        if not decision.candidates:
            return decision.message or "fits nowhere"
        tied, best = len(decision.candidates), decision.candidates[0]
        if len(decision.feasible) == 1:
            return f"goes to {best}, the only node that fits"
        if tied == 1:
            return f"goes to {best}, the best of {counted(len(decision.feasible), 'node')} that fit"
        return f"goes to one of {tied} equally good nodes, such as {best}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        found = asdict(self.decision)
        del found["rejected"], found["scores"], found["total"], found["handle"], found["placed"]
        nodes = [_node_dict(node) for node in self.nodes]
        near = [node.name for node in self.nearest]
        return {
            **found,
            "summary": self.summary,
            "origin": self.origin,
            "missing_claims": list(self.missing_claims),
            "nodes": nodes,
            "nearest": near,
        }


def explain(cycle: SchedulingCycle, pod: KubeObject) -> Explanation:
    """Explain a pod that is not on a node; costs about one scheduling cycle per filter plugin.

    Raises
    ------
    InputError
        The pod cannot be read.
    """
    decision = cycle.explain(pod)
    fits = set(decision.feasible)
    remedies: list[list[Remedy]] = []
    if decision.pre_enqueue is None and cycle.nodes:
        remedies = cycle.remedies(pod)
    scores, totals = _by_node(decision)
    views = tuple(
        NodeView(
            name,
            name in fits,
            decision.rejected.get(name),
            () if name in fits or not remedies else tuple(remedies[row]),
            scores.get(name, {}),
            totals.get(name),
        )
        for name, row in cycle.nodes.items()
    )
    refused = [view for view in views if not view.fits and view.changes]
    nearest = sorted(refused, key=lambda v: (len(v.changes), sum(c.size for c in v.changes)))
    return Explanation(decision, views, tuple(nearest))


def _by_node(
    decision: Decision,
) -> tuple[dict[str, dict[str, NodeScore]], dict[str, int | float]]:
    scores: dict[str, dict[str, NodeScore]] = {}
    for plugin, row in (decision.scores or {}).items():
        columns = zip(decision.feasible, row.raw, row.normalized, strict=True)
        for node, raw, normalized in columns:
            scores.setdefault(node, {})[plugin] = NodeScore(raw, normalized, row.weight)
    totals = decision.total
    return scores, dict(zip(decision.feasible, totals, strict=True)) if totals is not None else {}


def _node_dict(node: NodeView) -> dict[str, Any]:
    found = asdict(node)
    found["scores"] = {
        plugin: {**asdict(score), "weighted": score.weighted}
        for plugin, score in node.scores.items()
    }
    return found
