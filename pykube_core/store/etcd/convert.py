"""Between etcd's messages and the store's records, both ways."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from _pykube_hotcore.native._store_types import ENTRY
from pykube_core.store import (
    Compare,
    Delete,
    DeleteResult,
    Event,
    Get,
    KeyValue,
    Op,
    PackedEvents,
    Put,
    PutResult,
    RangeResult,
    Result,
    Txn,
    TxnResult,
    WatchBatch,
)
from pykube_core.store.etcd import wire
from pykube_core.store.etcd.wire import Message

_TARGETS = ("version", "create", "mod", "value", "lease")
_OPERANDS = ("version", "create_revision", "mod_revision", "value", "lease")
_RESULTS = ("=", ">", "<", "!=")
_DELETE = 1


class EmptyOperationError(ValueError):
    """An operation of a transaction that is none."""


def get_of(request: Message) -> Get:
    """Return the store's form of a RangeRequest."""
    return Get(
        request.key,
        request.range_end,
        limit=request.limit,
        revision=request.revision,
        sort_order=request.sort_order,
        sort_target=request.sort_target,
        keys_only=request.keys_only,
        count_only=request.count_only,
        min_mod_revision=request.min_mod_revision,
        max_mod_revision=request.max_mod_revision,
        min_create_revision=request.min_create_revision,
        max_create_revision=request.max_create_revision,
    )


def put_of(request: Message) -> Put:
    """Return the store's form of a PutRequest."""
    return Put(
        request.key,
        request.value,
        request.lease,
        prev_kv=request.prev_kv,
        ignore_value=request.ignore_value,
        ignore_lease=request.ignore_lease,
    )


def delete_of(request: Message) -> Delete:
    """Return the store's form of a DeleteRangeRequest."""
    return Delete(request.key, request.range_end, request.prev_kv)


def _compare_of(compare: Message) -> Compare:
    target = compare.target
    return Compare(
        _TARGETS[target],
        compare.key,
        _RESULTS[compare.result],
        getattr(compare, _OPERANDS[target]),
        compare.range_end,
    )


def _op_of(op: Message) -> Op:
    kind = op.WhichOneof("union")
    if kind == "request_range":
        return get_of(op.request_range)
    if kind == "request_put":
        return put_of(op.request_put)
    if kind == "request_delete_range":
        return delete_of(op.request_delete_range)
    if kind == "request_txn":
        return txn_of(op.request_txn)
    raise EmptyOperationError("etcdserver: key not found")


def txn_of(request: Message) -> Txn:
    """Return the store's form of a TxnRequest.

    Raises
    ------
    EmptyOperationError
        One of its operations is none; the text is etcd's.
    """
    return Txn(
        tuple(map(_compare_of, request.compare)),
        tuple(map(_op_of, request.success)),
        tuple(map(_op_of, request.failure)),
    )


def kv_message(kv: KeyValue) -> Message:
    """Return a KeyValue; a tombstone has nothing but its key and revision."""
    return wire.KeyValue(
        key=kv.key,
        value=kv.value,
        create_revision=kv.create_revision,
        mod_revision=kv.mod_revision,
        version=kv.version,
        lease=kv.lease,
    )


def event_message(event: Event) -> Message:
    """Return an Event."""
    previous = None if event.prev_kv is None else kv_message(event.prev_kv)
    kind = _DELETE if event.deleted else 0
    return wire.Event(type=kind, kv=kv_message(event.kv), prev_kv=previous)


def response_message(result: Result, header: Message) -> Message:
    """Return the response for a result, with this header."""
    if isinstance(result, PutResult):
        previous = None if result.prev_kv is None else kv_message(result.prev_kv)
        return wire.PutResponse(header=header, prev_kv=previous)
    if isinstance(result, RangeResult):
        kvs = map(kv_message, result.kvs)
        return wire.RangeResponse(header=header, kvs=kvs, more=result.more, count=result.count)
    if isinstance(result, DeleteResult):
        kvs = map(kv_message, result.prev_kvs)
        return wire.DeleteRangeResponse(header=header, deleted=result.deleted, prev_kvs=kvs)
    responses = map(_response_op, result.results)
    return wire.TxnResponse(header=header, succeeded=result.succeeded, responses=responses)


def _response_op(result: Result) -> Message:
    header = wire.ResponseHeader(revision=result.revision)
    if isinstance(result, PutResult):
        return wire.ResponseOp(response_put=response_message(result, header))
    if isinstance(result, RangeResult):
        return wire.ResponseOp(response_range=response_message(result, header))
    if isinstance(result, DeleteResult):
        return wire.ResponseOp(response_delete_range=response_message(result, header))
    # etcd leaves the header of a nested transaction empty.
    return wire.ResponseOp(response_txn=response_message(result, wire.ResponseHeader()))


