"""Batches: many writes of one kind; bytes are spliced, and 128 go in one transaction.

A transaction that fails, because another write came between, is taken apart around the member that
made it fail, so that each gets its own answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, overload

from msgspec.structs import replace

from pykube_core.api.core import PODS
from pykube_core.api.intake import Mode, read
from pykube_core.api.machinery.field_errors import invalid_each
from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import (
    StatusError,
    already_exists,
    conflict,
    corrupt,
    invalid,
    not_found,
    too_large,
)
from pykube_core.api.machinery.times import time_text
from pykube_core.apiserver.registry.binding import Binding, BoundPods
from pykube_core.apiserver.registry.deletion import Deleted, DeleteOptions, deleted
from pykube_core.apiserver.registry.expiry import Expiry
from pykube_core.apiserver.registry.filling import FilledStatus, encoded, filled
from pykube_core.apiserver.registry.identity import Identity
from pykube_core.apiserver.registry.lifecycle import check_propagation
from pykube_core.apiserver.registry.unvalidated import Written, check_decodable, undecodable
from pykube_core.objects import ApiObject
from pykube_core.objects.encoded import OBJECT_BYTES_MAX
from pykube_core.store import OPERATIONS_MAX, REQUEST_BYTES_MAX, KeyValue, Puts, StoreLike

TXN_OPERATIONS_MAX: Final = OPERATIONS_MAX
_ATTEMPTS: Final = 8

Outcome = ApiObject | StatusError
Create = Callable[[Resource, KubeObject, str], ApiObject]
Target = tuple[str, str, str]
"""Namespace, name and uid of an object; uid "" is any."""


class Batch:
    """Writes of many objects, in transactions of up to 128; one outcome for each.

    An outcome is the object as it was written, or why it was not.

    Parameters
    ----------
    prepare : callable
        Makes of a resource, an object and a namespace the object ready to be put: defaulted,
        admitted, validated.
    create_one : callable
        Creates one object.
    """

    def __init__(
        self,
        store: StoreLike,
        identity: Identity,
        clock: Callable[[], int],
        expiry: Expiry,
        written: Written,
        *,
        prepare: Create,
        create_one: Create,
    ) -> None:
        self._prepare = prepare
        self._create_one = create_one
        self._store = store
        self._identity = identity
        self._clock = clock
        self._expiry = expiry
        self._written = written

    def create(
        self,
        resource: Resource,
        template: KubeObject,
        namespace: str = "",
        *,
        names: Sequence[str] = (),
        count: int = 0,
    ) -> list[Outcome]:
        """Create copies of one object that differ in name and uid alone.

        The template is defaulted, admitted and validated once, the names each; a fault of the
        template is raised.

        Parameters
        ----------
        names : sequence of str
            Their names; or
        count : int
            how many to create with names generated from the template's ``generateName``.
        """
        new = read(resource, template, Mode.SERVER)
        metadata = new["metadata"]
        metadata.pop("name", None)
        if names:
            metadata["name"] = names[0]
        first = self._prepare(resource, new, namespace)
        if first.data.count(f'"{name_of(new)}"'.encode()) > 1:
            # Something else may follow from the name, such as a namespace's label.
            return self._create_each(resource, template, namespace, names or [""] * count)
        directory = first.key[: -len(metadata["name"])]
        prefix = "" if names else metadata.get("generateName", "")
        out: list[Outcome] = []
        for at in range(0, len(names) or count, TXN_OPERATIONS_MAX):
            size = min((len(names) or count) - at, TXN_OPERATIONS_MAX)
            chosen = names[at : at + size] or self._distinct(prefix, size)
            out += self._create_named(first, directory, chosen, prefix)
        return out

    def _create_each(
        self, resource: Resource, template: KubeObject, namespace: str, names: Sequence[str]
    ) -> list[Outcome]:
        out: list[Outcome] = []
        for name in names:
            obj = template | {"metadata": template["metadata"] | {"name": name}}
            try:
                out.append(self._create_one(resource, obj, namespace))
            except StatusError as error:
                out.append(error)
        return out

    def _distinct(self, prefix: str, count: int) -> list[str]:
        names = dict.fromkeys(self._identity.names(prefix, count))
        while len(names) < count:
            names |= dict.fromkeys(self._identity.names(prefix, count - len(names)))
        return list(names)

    def _create_named(
        self, first: ApiObject, directory: bytes, names: Sequence[str], prefix: str
    ) -> list[Outcome]:
        out: list[Outcome] = []
        made: list[ApiObject] = []
        resource, body, status = first.resource, first.body, first.own_tail
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
            key = directory + name.encode()
            obj = ApiObject(resource, key, uid, body, first.bound_to, status, 0)
            made.append(obj)
            out.append(obj)
        written = iter(self._write(made))
        for index, outcome in enumerate(out):
            if isinstance(outcome, ApiObject):
                out[index] = next(written) or self._retry_name(outcome, prefix)
        return out

    def _retry_name(self, obj: ApiObject, prefix: str) -> Outcome:
        """Create an object whose name was taken under another, if its name was generated."""
        directory = obj.key[: -len(obj.name)]
        for other in self._identity.names(prefix, _ATTEMPTS) if prefix else ():
            again = self._write([replace(obj, key=directory + other.encode())])[0]
            if again is not None:
                return again
        return already_exists(obj.resource, obj.name)

    def bind(self, bindings: Sequence[Binding]) -> list[Outcome]:
        """Give pods their nodes, whose names are taken as they are; none is empty."""
        out: list[Outcome] = []
        for at in range(0, len(bindings), TXN_OPERATIONS_MAX):
            out += self._bind(bindings[at : at + TXN_OPERATIONS_MAX])
        return out

    def _bind(self, bindings: Sequence[Binding]) -> list[Outcome]:
        bound = BoundPods(time_text(self._clock()))
        pods = self._pods_of(bindings)
        outcomes = [
            pod if isinstance(pod, StatusError) else bound.pod(b, pod)
            for b, pod in zip(bindings, pods, strict=True)
        ]
        written = iter(self._write([each for each in outcomes if isinstance(each, ApiObject)]))
        for index, binding in enumerate(bindings):
            outcome: Outcome | None = outcomes[index]
            if isinstance(outcome, ApiObject):
                outcome = next(written)
            elif binding.pod is not None:
                outcome = None
            # A change that came between, or that the caller did not know, may have made it fail.
            outcomes[index] = outcome or self._bind([replace(binding, pod=None)])[0]
        return outcomes

    def _pods_of(self, bindings: Sequence[Binding]) -> Iterator[Outcome | None]:
        """Return the pods that come with bindings, and the others as they are now."""
        keys = [PODS.key(b.namespace, b.name) for b in bindings if b.pod is None]
        held = iter(self._store.get_many(keys) if keys else ())
        for binding in bindings:
            if binding.pod is not None:
                yield binding.pod
            else:
                kv = next(held)
                yield kv and self._read(PODS, kv)

    def _read(self, resource: Resource, kv: KeyValue) -> Outcome:
        """Return an object in the store, or that it does not decode."""
        try:
            check_decodable(self._written, resource, kv)
        except StatusError as error:
            return error
        return ApiObject.parse(resource, kv.key, kv.value, kv.mod_revision)

    @overload
    def patch_status(
        self, resource: Resource, items: Sequence[tuple[ApiObject, bytes]]
    ) -> list[Outcome]: ...
    @overload
    def patch_status(
        self, resource: Resource, items: Sequence[tuple[ApiObject, FilledStatus]]
    ) -> list[int | StatusError]: ...
    def patch_status(
        self, resource: Resource, items: Sequence[tuple[ApiObject, Any]]
    ) -> Sequence[Outcome | int]:
        """Replace the statuses of objects as read: 409 for those that have changed since.

        The second of each pair is the status as JSON, which a component encodes from a structure
        of its own, and of which only that it is JSON is checked; or, for all, it is a form that
        copies share, and then the outcome is the object's revision alone. A status equal to the one
        that is there writes nothing.
        """
        if items and isinstance(items[0][1], FilledStatus):
            revisions: list[int | StatusError] = []
            for at in range(0, len(items), TXN_OPERATIONS_MAX):
                revisions += self._fill_statuses(resource, items[at : at + TXN_OPERATIONS_MAX])
            return revisions
        return self._replace_statuses(resource, items)

    def _replace_statuses(
        self, resource: Resource, items: Sequence[tuple[ApiObject, bytes]]
    ) -> list[Outcome]:
        out: list[Outcome] = []
        for at in range(0, len(items), TXN_OPERATIONS_MAX):
            batch = items[at : at + TXN_OPERATIONS_MAX]
            made: list[ApiObject] = []
            place: list[int] = []
            for obj, status in batch:
                changed = obj.with_status(status)
                if changed.size > OBJECT_BYTES_MAX:
                    out.append(too_large())
                    continue
                if status != obj.own_tail:
                    made.append(changed)
                    place.append(len(out))
                out.append(obj)
            written = self._write(made)
            for index, obj, done in zip(place, made, written, strict=True):
                out[index] = done or conflict(resource, obj.name)
        return out

    def _fill_statuses(
        self, resource: Resource, items: Sequence[tuple[ApiObject, FilledStatus]]
    ) -> list[int | StatusError]:
        items = [
            (obj if obj.body.has_tail else obj.with_status(b""), filled) for obj, filled in items
        ]
        puts, tails = filled(items)
        if (
            len({obj.key for obj, _ in items}) < len(items)
            or max(puts.sizes) > OBJECT_BYTES_MAX
            or any(tail == obj.own_tail for (obj, _), tail in zip(items, tails, strict=True))
        ):  # An object may come twice, a status may be the same, or too large.
            pairs = [(obj, tail) for (obj, _), tail in zip(items, tails, strict=True)]
            outcomes = self._replace_statuses(resource, pairs)
            return [done.revision if isinstance(done, ApiObject) else done for done in outcomes]
        written = self._write_puts(resource, puts)
        if _is_one(written):
            states = [
                ApiObject(resource, o.key, o.uid, o.body, o.bound_to, tail, written[0])
                for (o, _), tail in zip(items, tails, strict=True)
            ]
            self._written.keep(written[0], states)
        return [
            revision or conflict(resource, obj.name)
            for (obj, _), revision in zip(items, written, strict=True)
        ]

    def put(self, objects: Sequence[ApiObject]) -> list[Outcome]:
        """Put whole objects of one resource that a component encodes itself, as stored.

        Each must be at the revision that it shows, 0 for one that must not exist yet, or its
        outcome is a 409; one that would not decode again is a 500. The rules of the kind are not
        asked: a component changes what was valid, and keeps it so.
        """
        out: list[Outcome | None] = [
            corrupt(obj.key.decode(), why)
            if (why := undecodable(obj.resource, obj.key, obj.data))
            else None
            for obj in objects
        ]
        sound = [obj for obj, refusal in zip(objects, out, strict=True) if refusal is None]
        written = iter(self._put(sound))
        return [refusal or next(written) for refusal in out]

    @overload
    def put_owned(self, resource: Resource, objects: Sequence[ApiObject]) -> list[Outcome]: ...
    @overload
    def put_owned(self, resource: Resource, objects: Puts) -> list[int]: ...
    def put_owned(
        self, resource: Resource, objects: Sequence[ApiObject] | Puts
    ) -> Sequence[Outcome | int]:
        """Put objects of a resource that has a single writer, such as leases and events.

        Nothing of them is checked but their revision, as `put` compares it. The keys and values of
        many may come together, no key twice; then each outcome is a revision, or 0 for a 409 and
        for what is too large.

        Raises
        ------
        ValueError
            Others may write this resource.
        """
        if not resource.single_writer:
            raise ValueError(f"{resource.plural}: others may write them; put_owned is for owners")
        if isinstance(objects, Puts):
            return self._write_puts(resource, objects)
        return self._put(objects)

    def _put(self, objects: Sequence[ApiObject]) -> list[Outcome]:
        out: list[Outcome] = []
        for at in range(0, len(objects), TXN_OPERATIONS_MAX):
            batch = objects[at : at + TXN_OPERATIONS_MAX]
            written = self._write(batch)
            out += [done or _refusal(obj) for obj, done in zip(batch, written, strict=True)]
        return out

    def delete(
        self,
        resource: Resource,
        targets: Sequence[Target],
        *,
        grace_period_seconds: int | None = None,
        propagation: str = "",
    ) -> list[Deleted | StatusError]:
        """Delete objects as the API server's `delete` does one.

        Objects that go at once and objects that are marked are a transaction each.
        """
        options = DeleteOptions(grace_period_seconds, propagation)
        return self.delete_with(resource, targets, options)

    def delete_with(
        self, resource: Resource, targets: Sequence[Target], options: DeleteOptions
    ) -> list[Deleted | StatusError]:
        """Delete objects or mark them, with all that a deletion may ask for."""
        check_propagation(options.propagation)
        out: list[Deleted | StatusError] = []
        for at in range(0, len(targets), TXN_OPERATIONS_MAX):
            out += self._delete(resource, targets[at : at + TXN_OPERATIONS_MAX], options)
        return out

    def _delete(
        self, resource: Resource, targets: Sequence[Target], options: DeleteOptions
    ) -> list[Deleted | StatusError]:
        keys = [resource.key(namespace, name) for namespace, name, _ in targets]
        now_ns = self._clock()
        out: list[Deleted | StatusError] = []
        pending: list[int] = []
        going: dict[bytes, ApiObject] = {}
        marked: dict[bytes, ApiObject] = {}
        gone: set[bytes] = set()
        for at, (target, kv) in enumerate(zip(targets, self._store.get_many(keys), strict=True)):
            if kv is None:
                out.append(not_found(resource, target[1]))
                continue
            held = self._read(resource, kv)
            if isinstance(held, StatusError):
                out.append(held)
                continue
            try:
                outcome = deleted(held, target[2], options, now_ns)
            except StatusError as error:
                out.append(error)
                continue
            out.append(outcome)
            if not options.dry_run and (outcome.gone or outcome.object is not held):
                pending.append(at)
                is_marked = outcome.object is not held
                (marked if is_marked else going).setdefault(kv.key, outcome.object)
                if outcome.gone:
                    gone.add(kv.key)
        outcomes = [*self._remove([*going.values()])]
        written = [obj for obj in self._write([*marked.values()]) if obj is not None]
        outcomes += [obj for obj in written if obj.key not in gone]
        outcomes += self._remove([obj for obj in written if obj.key in gone])
        done = {obj.key: obj for obj in outcomes if obj is not None}
        for at in pending:
            last = done.pop(keys[at], None)
            if last is None:  # Written by others meanwhile, or by the same target before.
                out[at] = self._delete(resource, [targets[at]], options)[0]
            else:
                out[at] = Deleted(last, last.key in gone)
        return out

    def _remove(self, objects: Sequence[ApiObject]) -> list[ApiObject | None]:
        """Delete objects that are as they show; their last states at that revision, else None."""
        if not objects:
            return []
        outcome = self._store.delete_if([(obj.key, obj.revision) for obj in objects])
        failed = outcome.failed
        if failed is None:
            self._written.add(outcome.revision)
            return [obj.at(outcome.revision) for obj in objects]
        return [*self._remove(objects[:failed]), None, *self._remove(objects[failed + 1 :])]

    def _write(self, objects: Sequence[ApiObject]) -> list[ApiObject | None]:
        """Put objects of one resource whose keys are at the revisions that they show; else None."""
        if not objects:
            return []
        keys = [obj.key for obj in objects]
        if len(set(keys)) < len(keys):
            middle = len(objects) // 2
            return self._write(objects[:middle]) + self._write(objects[middle:])
        if objects[0].body.is_shared:
            puts = encoded(objects)
        else:
            puts = Puts.of(keys, [obj.data for obj in objects], [obj.revision for obj in objects])
        revisions = self._write_puts(objects[0].resource, puts)
        if _is_one(revisions):
            states = [obj.at(revisions[0]) for obj in objects]
            self._written.keep(revisions[0], states)
            return [*states]
        return [
            obj.at(revision) if revision else None
            for obj, revision in zip(objects, revisions, strict=True)
        ]

    def _write_puts(self, resource: Resource, puts: Puts) -> list[int]:
        """Put what is encoded, no key twice; the revision of each, 0 for one that is refused.

        That is a key at another revision than said, or what is too large for a transaction.
        """
        count = len(puts)
        is_large = puts.request_bytes > REQUEST_BYTES_MAX
        if count > TXN_OPERATIONS_MAX or (is_large and count > 1):
            middle = count // 2
            return self._write_puts(resource, puts[:middle]) + self._write_puts(
                resource, puts[middle:]
            )
        if not count or is_large:
            return [0] * count
        outcome = self._store.put_if(puts, lease=self._expiry.lease(resource, count))
        failed = outcome.failed
        if failed is None:
            self._written.add(outcome.revision)
            return [outcome.revision] * count
        before, behind = puts[:failed], puts[failed + 1 :]
        return [*self._write_puts(resource, before), 0, *self._write_puts(resource, behind)]


def _is_one(revisions: list[int]) -> bool:
    """Say whether puts were one transaction: one that is refused parts the others."""
    return revisions[0] > 0 and revisions[0] == revisions[-1]


def _refusal(obj: ApiObject) -> StatusError:
    """Return why an object was not put."""
    if obj.size > OBJECT_BYTES_MAX:
        return too_large()
    return (conflict if obj.revision else already_exists)(obj.resource, obj.name)
