"""A real etcd cluster behind the store's interface."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc

from _pykube_hotcore.constants import STORE_OPERATIONS_MAX
from _pykube_hotcore.native._puts import Puts
from _pykube_hotcore.native._store_errors import (
    CompactedError,
    StoreError,
    closed_error,
    compacted_error,
    error_for_text,
)
from _pykube_hotcore.native._store_types import (
    BatchResult,
    Compare,
    Delete,
    DeleteResult,
    Get,
    KeyValue,
    LeaseInfo,
    Op,
    PackedEvents,
    Put,
    PutResult,
    RangeResult,
    Txn,
    TxnResult,
    WatchBatch,
)
from pykube_core.store._watch import Watch
from pykube_core.store.etcd import convert, wire
from pykube_core.store.etcd.client import Caller, connect
from pykube_core.store.etcd.wire import Message

_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_RETRY_SECONDS = 0.1
_FILES = ("ca", "cert", "key")
_QUEUED_BATCHES_MAX = 64
_BROKEN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL)


class UnknownOutcomeError(StoreError):
    """The connection broke during a write, which may or may not have happened."""

    def __init__(self, text: str) -> None:
        Exception.__init__(self, f"the write may or may not have happened: {text}")
        self.status = 0


@dataclass(frozen=True)
class Endpoints:
    """Where a cluster is, and how to reach it.

    Attributes
    ----------
    hosts : tuple of str
        ``host:port`` of each member.
    ca, cert, key : Path or None
        PEM files; with none of them the connection is not encrypted.
    """

    hosts: tuple[str, ...]
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    @classmethod
    def parse(cls, url: str) -> Endpoints:
        """Read ``etcd://host:port[,host:port][?ca=FILE&cert=FILE&key=FILE]``."""
        parts = urlsplit(url)
        hosts = tuple(host for host in parts.netloc.split(",") if host)
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
        unknown = set(options) - {"ca", "cert", "key"}
        if parts.scheme != "etcd" or not hosts or unknown:
            raise ValueError(f"not etcd://host:port[,host:port][?ca=&cert=&key=]: {url}")
        return cls(hosts, *(Path(options[k][0]) if k in options else None for k in _FILES))

    def channel(self, host: str) -> grpc.Channel:
        """Return a channel to one member."""
        files = [self.ca, self.key, self.cert]
        if not any(files):
            return grpc.insecure_channel(host, options=_OPTIONS)
        pem = [None if file is None else file.read_bytes() for file in files]
        return grpc.secure_channel(host, grpc.ssl_channel_credentials(*pem), options=_OPTIONS)


