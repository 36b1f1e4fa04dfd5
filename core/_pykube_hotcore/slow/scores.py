"""Scores of the feasible nodes, plugin by plugin (kubernetes v1.34.1, framework/plugins)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from _pykube_hotcore.program import (
    CPU,
    EPHEMERAL_STORAGE,
    MEMORY,
    Effect,
    Plugin,
    PodClass,
    Strategy,
)
from _pykube_hotcore.slow import affinity, spread
from _pykube_hotcore.slow.match import term_matches, tolerates
from _pykube_hotcore.slow.spread import round_half_away
from _pykube_hotcore.slow.state import SCORE_MAX, Cluster, Profile, View, amount_of

MIB = 1 << 20
IMAGE_BYTES_MIN = 23 * MIB
IMAGE_BYTES_MAX_PER_CONTAINER = 1000 * MIB
NORMALIZED = (
    Plugin.TAINT_TOLERATION,
    Plugin.NODE_AFFINITY,
    Plugin.POD_TOPOLOGY_SPREAD,
    Plugin.INTER_POD_AFFINITY,
)
PACKING = (Plugin.BEST_FIT, Plugin.WORST_FIT, Plugin.DOT_PRODUCT)


class BadScoreError(Exception):
    """A policy's score is not a finite number."""


@dataclass(slots=True)
class Scores:
    """Of the feasible nodes, in row order.

    Attributes
    ----------
    raw, normalized : dict
        By plugin; a plugin that PreScore skips is not there.
    total : list of float
        Weighted sums: first of what a node alone decides, then the policy of the user's own, then
        of what is normalised.
    """

    raw: dict[Plugin, list[int]] = field(default_factory=dict)
    normalized: dict[Plugin, list[int]] = field(default_factory=dict)
    total: list[float] = field(default_factory=list)


def score_nodes(cluster: Cluster, spec: PodClass, feasible: list[View]) -> Scores:
    """Score with every plugin of the profile, normalise, weigh and add."""
    profile = cluster.profiles[spec.profile]
    weights = dict(profile.rules.scorers)
    scores = Scores(total=[0.0] * len(feasible))

    def add(weight: int, rows: Sequence[float]) -> None:
        scores.total = [t + weight * s for t, s in zip(scores.total, rows, strict=True)]

    for plugin in sorted(weights):
        found = _plugin_scores(plugin, cluster, spec, feasible)
        if found is not None:
            scores.raw[plugin], scores.normalized[plugin] = found
    for plugin, normalized in scores.normalized.items():
        if plugin not in NORMALIZED:
            add(weights[plugin], normalized)
    if Plugin.POLICY in weights:
        policy = [policy_score(profile, spec, view) for view in feasible]
        add(weights[Plugin.POLICY], policy)
    for plugin, normalized in scores.normalized.items():
        if plugin in NORMALIZED:
            add(weights[plugin], normalized)
    return scores


Rows = tuple[list[int], list[int]]


def _plugin_scores(
    plugin: Plugin, cluster: Cluster, spec: PodClass, feasible: list[View]
) -> Rows | None:
    """Return raw and normalised scores, None where PreScore skips."""
    rules = cluster.profiles[spec.profile].rules
    raw: list[int] | None = None
    if plugin == Plugin.POD_TOPOLOGY_SPREAD:
        return spread.scores(cluster, spec, feasible)
    if plugin == Plugin.INTER_POD_AFFINITY:
        return affinity.scores(cluster, spec, feasible)
    if plugin == Plugin.TAINT_TOLERATION:
        raw = [_taints(spec, view) for view in feasible]
        return raw, _normalize(raw, reverse=True)
    if plugin == Plugin.NODE_AFFINITY and spec.preferred:
        raw = [_preferred(spec, view) for view in feasible]
        return raw, _normalize(raw, reverse=False)
    if plugin == Plugin.NODE_RESOURCES_FIT:
        raw = [_fit(cluster, spec, view) for view in feasible]
    elif plugin == Plugin.BALANCED_ALLOCATION:
        if any(amount_of(spec.request, r) > 0 for r in rules.balanced_resources):
            raw = [_balanced(rules.balanced_resources, spec, view) for view in feasible]
    elif plugin == Plugin.IMAGE_LOCALITY:
        raw = [_images(cluster, spec, view) for view in feasible]
    elif plugin in PACKING:
        raw = [_packing(plugin, cluster, spec, view) for view in feasible]
    return None if raw is None else (raw, raw)


