"""The past in a store: the time of its newest object, and one hash of everything."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Final

import msgspec

from pykube_core.api.machinery.registry import STORE_PREFIX
from pykube_core.api.machinery.times import NANO, parse_time
from pykube_core.store import FROM_KEY, CompactedError, KeyValue, StoreLike, prefix_end

_FIRST_KEY: Final = b"\0"
_BATCH: Final = 4096
_WHOLE_SECONDS: Final = len("2006-01-02T15:04:05")


class _Metadata(msgspec.Struct, gc=False):
    creationTimestamp: str = ""


class _Spec(msgspec.Struct, gc=False):
    renewTime: str = ""


class _Condition(msgspec.Struct, gc=False):
    lastTransitionTime: str | None = None
    lastHeartbeatTime: str | None = None


class _Status(msgspec.Struct, gc=False):
    conditions: list[_Condition] = []


class _Dated(msgspec.Struct, gc=False):
    """The times that an object shows; no field of them is written ahead of time."""

    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)
    lastTimestamp: str | None = None
    eventTime: str | None = None


def last_time_ns(store: StoreLike) -> int:
    """Return a time that no object of a store is younger than, in whole seconds; 0 for none.

    It is the newest creation, renewal of a lease, event, or change of a condition, rounded up.
    O(objects).
    """
    prefix = STORE_PREFIX.encode()
    held = store.range(prefix, prefix_end(prefix)).kvs
    for newest in sorted({_newest(kv.value) for kv in held}, reverse=True):
        with suppress(ValueError):  # Others may have written what is no time.
            return parse_time(newest + "Z") + NANO
    return 0


def _newest(data: bytes) -> str:
    try:
        view = msgspec.json.decode(data, type=_Dated)
    except (msgspec.DecodeError, RecursionError):
        return ""
    times = [view.metadata.creationTimestamp, view.spec.renewTime, view.lastTimestamp or ""]
    times.append(view.eventTime or "")
    for condition in view.status.conditions:
        times += (condition.lastTransitionTime or "", condition.lastHeartbeatTime or "")
    return max(times)[:_WHOLE_SECONDS]


def history_hash(store: StoreLike) -> str:
    """Return a hash of every change that a store still knows, and of the state before the first.

    Two stores with the same hash went through the same revisions, key by key and byte by byte, and
    were compacted at the same one. Leases are left out. O(history).
    """
    digest = hashlib.blake2b(digest_size=16)
    revision = store.revision
    start = 1
    while True:
        watch = store.watch(_FIRST_KEY, FROM_KEY, start_revision=start)
        try:
            while True:
                batch = watch.read(_BATCH)
                for kv, _ in batch.events:
                    _add(digest, kv)
                if batch.revision >= revision:
                    return digest.hexdigest()
        except CompactedError as error:
            start = error.compact_revision + 1
            digest.update(b"%d" % error.compact_revision)
            for kv in store.range(_FIRST_KEY, FROM_KEY, revision=error.compact_revision).kvs:
                _add(digest, kv)
        finally:
            watch.close()


def _add(digest: hashlib.blake2b, kv: KeyValue) -> None:
    numbers = (kv.mod_revision, kv.create_revision, kv.version, len(kv.key), len(kv.value))
    digest.update(b"%d %d %d %d %d " % numbers)
    digest.update(kv.key)
    digest.update(kv.value)
