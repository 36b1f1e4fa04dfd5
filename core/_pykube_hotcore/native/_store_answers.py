"""Answers of the versioned store: read out of C's memory."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from _pykube_hotcore._ffi import ffi, lib
from _pykube_hotcore.native._store_types import (
    DeleteResult,
    Event,
    KeyValue,
    PutResult,
    RangeResult,
    Result,
    TxnResult,
)

# pkc_kv: key and value pointers, their sizes, create, mod, version, lease, prev.
_KV = struct.Struct("=9q")
# pkc_result: kind, succeeded, more, children, count, kv_first, kv_count.
_RESULT = struct.Struct("=4i3q")
_RANGE, _PUT, _DELETE = lib.PKC_OP_RANGE, lib.PKC_OP_PUT, lib.PKC_OP_DELETE
assert _KV.size == ffi.sizeof("pkc_kv")
assert _RESULT.size == ffi.sizeof("pkc_result")
_PACK_FROM = 4


def read_kvs(answer: Any) -> list[KeyValue]:
    """Copy the entries out of a pinned answer: in one sweep when there are many."""
    count = int(answer.kv_count)
    if count == 0:
        return []
    rows = _KV.iter_unpack(ffi.buffer(answer.kvs, count * _KV.size))
    out = []
    if count < _PACK_FROM:
        for i, (_, _, key_size, value_size, *numbers, _) in enumerate(rows):
            kv = answer.kvs[i]
            key = ffi.buffer(kv.key, key_size)[:] if key_size else b""
            value = ffi.buffer(kv.value, value_size)[:] if value_size else b""
            out.append(KeyValue(key, value, *numbers))
        return out
    size = lib.pkc_answer_pack_size(answer)
    packed = bytearray(size)
    lib.pkc_answer_pack(answer, ffi.from_buffer("char[]", packed))
    data = bytes(packed)
    at = 0
    # Past the constructor's own frame: lists and watches are made of these.
    make = tuple.__new__
    for _, _, key_size, value_size, create, mod, version, lease, _ in rows:
        middle = at + key_size
        end = middle + value_size
        fields = (data[at:middle], data[middle:end], create, mod, version, lease)
        out.append(make(KeyValue, fields))
        at = end
    return out


def read_events(answer: Any, count: int) -> list[Event]:
    """Pair the first ``count`` entries with the entries before them, where they were asked for."""
    kvs = read_kvs(answer)
    make = tuple.__new__
    if len(kvs) == count:  # Entries before them were not asked for, or there are none.
        return [make(Event, (kv, None)) for kv in kvs]
    rows = _KV.iter_unpack(ffi.buffer(answer.kvs, count * _KV.size))
    return [
        make(Event, (kv, kvs[row[-1]] if row[-1] >= 0 else None))
        for kv, row in zip(kvs, rows, strict=False)
    ]


def read_results(answer: Any) -> list[Result]:
    """Rebuild the tree of results from the flat list."""
    kvs = read_kvs(answer)
    rows = _RESULT.iter_unpack(ffi.buffer(answer.results, answer.result_count * _RESULT.size))
    return [_take(rows, kvs, PutResult(int(answer.revision), None))]


def _take(rows: Iterator[tuple[Any, ...]], kvs: list[KeyValue], plain: PutResult) -> Result:
    """Return the next result with those below it; ``plain`` is that of a put without entries."""
    kind, succeeded, more, children, count, first, kv_count = next(rows)
    revision = plain.revision
    if kind == _PUT:
        return PutResult(revision, kvs[first]) if kv_count else plain
    found = kvs[first : first + kv_count]
    if kind == _RANGE:
        return RangeResult(revision, found, count, bool(more))
    if kind == _DELETE:
        return DeleteResult(revision, count, found)
    below = [_take(rows, kvs, plain) for _ in range(children)]
    return TxnResult(revision, bool(succeeded), below)
