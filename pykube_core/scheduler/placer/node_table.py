"""The nodes of an engine with their objects: compiled, numbered, and ordered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from _pykube_hotcore.native import Engine, NodeBatch
from _pykube_hotcore.program import NodeRow
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.scheduler.placer.compile import compile_again, compile_node
from pykube_core.scheduler.tables.node_order import NodeTree
from pykube_core.scheduler.tables.node_rows import NodeRows
from pykube_core.scheduler.tables.tables import Tables


class NodeTable:
    """Nodes by row; the row of a node that is gone is not given again.

    Parameters
    ----------
    engine : Engine
    tables : Tables
        With what nodes are compiled.
    is_lexical : bool
        The engine breaks ties by name.
    has_devices : bool
        Some policy reads the devices of nodes.

    Attributes
    ----------
    objects : list of dict
        The Node objects by row; of a node that is gone, its last state.
    names : list of str
        Their names.
    rows : dict of str to int
        Row by name, of the nodes that are there.
    matching : NodeRows
        Answers which nodes match.
    is_order_stale : bool
        The engine has to be told the order of nodes: see `settle`.
    """

    def __init__(
        self, engine: Engine, tables: Tables, *, is_lexical: bool, has_devices: bool
    ) -> None:
        self._engine = engine
        self._tables = tables
        self._is_lexical = is_lexical
        self.has_devices = has_devices
        self.objects: list[KubeObject] = []
        self.names: list[str] = []
        self.rows: dict[str, int] = {}
        self.matching = NodeRows(engine, tables.interner)
        self.is_order_stale = False
        self._compiled: list[NodeRow] = []
        self._batch: NodeBatch | None = None
        self._tree = NodeTree()

    def take(self, source: NodeTable) -> None:
        """Begin with the nodes of another table, none of which is gone; none is compiled again."""
        batch = source._batch
        if batch is None:
            batch = source._batch = NodeBatch(source._compiled)
        self._engine.reserve_resources(len(source._tables.interner.resources))
        self._engine.add_nodes(batch)
        self.objects += source.objects
        self.names += source.names
        self.rows.update(source.rows)
        self._compiled += source._compiled
        self._tree = source._tree.copy()
        self._changed(True)
        self._batch = batch

    def add(self, nodes: Sequence[KubeObject]) -> None:
        """Add nodes behind those that are there.

        Raises
        ------
        InputError
            A node cannot be read, or its name is taken; nothing is changed.
        """
        first, names = len(self.objects), [name_of(node) for node in nodes]
        for name, count in Counter(names).items():
            if count > 1 or name in self.rows:
                raise InputError("there is another of this name", object=f"Node {name}")
        compiled = [self._compile(node, first + index) for index, node in enumerate(nodes)]
        batch = NodeBatch(compiled)
        self._engine.add_nodes(batch)
        self.objects += nodes
        self.names += names
        self._compiled += compiled
        for row, (name, node) in enumerate(zip(names, nodes, strict=True), first):
            self.rows[name] = row
            self._tree.add(row, node)
        self._changed(bool(nodes))
        self._batch = batch if first == 0 else None

    def update(self, nodes: Sequence[KubeObject]) -> list[KubeObject]:
        """Replace what nodes of these names say; return those that have to be removed and added.

        Raises
        ------
        InputError
            A node cannot be read; nothing is changed.
        """
        rows, compiled, refused = [], [], []
        for node, new in [(node, self._compile_again(node)) for node in nodes]:
            row = self.rows[name_of(node)]
            held = self._compiled[row]
            if new.device_count != held.device_count:
                refused.append(node)
                continue
            self.objects[row] = node
            if new != held:
                rows.append(row)
                compiled.append(new)
                self._compiled[row] = new
                if new.labels != held.labels:
                    self._changed(self._tree.add(row, node))
        if rows:
            self._batch = None
            self._engine.update_nodes(rows, compiled)
        return refused

    def remove(self, name: str) -> int:
        """Remove a node with the pods on it; return its row."""
        row = self.rows.pop(name)
        self._engine.remove_node(row)
        self._tree.remove(row)
        self._changed(True)
        return row

    def settle(self, *, samples: bool) -> None:
        """Tell the engine the order of nodes, if it changed; zones in turn where it samples."""
        if not self.is_order_stale:
            return
        self.is_order_stale = False
        if samples:
            self._engine.set_order(self._tree.in_turn())
        moved = []
        for rank, name in enumerate(sorted(self.rows) if self._is_lexical else ()):
            row = self.rows[name]
            held = self._compiled[row]
            if held.rank != rank:
                self._compiled[row] = replace(held, rank=rank)
                moved.append(row)
        if moved:
            self._batch = None
            self._engine.update_nodes(moved, [self._compiled[row] for row in moved])

    def _compile(self, node: KubeObject, rank: int) -> NodeRow:
        tables = self._tables
        return compile_node(
            node, rank, tables.interner, tables.volume_cache, has_devices=self.has_devices
        )

    def _compile_again(self, node: KubeObject) -> NodeRow:
        """Return a node that is there as a row; most often nothing but its images is new."""
        row, tables = self.rows[name_of(node)], self._tables
        held, before = self._compiled[row], self.objects[row]
        return compile_again(
            node, held, before, tables.interner, tables.volume_cache, has_devices=self.has_devices
        )

    def _changed(self, is_order_stale: bool) -> None:
        self._batch = None
        self.matching.forget()
        self.is_order_stale |= is_order_stale
