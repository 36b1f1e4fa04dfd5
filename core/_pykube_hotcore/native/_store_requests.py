"""Requests of the versioned store as arrays of C structures."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from _pykube_hotcore._ffi import ffi, lib
from _pykube_hotcore.native._puts import Puts
from _pykube_hotcore.native._store_types import (
    COMPARE_RESULTS,
    COMPARE_TARGETS,
    Compare,
    Delete,
    Get,
    Op,
    Put,
    Txn,
)

# pkc_op and pkc_compare as 64-bit words: two halves of a word hold kind and flags, target and
# result, sort order and sort target.
_OP_WORDS, _COMPARE_WORDS = 18, 8
# Limit, revision, four filters, sort; txn; form and fields.
_NO_RANGE = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
_RANGE, _PUT, _DELETE, _TXN = lib.PKC_OP_RANGE, lib.PKC_OP_PUT, lib.PKC_OP_DELETE, lib.PKC_OP_TXN
_KEYS_ONLY, _COUNT_ONLY = lib.PKC_FLAG_KEYS_ONLY, lib.PKC_FLAG_COUNT_ONLY
_PREV_KV = lib.PKC_FLAG_PREV_KV
assert 8 * _OP_WORDS == ffi.sizeof("pkc_op")
assert 8 * _COMPARE_WORDS == ffi.sizeof("pkc_compare")


class Encoder:
    """C arrays for one transaction, packed in one sweep a list; ``keep`` holds them alive."""

    def __init__(self) -> None:
        self.keep: list[Any] = []

    def _data(self, rows: list[tuple[Any, ...]]) -> int:
        """Put the bytes of fields 1 to 3 of each row behind each other; return their address."""
        data = b"".join([part for row in rows for part in row[1:4]])
        pointer = ffi.from_buffer("char[]", data)
        self.keep.append(pointer)
        return int(ffi.cast("uintptr_t", pointer))

    def _row(self, op: Op) -> tuple[Any, ...]:
        if isinstance(op, Put):
            flags = put_flags(op) << 32 if op[3] or op[4] or op[5] else 0
            return (_PUT | flags, op.key, b"", op.value, op.lease, *_NO_RANGE)
        if isinstance(op, Get):
            flags = (_KEYS_ONLY * op.keys_only | _COUNT_ONLY * op.count_only) << 32
            sort = op.sort_order | op.sort_target << 32
            numbers = (op.limit, op.revision, *op[8:12], sort)
            return (_RANGE | flags, op.key, op.end, b"", 0, *numbers, 0, 0, 0)
        if isinstance(op, Delete):
            flags = _PREV_KV << 32 if op.prev_kv else 0
            return (_DELETE | flags, op.key, op.end, b"", 0, *_NO_RANGE)
        address = int(ffi.cast("uintptr_t", self.txn(op)))
        return (_TXN, b"", b"", b"", 0, *_NO_RANGE[:-3], address, 0, 0)

    def ops(self, ops: Sequence[Op]) -> Any:
        """Return an array of pkc_op."""
        rows = [self._row(op) for op in ops]
        at = self._data(rows)
        words = array("q")
        for row in rows:
            _, key, end, value = row[:4]
            key_size, end_size, value_size = len(key), len(end), len(value)
            behind_key = at + key_size
            behind_end = behind_key + end_size
            sized = (row[0], at, key_size, behind_key, end_size, behind_end, value_size)
            words.extend(sized + row[4:])
            at = behind_end + value_size
        out = ffi.from_buffer("pkc_op[]", words)
        self.keep.append(out)
        return out

    def _compare(self, compare: Compare) -> tuple[Any, ...]:
        try:
            kind = COMPARE_TARGETS[compare.target] | COMPARE_RESULTS[compare.result] << 32
        except KeyError as error:
            raise ValueError(f"unknown target or result of a compare: {error}") from None
        operand = compare.operand
        if isinstance(operand, bytes) != (compare.target == "value"):
            raise TypeError("the operand is bytes for value, and an integer otherwise")
        if isinstance(operand, bytes):
            return (kind, compare.key, compare.end, operand, 0)
        return (kind, compare.key, compare.end, b"", operand)

    def compares(self, compares: Sequence[Compare]) -> Any:
        """Return an array of pkc_compare."""
        rows = [self._compare(compare) for compare in compares]
        at = self._data(rows)
        words = array("q")
        for kind, key, end, value, number in rows:
            behind_key = at + len(key)
            behind_end = behind_key + len(end)
            words.extend((kind, at, len(key), behind_key, len(end), number, behind_end, len(value)))
            at = behind_end + len(value)
        out = ffi.from_buffer("pkc_compare[]", words)
        self.keep.append(out)
        return out

    def txn(self, txn: Txn) -> Any:
        """Return a pkc_txn."""
        out = ffi.new("pkc_txn *")
        self.keep.append(out)
        if txn.success:
            out.success, out.success_count = self.ops(txn.success), len(txn.success)
        if txn.failure:
            out.failure, out.failure_count = self.ops(txn.failure), len(txn.failure)
        if txn.compares:
            out.compares, out.compare_count = self.compares(txn.compares), len(txn.compares)
        return out


def flat_puts(txn: Txn) -> tuple[Puts, int] | None:
    """Return the puts, and their lease, of a transaction that is no more than that.

    None when it has other operations or options, or compares other than the mod revision of each
    key that it puts, in the same order. A transaction that is common and often large: it is looked
    at by columns, without a step of the interpreter for each operation.
    """
    puts, compares = txn.success, txn.compares
    count = len(puts)
    if count == 0 or txn.failure or len(compares) not in (0, count):
        return None
    if set(map(type, puts)) != {Put}:
        return None
    keys, values, leases, *flags = zip(*puts, strict=True)
    if any(map(any, flags)) or leases.count(leases[0]) != count:
        return None
    if not compares:
        return Puts.of(keys, values, None), leases[0]
    targets, compared, results, revisions, ends = zip(*compares, strict=True)
    plain = targets.count("mod") == results.count("=") == count and compared == keys
    if not plain or any(ends) or set(map(type, revisions)) != {int}:
        return None
    return Puts.of(keys, values, revisions), leases[0]


def put_flags(op: Put) -> int:
    """Return the flags of a put as C has them."""
    return int(
        (lib.PKC_FLAG_PREV_KV if op.prev_kv else 0)
        | (lib.PKC_FLAG_IGNORE_VALUE if op.ignore_value else 0)
        | (lib.PKC_FLAG_IGNORE_LEASE if op.ignore_lease else 0)
    )
