"""Collects pods row by row into a PodTable, one template for each distinct shape."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.workloads.model import PodTable

_GONE: Final = -2
_ENCODER = msgspec.json.Encoder(order="deterministic")


class TableBuilder:
    """Rows of a `PodTable` under construction."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.templates: list[KubeObject] = []
        self.node_names: list[str] = []
        self._template: list[int] = []
        self._created_ns: list[int] = []
        self._deleted_ns: list[int] = []
        self._pinned: list[bool] = []
        self._index: dict[bytes, int] = {}

    def intern(self, shape: msgspec.Struct | KubeObject) -> int:
        """Return the index of the template with this content.

        Parameters
        ----------
        shape : msgspec.Struct or dict
            A Pod object without what only this pod has; kept only if it is new.
        """
        encoded = _ENCODER.encode(shape)
        index = self._index.setdefault(encoded, len(self.templates))
        if index == len(self.templates):
            self.templates.append(msgspec.json.decode(encoded))
        return index

    def add(
        self,
        name: str,
        template: int,
        created_ns: int,
        deleted_ns: int = -1,
        node_name: str = "",
        pinned: bool = False,
    ) -> None:
        """Append a row; an empty ``node_name`` is a pending pod."""
        self.names.append(name)
        self.node_names.append(node_name)
        self._template.append(template)
        self._created_ns.append(created_ns)
        self._deleted_ns.append(deleted_ns)
        self._pinned.append(pinned)

    def row(self, index: int) -> tuple[str, int, int, int, str, bool]:
        """Return a row as `add` took it."""
        return (
            self.names[index],
            self._template[index],
            self._created_ns[index],
            self._deleted_ns[index],
            self.node_names[index],
            self._pinned[index],
        )

    def build(self, row_of_node: dict[str, int]) -> tuple[PodTable, PodTable]:
        """Return the table of pods, and that of pods on nodes without a row: they have none."""
        row_of_node = {"": -1} | row_of_node
        rows = [row_of_node.get(name, _GONE) for name in self.node_names]
        node = np.array(rows, dtype=np.int32)
        gone = node == _GONE
        table = PodTable(
            names=self.names,
            templates=self.templates,
            template=np.array(self._template, dtype=np.int32),
            created_ns=np.array(self._created_ns, dtype=np.int64),
            deleted_ns=np.array(self._deleted_ns, dtype=np.int64),
            node=np.where(gone, np.int32(-1), node),
            pinned=np.array(self._pinned, dtype=np.bool_) & ~gone,
        )
        left_out = table.take(np.flatnonzero(gone))
        return (table.take(np.flatnonzero(~gone)) if len(left_out) else table), left_out
