"""The log as components read it: one cursor on the store for a process, one for each reader.

Every change is read from the store once, kept as the newest state of its object, and handed to each
reader as the state before and after. So a reader needs no copy of its own, and ten readers cost
little more than one.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from typing import ClassVar, Final, TypeAlias, final

import msgspec

from pykube_core.api.machinery.registry import STORE_PREFIX, Registry, Resource
from pykube_core.apiserver.registry.unvalidated import Gate, Written, undecodable
from pykube_core.objects import ApiObject, Body
from pykube_core.store import PackedEvents, StoreLike, prefix_end

_BATCH: Final = 128
"""Events that are read at a time: few enough to stay in the caches of a core."""
_NO_PREFIX: Final = b"\0"
_LOGGER: Final = logging.getLogger(__name__)


@final
class Created(msgspec.Struct, gc=False):
    """An object that was not there before.

    Attributes
    ----------
    object : ApiObject
        Its newest state.
    is_return : bool
        The log had skipped another state of it, so there may be traces of it.
    """

    is_status_alone: ClassVar[bool] = False

    object: ApiObject
    is_return: bool = False


@final
class Updated(msgspec.Struct, gc=False):
    """An object before and after a write.

    Attributes
    ----------
    old, object : ApiObject
        The state before, and the newest one.
    is_status_alone : bool
        Nothing but the status changed or, of a lease, its renewal.
    """

    old: ApiObject
    object: ApiObject
    is_status_alone: bool = False


@final
class Deleted(msgspec.Struct, gc=False):
    """An object that is there no more.

    Attributes
    ----------
    object : ApiObject
        Its last state.
    """

    is_status_alone: ClassVar[bool] = False

    object: ApiObject


Change: TypeAlias = Created | Updated | Deleted
"""A change of an object, as all readers share it: they leave it as it is."""


class Housekeeping(int):
    """A time at which a component wants to step for housekeeping alone, such as a heartbeat.

    Housekeeping comes back for ever: a cluster in which nothing else is waiting is quiescent.
    """


class Informer:
    """A reader's place in the log; it begins with all that is there.

    Attributes
    ----------
    resources : tuple of Resource
        The resources that it reads.
    ignore_status : frozenset of Resource
        Of which of them it is told no change of the status alone. So the state before a change may
        have another status than the last one that it was told of.
    changes : list of Change
        Changes that wait to be read; the log adds to it.
    open : dict of bytes to Created or Updated, or None
        See `SharedInformer`; None for a cursor that is told of each state.
    """

    def __init__(
        self,
        resources: tuple[Resource, ...],
        ignore_status: frozenset[Resource],
        open: dict[bytes, Created | Updated] | None,
    ) -> None:
        self.resources = resources
        self.ignore_status = ignore_status
        self.changes: list[Change] = []
        self.open = open

    @property
    def has_news(self) -> bool:
        """Whether there is something to read."""
        return bool(self.changes)

    def read(self) -> list[Change]:
        """Return what is new since the last call, in the order of the log."""
        changes, self.changes = self.changes, []
        if self.open:
            self.open.clear()
        return changes


class _Readers:
    """The cursors on a resource, by what they are told of it."""

    def __init__(self) -> None:
        self.of_states: list[Informer] = []
        self.of_objects: list[Informer] = []
        self.of_bodies: list[Informer] = []

    def like(self, cursor: Informer, resource: Resource) -> list[Informer]:
        """Return those that are told of the same changes as this one."""
        if cursor.open is None:
            return self.of_states
        return self.of_bodies if resource in cursor.ignore_status else self.of_objects


class SharedInformer:
    """The newest state of the objects that somebody reads, kept up with the store.

    A read shows the state after the last `pull`, which may be newer than what a cursor has read.
    A resource is kept from the first cursor on it, or the first read, so events that nobody reads
    take no memory and no time.

    Most components act on how things are, not on how they came about. So an object that is written
    several times before any of them reads is one change to them, from the state before to the
    newest: what can still be added to is kept by key, until one of them reads. A deletion stays a
    change of its own, and so does one of the status alone that another follows.

    A write of others is taken in if the API server could have stored it, else skipped with a
    warning in Python's log, as if it were not there: the object that was there before is deleted
    for readers, and the one that replaces it is created. An update that cannot be is both.

    Parameters
    ----------
    store : StoreLike
    registry : Registry
    written : Written, optional
        Writes of the API server in this process, which are not checked; without it everything is.

    Attributes
    ----------
    revision : int
        Everything up to here is in it.

    Raises
    ------
    CompactedError
        From `pull`, when what was not read has been compacted.
    """

    def __init__(
        self, store: StoreLike, registry: Registry, written: Written | None = None
    ) -> None:
        self._store = store
        self._registry = registry
        self._written = written or Written()
        self._written.reader_count += 1
        self._closed = False
        self._gate = Gate()
        self._skipped: dict[bytes, None] = {}
        self._objects: dict[Resource, dict[bytes, ApiObject]] = {}
        self._readers = {resource: _Readers() for resource in registry.kept}
        self._open: dict[bytes, Created | Updated] = {}
        self.revision = store.revision
        prefix = STORE_PREFIX.encode()
        start = self.revision + 1
        self._watch = store.watch(prefix, prefix_end(prefix), start_revision=start)
        self._leave_out()

    def _leave_out(self) -> None:
        """Read nothing of the resources that nobody asked for."""
        unread = [r.prefix for r in self._registry.kept if r not in self._objects]
        self._watch.exclude(unread)

    def _held(self, resource: Resource) -> dict[bytes, ApiObject]:
        """Return the objects of a resource; they are kept from the first call on."""
        objects = self._objects.get(resource)
        if objects is None:
            prefix = resource.prefix
            held = self._store.range(prefix, prefix_end(prefix), revision=self.revision)
            read = (self._checked(resource, kv.key, kv.value, kv.mod_revision) for kv in held.kvs)
            objects = self._objects[resource] = {obj.key: obj for obj in read if obj is not None}
            self._leave_out()
        return objects

    def _checked(
        self, resource: Resource, key: bytes, data: bytes, revision: int, like: Body | None = None
    ) -> ApiObject | None:
        """Return an object that others may have written; None, and a warning, if it is none."""
        why = undecodable(resource, key, data)
        if not why:
            obj = ApiObject.parse(resource, key, data, revision, like)
            why = self._gate.refusal(obj)
            if not why:
                return obj
        self._skipped[key] = None
        _LOGGER.warning("passed over %s at revision %d: %s", _shown(key), revision, why)
        return None

    def _changes_by_others(
        self, resource: Resource, key: bytes, data: bytes, revision: int, old: ApiObject | None
    ) -> list[Change]:
        """Return what a write of others is to readers."""
        was_skipped = key in self._skipped
        new = self._checked(resource, key, data, revision, old.body if old else None)
        if new is not None:
            self._skipped.pop(key, None)
        if old is None:
            return [Created(new, was_skipped)] if new is not None else []
        if new is None:
            return [Deleted(old)]
        if new.has_body_of(old):
            return [Updated(old, new, True)]
        if self._gate.is_another(old, new):
            return [Deleted(old), Created(new)]
        return [Updated(old, new)]

    def cursor(
        self,
        *resources: Resource,
        ignore_status: Collection[Resource] = (),
        every_version: bool = False,
    ) -> Informer:
        """Return a cursor on the changes of some resources.

        Parameters
        ----------
        *resources : Resource
            The resources that it reads; all there is of the first comes before the second.
        ignore_status : collection of Resource
            Of which of them only what is not the status matters: it is told of none of their
            changes that are of the status alone, and they cost it nothing.
        every_version : bool
            It is told of every state, also of one that was replaced before it was read, and of all
            that changed, not of bodies alone.
        """
        if every_version and ignore_status:
            raise ValueError("ignore_status: a cursor on each state is told of statuses, too")
        cursor = Informer(
            resources, frozenset(ignore_status), None if every_version else self._open
        )
        self._open.clear()
        for resource in resources:
            self._readers[resource].like(cursor, resource).append(cursor)
            cursor.changes.extend(Created(obj) for obj in self._held(resource).values())
        return cursor

    def forget(self, cursor: Informer) -> None:
        """Collect nothing more for a cursor."""
        for resource in cursor.resources:
            self._readers[resource].like(cursor, resource).remove(cursor)

    def pull(self) -> int:
        """Read what is new in the store; return the number of changes."""
        count = 0
        while True:
            events = self._watch.read_packed(_BATCH)
            self.revision = max(self.revision, events.revision)
            if not events:
                return count
            count += self._take(events)

    def _take(self, events: PackedEvents) -> int:
        """Take note of some changes; return how many of them somebody reads."""
        created_at = events.rows["create_revision"].tolist()
        revisions = events.rows["mod_revision"].tolist()
        take = self._written.take
        count = start = at = 0
        while at < len(revisions):
            states = take(revisions[at])
            if not states:
                at += 1
                continue
            if start < at:
                count += self._take_bytes(events, slice(start, at))
            start, at = at, at + len(states)
            count += self._take_states(states, created_at[start:at])
            start = at
        if start < at:
            count += self._take_bytes(events, slice(start, at))
        return count

    def _take_bytes(self, events: PackedEvents, rows: slice) -> int:
        """Take in some events as their bytes say."""
        prefix, parse = _NO_PREFIX, ApiObject.parse
        objects: dict[bytes, ApiObject] = {}
        runs: list[tuple[Resource, list[Change]]] = []
        keys, values = events.split()
        created_at = events.rows["create_revision"][rows].tolist()
        revisions = events.rows["mod_revision"][rows].tolist()
        covers = self._written.covers
        all_own = covers(revisions[0], revisions[-1])
        for key, data, created, revision in zip(
            keys[rows], values[rows], created_at, revisions, strict=True
        ):
            old = objects.get(key)
            if old is None and not key.startswith(prefix):  # Most come in runs of one resource.
                found = self._registry.of_key(key)
                if found is None or found not in self._objects:
                    continue
                resource, prefix = found, found.prefix
                objects, changes = self._objects[resource], list[Change]()
                old = objects.get(key)
                runs.append((resource, changes))
            if not created:
                if old is not None:
                    del objects[key]
                    changes.append(Deleted(old))
                else:
                    self._skipped.pop(key, None)
                continue
            # An own update of what was skipped has spliced some of that.
            if (old is None and created != revision) or not (all_own or covers(revision, revision)):
                told = self._changes_by_others(resource, key, data, revision, old)
                changes += told
                if told and type(told[-1]) is not Deleted:
                    objects[key] = told[-1].object
                else:
                    objects.pop(key, None)
                continue
            if old is None:
                new = parse(resource, key, data, revision)
                changes.append(Created(new))
            else:
                new = old.written_as(data, revision)
                changes.append(Updated(old, new, new.has_body_of(old)))
            objects[key] = new
        for resource, changes in runs:
            self._tell(resource, changes)
        return sum(len(changes) for _, changes in runs)

    def _take_states(self, states: list[ApiObject], created_at: list[int]) -> int:
        """Take in what an own write put, as the objects that it wrote: their bytes are not read."""
        resource, changes = states[0].resource, list[Change]()
        objects = self._objects.get(resource)
        if objects is None:
            return 0
        for new, created in zip(states, created_at, strict=True):
            key = new.key
            old = objects.get(key)
            if old is not None:
                changes.append(Updated(old, new, new.has_body_of(old)))
            elif created == new.revision:
                changes.append(Created(new))
            else:  # It has spliced some of what was passed over.
                changes += self._changes_by_others(resource, key, new.data, new.revision, None)
                if key in self._skipped:
                    continue
            objects[key] = new
        self._tell(resource, changes)
        return len(changes)

    def _tell(self, resource: Resource, changes: list[Change]) -> None:
        """Put changes of one resource behind the cursors that read them."""
        readers = self._readers[resource]
        for cursor in readers.of_states:
            cursor.changes.extend(changes)
        changes = self._of_objects(changes)
        for cursor in readers.of_objects:
            cursor.changes.extend(changes)
        if readers.of_bodies:
            changes = [change for change in changes if not change.is_status_alone]
            for cursor in readers.of_bodies:
                cursor.changes.extend(changes)

    def _of_objects(self, changes: list[Change]) -> list[Change]:
        """Add changes to those that nobody has read yet; return the others, open for more."""
        out: list[Change] = []
        opened = self._open
        for change in changes:
            obj = change.object
            key = obj.key
            if type(change) is Updated:
                held, is_status_alone = opened.get(key), change.is_status_alone
                if held is not None and (is_status_alone or not held.is_status_alone):
                    held.object = obj
                    continue
                held = opened[key] = Updated(change.old, obj, is_status_alone)
                out.append(held)
            elif type(change) is Created:
                held = opened[key] = Created(obj, change.is_return)
                out.append(held)
            else:
                opened.pop(key, None)
                out.append(change)
        return out

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until there may be something to pull, at most ``timeout`` seconds."""
        return self._watch.wait(timeout)

    def get(self, resource: Resource, name: str, namespace: str = "") -> ApiObject | None:
        """Return an object; None when it is not there."""
        return self._held(resource).get(resource.key(namespace, name))

    def has_skipped(self, resource: Resource, name: str, namespace: str = "") -> bool:
        """Say whether something lies in an object's place that is none."""
        return resource.key(namespace, name) in self._skipped

    def all(self, resource: Resource) -> Iterator[ApiObject]:
        """Return every object of a resource, in the order of creation as far as it was seen."""
        return iter(self._held(resource).values())

    def count(self, resource: Resource) -> int:
        """Return how many objects of a resource there are."""
        return len(self._held(resource))

    def close(self) -> None:
        """End the cursor on the store; a second call does nothing."""
        if not self._closed:
            self._written.reader_count -= 1
        self._closed = True
        self._watch.close()

    def __enter__(self) -> SharedInformer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _shown(key: bytes) -> str:
    """Return a key as text for people."""
    return ascii(key.decode(errors="backslashreplace"))
