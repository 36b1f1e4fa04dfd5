"""The versioned store's handle: every call into ``pkc_store_*``."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from _pykube_hotcore._ffi import ffi, lib
from _pykube_hotcore.native._puts import Puts
from _pykube_hotcore.native._status import check
from _pykube_hotcore.native._store_answers import (
    read_kvs,
    read_results,
)
from _pykube_hotcore.native._store_errors import (
    RequestError,
    error_of,
    ok,
    open_error,
)
from _pykube_hotcore.native._store_requests import Encoder, flat_puts, put_flags
from _pykube_hotcore.native._store_types import (
    BatchResult,
    Delete,
    DeleteResult,
    Get,
    KeyValue,
    LeaseInfo,
    Put,
    PutResult,
    RangeResult,
    Result,
    StoreStatus,
    Txn,
    TxnResult,
)
from _pykube_hotcore.native._store_views import AnswerPool, RangeView
from _pykube_hotcore.native._store_watch import WatchHandle

_SYNC = {"always": lib.PKC_SYNC_ALWAYS, "interval": lib.PKC_SYNC_INTERVAL}
_NO_LEASE_DEADLINE = 2**63 - 1


class StoreHandle:
    """An open store. Every method may be called from any thread.

    Parameters
    ----------
    directory : str or None
        An existing directory; None keeps everything in memory.
    salt : int
        For a new log: 64 bits that no other store has.
    time_ns : int
        Leases found on disk live their TTL from here, on the caller's clock.
    sync : str
        ``always``: a write is acknowledged after fdatasync. ``interval``: after write.
    """

    def __init__(
        self,
        directory: str | None,
        *,
        salt: int,
        time_ns: int,
        sync: str = "always",
        read_only: bool = False,
        quota_bytes: int = 0,
        segment_bytes: int = 0,
    ) -> None:
        if sync not in _SYNC:
            raise ValueError(f"sync is one of {', '.join(_SYNC)}")
        options = ffi.new("pkc_store_options *")
        options.sync, options.salt, options.time_ns = _SYNC[sync], salt, time_ns
        options.read_only, options.quota_bytes = read_only, quota_bytes
        options.segment_bytes = segment_bytes
        out = ffi.new("pkc_store **")
        fault = ffi.new("pkc_store_fault *")
        if directory is None:
            ok(lib.pkc_store_open_memory(options, out))
        else:
            status = lib.pkc_store_open_directory(directory.encode(), options, out, fault)
            if status < 0:
                raise open_error(status, fault)
        self._store = ffi.gc(out[0], lib.pkc_store_free)
        self._pool = AnswerPool(self._store)

    def _settled(self, status: int, answer: Any) -> int:
        """Return the status of a call, or raise it, once all that it rests on is durable."""
        if answer.ticket:
            ok(lib.pkc_store_commit(self._store, answer.ticket))
        return ok(status)

    def _call(self, function: Callable[..., int], *args: Any) -> int:
        """Make a call whose answer only counts for its header; return the revision."""
        answer = self._pool.borrow()
        try:
            self._settled(function(self._store, *args, answer), answer)
            return int(answer.revision)
        finally:
            self._pool.give_back(answer)

    def _one(self, function: Callable[..., int], *args: Any) -> Any:
        """Make a call with one result; return it."""
        answer = self._pool.borrow()
        try:
            self._settled(function(self._store, *args, answer), answer)
            return read_results(answer)[0]
        finally:
            self._pool.give_back(answer)

    def range(self, op: Get) -> RangeResult:
        """Read a range at the visible revision or an earlier one."""
        encoder = Encoder()
        request = encoder.ops([op])
        result: RangeResult = self._one(lib.pkc_store_range, request)
        return result

    def get(self, key: bytes) -> KeyValue | None:
        """Return a key at the visible revision, None when it is not there."""
        if not key:
            raise RequestError(lib.PKC_ERR_KEY_EMPTY)
        answer = self._pool.borrow()
        try:
            sizes = ffi.new("int64_t *", len(key))
            ok(lib.pkc_store_get_many(self._store, key, sizes, 1, answer))
            kv = read_kvs(answer)[0]
            return kv if kv.mod_revision else None
        finally:
            self._pool.give_back(answer)

    def range_view(self, op: Get) -> RangeView:
        """Read a range without copying."""
        encoder = Encoder()
        request = encoder.ops([op])
        answer = self._pool.borrow()
        status = lib.pkc_store_range(self._store, request, answer)
        if status < 0:
            self._pool.give_back(answer)
            raise error_of(status)
        return RangeView(self._pool, answer)

    def put(self, op: Put) -> PutResult:
        """Put one key."""
        key, value = op.key, op.value
        args = (key, len(key), value, len(value), op.lease, put_flags(op))
        if not op.prev_kv:
            return PutResult(self._call(lib.pkc_store_put, *args), None)
        result: PutResult = self._one(lib.pkc_store_put, *args)
        return result

    def delete(self, op: Delete) -> DeleteResult:
        """Delete a key or a range."""
        key, end = op.key, op.end
        flags = lib.PKC_FLAG_PREV_KV if op.prev_kv else 0
        result: DeleteResult = self._one(lib.pkc_store_delete, key, len(key), end, len(end), flags)
        return result

    def txn(self, txn: Txn) -> TxnResult:
        """Run a transaction."""
        flat = flat_puts(txn)
        if flat is not None:
            return self._txn_of_puts(*flat)
        encoder = Encoder()
        request = encoder.txn(txn)
        result: TxnResult = self._one(lib.pkc_store_txn, request)
        return result

    def _txn_of_puts(self, puts: Puts, lease: int) -> TxnResult:
        done = self.put_if(puts, lease)
        succeeded = done.failed is None
        results: list[Result] = [PutResult(done.revision, None)] * len(puts) if succeeded else []
        return TxnResult(done.revision, succeeded, results)

    def put_many(self, items: Sequence[tuple[bytes, bytes]], lease: int) -> int:
        """Put each item at a revision of its own, all or none; return the last revision."""
        sizes = ffi.new("int64_t[]", [len(part) for item in items for part in item])
        data = b"".join([part for item in items for part in item])
        return self._call(lib.pkc_store_put_many, data, sizes, len(items), lease)

    def put_if(self, puts: Puts, lease: int) -> BatchResult:
        """Put each key that is still at its expected mod revision, at one revision: all or none."""
        filling = puts.filling
        if filling is None:
            what = ffi.from_buffer(puts.data), ffi.from_buffer("int64_t[]", puts.sizes)
            return self._batch_if(lib.pkc_store_put_if, what, puts.revisions, len(puts), lease)
        filled = filling.forms, filling.fields, filling.field_count
        return self._batch_if(lib.pkc_store_put_filled, filled, puts.revisions, len(puts), lease)

    def delete_if(self, items: Sequence[tuple[bytes, int]]) -> BatchResult:
        """Delete each key that is still at its expected mod revision: all or none."""
        keys, revisions = zip(*items, strict=True) if items else ((), ())
        sizes = array("q", map(len, keys))
        expected = array("q", revisions)
        what = ffi.from_buffer(b"".join(keys)), ffi.from_buffer("int64_t[]", sizes)
        return self._batch_if(lib.pkc_store_delete_if, what, expected, len(items))

    def _batch_if(
        self,
        call: Callable[..., int],
        what: tuple[Any, ...],
        revisions: array[int] | None,
        count: int,
        *lease: int,
    ) -> BatchResult:
        """Run a transaction of like operations, each with a compare of its key's mod revision."""
        expected = ffi.NULL if revisions is None else ffi.from_buffer("int64_t[]", revisions)
        answer = self._pool.borrow()
        try:
            status = call(self._store, *what, expected, count, *lease, answer)
            self._settled(status, answer)
            result = answer.results[0]
            failed = None if result.succeeded else int(result.count)
            return BatchResult(int(answer.revision), failed)
        finally:
            self._pool.give_back(answer)

    def get_many(self, keys: Sequence[bytes]) -> tuple[int, list[KeyValue | None]]:
        """Return the revision and, for each key, what it holds then."""
        sizes = ffi.new("int64_t[]", [len(key) for key in keys])
        data = b"".join(keys)
        answer = self._pool.borrow()
        try:
            ok(lib.pkc_store_get_many(self._store, data, sizes, len(keys), answer))
            kvs = read_kvs(answer)
            return int(answer.revision), [kv if kv.mod_revision else None for kv in kvs]
        finally:
            self._pool.give_back(answer)

    def compact(self, revision: int) -> int:
        """Compact; return the current revision."""
        return self._call(lib.pkc_store_compact, revision)

    def hash(self, revision: int) -> tuple[int, int, int]:
        """Return hash, current revision and compacted revision."""
        out = ffi.new("uint32_t *")
        answer = self._pool.borrow()
        try:
            ok(lib.pkc_store_hash(self._store, revision, out, answer))
            return int(out[0]), int(answer.revision), int(answer.compact_revision)
        finally:
            self._pool.give_back(answer)

    def lease_grant(self, lease_id: int, ttl: int, time_ns: int) -> int:
        """Grant a lease; return the TTL granted."""
        out = ffi.new("int64_t *")
        answer = self._pool.borrow()
        try:
            args = (self._store, lease_id, ttl, time_ns, out, answer)
            self._settled(lib.pkc_store_lease_grant(*args), answer)
            return int(out[0])
        finally:
            self._pool.give_back(answer)

    def lease_revoke(self, lease_id: int) -> int:
        """End a lease with the keys attached to it; return the revision."""
        return self._call(lib.pkc_store_lease_revoke, lease_id)

    def lease_keep_alive(self, lease_id: int, time_ns: int) -> int:
        """Start the TTL anew; return it."""
        out = ffi.new("int64_t *")
        answer = self._pool.borrow()
        try:
            args = (self._store, lease_id, time_ns, out, answer)
            self._settled(lib.pkc_store_lease_keep_alive(*args), answer)
            return int(out[0])
        finally:
            self._pool.give_back(answer)

    def lease_time_to_live(self, lease_id: int, time_ns: int) -> LeaseInfo:
        """Return what is left of a lease, and what hangs on it."""
        out = ffi.new("int64_t[2]")
        answer = self._pool.borrow()
        try:
            args = (self._store, lease_id, time_ns, out, out + 1, answer)
            self._settled(lib.pkc_store_lease_time_to_live(*args), answer)
            keys = [kv.key for kv in read_kvs(answer)]
            return LeaseInfo(lease_id, int(out[0]), int(out[1]), keys)
        finally:
            self._pool.give_back(answer)

    def lease_list(self) -> list[int]:
        """Return the ids of all leases, ascending."""
        capacity = 64
        while True:
            ids = ffi.new("int64_t[]", capacity)
            count = int(lib.pkc_store_lease_list(self._store, ids, capacity))
            if count <= capacity:
                return [int(ids[i]) for i in range(count)]
            capacity = 2 * count

    def lease_expire(self, time_ns: int, count_max: int) -> int:
        """Revoke leases whose deadline has come; return how many."""
        answer = self._pool.borrow()
        try:
            args = (self._store, time_ns, count_max, answer)
            return self._settled(lib.pkc_store_lease_expire(*args), answer)
        finally:
            self._pool.give_back(answer)

    def lease_deadline(self) -> int | None:
        """Return when the next lease ends, None when there is none."""
        time_ns = int(lib.pkc_store_lease_deadline(self._store))
        return None if time_ns == _NO_LEASE_DEADLINE else time_ns

    def watch(
        self,
        key: bytes,
        end: bytes,
        start_revision: int,
        tag: int,
        *,
        prev_kv: bool,
        no_put: bool,
        no_delete: bool,
    ) -> WatchHandle:
        """Open a cursor."""
        flags = (
            (lib.PKC_FLAG_PREV_KV if prev_kv else 0)
            | (lib.PKC_FLAG_NO_PUT if no_put else 0)
            | (lib.PKC_FLAG_NO_DELETE if no_delete else 0)
        )
        out = ffi.new("pkc_watch **")
        args = (key, len(key), end, len(end), start_revision, flags, tag, out)
        revision = self._call(lib.pkc_store_watch, *args)
        watch = ffi.gc(out[0], lib.pkc_watch_free)
        return WatchHandle(self._pool, watch, revision)

    def ready(self) -> list[int]:
        """Return the tags of watches that may have events; each once until it is read."""
        tags: list[int] = []
        out = ffi.new("int64_t[]", 1024)
        while count := int(lib.pkc_store_ready(self._store, out, 1024)):
            tags.extend(ffi.unpack(out, count))
        return tags

    def wait(self, revision: int) -> bool:
        """Wait until the visible revision is above ``revision``, or until ``wake``."""
        return bool(lib.pkc_store_wait(self._store, revision))

    def wake(self) -> None:
        """Let ``wait`` return."""
        lib.pkc_store_wake(self._store)

    def snapshot(self) -> None:
        """Write a snapshot and drop the log before it."""
        ok(lib.pkc_store_snapshot(self._store))

    def backup(self, directory: str) -> None:
        """Write what is visible as a snapshot into a directory, an empty one."""
        fault = ffi.new("pkc_store_fault *")
        status = lib.pkc_store_backup(self._store, directory.encode(), fault)
        if status in (lib.PKC_ERR_IO, lib.PKC_ERR_NO_SPACE, lib.PKC_ERR_FAILED):
            raise open_error(status, fault)
        ok(status)

    def sync(self) -> None:
        """Make everything durable."""
        ok(lib.pkc_store_sync(self._store))

    def stat(self) -> StoreStatus:
        """Return the store's figures, of a closed one too."""
        stats = ffi.new("pkc_store_stats *")
        lib.pkc_store_stat(self._store, stats)
        numbers = {name: int(getattr(stats, name)) for name in StoreStatus._fields[:-2]}
        return StoreStatus(**numbers, failed=bool(stats.failed), durable=bool(stats.durable))

    def validate(self) -> None:
        """Check every invariant; O(everything).

        Raises
        ------
        AssertionError
            With the invariant that does not hold.
        """
        reason = ffi.new("char **")
        if lib.pkc_store_validate(self._store, reason) < 0:
            raise AssertionError(ffi.string(reason[0]).decode())

    def close(self) -> None:
        """Make everything durable and refuse what follows; a second call does nothing."""
        check(lib.pkc_store_close(self._store), "close")
