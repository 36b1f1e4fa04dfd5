"""percentageOfNodesToScore: how many feasible nodes a search is after, and which it finds."""

from collections.abc import Collection, Sequence

from _pykube_hotcore.program import PodClass
from _pykube_hotcore.slow.state import Profile

FEASIBLE_MIN = 100
PERCENTAGE_MIN = 5


def sample_size(profile: Profile, spec: PodClass, live_count: int) -> int | None:
    """Return how many feasible nodes are wanted (schedule_one.go, numFeasibleNodesToFind).

    None is all of them. Without scorers the first one will do.
    """
    if profile.percentage == 100:
        return None
    if not profile.rules.scorers:
        return 1
    nodes = live_count if spec.node_set is None else len(spec.node_set)
    if nodes < FEASIBLE_MIN:
        return None
    percentage = profile.percentage or max(50 - nodes // 125, PERCENTAGE_MIN)
    return max(nodes * percentage // 100, FEASIBLE_MIN)


def sample(
    order: Sequence[int], start: int, feasible: Collection[int], wanted: int
) -> tuple[set[int], int]:
    """Return the first feasible rows of a circular order from a start, and how many it met."""
    found: set[int] = set()
    met = 0
    while met < len(order) and len(found) < wanted:
        row = order[(start + met) % len(order)]
        if row in feasible:
            found.add(row)
        met += 1
    return found, met
