"""An explanation as text for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pykube_core.words import counted

if TYPE_CHECKING:
    from pykube_core.scheduler.cycle.explain import Explanation, NodeView

SHOWN: int = 10

_Row = tuple[str, ...]


class _Group(NamedTuple):
    """Nodes that the pod meets in the same way, the first of them in full."""

    first: NodeView
    size: int

    @property
    def name(self) -> str:
        if self.size == 1:
            return self.first.name
        return f"{counted(self.size, 'node')} like {self.first.name}"


def explanation_text(explanation: Explanation, node: str | None = None, show: int = SHOWN) -> str:
    """Return what there is to say, nodes that are alike in one line.

    Parameters
    ----------
    node
        Where the pod is now.
    show
        Lines per table, each of a node or of several that are alike.
    """
    return "\n".join(_lines(explanation, node, show))


def _lines(explanation: Explanation, node: str | None, show: int) -> Iterator[str]:
    decision = explanation.decision
    whose = f" (of {explanation.origin})" if explanation.origin else ""
    yield f"pod {decision.pod}{whose}{f' (now on {node})' if node else ''}"
    yield explanation.summary
    if explanation.origin.startswith("DaemonSet "):
        yield "a DaemonSet runs such a pod on every node that fits"
    for claim in explanation.missing_claims:
        yield (
            f"claim {claim} is missing: no PersistentVolumeClaim of this name was read; a snapshot "
            "has them with kubectl get pvc,pv,sc"
        )
    if decision.preemption is not None:
        victims = ", ".join(decision.preemption.victims)
        yield f"preemption on {decision.preemption.nominated_node} would delete {victims}"
    fitting = [view for view in explanation.nodes if view.fits]
    fitting.sort(key=lambda view: -(view.total or 0))
    refused = [view for view in explanation.nearest if view.rejection is not None]
    unseen = [view for view in explanation.nearest if view.rejection is None]
    if fitting:
        groups = _grouped(fitting, lambda view: _score_cells(view))
        yield from _table("nodes that fit", groups, len(fitting), show, _scores)
    if refused:
        groups = _grouped(refused, _refusal_key)
        total = sum(view.rejection is not None for view in explanation.nodes)
        yield from _table("nodes that refuse", groups, total, show, _refusals, ", nearest first")
    if unseen and not fitting:
        groups = _grouped(unseen, _refusal_key)
        yield from _table("nodes", groups, len(unseen), show, _refusals, ", nearest first")


def _grouped(views: Iterable[NodeView], key: Callable[[NodeView], Hashable]) -> list[_Group]:
    """Return nodes of one key together, where the first of them stands."""
    found: dict[Hashable, list[NodeView]] = {}
    for view in views:
        found.setdefault(key(view), []).append(view)
    return [_Group(views[0], len(views)) for views in found.values()]


def _refusal_key(view: NodeView) -> Hashable:
    return _refuser(view), tuple(change.text for change in view.changes)


def _table(
    title: str,
    groups: Sequence[_Group],
    total: int,
    show: int,
    rows_of: Callable[[Sequence[_Group]], list[_Row]],
    order: str = "",
) -> Iterator[str]:
    shown = groups[:show]
    nodes = sum(group.size for group in shown)
    yield f"\n{title} ({nodes:,} of {total:,}{order}):"
    if not shown:
        return
    rows = rows_of(shown)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _scores(groups: Sequence[_Group]) -> list[_Row]:
    plugins = list(groups[0].first.scores)
    if not plugins:
        return [("node",), *((group.name,) for group in groups)]
    return [
        ("node", "total", *plugins),
        *((group.name, *_score_cells(group.first)) for group in groups),
    ]


def _score_cells(view: NodeView) -> _Row:
    cells = (f"{s.raw} > {s.normalized} x{s.weight}" for s in view.scores.values())
    return (f"{view.total}", *cells)


def _refuser(view: NodeView) -> str:
    return "" if view.rejection is None else view.rejection.plugin or "PreFilter"


def _refusals(groups: Sequence[_Group]) -> list[_Row]:
    rows: list[_Row] = [("node", "refused by", "to fit")]
    for group in groups:
        for i, change in enumerate(group.first.changes):
            head = (group.name, _refuser(group.first)) if i == 0 else ("", "")
            rows.append((*head, change.text))
    return rows
