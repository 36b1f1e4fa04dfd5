"""Checks of the engine's input: the limits of profiles, classes and nodes."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from _pykube_hotcore.program import (
    DEVICE_COUNT_MAX,
    DEVICE_MILLI,
    RESOURCE_COUNT_MAX,
    Amounts,
    Effect,
    EngineProfile,
    NodeRow,
    Operator,
    Plugin,
    PodClass,
    PodTerm,
    SpreadConstraint,
    Strategy,
    Term,
)
from _pykube_hotcore.slow.state import INT32_MAX, SCORE_MAX

INT16_MAX = 2**15 - 1


def profile_valid(rules: EngineProfile, *, has_policy: bool) -> bool:
    """Say whether every number of a profile is in its range."""
    scorers = [plugin for plugin, _ in rules.scorers]
    resources = [r for r, _ in rules.fit_resources]
    resources += [*rules.balanced_resources, *rules.packing_resources]
    points = [x for x, _ in rules.shape]
    return (
        _distinct(rules.filters)
        and all(Plugin.NONE < p < Plugin.BALANCED_ALLOCATION for p in rules.filters)
        and _distinct(scorers)
        and all(Plugin.NONE < p <= Plugin.POLICY for p in scorers)
        and all(-INT32_MAX - 1 <= weight <= INT32_MAX for _, weight in rules.scorers)
        and all(weight != 0 for _, weight in rules.scorers)
        and (Plugin.POLICY in scorers) == has_policy
        and rules.strategy in list(Strategy)
        and all(0 <= r < RESOURCE_COUNT_MAX for r in resources)
        and all(1 <= weight <= SCORE_MAX for _, weight in rules.fit_resources)
        and 0 <= rules.hard_pod_affinity_weight <= SCORE_MAX
        and _ascends(points)
        and all(0 <= word <= SCORE_MAX for point in rules.shape for word in point)
    )


def class_valid(spec: PodClass, *, profile_count: int, matcher_count: int) -> bool:
    """Say whether every number of a class is in its range."""
    return _node_rules_valid(spec, profile_count) and _pod_rules_valid(spec, matcher_count)


def _node_rules_valid(spec: PodClass, profile_count: int) -> bool:
    selectors = [term for selector in spec.selectors for term in selector.terms]
    return (
        0 <= spec.profile < profile_count
        and _amounts_valid(spec.request)
        and _amounts_valid(spec.filter_request or ())
        and all(0 <= r < RESOURCE_COUNT_MAX and amount >= 0 for r, amount in spec.score_request)
        and min(spec.nonzero) >= 0
        and spec.node_name <= INT32_MAX
        and all(
            -1 <= t.key <= INT32_MAX
            and 0 <= t.value <= INT32_MAX
            and -1 <= t.effect <= Effect.NO_EXECUTE
            for t in spec.tolerations
        )
        and all(0 <= s.reason <= INT32_MAX for s in spec.selectors)
        and all(_term_valid(term) for term in selectors)
        and all(1 <= p.weight <= INT16_MAX and _term_valid(p.term) for p in spec.preferred)
        and (
            spec.devices is None
            or (0 <= spec.devices[0] <= DEVICE_COUNT_MAX and 1 <= spec.devices[1] <= DEVICE_MILLI)
        )
    )


def _pod_rules_valid(spec: PodClass, matcher_count: int) -> bool:
    """Tokens are what the caller interned: they fit in int32."""
    tokens = [spec.namespace, spec.container_count, *spec.images]
    for rows in (spec.labels, spec.ports, spec.claims, spec.once_claims, spec.csi_volumes):
        tokens += [word for row in rows for word in row]
    tokens += [disk.token for disk in spec.disks]
    return (
        all(0 <= token <= INT32_MAX for token in tokens)
        and -INT32_MAX - 1 <= spec.priority <= INT32_MAX
        and _ascends([key for key, _ in spec.labels])
        and all(_spread_valid(c, matcher_count) for c in spec.spread)
        and all(_pod_term_valid(t, matcher_count, 1) for t in spec.affinity + spec.anti_affinity)
        and all(_pod_term_valid(t, matcher_count, INT16_MAX) for t in spec.preferred_pods)
    )


def _spread_valid(constraint: SpreadConstraint, matcher_count: int) -> bool:
    return (
        0 <= constraint.key <= INT32_MAX
        and 1 <= constraint.max_skew <= INT32_MAX
        and 1 <= constraint.min_domains <= INT32_MAX
        and 0 <= constraint.matcher < matcher_count
    )


def _pod_term_valid(term: PodTerm, matcher_count: int, weight_max: int) -> bool:
    return (
        0 <= term.matcher < matcher_count
        and 0 <= term.held_matcher < matcher_count
        and 0 <= term.key <= INT32_MAX
        and 1 <= abs(term.weight) <= weight_max
    )


def node_valid(node: NodeRow) -> bool:
    """Say whether every number of a node is in its range."""
    return (
        len(node.allocatable) <= RESOURCE_COUNT_MAX
        and min(node.allocatable, default=0) >= 0
        and node.pod_slots >= 0
        and 0 <= node.device_count <= DEVICE_COUNT_MAX
        and _ascends([label.key for label in node.labels])
        and all(label.key >= 0 and label.value >= 0 for label in node.labels)
        and all(t.key >= 0 and t.value >= 0 for t in node.taints)
        and all(0 <= t.effect <= Effect.NO_EXECUTE for t in node.taints)
        and all(min(entry) >= 0 for entry in (*node.images, *node.csi_attached))
        and all(driver >= 0 for driver, _ in node.csi_limits)
    )


def namespaces_valid(namespaces: tuple[int, ...] | None) -> bool:
    """Say whether the namespaces of a matcher ascend."""
    return _ascends(namespaces or ())


def term_valid(term: Term) -> bool:
    """Say whether the requirements of a term are well-formed."""
    return _term_valid(term)


def _term_valid(term: Term) -> bool:
    return all(
        Operator.IN <= r.operator <= Operator.NEVER
        and 0 <= r.key <= INT32_MAX
        and _ascends(r.values)
        for r in term
    )


def _amounts_valid(amounts: Amounts) -> bool:
    return _ascends([r for r, _ in amounts]) and all(
        0 <= r < RESOURCE_COUNT_MAX and amount >= 0 for r, amount in amounts
    )


def _ascends(values: Sequence[int]) -> bool:
    return all(a < b for a, b in pairwise(values))


def _distinct(values: Iterable[int]) -> bool:
    values = list(values)
    return len(set(values)) == len(values)