def _normalize(raw: list[int], *, reverse: bool) -> list[int]:
    """helper.DefaultNormalizeScore."""
    highest = max(raw, default=0)
    if highest == 0:
        return [SCORE_MAX] * len(raw) if reverse else raw
    scaled = [score * SCORE_MAX // highest for score in raw]
    return [SCORE_MAX - score for score in scaled] if reverse else scaled


def _taints(spec: PodClass, view: View) -> int:
    """PreferNoSchedule taints that the pod does not tolerate (taint_toleration.go)."""
    return sum(
        taint.effect == Effect.PREFER_NO_SCHEDULE and not tolerates(spec.tolerations, taint)
        for taint in view.node.taints
    )


def _preferred(spec: PodClass, view: View) -> int:
    return sum(p.weight for p in spec.preferred if term_matches(p.term, view.node.labels))


def int64(value: int) -> int:
    """Return what Go's int64 makes of a number: it wraps around."""
    return (value + 2**63) % 2**64 - 2**63


def quotient(a: int, b: int) -> int:
    """Divide as Go does: towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _fit(cluster: Cluster, spec: PodClass, view: View) -> int:
    """NodeResourcesFit by the profile's strategy (noderesources/resource_allocation.go)."""
    rules = cluster.profiles[spec.profile].rules
    total = weights = 0
    for resource, weight in rules.fit_resources:
        capacity = view.allocatable(resource)
        asked = amount_of(spec.score_request, resource)
        if capacity == 0 or (resource > EPHEMERAL_STORAGE and asked == 0):
            continue
        in_use = view.nonzero(resource) if resource in (CPU, MEMORY) else view.requested(resource)
        requested = int64(in_use + asked)
        if rules.strategy == Strategy.LEAST_ALLOCATED:
            score = least_allocated(capacity, requested)
        elif rules.strategy == Strategy.MOST_ALLOCATED:
            score = most_allocated(capacity, requested)
        else:
            score = by_shape(rules.shape, utilization(capacity, requested))
            if score == 0:
                continue
        total += score * weight
        weights += weight
    if weights == 0:
        return 0
    if rules.strategy == Strategy.REQUESTED_TO_CAPACITY_RATIO:
        return round_half_away(float(total) / float(weights))
    return quotient(total, weights)


def least_allocated(capacity: int, requested: int) -> int:
    """noderesources/least_allocated.go."""
    if requested > capacity:
        return 0
    return quotient(int64(int64(capacity - requested) * SCORE_MAX), capacity)


def most_allocated(capacity: int, requested: int) -> int:
    """noderesources/most_allocated.go."""
    return quotient(int64(min(requested, capacity) * SCORE_MAX), capacity)


def utilization(capacity: int, requested: int) -> int:
    """requested_to_capacity_ratio.go; an overflow takes the nearest end of the shape."""
    if requested > capacity:
        return SCORE_MAX
    return min(max(quotient(int64(requested * SCORE_MAX), capacity), 0), SCORE_MAX)


def by_shape(shape: tuple[tuple[int, int], ...], x: int) -> int:
    """helper.BuildBrokenLinearFunction."""
    for i, (right, score) in enumerate(shape):
        if x <= right:
            if i == 0:
                return score
            left, before = shape[i - 1]
            return before + quotient((score - before) * (x - left), right - left)
    return shape[-1][1] if shape else 0


def _balanced(resources: tuple[int, ...], spec: PodClass, view: View) -> int:
    """noderesources/balanced_allocation.go, balancedResourceScorer."""
    fractions: list[float] = []
    total = 0.0
    for resource in resources:
        capacity = view.allocatable(resource)
        asked = amount_of(spec.request, resource)
        if capacity == 0 or (resource > EPHEMERAL_STORAGE and asked == 0):
            continue
        # A sum past int64 counts as full; upstream's wraps, and the cycle fails on its score.
        requested = min(view.requested(resource) + asked, 2**63 - 1)
        fraction = min(float(requested) / float(capacity), 1.0)
        total += fraction
        fractions.append(fraction)
    deviation = 0.0
    if len(fractions) == 2:
        deviation = abs((fractions[0] - fractions[1]) / 2.0)
    elif len(fractions) > 2:
        mean = total / float(len(fractions))
        squares = 0.0
        for fraction in fractions:
            squares = squares + (fraction - mean) * (fraction - mean)
        deviation = math.sqrt(squares / float(len(fractions)))
    return int((1.0 - deviation) * float(SCORE_MAX))


def _packing(plugin: Plugin, cluster: Cluster, spec: PodClass, view: View) -> int:
    """BestFit, WorstFit and DotProduct: the mean over the resources, cut to 0..100."""
    listed = cluster.profiles[spec.profile].rules.packing_resources
    total, count = 0.0, 0
    for resource in range(cluster.resource_count):
        asked = amount_of(spec.request, resource)
        largest = float(max(v.allocatable(resource) for v in cluster.views()))
        if (asked == 0 and resource not in listed) or largest == 0:
            continue
        left = view.allocatable(resource) - view.requested(resource)
        if plugin == Plugin.DOT_PRODUCT:
            total += (float(left) / largest) * (float(asked) / largest)
        else:
            total += (float(left) - float(asked)) / largest
        count += 1
    mean = min(max(total / float(count), 0.0), 1.0) if count else 0.0
    share = mean if plugin == Plugin.WORST_FIT else 1.0 - mean
    return int(share * float(SCORE_MAX))


def _images(cluster: Cluster, spec: PodClass, view: View) -> int:
    """imagelocality/image_locality.go: sizes of images there, scaled by how spread they are."""
    here = {name for name, _ in view.node.images}
    live = len(list(cluster.live_rows()))
    total = 0
    for name in spec.images:
        if name in here:
            image = cluster.images[name]
            total += int(float(image.size_bytes) * (float(len(image.rows)) / float(live)))
    highest = IMAGE_BYTES_MAX_PER_CONTAINER * spec.container_count
    if total < IMAGE_BYTES_MIN:
        total = IMAGE_BYTES_MIN
    elif total > highest:
        total = highest
    return quotient(SCORE_MAX * (total - IMAGE_BYTES_MIN), highest - IMAGE_BYTES_MIN)


class _Fields:
    """A node or pod as the policy's function sees it: int64 by attribute."""

    def __init__(self, values: dict[str, int]) -> None:
        self.__dict__.update({name: np.int64(value) for name, value in values.items()})


def policy_score(profile: Profile, spec: PodClass, view: View) -> float:
    """Call the policy of the user's own for one row.

    Raises
    ------
    BadScoreError
        It returned no finite number.
    """
    assert profile.policy is not None
    fields = {"pods": len(view.pods), "pod_slots": view.node.pod_slots}
    for name, resource in profile.policy_resources.items():
        fields[f"allocatable_{name}"] = view.allocatable(resource)
        fields[f"requested_{name}"] = view.requested(resource)
        fields[f"free_{name}"] = view.allocatable(resource) - view.requested(resource)
    asked = {n: amount_of(spec.request, r) for n, r in profile.policy_resources.items()}
    with np.errstate(all="ignore"):
        score: Any = profile.policy(_Fields(fields), _Fields(asked))
    if not math.isfinite(float(score)):
        raise BadScoreError
    return float(score)
