"""The life of an object and of all that it owns, read from the store's log.

A store keeps revisions, not times: the time of a revision is the newest one that any object shows
up to there. Kubernetes' times are whole seconds, and heartbeats come every few, so a change may
have happened up to that much later than it seems; the order is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from pykube_core.api.core import EVENTS
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.registry import STORE_PREFIX, Registry, Resource
from pykube_core.api.machinery.status import not_found
from pykube_core.api.machinery.times import parse_time
from pykube_core.store import CompactedError, StoreLike, prefix_end

_BATCH: Final = 4096
_FIRST_REVISION: Final = 1
# Keys that make an item of a list the same item after a change, in this order.
_ITEM_KEYS: Final = ("type", "name", "uid", "key", "ip", "containerPort")
_COUNTERS: Final = frozenset(("metadata.generation", "metadata.resourceVersion"))


class FieldChange(NamedTuple):
    """A field before and after; None where it is not there."""

    path: str
    old: Json
    new: Json


class Entry(NamedTuple):
    """One revision of one object, or an event about it.

    Attributes
    ----------
    revision : int
    time_ns : int
        Nanoseconds since the epoch; see the module on how exact.
    verb : str
        "found" for what was there where the history begins, "created", "changed", "deleted", or
        "event".
    resource : Resource
        Its kind; of an event, the kind of the object that it is about.
    namespace, name, uid : str
    changes : list of FieldChange
        Of a change: what changed, but for times and counters.
    object : dict
        The state after it; the last one of a deletion; of an event the Event.
    """

    revision: int
    time_ns: int
    verb: str
    resource: Resource
    namespace: str
    name: str
    uid: str
    changes: list[FieldChange]
    object: KubeObject


class Timeline(NamedTuple):
    """An object as the log knows it.

    Attributes
    ----------
    first_revision : int
        Where the history begins: what lies before was compacted.
    entries : list of Entry
        In the order of the log.
    """

    first_revision: int
    entries: list[Entry]


class _Owner(msgspec.Struct, gc=False):
    uid: str = ""


class _Metadata(msgspec.Struct, gc=False):
    uid: str = ""
    deletionGracePeriodSeconds: int | None = None
    finalizers: list[str] | None = None
    creationTimestamp: str | None = None
    ownerReferences: list[_Owner] = []


class _Spec(msgspec.Struct, gc=False):
    renewTime: str | None = None


class _Condition(msgspec.Struct, gc=False):
    lastTransitionTime: str | None = None
    lastHeartbeatTime: str | None = None
    lastUpdateTime: str | None = None


class _State(msgspec.Struct, gc=False):
    startedAt: str | None = None
    finishedAt: str | None = None


class _States(msgspec.Struct, gc=False):
    running: _State | None = None
    terminated: _State | None = None


class _Container(msgspec.Struct, gc=False):
    state: _States = msgspec.field(default_factory=_States)


class _Status(msgspec.Struct, gc=False):
    startTime: str | None = None
    conditions: list[_Condition] = []
    containerStatuses: list[_Container] = []


class _View(msgspec.Struct, gc=False):
    """Of any object: who it is, who owns it, and the times that it shows."""

    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    involvedObject: _Owner | None = None
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)
    lastTimestamp: str | None = None
    eventTime: str | None = None

    def goes(self) -> bool:
        """Say whether it is marked for a deletion that waits for nothing, and follows at once."""
        metadata = self.metadata
        return metadata.deletionGracePeriodSeconds == 0 and not metadata.finalizers

    def newest(self) -> str:
        """Return the newest time; none of them is ever written ahead of time."""
        status = self.status
        times = [self.metadata.creationTimestamp, self.spec.renewTime, status.startTime]
        times += (self.lastTimestamp, self.eventTime)
        for condition in status.conditions:
            times += (condition.lastTransitionTime, condition.lastHeartbeatTime)
            times.append(condition.lastUpdateTime)
        for container in status.containerStatuses:
            for state in (container.state.running, container.state.terminated):
                if state is not None:
                    times += (state.startedAt, state.finishedAt)
        return max((time for time in times if time), default="")


_VIEW: Final = msgspec.json.Decoder(_View)


class _Write(NamedTuple):
    """One write of the log: values are None before a creation and after a deletion."""

    revision: int
    key: bytes
    old: bytes | None
    new: bytes | None
    found: bool = False


def read_timeline(
    store: StoreLike, registry: Registry, resource: Resource, name: str, namespace: str = ""
) -> Timeline:
    """Return the life of an object: its revisions, its events, and those of what it owns.

    Of several objects that had the name one after the other, the last. O(history).

    Raises
    ------
    StatusError
        404: the log has never known such an object.
    """
    first_revision, writes = _history(store)
    key = resource.key(namespace or "default", name)
    values = [write.new or write.old for write in writes if write.key == key]
    views = [view for view in map(_view, values) if view is not None]
    if not views:
        raise not_found(resource, name)
    reader = _Reader(registry, views[-1].metadata.uid)
    for write in writes:
        reader.add(write)
    return Timeline(first_revision, reader.entries)


def _history(store: StoreLike) -> tuple[int, list[_Write]]:
    """Return all writes that the store still knows, behind the state that they began with."""
    prefix = STORE_PREFIX.encode()
    end = prefix_end(prefix)
    first, writes = _FIRST_REVISION, list[_Write]()
    while True:
        current = store.revision
        watch = store.watch(prefix, end, start_revision=first, prev_kv=True)
        try:
            while True:
                batch = watch.read(_BATCH)
                for kv, before in batch.events:
                    new = kv.value if kv.create_revision else None
                    old = None if before is None else before.value
                    writes.append(_Write(kv.mod_revision, kv.key, old, new))
                if batch.revision >= current:
                    return first, writes
        except CompactedError as error:
            first = error.compact_revision + 1
            held = store.range(prefix, end, revision=error.compact_revision).kvs
            # Owners are created before what they own, and so are told first.
            held.sort(key=lambda kv: kv.create_revision)
            writes = [_Write(kv.mod_revision, kv.key, None, kv.value, True) for kv in held]
        finally:
            watch.close()


def _view(data: bytes | None) -> _View | None:
    """Return what is read of a value; None of what others wrote that cannot be read."""
    try:
        return None if data is None else _VIEW.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None


class _Reader:
    """Picks from the log what belongs to one object."""

    def __init__(self, registry: Registry, uid: str) -> None:
        self._registry = registry
        self._family: dict[str, tuple[Resource, str, str]] = {}
        self._root = uid
        self._newest = ""
        self.entries: list[Entry] = []

    def add(self, write: _Write) -> None:
        resource = self._registry.of_key(write.key)
        data = write.new or write.old
        if resource is None or data is None:
            return
        view = _view(data)
        if view is None or (write.new is not None and view.goes()):
            return
        self._newest = max(self._newest, view.newest().removesuffix("Z"))
        if resource is EVENTS:
            about = view.involvedObject
            if about is not None and about.uid in self._family and write.new is not None:
                self._append(write, "event", about.uid)
            return
        uid = view.metadata.uid
        if uid not in self._family:
            owners = [owner.uid for owner in view.metadata.ownerReferences]
            if uid != self._root and not any(owner in self._family for owner in owners):
                return
            self._family[uid] = (resource, *resource.split_key(write.key))
        if write.found:
            verb = "found"
        elif write.new is None:
            verb = "deleted"
        else:
            verb = "created" if write.old is None else "changed"
        self._append(write, verb, uid)

    def _append(self, write: _Write, verb: str, uid: str) -> None:
        obj: KubeObject = msgspec.json.decode(write.new or write.old or b"{}")
        changes = []
        if verb == "changed" and write.old is not None and _view(write.old) is not None:
            changes = list(field_changes(msgspec.json.decode(write.old), obj))
        time_ns = parse_time(self._newest + "Z") if self._newest else 0
        who = self._family[uid]
        self.entries.append(Entry(write.revision, time_ns, verb, *who, uid, changes, obj))


def field_changes(old: Json, new: Json, path: str = "") -> Iterator[FieldChange]:
    """Yield the fields that differ; times that only say when, and counters, are left out."""
    if old == new or path in _COUNTERS:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if _says_when(key):
                continue
            yield from field_changes(old.get(key), new.get(key), f"{path}.{key}" if path else key)
        return
    key = _item_key(old, new)
    if key:
        before = {item[key]: item for item in old or ()}
        after = {item[key]: item for item in new or ()}
        for value in before | after:
            yield from field_changes(before.get(value), after.get(value), f"{path}[{value}]")
        return
    yield FieldChange(path, old, new)


def _says_when(key: str) -> bool:
    return key != "deletionTimestamp" and key.endswith(("Time", "Timestamp", "At"))


def _item_key(old: Json, new: Json) -> str:
    """Return what tells the items of two lists apart, "" when nothing does."""
    lists = [value for value in (old, new) if value is not None]
    if not lists or not all(isinstance(value, list) for value in lists):
        return ""
    items: list[Any] = [item for value in lists for item in value]
    if not items or not all(isinstance(item, dict) for item in items):
        return ""
    for key in _ITEM_KEYS:
        if all(isinstance(item.get(key), str | int) for item in items):
            return key
    return ""
