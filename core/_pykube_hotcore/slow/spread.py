"""PodTopologySpread (plugins/podtopologyspread)."""

import math
from dataclasses import dataclass

from _pykube_hotcore.program import VALUE_EMPTY, Code, NodeRow, PodClass, SpreadConstraint
from _pykube_hotcore.slow.match import failed_selector, pod_matches, untolerated_taint
from _pykube_hotcore.slow.state import INT32_MAX, SCORE_MAX, Cluster, View, label_value

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
L = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)


def included(constraint: SpreadConstraint, spec: PodClass, node: NodeRow) -> bool:
    """Say whether the inclusion policies admit a node (common.go, matchNodeInclusionPolicies)."""
    own = [s for s in spec.selectors if s.reason == 0]
    if constraint.honor_affinity and failed_selector(own, node) is not None:
        return False
    return not constraint.honor_taints or untolerated_taint(spec, node) is None


def has_keys(constraints: list[SpreadConstraint], node: NodeRow) -> bool:
    """Say whether a node has the topology keys of all the constraints."""
    return all(label_value(node, c.key) is not None for c in constraints)


def matching(cluster: Cluster, constraint: SpreadConstraint, view: View) -> int:
    """Return how many pods of a node a constraint counts."""
    matcher = cluster.matchers[constraint.matcher]
    return sum(pod_matches(matcher, pod.spec) for pod in view.pods)


@dataclass(slots=True)
class Counts:
    """Matching pods by domain, one dict per hard constraint."""

    constraints: list[SpreadConstraint]
    by_domain: list[dict[int, int]]

    def clone(self) -> "Counts":
        """Return a copy that can be changed."""
        return Counts(self.constraints, [dict(d) for d in self.by_domain])

    def update(
        self, cluster: Cluster, spec: PodClass, other: PodClass, node: NodeRow, sign: int
    ) -> None:
        """Count a pod that comes or goes (filtering.go, updateWithPod)."""
        if not has_keys(self.constraints, node):
            return
        for constraint, counts in zip(self.constraints, self.by_domain, strict=True):
            matcher = cluster.matchers[constraint.matcher]
            if pod_matches(matcher, other) and included(constraint, spec, node):
                domain = label_value(node, constraint.key)
                assert domain is not None
                counts[domain] = counts.get(domain, 0) + sign


def hard_counts(cluster: Cluster, spec: PodClass) -> Counts:
    """Count matching pods on the nodes that have every hard key (calPreFilterState)."""
    constraints = [c for c in spec.spread if c.hard]
    counts: list[dict[int, int]] = [{} for _ in constraints]
    if constraints:
        for view in cluster.views():
            if not has_keys(constraints, view.node):
                continue
            for constraint, by_domain in zip(constraints, counts, strict=True):
                if included(constraint, spec, view.node):
                    domain = label_value(view.node, constraint.key)
                    assert domain is not None
                    here = matching(cluster, constraint, view)
                    by_domain[domain] = by_domain.get(domain, 0) + here
    return Counts(constraints, counts)


def refusal(counts: Counts, node: NodeRow) -> tuple[Code, int] | None:
    """Return the first hard constraint's refusal: detail 0 for skew, 1 for a missing label."""
    for constraint, by_domain in zip(counts.constraints, counts.by_domain, strict=True):
        domain = label_value(node, constraint.key)
        if domain is None:
            return (Code.UNRESOLVABLE, 1)
        minimum = min(by_domain.values(), default=INT32_MAX)
        if len(by_domain) < constraint.min_domains:
            minimum = 0
        skew = by_domain.get(domain, 0) + constraint.self_match - minimum
        if skew > constraint.max_skew:
            return (Code.UNSCHEDULABLE, 0)
    return None


def scores(
    cluster: Cluster, spec: PodClass, feasible: list[View]
) -> tuple[list[int], list[int]] | None:
    """Return raw and normalised scores of the feasible nodes, None without soft constraints."""
    soft = [c for c in spec.spread if not c.hard]
    if not soft:
        return None
    ignored = [spec.spread_needs_all_keys and not has_keys(soft, v.node) for v in feasible]
    counts: list[dict[int, int]] = [{} for _ in soft]
    weights = []
    for constraint, by_domain in zip(soft, counts, strict=True):
        size = len(feasible) - sum(ignored)
        if not constraint.is_hostname:
            by_domain.update(_domains(cluster, spec, soft, constraint, feasible, ignored))
            size = len(by_domain)
        weights.append(go_log(float(size + 2)))
    raw = []
    for view, skip in zip(feasible, ignored, strict=True):
        score = 0.0
        for constraint, by_domain, weight in zip(soft, counts, weights, strict=True):
            domain = label_value(view.node, constraint.key)
            if skip or domain is None:
                continue
            here = constraint.is_hostname
            count = matching(cluster, constraint, view) if here else by_domain[domain]
            score += float(count) * weight + float(constraint.max_skew - 1)
        raw.append(round_half_away(score))
    return raw, _normalize(raw, ignored)


def _domains(
    cluster: Cluster,
    spec: PodClass,
    soft: list[SpreadConstraint],
    constraint: SpreadConstraint,
    feasible: list[View],
    ignored: list[bool],
) -> dict[int, int]:
    """Count matching pods in the domains of feasible nodes; a missing label is the domain ""."""
    counts = {}
    for view, skip in zip(feasible, ignored, strict=True):
        if not skip:
            counts[_domain(view.node, constraint.key)] = 0
    for view in cluster.views():
        if spec.spread_needs_all_keys and not has_keys(soft, view.node):
            continue
        domain = _domain(view.node, constraint.key)
        if domain in counts and included(constraint, spec, view.node):
            counts[domain] += matching(cluster, constraint, view)
    return counts


def _domain(node: NodeRow, key: int) -> int:
    value = label_value(node, key)
    return VALUE_EMPTY if value is None else value


def _normalize(raw: list[int], ignored: list[bool]) -> list[int]:
    """scoring.go, NormalizeScore; the maximum starts at 0."""
    kept = [score for score, skip in zip(raw, ignored, strict=True) if not skip]
    lowest, highest = min(kept, default=0), max(kept, default=0)
    if highest <= 0:
        return [0 if skip else SCORE_MAX for skip in ignored]
    return [
        0 if skip else SCORE_MAX * (highest + lowest - score) // highest
        for score, skip in zip(raw, ignored, strict=True)
    ]


def go_log(x: float) -> float:
    """Return the natural logarithm as Go's math.Log computes it (FreeBSD's e_log.c)."""
    fraction, exponent = math.frexp(x)
    if fraction < math.sqrt(2.0) / 2.0:
        fraction *= 2.0
        exponent -= 1
    f, k = fraction - 1.0, float(exponent)
    s = f / (2.0 + f)
    s2 = s * s
    s4 = s2 * s2
    t1 = s2 * (L[0] + s4 * (L[2] + s4 * (L[4] + s4 * L[6])))
    t2 = s4 * (L[1] + s4 * (L[3] + s4 * L[5]))
    r = t1 + t2
    half = 0.5 * f * f
    return k * LN2_HIGH - ((half - (s * (half + r) + k * LN2_LOW)) - f)


def round_half_away(value: float) -> int:
    """Go's math.Round for values >= 0."""
    whole = math.floor(value)
    return whole + (value - whole >= 0.5)
