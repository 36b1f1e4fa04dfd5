"""The embedded store."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType

from _pykube_hotcore.native._puts import Puts
from _pykube_hotcore.native._store import StoreHandle as _Handle
from _pykube_hotcore.native._store_errors import (
    LeaseExistsError,
    LeaseNotFoundError,
    OpenError,
)
from _pykube_hotcore.native._store_files import backup_files
from _pykube_hotcore.native._store_types import (
    BatchResult,
    Compare,
    Delete,
    DeleteResult,
    Get,
    KeyValue,
    LeaseInfo,
    Op,
    Put,
    PutResult,
    RangeResult,
    StoreStatus,
    Txn,
    TxnResult,
)
from _pykube_hotcore.native._store_views import RangeView
from pykube_core.store._watch import Watch, WatchHub

_SNAPSHOT_LOG_BYTES = 64 << 20
_EXPIRE_STEP = 1024


class Store:
    """etcd's key-value store in this process: every method of every thread at once.

    Parameters
    ----------
    path : path or None
        Data directory, made if missing. None keeps everything in memory.
    sync : str
        ``"always"``: a write returns, and is shown to readers and watches, when it is on the disk
        (fdatasync, shared by all writers that wait). ``"interval"``: when it was handed to the
        operating system; `sync` makes it durable, and a loss of power may take what came after.
    clock : callable
        Nanoseconds, for leases only; the default is the machine's monotonic clock. Nothing happens
        by itself: `expire_leases` ends the leases that are due.
    salt : int, optional
        64 bits that tell this log from others; drawn from the system when a log is begun.
    read_only : bool
        Look at a directory without writing to it.
    quota_bytes : int
        Puts are refused (`QuotaError`) while keys and versions take more; 0 is no quota.

    Raises
    ------
    LockedError, CorruptError, ForeignError, NewerFormatError, OpenError
        The directory cannot be opened; ``path`` and ``offset`` say where.

    Notes
    -----
    Every method may also raise `FailedError` (a sync failed: read-only for good), `NoSpaceError`
    (the disk is full: this write was rolled back), `QuotaError` and `ClosedError`. Ranges are
    given by ``key`` and ``end``, see `prefix_end` and `FROM_KEY`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        sync: str = "always",
        clock: Callable[[], int] = time.monotonic_ns,
        salt: int | None = None,
        read_only: bool = False,
        quota_bytes: int = 0,
        segment_bytes: int = 0,
    ) -> None:
        self._clock = clock
        self._lease_count = 0
        directory = None if path is None else _directory(Path(path), read_only=read_only)
        self._handle = _Handle(
            directory,
            salt=int.from_bytes(os.urandom(8), "little") if salt is None else salt,
            time_ns=clock(),
            sync=sync,
            read_only=read_only,
            quota_bytes=quota_bytes,
            segment_bytes=segment_bytes,
        )
        self._hub = WatchHub(self._handle)

    @property
    def revision(self) -> int:
        """The current revision: of the last write that is durable and visible."""
        return self._handle.stat().revision

    def get(self, key: bytes, revision: int = 0) -> KeyValue | None:
        """Return a key at the current or an earlier revision, None when it is not there."""
        if revision <= 0:
            return self._handle.get(key)
        kvs = self._handle.range(Get(key, revision=revision)).kvs
        return kvs[0] if kvs else None

    def range(
        self, key: bytes, end: bytes = b"", *, limit: int = 0, revision: int = 0
    ) -> RangeResult:
        """Read a range in the order of its keys. O(keys in the range), also with a limit."""
        return self._handle.range(Get(key, end, limit=limit, revision=revision))

    def query(self, request: Get) -> RangeResult:
        """Read a range with any of etcd's options."""
        return self._handle.range(request)

    def range_view(
        self, key: bytes, end: bytes = b"", *, limit: int = 0, revision: int = 0
    ) -> RangeView:
        """Read a range without copying: views of the store's memory until the result is closed."""
        return self._handle.range_view(Get(key, end, limit=limit, revision=revision))

    def get_many(self, keys: Sequence[bytes]) -> list[KeyValue | None]:
        """Return many keys at one revision, in the order asked; None for those not there."""
        return self._handle.get_many(keys)[1]

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
        return self._handle.put(Put(key, value, lease, prev_kv, ignore_value, ignore_lease))

    def put_many(self, items: Iterable[tuple[bytes, bytes]], *, lease: int = 0) -> int:
        """Put many keys, each at a revision of its own, with one wait; return the last revision.

        All or none: after an error nothing was put.
        """
        return self._handle.put_many(list(items), lease)

    def put_if(
        self, items: Puts | Sequence[tuple[bytes, bytes, int]], *, lease: int = 0
    ) -> BatchResult:
        """Put each key whose mod revision is still the one given, at one revision: all or none.

        An item is key, value and the expected mod revision, 0 for a key that must not exist. It is
        the transaction that compares each and puts each: at most 128 items of 1.5 MiB together
        (each key counts twice), no key twice. `Puts` are many items at once.
        """
        if not isinstance(items, Puts):
            keys, values, revisions = zip(*items, strict=True) if items else ((), (), ())
            items = Puts.of(keys, values, revisions)
        return self._handle.put_if(items, lease)

    def delete_if(self, items: Sequence[tuple[bytes, int]]) -> BatchResult:
        """Delete each key whose mod revision is still the one given, at one revision: all or none.

        An item is key and expected mod revision, 0 for a key that is not there and stays so. At
        most 128 items; without a key that is there, it makes no revision.
        """
        return self._handle.delete_if(items)

    def delete(self, key: bytes, end: bytes = b"", *, prev_kv: bool = False) -> DeleteResult:
        """Delete a key or a range. Deleting nothing makes no revision."""
        return self._handle.delete(Delete(key, end, prev_kv))

    def txn(
        self,
        compares: Sequence[Compare] = (),
        success: Sequence[Op] = (),
        failure: Sequence[Op] = (),
    ) -> TxnResult:
        """Run operations atomically, at one revision: ``success`` if every compare holds.

        Operations run in order and see earlier ones. At most 128 in a branch; none may put a key
        that another puts or deletes.
        """
        return self._handle.txn(Txn(tuple(compares), tuple(success), tuple(failure)))

    def compact(self, revision: int) -> int:
        """Forget what only revisions before this one show; return the current revision.

        O(revisions compacted). Memory is freed when it returns. When the log has outgrown the
        data, a snapshot follows.
        """
        current = self._handle.compact(revision)
        status = self._handle.stat()
        if status.log_bytes > max(_SNAPSHOT_LOG_BYTES, 2 * status.data_bytes):
            self._handle.snapshot()
        return current

    def hash(self, revision: int = 0) -> tuple[int, int, int]:
        """Return crc32c over all versions up to a revision, the current and compacted revision."""
        return self._handle.hash(revision)

    def lease_grant(self, ttl: int, lease_id: int = 0) -> LeaseInfo:
        """Grant a lease of ``ttl`` seconds, at least 2; with id 0 the store chooses one.

        Raises
        ------
        LeaseExistsError
            The id is in use.
        """
        if lease_id:
            granted = self._handle.lease_grant(lease_id, ttl, self._clock())
            return LeaseInfo(lease_id, granted, granted, [])
        while True:
            # Unlike a random number, this repeats when the same history does.
            self._lease_count += 1
            seed = f"{self.revision} {self._lease_count}".encode()
            digest = hashlib.blake2b(seed, digest_size=8).digest()
            chosen = int.from_bytes(digest, "little") >> 1 or 1
            try:
                granted = self._handle.lease_grant(chosen, ttl, self._clock())
            except LeaseExistsError:
                continue
            return LeaseInfo(chosen, granted, granted, [])

    def lease_revoke(self, lease_id: int) -> int:
        """End a lease and delete its keys, in their order, at one revision; return the current."""
        return self._handle.lease_revoke(lease_id)

    def lease_keep_alive(self, lease_id: int) -> int:
        """Start a lease's TTL anew; return it, 0 when there is no such lease."""
        try:
            return self._handle.lease_keep_alive(lease_id, self._clock())
        except LeaseNotFoundError:
            return 0

    def lease_time_to_live(self, lease_id: int) -> LeaseInfo:
        """Return what is left of a lease; its ``ttl`` is -1 when there is none."""
        try:
            return self._handle.lease_time_to_live(lease_id, self._clock())
        except LeaseNotFoundError:
            return LeaseInfo(lease_id, -1, 0, [])

    def leases(self) -> list[int]:
        """Return the ids of all leases, ascending."""
        return self._handle.lease_list()

    def lease_deadline(self) -> int | None:
        """Return when the next lease ends, on the store's clock; None when there is none."""
        return self._handle.lease_deadline()

    def expire_leases(self) -> int:
        """End the leases whose time has come; return how many."""
        total = 0
        while count := self._handle.lease_expire(self._clock(), _EXPIRE_STEP):
            total += count
        return total

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
        """Watch a key or a range from a revision on; 0 is the next one.

        A start in the future waits for it. One below the compacted revision gives a watch whose
        first read raises `CompactedError`.
        """
        return self._hub.open(
            key, end, start_revision, prev_kv=prev_kv, no_put=no_put, no_delete=no_delete
        )

    def status(self) -> StoreStatus:
        """Return revisions, counts and sizes."""
        return self._handle.stat()

    def snapshot(self) -> None:
        """Write everything to a snapshot and drop the log before it. Writers go on meanwhile."""
        self._handle.snapshot()

    def backup(self) -> bytes:
        """Return what is there now as a snapshot, as `restore_backup` takes it.

        It is written to a temporary directory of the system's first. Writers go on meanwhile.
        """
        with tempfile.TemporaryDirectory() as directory:
            self._handle.backup(directory)
            (snapshot,) = Path(directory).glob("snap-*.snap")
            return snapshot.read_bytes()

    def sync(self) -> None:
        """Make every write durable, with ``sync="interval"``."""
        self._handle.sync()

    def validate(self) -> None:
        """Check every invariant of the store's structures; for tests. O(everything)."""
        self._handle.validate()

    def close(self) -> None:
        """Make everything durable and close; a second call does nothing."""
        try:
            self._handle.close()
        finally:
            self._hub.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def restore_backup(data: bytes, path: str | os.PathLike[str]) -> int:
    """Make a data directory from a backup; return its revision.

    Raises
    ------
    FileExistsError
        The directory is not empty.
    CorruptError
        The backup is damaged; nothing is left behind.
    OSError
        The disk is full, or nothing can be written there; nothing is left behind either.
    """
    target = Path(path).absolute()
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty")
    existed = target.exists()
    directory = Path(_directory(target, read_only=False))
    try:
        for name, content in backup_files(data).items():
            _write_durably(directory / name, content)
        with Store(directory) as store:
            return store.revision
    except (OpenError, OSError):
        for child in directory.iterdir():
            child.unlink()
        if not existed:
            directory.rmdir()
        raise


def _write_durably(path: Path, content: bytes) -> None:
    """Write a new file through to the disk; an error names it."""
    try:
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error


def _directory(path: Path, *, read_only: bool) -> str:
    """Make the directory durably, parents too; return its absolute path."""
    path = path.absolute()
    if not path.exists() and not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(exist_ok=True)
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)
    return str(path)
