"""PodDisruptionBudgets as a dry run of preemption takes them.

A budget without a selector, or with one that is empty or cannot be read, means no pod at all. The
engine leaves pods without labels alone.

Source: kubernetes v1.34.1, plugins/defaultpreemption/default_preemption.go
(filterPodsWithPDBViolation).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject, namespace_of
from pykube_core.scheduler.tables.label_selectors import read_label_selector
from pykube_core.scheduler.tables.matchers import MatcherTable, PodMatch


class Budgets(NamedTuple):
    """Budgets as ``Engine.dry_run`` takes them.

    Attributes
    ----------
    budgets : tuple of (matcher, allowed)
        The pods of a budget, and how many of them may go; below 0 the next one violates it.
    exempt : frozenset of (index, slot)
        Pods that a budget does not count: the API server has already.
    """

    budgets: tuple[tuple[int, int], ...] = ()
    exempt: frozenset[tuple[int, int]] = frozenset()


def read_budgets(
    items: Iterable[KubeObject],
    matchers: MatcherTable,
    slot_of: Callable[[str, str], int | None],
) -> Budgets:
    """Return the PodDisruptionBudgets that mean any pod.

    Parameters
    ----------
    items
        PodDisruptionBudgets.
    matchers
        Numbers of selectors; grows.
    slot_of
        Slot of a pod on a node by namespace and name, None if there is none.
    """
    budgets: list[tuple[int, int]] = []
    exempt: set[tuple[int, int]] = set()
    for item in items:
        try:
            selector = read_label_selector((item.get("spec") or {}).get("selector"))
        except InputError:
            continue
        if not selector.requirements:
            continue
        namespace = namespace_of(item)
        status = item.get("status") or {}
        for name in status.get("disruptedPods") or ():
            slot = slot_of(namespace, name)
            if slot is not None:
                exempt.add((len(budgets), slot))
        matcher = matchers.index(PodMatch(selector, frozenset({namespace})))
        budgets.append((matcher, int(status.get("disruptionsAllowed") or 0)))
    return Budgets(tuple(budgets), frozenset(exempt))
