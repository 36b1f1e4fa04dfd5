"""Objects that go by themselves: each put carries a lease of the store.

A lease is shared by what is written within a minute, so an object may live up to a minute longer.

Source: ``k8s.io/apiserver/pkg/storage/etcd3/lease_manager.go`` v0.36.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.times import NANO
from pykube_core.store import StoreLike

_REUSE_SECONDS: Final = 60
_REUSE_OBJECTS_MAX: Final = 1000


class Expiry:
    """The leases of one API server.

    Parameters
    ----------
    store : StoreLike
        Its owner ends leases: ``expire_leases``.
    clock : callable
        Nanoseconds since the epoch.
    """

    def __init__(self, store: StoreLike, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock
        self._held: dict[int, tuple[int, int, int]] = {}

    def lease(self, resource: Resource, count: int = 1) -> int:
        """Return the lease of ``count`` objects to be written now; 0 for those that stay."""
        lifetime = resource.lifetime_seconds
        if not lifetime:
            return 0
        now_ns = self._clock()
        lease, until_ns, left = self._held.get(lifetime, (0, 0, 0))
        if now_ns >= until_ns or left < count:
            lease = self._store.lease_grant(lifetime + _REUSE_SECONDS).id
            until_ns, left = now_ns + _REUSE_SECONDS * NANO, max(_REUSE_OBJECTS_MAX, count)
        self._held[lifetime] = lease, until_ns, left - count
        return lease
