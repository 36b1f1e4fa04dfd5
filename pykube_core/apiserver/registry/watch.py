"""Watches of objects: changes from a revision on, as their selection sees them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import StatusError, expired
from pykube_core.apiserver.registry.selection import Selection
from pykube_core.apiserver.registry.unvalidated import Written, is_decodable
from pykube_core.apiserver.registry.versions import shown
from pykube_core.objects import ApiObject
from pykube_core.store import CompactedError, Event, KeyValue, Watch

_INITIAL_EVENTS_END = b'"annotations":{"k8s.io/initial-events-end":"true"}'


class Bookmark(NamedTuple):
    """A bookmark: a watch says of no object that everything up to a revision was delivered."""

    resource: Resource
    revision: int
    metadata: bytes

    def json(self) -> bytes:
        """Return its JSON as a client gets it."""
        comma = b"," if self.metadata else b""
        version = b'"resourceVersion":"%d"' % self.revision
        return b"".join((self.resource.head, version, comma, self.metadata, b"}}"))

    def decode(self) -> KubeObject:
        """Return it decoded."""
        decoded: KubeObject = msgspec.json.decode(self.json())
        return decoded


class WatchEvent(NamedTuple):
    """ADDED, MODIFIED, DELETED or BOOKMARK with an object, or ERROR with why the watch ended."""

    type: str
    object: ApiObject | Bookmark | None
    error: StatusError | None = None


class ObjectWatch:
    """Changes of a resource: read it without waiting, or as ``async for`` of lists of events.

    An object that begins to match the selection is ADDED, one that ceases to is DELETED; it comes
    with the state before and the revision of the change. A write of others that does not decode is
    skipped, as if it were not there. When changes that were not read have been compacted, the last
    event is an ERROR.

    Attributes
    ----------
    revision : int
        Everything up to here was delivered.
    """

    def __init__(
        self,
        resource: Resource,
        selection: Selection,
        watch: Watch,
        revision: int,
        initial: list[ApiObject],
        bookmark: bool,
        written: Written,
    ) -> None:
        self._resource = resource
        self._selection = selection
        self._watch = watch
        self._written = written
        self._closed = False
        self._pending = [WatchEvent("ADDED", obj) for obj in initial]
        self.revision = revision
        if bookmark:
            self._pending.append(self._bookmark(_INITIAL_EVENTS_END))

    def read(self, event_count_max: int = 1024) -> list[WatchEvent]:
        """Return what there is, without waiting: whole revisions until there are so many events."""
        if self._pending:
            out, self._pending = self._pending, []
            return out
        while not self._closed:
            try:
                batch = self._watch.read(event_count_max)
            except CompactedError:
                return [self._expired()]
            events = self._seen(batch.revision, batch.events)
            if events or not batch.events:
                return events
        return []

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until there may be something to read, at most ``timeout`` seconds."""
        return bool(self._pending) or self._closed or self._watch.wait(timeout)

    def bookmark(self) -> WatchEvent:
        """Return an event that says that everything up to its revision was delivered."""
        return self._bookmark(b"")

    def close(self) -> None:
        """End the watch; a second call does nothing."""
        self._closed = True
        self._watch.close()

    def __enter__(self) -> ObjectWatch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> ObjectWatch:
        return self

    async def __anext__(self) -> list[WatchEvent]:
        while not self._closed or self._pending:
            if self._pending:
                return self.read()
            try:
                batch = await anext(self._watch)
            except CompactedError:
                return [self._expired()]
            events = self._seen(batch.revision, batch.events)
            if events:
                return events
        raise StopAsyncIteration

    def _seen(self, revision: int, events: list[Event]) -> list[WatchEvent]:
        self.revision = max(self.revision, revision)
        seen = (self._event(event.kv, event.prev_kv) for event in events)
        return [event for event in seen if event is not None]

    def _event(self, kv: KeyValue, before: KeyValue | None) -> WatchEvent | None:
        key, resource = kv.key, self._resource
        matched = before is not None and self._matches(before)
        if kv.create_revision and self._matches(kv):
            type = "MODIFIED" if matched else "ADDED"
            obj = ApiObject.parse(resource.stored, key, kv.value, kv.mod_revision)
            return WatchEvent(type, shown(resource, obj))
        if before is None or not matched:
            return None
        obj = ApiObject.parse(resource.stored, key, before.value, kv.mod_revision)
        return WatchEvent("DELETED", shown(resource, obj))

    def _matches(self, kv: KeyValue) -> bool:
        decodes = is_decodable(self._written, self._resource.stored, kv)
        return decodes and self._selection.matches(kv.key, kv.value)

    def _bookmark(self, metadata: bytes) -> WatchEvent:
        return WatchEvent("BOOKMARK", Bookmark(self._resource, self.revision, metadata))

    def _expired(self) -> WatchEvent:
        self.close()
        text = f"too old resource version: {self.revision} ({self._watch.created_revision})"
        return WatchEvent("ERROR", None, expired(text))
