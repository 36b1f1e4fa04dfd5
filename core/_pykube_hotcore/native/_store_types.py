"""Requests to the store and its answers: plain records of bytes and integers.

Field names, numbers and meanings are etcd's (``etcdserverpb`` and ``mvccpb``). A key is never
empty. ``end`` selects a range: empty is the one key, one zero byte every key from ``key`` on,
anything else the half-open range ``[key, end)``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore._ffi import ffi, lib

__all__ = [
    "BatchResult",
    "Compare",
    "Delete",
    "DeleteResult",
    "Event",
    "Get",
    "KeyValue",
    "LeaseInfo",
    "Op",
    "PackedEvents",
    "Put",
    "PutResult",
    "RangeResult",
    "Result",
    "StoreStatus",
    "Txn",
    "TxnResult",
    "WatchBatch",
]

COMPARE_TARGETS = {"version": lib.PKC_COMPARE_VERSION, "create": lib.PKC_COMPARE_CREATE}
COMPARE_TARGETS |= {"mod": lib.PKC_COMPARE_MOD, "value": lib.PKC_COMPARE_VALUE}
COMPARE_TARGETS["lease"] = lib.PKC_COMPARE_LEASE
COMPARE_RESULTS = {"=": lib.PKC_COMPARE_EQUAL, ">": lib.PKC_COMPARE_GREATER}
COMPARE_RESULTS |= {"<": lib.PKC_COMPARE_LESS, "!=": lib.PKC_COMPARE_NOT_EQUAL}


class KeyValue(NamedTuple):
    """A key at one revision; ``create_revision`` 0 is a tombstone."""

    key: bytes
    value: bytes
    create_revision: int
    mod_revision: int
    version: int
    lease: int


class Event(NamedTuple):
    """A change of one key, and the key before it where that was asked for and still exists."""

    kv: KeyValue
    prev_kv: KeyValue | None = None

    @property
    def deleted(self) -> bool:
        """Whether the key was deleted."""
        return self.kv.create_revision == 0


class WatchBatch(NamedTuple):
    """Events of whole revisions; everything up to ``revision`` was delivered with it."""

    revision: int
    events: list[Event]


NUMBERS: Final = ("create_revision", "mod_revision", "version", "lease")
ENTRY: Final = np.dtype(
    {
        "names": ["sizes", *NUMBERS, "prev"],
        "formats": [(np.int64, 2), *[np.int64] * 5],
        "offsets": [ffi.offsetof("pkc_kv", field) for field in ("key_size", *NUMBERS, "prev")],
        "itemsize": ffi.sizeof("pkc_kv"),
    }
)
"""An entry of an answer: the sizes of key and value in bytes, and numbers as in `KeyValue`.

``prev`` is, of an event, the row of the entry before it; -1 for none. Pointers have no name here.
"""


@dataclass(slots=True)
class PackedEvents:
    """Events of whole revisions in two arrays, which belong to the reader.

    They cost a copy of the bytes, and next to nothing an event.

    Attributes
    ----------
    revision : int
        Everything up to here was delivered with it.
    count : int
        Events: that many rows. Behind them are the entries before them, where those were asked for.
    rows : ndarray, `ENTRY`, (count or more,)
        Sizes, revisions, version and lease of each entry, as int64.
    data : ndarray, uint8, (bytes,)
        Key and value of each row, one behind the other.
    """

    revision: int
    count: int
    rows: NDArray[np.void]
    data: NDArray[np.uint8]

    def __len__(self) -> int:
        return self.count

    def split(self) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Return the keys and the values of the rows. O(bytes)."""
        return split_entries(self.rows, self.data)


def split_entries(
    rows: NDArray[np.void], data: NDArray[np.uint8]
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return the keys and the values of packed entries; all are cut in one call."""
    layout = "%ds" * (2 * len(rows)) % tuple(rows["sizes"].ravel().tolist())
    parts = struct.Struct(layout).unpack(data.data)
    return parts[::2], parts[1::2]


class Get(NamedTuple):
    """A range request. ``limit`` and ``revision`` at or below 0 mean none and the current one.

    ``sort_order`` is none (0), ascend (1) or descend (2) by ``sort_target``: key (0), version,
    create, mod or value (4). The four filters are inclusive; 0 is no filter.
    """

    key: bytes
    end: bytes = b""
    limit: int = 0
    revision: int = 0
    sort_order: int = 0
    sort_target: int = 0
    keys_only: bool = False
    count_only: bool = False
    min_mod_revision: int = 0
    max_mod_revision: int = 0
    min_create_revision: int = 0
    max_create_revision: int = 0


class Put(NamedTuple):
    """A put. Without ``lease`` it detaches the key from the one it had."""

    key: bytes
    value: bytes = b""
    lease: int = 0
    prev_kv: bool = False
    ignore_value: bool = False
    ignore_lease: bool = False


class Delete(NamedTuple):
    """A delete of a key or a range."""

    key: bytes
    end: bytes = b""
    prev_kv: bool = False


class Compare(NamedTuple):
    """A condition on every key of a range; a missing key counts as 0, and has no value at all.

    ``target`` is version, create, mod, value or lease; ``result`` is =, >, < or !=. ``operand`` is
    bytes for value, else an integer.
    """

    target: str
    key: bytes
    result: str
    operand: int | bytes
    end: bytes = b""


class Txn(NamedTuple):
    """Operations of ``success`` if every condition holds, of ``failure`` if not."""

    compares: tuple[Compare, ...] = ()
    success: tuple[Op, ...] = ()
    failure: tuple[Op, ...] = ()


@dataclass(slots=True)
class RangeResult:
    """``count`` is the number of keys in the range, whatever limit and filters left of them."""

    revision: int
    kvs: list[KeyValue]
    count: int
    more: bool


class PutResult(NamedTuple):
    """Outcome of a put."""

    revision: int
    prev_kv: KeyValue | None


class BatchResult(NamedTuple):
    """Outcome of a batch of puts, or of deletes, with expected revisions.

    ``failed`` is the index of the first key that was at another revision than expected, and nothing
    was written then; None: all were written at ``revision``.
    """

    revision: int
    failed: int | None


class DeleteResult(NamedTuple):
    """Outcome of a delete."""

    revision: int
    deleted: int
    prev_kvs: list[KeyValue]


class TxnResult(NamedTuple):
    """Outcome of a transaction: one result for each operation that ran."""

    revision: int
    succeeded: bool
    results: list[Result]


class LeaseInfo(NamedTuple):
    """A lease: seconds left, seconds granted, attached keys in their order."""

    id: int
    ttl: int
    granted_ttl: int
    keys: list[bytes]


class StoreStatus(NamedTuple):
    """Figures of a store; bytes and counts."""

    revision: int
    compact_revision: int
    key_count: int
    version_count: int
    lease_count: int
    watch_count: int
    memory_bytes: int
    data_bytes: int
    disk_bytes: int
    log_bytes: int
    sync_count: int
    failed: bool
    durable: bool


Op: TypeAlias = Get | Put | Delete | Txn
Result: TypeAlias = RangeResult | PutResult | DeleteResult | TxnResult
