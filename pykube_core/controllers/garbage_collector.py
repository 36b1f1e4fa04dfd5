"""The garbage collector: what owners leave behind, in the background, first of all, or not at all.

Source: ``k8s.io/kubernetes/pkg/controller/garbagecollector`` (garbagecollector.go,
graph_builder.go) v1.34.1 to v1.37.2. Differences: whether an owner exists is read from the log,
which has every object, not asked for; an object with an owner of a kind or version that is not
served is left alone as a whole, as upstream leaves it, but not tried again for ever.

An object is looked at when an owner of it is gone, or is another than it says (in its kind, its
version, its namespace or its name), or waits for it; not when its owners are simply there. An
update whose metadata did not change is skipped undecoded.
"""

from __future__ import annotations

from sys import intern
from typing import Final

import msgspec

from pykube_core.api.core import EVENTS, PODS
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.patch import STRATEGIC_MERGE_PATCH
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import StatusError
from pykube_core.client import FOREGROUND, ORPHAN, Client, Target
from pykube_core.client.informers import Change, Deleted, SharedInformer, Updated
from pykube_core.client.recorder import WARNING, EventText, Reference
from pykube_core.controllers.controller import Controller, Note
from pykube_core.objects import ApiObject, Body

_FACTS_MAX: Final = 4096