class EtcdStore:
    """`pykube_core.store.Store`'s interface over an etcd cluster.

    Reads are linearizable and go on with another member when one is gone. A write whose connection
    breaks raises `UnknownOutcomeError`: only the caller can know whether to repeat it. Watches
    resume where they stood. Leases live on the cluster's clock.

    Parameters
    ----------
    url : str
        ``etcd://host:port[,host:port][?ca=FILE&cert=FILE&key=FILE]``.
    timeout : float
        Seconds for one call, all its attempts together.
    """

    def __init__(self, url: str, *, timeout: float = 30) -> None:
        self._endpoints = Endpoints.parse(url)
        self._timeout = timeout
        self._channels = [self._endpoints.channel(host) for host in self._endpoints.hosts]
        self._callers = [connect(channel) for channel in self._channels]
        self._current = 0
        self._cursors: set[_Cursor] = set()
        self._closed = False

    def caller(self) -> Caller:
        """Return the calls of the member in use."""
        return self._callers[self._current]

    def turn(self) -> None:
        """Use the next member."""
        self._current = (self._current + 1) % len(self._callers)

    def _call(self, service: str, method: str, request: Message, *, repeat: bool) -> Message:
        """Make a call; on a lost connection try the next member, if it may be repeated."""
        until = time.monotonic() + self._timeout
        while True:
            if self._closed:
                raise closed_error()
            left = until - time.monotonic()
            try:
                return self.caller()(service, method, request, timeout=max(left, 0.001))
            except grpc.RpcError as error:
                lost = error.code() is grpc.StatusCode.UNAVAILABLE
                if not lost:
                    raise _store_error(error) from None
                self.turn()
                # A request that never left this machine has certainly not happened.
                unsent = "failed to connect" in (error.details() or "").lower()
                if not (repeat or unsent):
                    raise UnknownOutcomeError(error.details() or "") from None
                if until - time.monotonic() <= _RETRY_SECONDS:
                    raise _store_error(error) from None
                time.sleep(_RETRY_SECONDS)

    @property
    def revision(self) -> int:
        """The current revision."""
        return self.query(Get(b"\0", count_only=True)).revision

    def query(self, request: Get) -> RangeResult:
        """Read a range with any of etcd's options."""
        message = self._call("KV", "Range", convert.range_request(request), repeat=True)
        return convert.range_result(message, message.header.revision)

    def get(self, key: bytes, revision: int = 0) -> KeyValue | None:
        """Return a key at the current or an earlier revision, None when it is not there."""
        kvs = self.query(Get(key, revision=revision)).kvs
        return kvs[0] if kvs else None

    def range(
        self, key: bytes, end: bytes = b"", *, limit: int = 0, revision: int = 0
    ) -> RangeResult:
        """Read a range in the order of its keys."""
        return self.query(Get(key, end, limit=limit, revision=revision))

    def get_many(self, keys: Sequence[bytes]) -> list[KeyValue | None]:
        """Return many keys, in the order asked; at one revision per 128 of them."""
        out: list[KeyValue | None] = []
        for at in range(0, len(keys), STORE_OPERATIONS_MAX):
            result = self._txn(
                Txn((), tuple(map(Get, keys[at : at + STORE_OPERATIONS_MAX]))), repeat=True
            )
            for found in result.results:
                assert isinstance(found, RangeResult)
                out.append(found.kvs[0] if found.kvs else None)
        return out

    def put(
        self,
        key: bytes,
        value: bytes,
        *,
        lease: int = 0,
        prev_kv: bool = False,
        ignore_value: bool = False,
        ignore_lease: bool = False,
    ) -> PutResult:
        """Put a key. Without ``lease`` it is detached from the lease it had."""
        op = Put(key, value, lease, prev_kv, ignore_value, ignore_lease)
        message = self._call("KV", "Put", convert.put_request(op), repeat=False)
        return convert.put_result(message, message.header.revision)

    def put_many(self, items: Iterable[tuple[bytes, bytes]], *, lease: int = 0) -> int:
        """Put many keys, each at a revision of its own, one after the other; return the last.

        Unlike with the embedded store, those before an error were put.
        """
        last = 0
        for key, value in items:
            last = self.put(key, value, lease=lease).revision
        return last or self.revision

    def put_if(
        self, items: Puts | Sequence[tuple[bytes, bytes, int]], *, lease: int = 0
    ) -> BatchResult:
        """Put each key whose mod revision is still the one given, at one revision: all or none.

        As `pykube_core.store.Store.put_if`. One that fails costs a read of the keys.
        """
        each = list(items)
        puts = tuple(Put(key, value, lease) for key, value, _ in each)
        expected = [(key, revision) for key, _, revision in each if revision is not None]
        return self._batch_if(expected, puts)

    def delete_if(self, items: Sequence[tuple[bytes, int]]) -> BatchResult:
        """Delete each key whose mod revision is still the one given, at one revision: all or none.

        As `pykube_core.store.Store.delete_if`. One that fails costs a read of the keys.
        """
        return self._batch_if(items, tuple(Delete(key) for key, _ in items))

    def _batch_if(self, items: Sequence[tuple[bytes, int]], writes: tuple[Op, ...]) -> BatchResult:
        """Write if each key is at its mod revision; otherwise say which is not."""
        compares = tuple(Compare("mod", key, "=", revision) for key, revision in items)
        reads = tuple(Get(key, keys_only=True) for key, _ in items)
        result = self._txn(Txn(compares, writes, reads), repeat=False)
        if result.succeeded:
            return BatchResult(result.revision, None)
        for index, (found, (_, revision)) in enumerate(zip(result.results, items, strict=True)):
            assert isinstance(found, RangeResult)
            if (found.kvs[0].mod_revision if found.kvs else 0) != revision:
                return BatchResult(result.revision, index)
        raise AssertionError("a compare failed, and every key is at its revision")

    def delete(self, key: bytes, end: bytes = b"", *, prev_kv: bool = False) -> DeleteResult:
        """Delete a key or a range. Deleting nothing makes no revision."""
        request = convert.delete_request(Delete(key, end, prev_kv))
        message = self._call("KV", "DeleteRange", request, repeat=False)
        return convert.delete_result(message, message.header.revision)

    def txn(
        self,
        compares: Sequence[Compare] = (),
        success: Sequence[Op] = (),
        failure: Sequence[Op] = (),
    ) -> TxnResult:
        """Run operations atomically: ``success`` if every compare holds, else ``failure``."""
        return self._txn(Txn(tuple(compares), tuple(success), tuple(failure)), repeat=False)

    def _txn(self, txn: Txn, *, repeat: bool) -> TxnResult:
        message = self._call("KV", "Txn", convert.txn_request(txn), repeat=repeat)
        return convert.txn_result(message, message.header.revision)

    def compact(self, revision: int) -> int:
        """Forget what only revisions before this one show; return the current revision."""
        request = wire.CompactionRequest(revision=revision, physical=True)
        message = self._call("KV", "Compact", request, repeat=False)
        return int(message.header.revision)

    def lease_grant(self, ttl: int, lease_id: int = 0) -> LeaseInfo:
        """Grant a lease of ``ttl`` seconds; with id 0 the cluster chooses one."""
        request = wire.LeaseGrantRequest(TTL=ttl, ID=lease_id)
        message = self._call("Lease", "LeaseGrant", request, repeat=False)
        return LeaseInfo(message.ID, message.TTL, message.TTL, [])

    def lease_revoke(self, lease_id: int) -> int:
        """End a lease and delete its keys; return the current revision."""
        request = wire.LeaseRevokeRequest(ID=lease_id)
        message = self._call("Lease", "LeaseRevoke", request, repeat=False)
        return int(message.header.revision)

    def lease_keep_alive(self, lease_id: int) -> int:
        """Start a lease's TTL anew; return it, 0 when there is no such lease."""
        requests = iter([wire.LeaseKeepAliveRequest(ID=lease_id)])
        answers = self.caller()("Lease", "LeaseKeepAlive", requests, timeout=self._timeout)
        try:
            return int(next(answers).TTL)
        except grpc.RpcError as error:
            raise _store_error(error) from None
        finally:
            answers.cancel()

    def lease_time_to_live(self, lease_id: int) -> LeaseInfo:
        """Return what is left of a lease; its ``ttl`` is -1 when there is none."""
        request = wire.LeaseTimeToLiveRequest(ID=lease_id, keys=True)
        message = self._call("Lease", "LeaseTimeToLive", request, repeat=True)
        return LeaseInfo(lease_id, message.TTL, message.grantedTTL, sorted(message.keys))

    def leases(self) -> list[int]:
        """Return the ids of all leases, ascending."""
        message = self._call("Lease", "LeaseLeases", wire.LeaseLeasesRequest(), repeat=True)
        return sorted(lease.ID for lease in message.leases)

    def expire_leases(self) -> int:
        """Do nothing: the cluster ends leases itself. Returns 0."""
        return 0

    def watch(
        self,
        key: bytes,
        end: bytes = b"",
        *,
        start_revision: int = 0,
        prev_kv: bool = False,
        no_put: bool = False,
        no_delete: bool = False,
    ) -> Watch:
        """Watch a key or a range from a revision on; 0 is the next one."""
        request = wire.WatchCreateRequest(
            key=key,
            range_end=end,
            start_revision=start_revision,
            prev_kv=prev_kv,
            filters=[kind for kind, wanted in enumerate((no_put, no_delete)) if wanted],
        )
        cursor = _Cursor(self, request)
        self._cursors.add(cursor)
        watch = Watch(cursor, cursor)
        cursor.begin(watch)
        return watch

    def forget(self, cursor: _Cursor) -> None:
        """Drop a watch that was closed."""
        self._cursors.discard(cursor)

    def close(self) -> None:
        """End all watches and connections; a second call does nothing."""
        self._closed = True
        for cursor in list(self._cursors):
            cursor.close()
        for channel in self._channels:
            channel.close()

    def __enter__(self) -> EtcdStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _store_error(error: grpc.RpcError) -> Exception:
    return error_for_text(error.details() or str(error.code()))


