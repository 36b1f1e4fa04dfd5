"""Nodes as C takes them: a ``pkc_nodes`` with its arrays."""

from collections.abc import Iterable, Sequence
from typing import Any, Self, overload

import numpy as np

from _pykube_hotcore._ffi import ffi
from _pykube_hotcore.native._buffers import in_buffer, offsets
from _pykube_hotcore.program import NodeRow


class NodeBatch(Sequence[NodeRow]):
    """Nodes laid out once, for engines that all begin with the same ones; never changed.

    Parameters
    ----------
    nodes
        The nodes.

    Attributes
    ----------
    pointer
        The ``pkc_nodes *``; valid while this object lives.
    """

    def __init__(self, nodes: Sequence[NodeRow]) -> None:
        self._nodes = tuple(nodes)
        self._keep: list[Any] = []
        self.pointer: Any = ffi.new("pkc_nodes *")
        width = max((len(n.allocatable) for n in nodes), default=0)
        allocatable = np.zeros((len(nodes), width), np.int64)
        for i, n in enumerate(nodes):
            allocatable[i, : len(n.allocatable)] = n.allocatable
        self.pointer.resource_count = width
        self._put("allocatable", allocatable, np.int64, "int64_t[]")
        self._put("pod_slots", [n.pod_slots for n in nodes], np.int64, "int64_t[]")
        self._put("unschedulable", [n.unschedulable for n in nodes], np.uint8, "uint8_t[]")
        self._put("rank", [n.rank for n in nodes], np.uint32, "uint32_t[]")
        self._put("device_count", [n.device_count for n in nodes], np.int32, "int32_t[]")
        self._put_lists(nodes)

    @classmethod
    def of(cls, nodes: Sequence[NodeRow]) -> Self:
        """Return nodes as a batch, the batch itself where they are one."""
        return nodes if isinstance(nodes, cls) else cls(nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    @overload
    def __getitem__(self, index: int) -> NodeRow: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[NodeRow]: ...

    def __getitem__(self, index: int | slice) -> NodeRow | Sequence[NodeRow]:
        return self._nodes[index]

    def _put(self, name: str, values: Any, dtype: Any, c_type: str) -> None:
        array = np.ascontiguousarray(values, dtype)
        pointer = in_buffer(array, c_type)
        self._keep += (array, pointer)
        setattr(self.pointer, name, pointer)

    def _put_lists(self, nodes: Sequence[NodeRow]) -> None:
        labels = [label for n in nodes for label in n.labels]
        taints = [taint for n in nodes for taint in n.taints]
        self._put_offsets("label", (n.labels for n in nodes))
        self._put("label_key", [x.key for x in labels], np.int32, "int32_t[]")
        self._put("label_value", [x.value for x in labels], np.int32, "int32_t[]")
        self._put("label_number", [x.number for x in labels], np.int64, "int64_t[]")
        self._put_offsets("taint", (n.taints for n in nodes))
        self._put("taint_key", [x.key for x in taints], np.int32, "int32_t[]")
        self._put("taint_value", [x.value for x in taints], np.int32, "int32_t[]")
        self._put("taint_effect", [x.effect for x in taints], np.uint8, "uint8_t[]")
        for prefix, first, second, rows in (
            ("image", "name", "bytes", [n.images for n in nodes]),
            ("limit", "driver", "count", [n.csi_limits for n in nodes]),
            ("attached", "driver", "volume", [n.csi_attached for n in nodes]),
        ):
            wide = prefix != "attached"
            self._put_offsets(prefix, rows)
            self._put(f"{prefix}_{first}", [a for r in rows for a, _ in r], np.int32, "int32_t[]")
            self._put(
                f"{prefix}_{second}",
                [b for r in rows for _, b in r],
                np.int64 if wide else np.int32,
                "int64_t[]" if wide else "int32_t[]",
            )

    def _put_offsets(self, prefix: str, lists: Iterable[Sequence[Any]]) -> None:
        self._put(f"{prefix}_offset", offsets([len(x) for x in lists]), np.int32, "int32_t[]")
