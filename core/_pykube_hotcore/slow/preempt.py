"""Which pods would have to go from a node (plugins/defaultpreemption, SelectVictimsOnNode)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from _pykube_hotcore.program import Code, Plugin
from _pykube_hotcore.slow.filters import PreFilter, filter_with_nominated
from _pykube_hotcore.slow.match import pod_matches
from _pykube_hotcore.slow.state import Cluster, Pod


@dataclass(slots=True)
class NodeVictims:
    """The outcome of a dry run on one node.

    Attributes
    ----------
    code : Code
        FITS, or how the node refuses; NOT_EVALUATED where no pod is of lower priority.
    plugin : Plugin
        The plugin that refuses, with all pods of lower priority gone.
    detail : int
        Why; its meaning is the plugin's.
    slots : list of int
        Victims, most important first.
    violations : int
        Victims whose going violates a budget.
    """

    code: Code
    plugin: Plugin = Plugin.NONE
    detail: int = 0
    slots: list[int] = field(default_factory=list)
    violations: int = 0


Budgets = Sequence[tuple[int, int]]
Exempt = Collection[tuple[int, int]]


def importance(cluster: Cluster, slot: int) -> tuple[int, int, int]:
    """Order pods by importance, most important first (util.MoreImportantPod), then by slot."""
    pod = _pod(cluster, slot)
    return (-pod.spec.priority, pod.start_ns, slot)


def select_victims(
    cluster: Cluster, class_index: int, row: int, budgets: Budgets, exempt: Exempt
) -> NodeVictims:
    """Remove all pods of lower priority, then put back whom the pod can live with."""
    spec = cluster.classes[class_index]
    lower = [
        slot
        for slot in cluster.rows[row].slots
        if _pod(cluster, slot).spec.priority < spec.priority
    ]
    if not lower:
        return NodeVictims(Code.NOT_EVALUATED)
    state = PreFilter.of(cluster, spec)
    view = cluster.view(row)
    for slot in lower:
        view = view.without_pod(_pod(cluster, slot))
        state.update(cluster, spec, _pod(cluster, slot), view, -1)
    verdict = filter_with_nominated(cluster, class_index, state, view)
    if verdict.code != Code.FITS:
        return NodeVictims(verdict.code, verdict.plugin, verdict.detail)
    lower.sort(key=lambda slot: importance(cluster, slot))
    violating, others = split_by_budgets(cluster, lower, budgets, exempt)
    found = NodeVictims(Code.FITS)
    for slot in violating + others:
        pod = _pod(cluster, slot)
        beside, after = view.with_pod(pod), state.clone()
        after.update(cluster, spec, pod, beside, 1)
        if filter_with_nominated(cluster, class_index, after, beside).code == Code.FITS:
            view, state = beside, after
        else:
            found.slots.append(slot)
            found.violations += slot in violating
    found.slots.sort(key=lambda slot: importance(cluster, slot))
    return found


def split_by_budgets(
    cluster: Cluster, slots: list[int], budgets: Budgets, exempt: Exempt
) -> tuple[list[int], list[int]]:
    """Return the pods whose going violates a budget, and the others (filterPodsWithPDBViolation).

    Every pod that a budget means uses it up, even one that already violates another.
    """
    left = [allowed for _, allowed in budgets]
    violating: list[int] = []
    others: list[int] = []
    for slot in slots:
        pod = _pod(cluster, slot)
        violates = False
        for index, (matcher, _) in enumerate(budgets):
            meant = bool(pod.spec.labels) and pod_matches(cluster.matchers[matcher], pod.spec)
            if meant and (index, slot) not in exempt:
                left[index] -= 1
                violates = violates or left[index] < 0
        (violating if violates else others).append(slot)
    return violating, others


def _pod(cluster: Cluster, slot: int) -> Pod:
    pod = cluster.pods[slot]
    assert pod is not None
    return pod
