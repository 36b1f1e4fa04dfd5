"""Rows of nodes by their labels, for plugins that look at nodes in Python."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore.program import KEY_NODE_NAME, Operator, Requirement, Term
from pykube_core.api.machinery import selectors
from pykube_core.api.machinery.selectors import NodeSelector
from pykube_core.scheduler.tables.interner import Interner
from pykube_core.scheduler.tables.volume_cache import Volume

Rows = NDArray[np.intp]
"""Indices of rows, ascending."""

_OPERATORS: Final = {
    selectors.Operator.IN: Operator.IN,
    selectors.Operator.NOT_IN: Operator.NOT_IN,
    selectors.Operator.EXISTS: Operator.EXISTS,
    selectors.Operator.DOES_NOT_EXIST: Operator.DOES_NOT_EXIST,
    selectors.Operator.GT: Operator.GREATER_THAN,
    selectors.Operator.LT: Operator.LESS_THAN,
}
# More sets of rows than this are not kept; each costs at most 8 bytes per row.
_REMEMBERED_MAX: Final = 1 << 16


class LabelEngine(Protocol):
    """The part of the engine that is called."""

    @property
    def row_count(self) -> int:
        """Rows ever added."""
        ...

    def match(self, terms: tuple[Term, ...]) -> NDArray[np.bool_]:
        """Return (rows,) the live nodes whose labels match a disjunction."""
        ...


class NodeRows:
    """Answers which rows match; remembers until nodes change.

    Parameters
    ----------
    engine
        Holds the nodes.
    interner
        Numbers of strings; grows.
    """

    def __init__(self, engine: LabelEngine, interner: Interner) -> None:
        self._engine = engine
        self.interner = interner
        self._rows: dict[tuple[Term, ...], Rows] = {}
        self._of_volume: dict[str, tuple[Volume, Rows]] = {}

    @property
    def count(self) -> int:
        """Rows ever added, of removed nodes too."""
        return self._engine.row_count

    def forget(self) -> None:
        """Nodes have come, gone or changed their labels."""
        self._rows.clear()
        self._of_volume.clear()

    def rows(self, terms: tuple[Term, ...]) -> Rows:
        """Return the rows whose labels match a disjunction of terms; costs O(rows) once."""
        found = self._rows.get(terms)
        if found is None:
            if len(self._rows) >= _REMEMBERED_MAX:
                self._rows.clear()
            found = np.flatnonzero(self._engine.match(terms))
            self._rows[terms] = found
        return found

    def mask(self, terms: tuple[Term, ...]) -> NDArray[np.bool_]:
        """Return `rows` as booleans (count,)."""
        mask = np.zeros(self.count, np.bool_)
        mask[self.rows(terms)] = True
        return mask

    def named(self, name: str) -> Rows:
        """Return the row of a node, if it exists."""
        value = self.interner.value(name)
        return self.rows(((Requirement(Operator.IN, KEY_NODE_NAME, values=(value,)),),))

    def of_volume(self, volume: Volume) -> Rows:
        """Return the rows that a volume's node affinity admits."""
        known = self._of_volume.get(volume.name)
        if known is not None and known[0] is volume:
            return known[1]
        if len(self._of_volume) >= _REMEMBERED_MAX:
            self._of_volume.clear()
        terms = ((),) if volume.affinity is None else _volume_terms(volume.affinity, self.interner)
        found = self.rows(terms)
        self._of_volume[volume.name] = volume, found
        return found


def _volume_terms(selector: NodeSelector, interner: Interner) -> tuple[Term, ...]:
    """Return the terms of a volume's node selector.

    Upstream holds them against the labels alone: a term that has nothing but ``matchFields``
    matches every node.
    """
    return tuple(
        tuple(_requirement(r, interner) for r in term.expressions)
        for term in selector.terms
        if term.error is None
    )


def _requirement(item: selectors.Requirement, interner: Interner) -> Requirement:
    key = interner.key(item.key)
    if item.bound is not None:
        return Requirement(_OPERATORS[item.operator], key, item.bound)
    values = tuple(sorted(interner.value(value) for value in item.values))
    return Requirement(_OPERATORS[item.operator], key, values=values)
