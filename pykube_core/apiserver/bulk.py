"""Many writes of one kind: bytes are spliced, and 128 go in one transaction.

A transaction that fails, because another write came between, is taken apart around the member that
made it fail, so that each gets its own answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from pykube_core.api.builtin import PODS
from pykube_core.api.field_errors import invalid_each, quoted
from pykube_core.api.objects import KubeObject
from pykube_core.api.registry import Resource
from pykube_core.api.status import (
    StatusError,
    already_exists,
    conflict,
    invalid,
    not_found,
    too_large,
)
from pykube_core.api.times import time_text
from pykube_core.apiserver.expiry import Expiry
from pykube_core.apiserver.identity import Identity
from pykube_core.apiserver.objects import (
    OBJECT_BYTES_MAX,
    REQUEST_BYTES_MAX,
    ApiObject,
    copied,
    identity_prefix,
    joined,
    members,
)
from pykube_core.store import Compare, Delete, KeyValue, StoreLike

TXN_OPERATIONS_MAX: Final = 128
_ATTEMPTS: Final = 8

Outcome = ApiObject | StatusError
Target = tuple[str, str, str]
"""Namespace, name and uid of an object; uid "" is any."""


class Binding(NamedTuple):
    """A pod and its node; ``uid`` makes sure that it is that very pod."""

    namespace: str
    name: str
    node: str
    uid: str = ""


class _Metadata(msgspec.Struct, gc=False):
    uid: str
    deletionTimestamp: str = ""


class _Spec(msgspec.Struct, gc=False):
    nodeName: str = ""
    schedulingGates: list[msgspec.Raw] = []


class _HeldMetadata(msgspec.Struct, gc=False):
    uid: str
    finalizers: list[str] = []


class _HeldSpec(msgspec.Struct, gc=False):
    finalizers: list[str] = []


class _Held(msgspec.Struct, gc=False):
    metadata: _HeldMetadata
    spec: _HeldSpec = msgspec.field(default_factory=_HeldSpec)

    @property
    def finalizers(self) -> list[str]:
        """What the object waits for before it goes."""
        return self.metadata.finalizers or self.spec.finalizers


_HELD: Final = msgspec.json.Decoder(_Held)
_METADATA: Final = msgspec.json.Decoder(_Metadata)
_SPEC: Final = msgspec.json.Decoder(_Spec)


class Bulk:
    """The batches of one API server."""

    def __init__(
        self, store: StoreLike, identity: Identity, clock: Callable[[], int], expiry: Expiry
    ) -> None:
        self._store = store
        self._identity = identity
        self._clock = clock
        self._expiry = expiry

    def create_copies(
        self, first: ApiObject, metadata: KubeObject, names: Sequence[str], count: int
    ) -> list[Outcome]:
        """Create copies of an object that is ready to be put; the first is not put by itself."""
        resource, uid = first.resource, metadata["uid"]
        tail = first.data[len(identity_prefix(resource, metadata["name"], uid)) :]
        directory = first.key[: -len(metadata["name"])]
        prefix = "" if names else metadata.get("generateName", "")
        out: list[Outcome] = []
        for at in range(0, len(names) or count, TXN_OPERATIONS_MAX):
            size = min((len(names) or count) - at, TXN_OPERATIONS_MAX)
            chosen = names[at : at + size] or self._distinct(prefix, size)
            out += self._create(resource, directory, tail, chosen, prefix)
        return out

    def _distinct(self, prefix: str, count: int) -> list[str]:
        names = dict.fromkeys(self._identity.names(prefix, count))
        while len(names) < count:
            names |= dict.fromkeys(self._identity.names(prefix, count - len(names)))
        return list(names)

    def _create(
        self,
        resource: Resource,
        directory: bytes,
        tail: bytes,
        names: Sequence[str],
        prefix: str,
    ) -> list[Outcome]:
        out: list[Outcome] = []
        made: list[ApiObject] = []
        rule = resource.name_rule
        # Generated names differ in five letters or digits, which no rule tells apart.
        complaints = rule(names[0])
        for name, uid in zip(names, self._identity.uids(len(names)), strict=True):
            if not prefix:
                complaints = rule(name)
            if complaints:
                error = invalid(resource, name, invalid_each("metadata.name", name, complaints))
                out.append(error)
                continue
            data = copied(resource, name, uid, tail)
            obj = ApiObject(resource, directory + name.encode(), data, 0)
            made.append(obj)
            out.append(obj)
        written = iter(self._write(made))
        for index, outcome in enumerate(out):
            if isinstance(outcome, ApiObject):
                out[index] = next(written) or self._retry_name(outcome, prefix)
        return out

    def _retry_name(self, obj: ApiObject, prefix: str) -> Outcome:
        """Create an object whose name was taken under another, if its name was generated."""
        resource, name = obj.resource, obj.name
        directory = obj.key[: -len(name)]
        uid = obj.view(_Identified).metadata.uid
        tail = obj.data[len(identity_prefix(resource, name, uid)) :]
        for other in self._identity.names(prefix, _ATTEMPTS) if prefix else ():
            data = copied(resource, other, uid, tail)
            again = self._write([ApiObject(resource, directory + other.encode(), data, 0)])[0]
            if again is not None:
                return again
        return already_exists(resource, name)

    def bind_many(self, bindings: Sequence[Binding]) -> list[Outcome]:
        """Give pods their nodes."""
        out: list[Outcome] = []
        for at in range(0, len(bindings), TXN_OPERATIONS_MAX):
            out += self._bind(bindings[at : at + TXN_OPERATIONS_MAX])
        return out

    def _bind(self, bindings: Sequence[Binding]) -> list[Outcome]:
        keys = [PODS.key(binding.namespace, binding.name) for binding in bindings]
        bound = _Bound(time_text(self._clock()))
        held = self._store.get_many(keys)
        outcomes = [bound.pod(b, kv) for b, kv in zip(bindings, held, strict=True)]
        ready: dict[bytes, ApiObject] = {}
        for outcome in outcomes:
            if isinstance(outcome, ApiObject):
                ready.setdefault(outcome.key, outcome)
        written = {obj.key: obj for obj in self._write([*ready.values()]) if obj is not None}
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, ApiObject):
                done = written.pop(outcome.key, None)
                outcomes[index] = done or self._bind([bindings[index]])[0]
        return outcomes

    def replace_status_many(
        self, resource: Resource, items: Sequence[tuple[ApiObject, bytes]]
    ) -> list[Outcome]:
        """Replace statuses."""
        out: list[Outcome] = []
        for at in range(0, len(items), TXN_OPERATIONS_MAX):
            batch = items[at : at + TXN_OPERATIONS_MAX]
            made: list[ApiObject] = []
            place: list[int] = []
            for obj, status in batch:
                changed = obj.with_status(status)
                if len(changed.data) > OBJECT_BYTES_MAX:
                    out.append(too_large())
                    continue
                if changed.data != obj.data:
                    made.append(changed)
                    place.append(len(out))
                out.append(obj)
            written = self._write(made)
            for index, obj, done in zip(place, made, written, strict=True):
                out[index] = done or conflict(resource, obj.name)
        return out

    def write_encoded(self, objects: Sequence[ApiObject]) -> list[Outcome]:
        """Put whole objects, each at the revision that it shows."""
        out: list[Outcome] = []
        for at in range(0, len(objects), TXN_OPERATIONS_MAX):
            batch = objects[at : at + TXN_OPERATIONS_MAX]
            written = self._write(batch)
            out += [
                done or (conflict if obj.revision else already_exists)(obj.resource, obj.name)
                for obj, done in zip(batch, written, strict=True)
            ]
        return out

    def delete_many(self, resource: Resource, targets: Sequence[Target]) -> list[Outcome | None]:
        """Delete objects; None for one that something holds, or that was written meanwhile."""
        out: list[Outcome | None] = []
        for at in range(0, len(targets), TXN_OPERATIONS_MAX):
            out += self._delete(resource, targets[at : at + TXN_OPERATIONS_MAX])
        return out

    def _delete(self, resource: Resource, targets: Sequence[Target]) -> list[Outcome | None]:
        keys = [resource.key(namespace, name) for namespace, name, _ in targets]
        out: list[Outcome | None] = []
        free: dict[bytes, int] = {}
        compares: list[Compare] = []
        for at, (target, kv) in enumerate(zip(targets, self._store.get_many(keys), strict=True)):
            if kv is None:
                out.append(not_found(resource, target[1]))
                continue
            held = _HELD.decode(kv.value)
            out.append(None)
            if target[2] in ("", held.metadata.uid) and not held.finalizers and kv.key not in free:
                free[kv.key] = at
                compares.append(Compare("mod", kv.key, "=", kv.mod_revision))
                out[at] = ApiObject(resource, kv.key, kv.value, kv.mod_revision)
        if free:
            outcome = self._store.txn(compares, [Delete(key) for key in free])
            for at in free.values():
                obj = out[at]
                assert isinstance(obj, ApiObject)
                out[at] = obj.at(outcome.revision) if outcome.succeeded else None
        return out

    def _write(self, objects: Sequence[ApiObject]) -> list[ApiObject | None]:
        """Put objects of one resource whose keys are at the revisions that they show; else None."""
        if not objects:
            return []
        keys = [obj.key for obj in objects]
        values = [obj.data for obj in objects]
        size_bytes = sum(map(len, values)) + 2 * sum(map(len, keys))
        alone = len(set(keys)) < len(keys)
        if (alone or size_bytes > REQUEST_BYTES_MAX) and len(objects) > 1:
            middle = len(objects) // 2
            return self._write(objects[:middle]) + self._write(objects[middle:])
        resource = objects[0].resource
        lease = self._expiry.lease(resource, len(objects))
        revisions = [obj.revision for obj in objects]
        outcome = self._store.put_if(list(zip(keys, values, revisions, strict=True)), lease=lease)
        failed, revision = outcome.failed, outcome.revision
        if failed is None:
            return [obj.at(revision) for obj in objects]
        return [*self._write(objects[:failed]), None, *self._write(objects[failed + 1 :])]


class _IdentifiedMetadata(msgspec.Struct):
    uid: str


class _Identified(msgspec.Struct):
    metadata: _IdentifiedMetadata


class _Bound:
    """Pods with their nodes, at one time; equal statuses are changed once."""

    def __init__(self, now: str) -> None:
        self._now = now
        self._statuses: dict[bytes, bytes] = {}

    def pod(self, binding: Binding, kv: KeyValue | None) -> Outcome:
        """Return a pod with its node, at the revision that was read, or why it cannot have it."""
        if kv is None:
            return not_found(PODS, binding.name)
        parts = members(kv.value)
        metadata, spec = _METADATA.decode(parts.metadata), _SPEC.decode(parts.spec)
        name, why = binding.name, ""
        if binding.uid and binding.uid != metadata.uid:
            why = (
                f"Precondition failed: UID in precondition: {binding.uid}, "
                f"UID in object meta: {metadata.uid}"
            )
        elif metadata.deletionTimestamp:
            why = f"pod {name} is being deleted, cannot be assigned to a host"
        elif spec.nodeName:
            why = f"pod {name} is already assigned to node {quoted(spec.nodeName)}"
        elif spec.schedulingGates:
            why = f"pod {name} has non-empty .spec.schedulingGates"
        if why:
            subresource = "pods/binding"
            return conflict(PODS, name, why, qualified=subresource, kind=subresource)
        node = msgspec.json.encode(binding.node)
        placed = b'{"nodeName":' + node + b"," + bytes(parts.spec)[1:]
        status = bytes(parts.status)
        if status not in self._statuses:
            self._statuses[status] = self._scheduled(status)
        data = joined(PODS, bytes(parts.metadata), placed, self._statuses[status])
        return ApiObject(PODS, kv.key, data, kv.mod_revision)

    def _scheduled(self, status: bytes) -> bytes:
        """Return a status with the condition PodScheduled, and without a nomination."""
        decoded: KubeObject = msgspec.json.decode(status)
        decoded.pop("nominatedNodeName", None)
        condition = {
            "type": "PodScheduled",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": self._now,
        }
        conditions = list(decoded.get("conditions") or ())
        for index, held in enumerate(conditions):
            if held.get("type") == "PodScheduled":
                if held.get("status") == "True":
                    condition["lastTransitionTime"] = held.get("lastTransitionTime")
                conditions[index] = condition
                break
        else:
            conditions.append(condition)
        return msgspec.json.encode(decoded | {"conditions": conditions})
