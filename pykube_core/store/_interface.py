"""The calls that the control plane makes to a store, embedded or a real etcd."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from _pykube_hotcore.native._puts import Puts
from _pykube_hotcore.native._store_types import (
    BatchResult,
    Compare,
    DeleteResult,
    Get,
    KeyValue,
    LeaseInfo,
    Op,
    PutResult,
    RangeResult,
    TxnResult,
)
from pykube_core.store._embedded import Store
from pykube_core.store._watch import Watch


class StoreLike(Protocol):
    """The methods that `Store` and `pykube_core.store.etcd.remote.EtcdStore` share."""

    @property
    def revision(self) -> int:
        """The current revision."""

    def get(self, key: bytes, revision: int = 0) -> KeyValue | None:
        """Return a key, None when it is not there."""

    def range(
        self, key: bytes, end: bytes = b"", *, limit: int = 0, revision: int = 0
    ) -> RangeResult:
        """Read a range in the order of its keys."""

    def query(self, request: Get) -> RangeResult:
        """Read a range with any of etcd's options."""

    def get_many(self, keys: Sequence[bytes]) -> list[KeyValue | None]:
        """Return many keys in the order asked."""

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
        """Put a key."""

    def put_many(self, items: Iterable[tuple[bytes, bytes]], *, lease: int = 0) -> int:
        """Put many keys, each at a revision of its own; return the last."""

    def put_if(
        self, items: Puts | Sequence[tuple[bytes, bytes, int]], *, lease: int = 0
    ) -> BatchResult:
        """Put each key whose mod revision is still the one given, at one revision: all or none.

        An item is key, value and the expected mod revision, 0 for a key that must not exist. At
        most 128 items of 1.5 MiB together (each key counts twice), no key twice.
        """

    def delete_if(self, items: Sequence[tuple[bytes, int]]) -> BatchResult:
        """Delete each key whose mod revision is still the one given, at one revision: all or none.

        An item is key and expected mod revision, 0 for a key that is not there and stays so. At
        most 128 items; without a key that is there, it makes no revision.
        """

    def delete(self, key: bytes, end: bytes = b"", *, prev_kv: bool = False) -> DeleteResult:
        """Delete a key or a range."""

    def txn(
        self,
        compares: Sequence[Compare] = (),
        success: Sequence[Op] = (),
        failure: Sequence[Op] = (),
    ) -> TxnResult:
        """Run operations atomically."""

    def compact(self, revision: int) -> int:
        """Forget what only earlier revisions show; return the current revision."""

    def lease_grant(self, ttl: int, lease_id: int = 0) -> LeaseInfo:
        """Grant a lease."""

    def lease_revoke(self, lease_id: int) -> int:
        """End a lease and delete its keys."""

    def lease_keep_alive(self, lease_id: int) -> int:
        """Start a lease's TTL anew; 0 when there is none."""

    def lease_time_to_live(self, lease_id: int) -> LeaseInfo:
        """Return what is left of a lease; -1 when there is none."""

    def leases(self) -> list[int]:
        """Return the ids of all leases, ascending."""

    def expire_leases(self) -> int:
        """End the leases whose time has come."""

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
        """Watch a key or a range."""

    def close(self) -> None:
        """Close it; a second call does nothing."""


INSTALL_ETCD: Final = (
    "in the directory of pykube-core's sources: pip install '.[etcd]' (grpcio and protobuf)"
)


def open_store(where: str | None) -> StoreLike:
    """Open the store at an address, as `pykube_core.Cluster` takes it.

    ``etcd://host:port[,host:port][?ca=FILE&cert=FILE&key=FILE]`` is an etcd cluster, anything else
    a data directory, None memory.

    Raises
    ------
    ImportError
        An etcd cluster needs grpcio and protobuf, and they are not installed.
    """
    if where is not None and where.startswith("etcd://"):
        try:
            from pykube_core.store.etcd.remote import EtcdStore
        except ImportError as error:
            raise ImportError(f"{error}; {INSTALL_ETCD}") from error

        return EtcdStore(where)
    return Store(where)