class _Cursor:
    """One watch's stream, read by a thread into a short queue; it resumes on another member.

    It is both what `Watch` reads and what `Watch` wakes through, as the embedded store's cursor
    and hub are.
    """

    def __init__(self, store: EtcdStore, request: Message) -> None:
        self._store = store
        self._request = request
        self._batches: deque[WatchBatch] = deque()
        self._room = threading.Condition()
        self._opened = threading.Event()
        self._stream: Any = None
        self._error: Exception | None = None
        self._watch: Watch | None = None
        self._excluded: tuple[bytes, ...] = ()
        self._closed = False
        self.revision = 0

    def begin(self, watch: Watch) -> None:
        """Open the stream; return when the cluster has confirmed it."""
        self._watch = watch
        threading.Thread(target=self._run, name="pykube-etcd-watch", daemon=True).start()
        self._opened.wait()
        if self._error is not None and not isinstance(self._error, CompactedError):
            raise self._error
        watch.created_revision = self.revision

    def start(self) -> None:
        """Do nothing: the thread runs from the beginning."""

    def read(self, event_count_max: int) -> tuple[WatchBatch, bool]:
        """Return the next answer of the stream, and whether another is there."""
        with self._room:
            while self._batches:
                batch = self._batches.popleft()
                self.revision = batch.revision
                self._room.notify()
                events = [e for e in batch.events if not e.kv.key.startswith(self._excluded)]
                if events or not self._batches:
                    more = bool(self._batches) or self._error is not None
                    return WatchBatch(batch.revision, events), more
            if self._error is not None:
                raise self._error
            return WatchBatch(self.revision, []), False

    def read_packed(self, event_count_max: int) -> tuple[PackedEvents, bool]:
        """Return the same, packed."""
        batch, more = self.read(event_count_max)
        return convert.packed(batch), more

    def exclude(self, prefixes: Sequence[bytes]) -> None:
        """Leave out keys with any of these prefixes; the cluster sends them all the same."""
        self._excluded = tuple(prefixes)

    def close(self) -> None:
        """End the stream."""
        with self._room:
            self._closed = True
            self._error = self._error or closed_error()
            self._room.notify_all()
        if self._stream is not None:
            self._stream.cancel()
        self._store.forget(self)
        self._wake()

    def _wake(self) -> None:
        loop = None if self._watch is None else self._watch.signal()
        if loop is not None and self._watch is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(self._watch.resume)

    def _fail(self, error: Exception) -> None:
        with self._room:
            self._error = self._error or error
        self._opened.set()
        self._wake()

    def _run(self) -> None:
        while not self._closed and self._error is None:
            requests: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
            requests.put(wire.WatchRequest(create_request=self._request))
            try:
                self._stream = self._store.caller()("Watch", "Watch", iter(requests.get, None))
                for answer in self._stream:
                    self._take(answer)
                    if self._error is not None:
                        break
            except grpc.RpcError as error:
                if self._closed:
                    break
                if error.code() not in _BROKEN:
                    self._fail(_store_error(error))
                    break
                self._store.turn()
                time.sleep(_RETRY_SECONDS)
            except ValueError:  # the channel was closed
                break
            finally:
                requests.put(None)
        self._fail(closed_error())

    def _take(self, answer: Message) -> None:
        if answer.canceled:
            if answer.compact_revision:
                self._fail(compacted_error(answer.compact_revision))
            else:
                self._fail(error_for_text(answer.cancel_reason))
            return
        if answer.created and not self._opened.is_set():
            self.revision = answer.header.revision
            if self._request.start_revision == 0:
                # From here on it is known where to resume.
                self._request.start_revision = self.revision + 1
            self._opened.set()
        if answer.events:
            batch = WatchBatch(
                answer.events[-1].kv.mod_revision, list(map(convert.event_of, answer.events))
            )
            with self._room:
                while len(self._batches) >= _QUEUED_BATCHES_MAX and not self._closed:
                    self._room.wait()
                self._batches.append(batch)
            self._request.start_revision = batch.revision + 1
            self._wake()
