"""Housekeeping of a store: compaction, and the end of leases."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.times import NANO
from pykube_core.client.informers import Housekeeping, SharedInformer
from pykube_core.store import CompactedError, StoreLike

COMPACTION_INTERVAL_NS: Final = 300 * NANO
EXPIRY_INTERVAL_NS: Final = 10 * NANO


class Compactor:
    """Forgets what only revisions older than five minutes show.

    Source: ``k8s.io/apiserver/pkg/storage/etcd3/compact.go`` v0.34. Difference: it keeps no key of
    its own in the store, as there is one API server.
    """

    name = "compactor"

    def __init__(self, store: StoreLike, log: SharedInformer) -> None:
        self._store = store
        self.cursor = log.cursor()
        self._revision = 0
        self._due_ns = 0

    def step(self, now_ns: int) -> Housekeeping:
        """Compact to the revision of the last interval, and remember the one of now."""
        if now_ns >= self._due_ns:
            if self._revision:
                try:
                    self._store.compact(self._revision)
                except CompactedError:
                    pass  # somebody else went further
            self._revision = self._store.revision
            self._due_ns = now_ns + COMPACTION_INTERVAL_NS
        return Housekeeping(self._due_ns)


class LeaseExpiry:
    """Ends the leases of an embedded store whose time has come, at most ten seconds late.

    The keys on them, such as events, go with them. A real etcd does this by itself.
    """

    name = "lease-expiry"

    def __init__(self, store: StoreLike, log: SharedInformer) -> None:
        self._store = store
        self.cursor = log.cursor()

    def step(self, now_ns: int) -> Housekeeping:
        """End what is due."""
        self._store.expire_leases()
        return Housekeeping(now_ns + EXPIRY_INTERVAL_NS)