def range_request(op: Get) -> Message:
    """Return a RangeRequest."""
    return wire.RangeRequest(
        key=op.key,
        range_end=op.end,
        limit=op.limit,
        revision=op.revision,
        sort_order=op.sort_order,
        sort_target=op.sort_target,
        keys_only=op.keys_only,
        count_only=op.count_only,
        min_mod_revision=op.min_mod_revision,
        max_mod_revision=op.max_mod_revision,
        min_create_revision=op.min_create_revision,
        max_create_revision=op.max_create_revision,
    )


def put_request(op: Put) -> Message:
    """Return a PutRequest."""
    return wire.PutRequest(
        key=op.key,
        value=op.value,
        lease=op.lease,
        prev_kv=op.prev_kv,
        ignore_value=op.ignore_value,
        ignore_lease=op.ignore_lease,
    )


def delete_request(op: Delete) -> Message:
    """Return a DeleteRangeRequest."""
    return wire.DeleteRangeRequest(key=op.key, range_end=op.end, prev_kv=op.prev_kv)


def _request_op(op: Op) -> Message:
    if isinstance(op, Put):
        return wire.RequestOp(request_put=put_request(op))
    if isinstance(op, Get):
        return wire.RequestOp(request_range=range_request(op))
    if isinstance(op, Delete):
        return wire.RequestOp(request_delete_range=delete_request(op))
    return wire.RequestOp(request_txn=txn_request(op))


def _compare_message(compare: Compare) -> Message:
    target = _TARGETS.index(compare.target)
    message = wire.Compare(
        target=target,
        result=_RESULTS.index(compare.result),
        key=compare.key,
        range_end=compare.end,
    )
    setattr(message, _OPERANDS[target], compare.operand)
    return message


def txn_request(txn: Txn) -> Message:
    """Return a TxnRequest."""
    return wire.TxnRequest(
        compare=map(_compare_message, txn.compares),
        success=map(_request_op, txn.success),
        failure=map(_request_op, txn.failure),
    )


def kv_of(message: Message) -> KeyValue:
    """Return the store's form of a KeyValue."""
    return KeyValue(
        message.key,
        message.value,
        message.create_revision,
        message.mod_revision,
        message.version,
        message.lease,
    )


def event_of(message: Message) -> Event:
    """Return the store's form of an Event."""
    previous = kv_of(message.prev_kv) if message.HasField("prev_kv") else None
    return Event(kv_of(message.kv), previous)


def packed(batch: WatchBatch) -> PackedEvents:
    """Return events as the embedded store packs its own."""
    before = [event.prev_kv for event in batch.events if event.prev_kv is not None]
    kvs = [event.kv for event in batch.events] + before
    behind = itertools.count(len(batch.events))
    prevs = [-1 if event.prev_kv is None else next(behind) for event in batch.events]
    rows = [
        ((len(key), len(value)), *numbers, prev)
        for (key, value, *numbers), prev in zip(kvs, prevs + [-1] * len(before), strict=True)
    ]
    data = bytearray().join([part for kv in kvs for part in kv[:2]])
    count = len(batch.events)
    return PackedEvents(batch.revision, count, np.array(rows, ENTRY), np.array(data, np.uint8))


def put_result(message: Message, revision: int) -> PutResult:
    """Return the store's form of a PutResponse."""
    previous = kv_of(message.prev_kv) if message.HasField("prev_kv") else None
    return PutResult(revision, previous)


def range_result(message: Message, revision: int) -> RangeResult:
    """Return the store's form of a RangeResponse."""
    return RangeResult(revision, _kvs(message.kvs), message.count, message.more)


def delete_result(message: Message, revision: int) -> DeleteResult:
    """Return the store's form of a DeleteRangeResponse."""
    return DeleteResult(revision, message.deleted, _kvs(message.prev_kvs))


def txn_result(message: Message, revision: int) -> TxnResult:
    """Return the store's form of a TxnResponse; every part gets the revision of the whole."""
    results: list[Result] = []
    for op in message.responses:
        kind = op.WhichOneof("union")
        if kind == "response_put":
            results.append(put_result(op.response_put, revision))
        elif kind == "response_range":
            results.append(range_result(op.response_range, revision))
        elif kind == "response_delete_range":
            results.append(delete_result(op.response_delete_range, revision))
        else:
            results.append(txn_result(op.response_txn, revision))
    return TxnResult(revision, message.succeeded, results)


def _kvs(messages: Iterable[Message]) -> list[KeyValue]:
    return list(map(kv_of, messages))
