"""InterPodAffinity (plugins/interpodaffinity)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from _pykube_hotcore.program import Code, NodeRow, PodClass, PodTerm
from _pykube_hotcore.slow.match import pod_matches
from _pykube_hotcore.slow.state import Cluster, View, label_value

Pair = tuple[int, int]
"""A label key with one of its values."""


@dataclass(slots=True)
class Counts:
    """Terms that matched, by topology pair; pairs that fall to zero go.

    Attributes
    ----------
    skip : bool
        PreFilter said Skip: neither the filter nor later pods matter.
    """

    skip: bool = False
    affinity: dict[Pair, int] = field(default_factory=dict)
    anti_affinity: dict[Pair, int] = field(default_factory=dict)
    existing: dict[Pair, int] = field(default_factory=dict)

    def clone(self) -> "Counts":
        """Return a copy that can be changed."""
        return Counts(self.skip, dict(self.affinity), dict(self.anti_affinity), dict(self.existing))

    def update(
        self, cluster: Cluster, spec: PodClass, other: PodClass, node: NodeRow, sign: int
    ) -> None:
        """Count a pod that comes or goes (filtering.go, updateWithPod)."""
        if self.skip:
            return
        held = [t for t in other.anti_affinity if _matches(cluster, t.held_matcher, spec)]
        _add(self.existing, held, node, sign)
        if matches_all(cluster, spec.affinity, other):
            _add(self.affinity, spec.affinity, node, sign)
        own = [t for t in spec.anti_affinity if _matches(cluster, t.matcher, other)]
        _add(self.anti_affinity, own, node, sign)


def required_counts(cluster: Cluster, spec: PodClass) -> Counts:
    """Count over every pod of the cluster (filtering.go, PreFilter)."""
    counts = Counts()
    for view in cluster.views():
        for pod in view.pods:
            counts.update(cluster, spec, pod.spec, view.node, 1)
    counts.skip = not counts.existing and not spec.affinity and not spec.anti_affinity
    return counts


def refusal(spec: PodClass, counts: Counts, node: NodeRow) -> tuple[Code, int] | None:
    """Return detail 0 affinity, 1 own anti-affinity, 2 that of existing pods; or None."""
    if counts.skip:
        return None
    if not _affinity_holds(spec, counts, node):
        return (Code.UNRESOLVABLE, 0)
    if any(counts.anti_affinity.get(_pair(t.key, node), 0) > 0 for t in spec.anti_affinity):
        return (Code.UNSCHEDULABLE, 1)
    if any(counts.existing.get((x.key, x.value), 0) > 0 for x in node.labels):
        return (Code.UNSCHEDULABLE, 2)
    return None


def _affinity_holds(spec: PodClass, counts: Counts, node: NodeRow) -> bool:
    """Every key on the node with a match; or no match anywhere and the pod matches itself."""
    if any(label_value(node, t.key) is None for t in spec.affinity):
        return False
    if all(counts.affinity.get(_pair(t.key, node), 0) > 0 for t in spec.affinity):
        return True
    return not counts.affinity and spec.affinity_self_match


def scores(
    cluster: Cluster, spec: PodClass, feasible: list[View]
) -> tuple[list[int], list[int]] | None:
    """Return raw and normalised scores of the feasible nodes, None where PreScore skips."""
    rules = cluster.profiles[spec.profile].rules
    if rules.ignore_preferred_terms_of_existing_pods and not spec.preferred_pods:
        return None
    weights: dict[Pair, int] = {}
    for view in cluster.views():
        for pod in view.pods:
            for term, weight in _scored_terms(
                cluster, spec, pod.spec, rules.hard_pod_affinity_weight
            ):
                value = label_value(view.node, term.key)
                if value is not None:
                    pair = (term.key, value)
                    weights[pair] = weights.get(pair, 0) + weight
    if not weights:
        return None
    raw = [sum(weights.get((x.key, x.value), 0) for x in view.node.labels) for view in feasible]
    lowest, spread = min(raw), max(raw) - min(raw)
    if spread == 0:
        return raw, [0] * len(raw)
    return raw, [int(100.0 * (float(score - lowest) / float(spread))) for score in raw]


def _scored_terms(
    cluster: Cluster, spec: PodClass, other: PodClass, hard_weight: int
) -> Iterable[tuple[PodTerm, int]]:
    """Yield the terms that touch the node of an existing pod (scoring.go, processExistingPod)."""
    for term in spec.preferred_pods:
        if _matches(cluster, term.matcher, other):
            yield term, term.weight
    for term in other.affinity:
        if hard_weight > 0 and _matches(cluster, term.held_matcher, spec):
            yield term, hard_weight
    for term in other.preferred_pods:
        if _matches(cluster, term.held_matcher, spec):
            yield term, term.weight


def matches_all(cluster: Cluster, terms: tuple[PodTerm, ...], other: PodClass) -> bool:
    """Say whether a pod matches every one of at least one term."""
    return bool(terms) and all(_matches(cluster, t.matcher, other) for t in terms)


def _matches(cluster: Cluster, matcher: int, spec: PodClass) -> bool:
    return pod_matches(cluster.matchers[matcher], spec)


def _pair(key: int, node: NodeRow) -> Pair:
    value = label_value(node, key)
    return (key, -1 if value is None else value)


def _add(counts: dict[Pair, int], terms: Iterable[PodTerm], node: NodeRow, sign: int) -> None:
    for term in terms:
        value = label_value(node, term.key)
        if value is None:
            continue
        pair = (term.key, value)
        counts[pair] = counts.get(pair, 0) + sign
        if counts[pair] == 0:
            del counts[pair]
