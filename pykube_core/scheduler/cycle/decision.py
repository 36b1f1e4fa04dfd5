"""Findings and outcome of one scheduling cycle, in kube-scheduler's terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from _pykube_hotcore.program import Code

CODE_NAMES: Final[Mapping[int, str]] = {
    Code.UNSCHEDULABLE: "Unschedulable",
    Code.UNRESOLVABLE: "UnschedulableAndUnresolvable",
}
NO_NODES: Final = "no nodes available to schedule pods"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A plugin's refusal of a pod, on one node or on all.

    Attributes
    ----------
    plugin : str
        The plugin; "" for nodes outside the set to which PreFilter narrowed the search.
    code : str
        ``Unschedulable``, or ``UnschedulableAndUnresolvable`` where no preemption helps.
    reasons : tuple of str
        kube-scheduler's words.
    """

    plugin: str
    code: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PluginScores:
    """Scores of one plugin for the feasible nodes, in their order.

    Attributes
    ----------
    weight : int
        Of the plugin in the profile.
    raw, normalized : tuple of int
        Before and after normalisation; the weight is in neither.
    """

    weight: int
    raw: tuple[int, ...]
    normalized: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Preemption:
    """Pods that had to go so that this one may come.

    Attributes
    ----------
    nominated_node : str
        Where they were.
    victims : tuple of str
        "namespace/name", most important first.
    violations : int
        PodDisruptionBudgets that their removal violates.
    tied_nodes : tuple of str
        Nodes that are equally good, in the order of nodes.
    """

    nominated_node: str
    victims: tuple[str, ...]
    violations: int
    tied_nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One pod's scheduling cycle.

    Where the scheduler looks at some nodes only (``percentage_of_nodes_to_score``), ``placed`` is
    the best of those, and everything else is about all nodes.

    Attributes
    ----------
    pod : str
        "namespace/name".
    pre_enqueue : Rejection or None
        Why the pod may not enter the queue; nothing else is set then.
    pre_filter : Rejection or None
        Why no node will do; no node was looked at then.
    rejected : mapping of str to Rejection
        The first refusal of every node that was looked at and does not fit.
    feasible : tuple of str
        Nodes that fit, in the order of nodes.
    scores : mapping of str to PluginScores, or None
        By plugin; None where nothing was scored: fewer than two nodes fit, or no plugin scores.
    total : tuple of int or float, or None
        Weighted sum by feasible node; floats only with a policy of the user's own.
    candidates : tuple of str
        Nodes of the maximal total.
    placed : str or None
        The node that the pod went to.
    handle : int
        The pod's number in the engine, -1 if it was not placed.
    message : str or None
        The text of the FailedScheduling event of the first attempt, in full.
    preemption : Preemption or None
        The preemption that was made; ``placed`` is then the outcome of the attempt after it.
    """

    pod: str
    pre_enqueue: Rejection | None = None
    pre_filter: Rejection | None = None
    rejected: Mapping[str, Rejection] = field(default_factory=dict)
    feasible: tuple[str, ...] = ()
    scores: Mapping[str, PluginScores] | None = None
    total: tuple[int | float, ...] | None = None
    candidates: tuple[str, ...] = ()
    placed: str | None = None
    handle: int = -1
    message: str | None = None
    preemption: Preemption | None = None


def fit_error(node_count: int, reasons: Iterable[str], post_filter: str = "") -> str:
    """Return the words of a FailedScheduling event.

    Parameters
    ----------
    node_count
        Nodes in the cluster.
    reasons
        Every reason of every node.
    post_filter
        The text that PostFilter adds.

    Notes
    -----
    Source: kubernetes v1.34.1, pkg/scheduler/framework/types.go (FitError.Error). The reasons are
    sorted as text with their count in front, so that "10 x" comes before "2 y".
    """
    histogram = sorted(f"{count} {reason}" for reason, count in Counter(reasons).items())
    parts = [f"0/{node_count} nodes are available:"]
    if histogram:
        parts.append(f"{', '.join(histogram)}.")
    return " ".join([*parts, post_filter] if post_filter else parts)


def pre_filter_error(node_count: int, reasons: Iterable[str], post_filter: str = "") -> str:
    """Return the words of a FailedScheduling event after a refusal by PreFilter."""
    text = f"0/{node_count} nodes are available: {', '.join(reasons)}."
    return f"{text} {post_filter}" if post_filter else text
