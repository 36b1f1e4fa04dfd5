"""Answers of the versioned store: read out of C's memory."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore._ffi import ffi, lib
from _pykube_hotcore.native._store_types import (
    ENTRY,
    NUMBERS,
    DeleteResult,
    Event,
    KeyValue,
    PackedEvents,
    PutResult,
    RangeResult,
    Result,
    TxnResult,
    WatchBatch,
    split_entries,
)

# pkc_result: kind, succeeded, more, children, count, kv_first, kv_count.
_RESULT = struct.Struct("=4i3q")
_RANGE, _PUT, _DELETE = lib.PKC_OP_RANGE, lib.PKC_OP_PUT, lib.PKC_OP_DELETE
assert _RESULT.size == ffi.sizeof("pkc_result")
_PACK_FROM: Final = 6
"""From so many entries on, one sweep costs less than a visit to each."""
_NO_ROWS: Final = np.empty(0, ENTRY)
_NO_DATA: Final = np.empty(0, np.uint8)


def read_kvs(answer: Any) -> list[KeyValue]:
    """Copy the entries out of a pinned answer: in one sweep when there are many."""
    count = int(answer.kv_count)
    if count < _PACK_FROM:
        return [_read_kv(answer.kvs[i]) for i in range(count)]
    rows, data = _pack(answer)
    numbers = [rows[name].tolist() for name in NUMBERS]
    make = tuple.__new__  # Past the constructor's own frame: lists and watches are made of these.
    return [
        make(KeyValue, fields) for fields in zip(*split_entries(rows, data), *numbers, strict=True)
    ]


def _read_kv(kv: Any) -> KeyValue:
    key = ffi.buffer(kv.key, kv.key_size)[:] if kv.key_size else b""
    value = ffi.buffer(kv.value, kv.value_size)[:] if kv.value_size else b""
    return KeyValue(key, value, kv.create_revision, kv.mod_revision, kv.version, kv.lease)


def _pack(answer: Any) -> tuple[NDArray[np.void], NDArray[np.uint8]]:
    """Copy the entries out of a pinned answer, of which there is one at least, in one sweep."""
    rows = np.frombuffer(ffi.buffer(answer.kvs, answer.kv_count * ENTRY.itemsize)[:], ENTRY)
    data = np.empty(lib.pkc_answer_pack_size(answer), np.uint8)
    lib.pkc_answer_pack(answer, ffi.from_buffer("char[]", data))
    return rows, data


def read_packed(answer: Any, revision: int, count: int) -> PackedEvents:
    """Copy ``count`` events, and behind them the entries before them, out of a pinned answer."""
    rows, data = _pack(answer) if count else (_NO_ROWS, _NO_DATA)
    return PackedEvents(revision, count, rows, data)


def read_events(answer: Any, revision: int, count: int) -> WatchBatch:
    """Pair the first ``count`` entries with the entries before them, where they were asked for."""
    kvs = read_kvs(answer)
    make = tuple.__new__
    if len(kvs) == count:  # Entries before them were not asked for, or there are none.
        return WatchBatch(revision, [make(Event, (kv, None)) for kv in kvs])
    prevs = [answer.kvs[i].prev for i in range(count)]
    events = [
        make(Event, (kv, kvs[prev] if prev >= 0 else None))
        for kv, prev in zip(kvs, prevs, strict=False)
    ]
    return WatchBatch(revision, events)


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