class _Owner(msgspec.Struct, gc=False):
    apiVersion: str
    kind: str
    name: str
    uid: str
    blockOwnerDeletion: bool = False

    @property
    def group(self) -> str:
        """The group of its kind; "" is the core group."""
        return self.apiVersion.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version of its kind; "-" is none, as no version is."""
        return self.apiVersion.rpartition("/")[2] or "-"


class _Metadata(msgspec.Struct, gc=False):
    deletionTimestamp: str = ""
    finalizers: list[str] = []
    ownerReferences: list[_Owner] = []


class _View(msgspec.Struct, gc=False):
    metadata: _Metadata


class _Thing(msgspec.Struct, gc=False):
    """An object in the graph; ``owners`` are uids, ``place`` is its namespace, if it has one.

    ``owner_keys`` are where its owners have to be to be what it says; b"" is nowhere.
    ``waits`` says that it is being deleted and waits for its dependents to go, ``orphans`` that it
    waits for them to be released.
    """

    resource: Resource
    key: bytes
    place: str
    owners: tuple[str, ...]
    owner_keys: tuple[bytes, ...]
    deleting: bool
    waits: bool
    orphans: bool


class _Facts(msgspec.Struct, gc=False):
    """The part of metadata that copies have in common, as `_Thing` has it."""

    owners: tuple[str, ...]
    owner_keys: tuple[bytes, ...]
    deleting: bool
    waits: bool
    orphans: bool


class GarbageCollector(Controller):
    """The garbage collector, over all resources but events."""

    name = "garbage-collector-controller"
    component = "garbage-collector-controller"

    def __init__(self, client: Client, log: SharedInformer) -> None:
        # Pods last: their owners are known then.
        others = [r for r in client.registry.kept if r not in (EVENTS, PODS)]
        resources = (*others, PODS)
        super().__init__(client, log, resources, ignore_status=resources)
        self._registry = client.registry
        self._facts: dict[Body, _Facts] = {}
        self._things: dict[str, _Thing] = {}
        self._dependents: dict[str, dict[str, None]] = {}
        # Objects to be deleted in this step, by resource and propagation.
        self._deleting: dict[tuple[Resource, str], list[Target]] = {}

    def _note_of(self, resource: Resource) -> Note:
        return self._note

    def _note(self, change: Change, now_ns: int) -> None:
        obj = change.object
        if type(change) is Deleted:
            self._remove(obj.uid)
            return
        body = obj.body
        if type(change) is Updated:
            before = change.old.body
            if before is body or before.metadata == body.metadata:
                return
        facts = self._facts.get(body)
        if facts is None:
            if len(self._facts) >= _FACTS_MAX:
                self._facts.clear()
            facts = self._facts[body] = self._read(obj)
        thing = _Thing(
            obj.resource,
            obj.key,
            intern(obj.namespace),
            facts.owners,
            facts.owner_keys,
            facts.deleting,
            facts.waits,
            facts.orphans,
        )
        self._put(obj.uid, thing)

    def _read(self, obj: ApiObject) -> _Facts:
        """Return what an object's metadata say, which its copies share."""
        metadata, namespace = obj.body.view(_View).metadata, obj.namespace
        owners = metadata.ownerReferences
        deleting = bool(metadata.deletionTimestamp)
        return _Facts(
            tuple([intern(owner.uid) for owner in owners]),
            tuple([self._place_of(owner, obj.resource, namespace)[1] for owner in owners]),
            deleting,
            deleting and FOREGROUND in metadata.finalizers,
            deleting and ORPHAN in metadata.finalizers,
        )

    def _put(self, uid: str, thing: _Thing) -> None:
        old = self._things.get(uid)
        self._things[uid] = thing
        for owner, key in zip(thing.owners, thing.owner_keys, strict=True):
            dependents = self._dependents.get(owner)
            if dependents is None:
                dependents = self._dependents[owner] = {}
            dependents[uid] = None
            held = self._things.get(owner)
            if held is None or held.waits or held.key != key:
                self._queue.add(uid)
            if held is not None and held.waits:
                self._queue.add(owner)  # It may keep its owner no more.
        if old is not None:
            for owner in old.owners:
                if owner not in thing.owners:
                    self._leave(uid, owner)
        if thing.orphans:
            self._queue.add(uid)
        if thing.waits and not (old and old.waits):
            self._queue.add(uid)
            for dependent in self._dependents.get(uid, ()):
                self._queue.add(dependent)

    def _leave(self, uid: str, owner: str) -> None:
        """Take an object from its owner, who may have waited for it."""
        dependents = self._dependents[owner]
        del dependents[uid]
        if not dependents:
            del self._dependents[owner]
        held = self._things.get(owner)
        if held is not None and held.waits:
            self._queue.add(owner)

    def _remove(self, uid: str) -> None:
        thing = self._things.pop(uid, None)
        self._queue.remove(uid)
        for owner in dict.fromkeys(thing.owners if thing else ()):
            self._leave(uid, owner)
        for dependent in self._dependents.get(uid, ()):
            self._queue.add(dependent)

    def _work(self, keys: list[str], now_ns: int) -> None:
        """Work on keys, each by itself; what nobody owns is deleted behind them, in batches."""
        super()._work(keys, now_ns)
        deleting, self._deleting = self._deleting, {}
        for (resource, propagation), targets in deleting.items():
            outcomes = self._client.batch.delete(resource, targets, propagation=propagation)
            for (_, _, uid), outcome in zip(targets, outcomes, strict=True):
                if isinstance(outcome, StatusError) and outcome.code not in (404, 409):
                    self._queue.retry(uid, now_ns)
                    continue
                self._queue.succeed(uid)
                if not isinstance(outcome, StatusError):
                    self._wrote(outcome.object)

    def _sync(self, key: str, now_ns: int) -> bool | None:
        thing = self._things.get(key)
        if thing is None:
            return True
        namespace, name = thing.resource.split_key(thing.key)
        obj = self._log.get(thing.resource, name, namespace)
        if obj is None:
            return True
        try:
            if thing.orphans:
                self._orphan(key, obj)
            elif thing.waits:
                if not any(self._blocks(d, key) for d in self._dependents.get(key, ())):
                    self._drop_finalizer(key, obj, FOREGROUND)
            elif thing.owners and not thing.deleting:
                return self._judge(key, thing, obj)
        except StatusError as error:
            # It is gone, or has changed: its news brings it back.
            return error.code in (404, 409)
        return True

    def _judge(self, uid: str, thing: _Thing, obj: ApiObject) -> bool | None:
        """Delete an object that nobody owns (None), take from it owners that are no more."""
        solid, waiting, gone = 0, [], []
        namespace, name = obj.resource.split_key(obj.key)
        metadata = obj.view(_View).metadata
        self._tell_places(uid, thing, obj, metadata.ownerReferences)
        for owner in metadata.ownerReferences:
            resource, key = self._place_of(owner, thing.resource, namespace)
            if resource is None:
                return True
            held = self._things.get(owner.uid)
            if held is None and self._log.has_skipped(resource, owner.name, namespace):
                solid += 1  # Nobody knows whether that is its owner.
            elif held is None or held.key != key:
                gone.append(owner.uid)
            elif held.waits:
                waiting.append(owner.uid)
            else:
                solid += 1
        if solid:
            if gone or waiting:
                self._release(uid, obj, [*gone, *waiting])
            return True
        dependents = self._dependents.get(uid, ())
        if waiting and dependents:
            if any(self._things[d].waits for d in dependents if d in self._things):
                # A circle of owners that wait for one another.
                self._unblock(uid, obj)
            propagation = "Foreground"
        else:
            propagation = "Background"
            if ORPHAN in metadata.finalizers:
                propagation = "Orphan"
            elif FOREGROUND in metadata.finalizers:
                propagation = "Foreground"
        deleting = self._deleting.setdefault((obj.resource, propagation), [])
        deleting.append((namespace, name, uid))
        return None

    def _place_of(
        self, owner: _Owner, resource: Resource, namespace: str
    ) -> tuple[Resource | None, bytes]:
        """Return what an owner is and where it has to be; None and b"" where it can be nowhere.

        Parameters
        ----------
        resource, namespace : Resource, str
            Of the object that names it.
        """
        found = self._registry.of_kind(owner.kind, owner.group, owner.version)
        if found is None:
            return None, b""
        if found.namespaced and not resource.namespaced:
            return None, b""
        return found, found.key(namespace, owner.name)

    def _tell_places(self, uid: str, thing: _Thing, obj: ApiObject, owners: list[_Owner]) -> None:
        """Tell of an owner that is there, but in a namespace where it cannot own this.

        The first owner that is not what the object says is the last one that is looked at.
        """
        for owner, key in zip(owners, thing.owner_keys, strict=False):
            held = self._things.get(owner.uid)
            if held is None or held.key == key:
                continue
            if held.place not in ("", thing.place):
                namespace = obj.namespace
                regarding = Reference(obj.resource, namespace, obj.name, uid)
                message = (
                    f"ownerRef [{owner.apiVersion}/{owner.kind}, namespace: {namespace}, "
                    f"name: {owner.name}, uid: {owner.uid}] does not exist in namespace "
                    f'"{namespace}"'
                )
                text = EventText(WARNING, "OwnerRefInvalidNamespace", message)
                self._events.record(regarding, text)
            return

    def _blocks(self, dependent: str, owner: str) -> bool:
        """Say whether a dependent keeps an owner that waits."""
        thing = self._things[dependent]
        namespace, name = thing.resource.split_key(thing.key)
        obj = self._log.get(thing.resource, name, namespace)
        if obj is None:
            return False
        references = obj.view(_View).metadata.ownerReferences
        return any(r.uid == owner and r.blockOwnerDeletion for r in references)

    def _orphan(self, uid: str, obj: ApiObject) -> None:
        """Release all dependents, then let the owner go."""
        for dependent in list(self._dependents.get(uid, ())):
            thing = self._things[dependent]
            namespace, name = thing.resource.split_key(thing.key)
            held = self._log.get(thing.resource, name, namespace)
            if held is None:
                continue
            try:
                self._release(dependent, held, [uid])
            except StatusError as error:
                if error.code != 404:
                    raise
        self._drop_finalizer(uid, obj, ORPHAN)

    def _release(self, uid: str, obj: ApiObject, owners: list[str]) -> None:
        self._patch(uid, obj, {"ownerReferences": [{"$patch": "delete", "uid": o} for o in owners]})

    def _unblock(self, uid: str, obj: ApiObject) -> None:
        references = [
            {"uid": owner.uid, "blockOwnerDeletion": False}
            for owner in obj.view(_View).metadata.ownerReferences
            if owner.blockOwnerDeletion
        ]
        if references:
            self._patch(uid, obj, {"ownerReferences": references})

    def _drop_finalizer(self, uid: str, obj: ApiObject, finalizer: str) -> None:
        self._patch(uid, obj, {"$deleteFromPrimitiveList/finalizers": [finalizer]})

    def _patch(self, uid: str, obj: ApiObject, metadata: KubeObject) -> None:
        patch = {"metadata": {"uid": uid} | metadata}
        done = self._client.patch(
            obj.resource, patch, obj.name, obj.namespace, patch_type=STRATEGIC_MERGE_PATCH
        )
        self._wrote(done)
