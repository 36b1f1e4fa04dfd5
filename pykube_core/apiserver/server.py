"""The API in process: the one way to the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from pykube_core.api.builtin import BUILTIN
from pykube_core.api.core import NAMESPACES
from pykube_core.api.intake import Mode, check, read
from pykube_core.api.machinery.field_errors import FieldError, required
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.patch import MERGE_PATCH
from pykube_core.api.machinery.registry import Registry, Resource
from pykube_core.api.machinery.status import (
    StatusError,
    already_exists,
    bad_request,
    conflict,
    continue_expired,
    expired,
    invalid,
    method_not_allowed,
    not_found,
    too_large,
    too_large_version,
)
from pykube_core.api.scheduling import PRIORITY_CLASSES
from pykube_core.api.scheduling.priority import SYSTEM_PRIORITIES
from pykube_core.apiserver.admission.namespace_lifecycle import admit_namespace
from pykube_core.apiserver.admission.priority import admit_priority
from pykube_core.apiserver.registry import lifecycle
from pykube_core.apiserver.registry.batch import Batch
from pykube_core.apiserver.registry.binding import Binding
from pykube_core.apiserver.registry.deletion import Deleted, DeleteOptions
from pykube_core.apiserver.registry.expiry import Expiry
from pykube_core.apiserver.registry.identity import Identity
from pykube_core.apiserver.registry.lists import ObjectList, list_revision, page, read_version
from pykube_core.apiserver.registry.paging import INCONSISTENT, decode_token, encode_token
from pykube_core.apiserver.registry.selection import Selection
from pykube_core.apiserver.registry.unvalidated import Written, check_decodable
from pykube_core.apiserver.registry.watch import ObjectWatch
from pykube_core.objects import ApiObject, encode
from pykube_core.objects.encoded import OBJECT_BYTES_MAX
from pykube_core.store import CompactedError, StoreLike, prefix_end

SYSTEM_NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")

_NAME_ATTEMPTS: Final = 8


class ApiServer:
    """Kubernetes' API over a store: what kube-apiserver does, without HTTP.

    Objects go in as decoded JSON and come out as `ApiObject`. Every method raises `StatusError`
    with Kubernetes' reason and words; what fails, and what is a dry run, writes nothing. Writes
    compare the revision that they read, so several servers may share a store.

    Parameters
    ----------
    store : StoreLike
    registry : Registry
        The resources that it serves.
    clock : callable
        Nanoseconds since the epoch.
    seed : int
        Of uids and generated names.

    Attributes
    ----------
    written : Written
        The revisions that it has written.
    batch : Batch
        Writes of many objects.
    """

    def __init__(
        self,
        store: StoreLike,
        *,
        clock: Callable[[], int],
        registry: Registry = BUILTIN,
        seed: int = 0,
    ) -> None:
        self.registry = registry
        self._store = store
        self._clock = clock
        self._identity = Identity(seed, store.revision)
        self._expiry = Expiry(store, clock)
        self.written = Written()
        self.batch = Batch(
            store, self._identity, clock, self._expiry, self.written,
            prepare=self._prepared, create_one=self.create,
        )  # fmt: skip

    @property
    def revision(self) -> int:
        """The resource version of now."""
        return self._store.revision

    def bootstrap(self) -> None:
        """Create the system's namespaces and priority classes that are missing."""
        for name in SYSTEM_NAMESPACES:
            self._ensure(NAMESPACES, {"metadata": {"name": name}})
        for name, value in SYSTEM_PRIORITIES.items():
            self._ensure(PRIORITY_CLASSES, {"metadata": {"name": name}, "value": value})

    def _ensure(self, resource: Resource, obj: KubeObject) -> None:
        if self._store.get(resource.key("", name_of(obj))) is None:
            self.create(resource, obj)

    def get(self, resource: Resource, name: str, namespace: str = "") -> ApiObject:
        """Return an object: 404 when there is none."""
        key = resource.key(namespace or "default", name)
        kv = self._store.get(key)
        if kv is None:
            raise not_found(resource, name)
        check_decodable(self.written, resource, kv)
        return ApiObject.parse(resource, key, kv.value, kv.mod_revision)

    def create(
        self,
        resource: Resource,
        obj: Json,
        namespace: str = "",
        *,
        dry_run: bool = False,
        field_validation: str = "Strict",
        warnings: list[str] | None = None,
    ) -> ApiObject:
        """Create an object: 409 when its name is taken.

        ``field_validation`` and ``warnings`` are those of `intake.read`.
        """
        new = read(resource, obj, Mode.SERVER, field_validation=field_validation, warnings=warnings)
        generated = not new["metadata"].get("name") and new["metadata"].get("generateName", "")
        for attempt in range(_NAME_ATTEMPTS):
            created = self._prepared(resource, new, namespace)
            if dry_run:
                if self._store.get(created.key) is None:
                    return created
            elif revision := self._put(created, 0):
                return created.at(revision)
            if not generated or attempt == _NAME_ATTEMPTS - 1:
                break
            new["metadata"].pop("name")
        raise already_exists(resource, name_of(new))

    def _prepared(self, resource: Resource, new: KubeObject, namespace: str) -> ApiObject:
        """Return a decoded object ready to be put, with whatever creation adds to it."""
        metadata = new["metadata"]
        namespace = lifecycle.adopt_namespace(resource, new, namespace)
        if metadata.get("resourceVersion"):
            raise StatusError(500, "", "resourceVersion should not be set on objects to be created")
        if metadata.get("generateName") and not metadata.get("name"):
            metadata["name"] = self._identity.names(metadata["generateName"], 1)[0]
        name = metadata.get("name") or ""
        if namespace:
            admit_namespace(self._store, self.written, resource, name, namespace)
        lifecycle.begin(resource, new, self._identity.uids(1)[0], self._clock())
        admit_priority(self._store, self.written, resource, new, is_new=True)
        check(resource, new, Mode.SERVER)
        data = _encoded(resource, new)
        return ApiObject.parse(resource, resource.key(namespace, name), data, 0)

    def update(
        self,
        resource: Resource,
        obj: Json,
        name: str = "",
        namespace: str = "",
        *,
        subresource: str = "",
        dry_run: bool = False,
        field_validation: str = "Strict",
        warnings: list[str] | None = None,
    ) -> ApiObject:
        """Replace an object, or the part that a subresource ("status", "scale") writes.

        With a resource version: 409 when the object has another by now.
        """
        self._check_subresource(resource, subresource)
        given = obj.get("metadata") if isinstance(obj, dict) else None
        given = given if isinstance(given, dict) else {}
        if name and given.get("name") not in (None, "", name):
            raise bad_request(
                f"the name of the object ({given['name']}) does not match the name on the URL "
                f"({name})"
            )
        name = name or str(given.get("name") or "")
        namespace = namespace or str(given.get("namespace") or "")

        def replaced(old: KubeObject) -> KubeObject:
            if subresource == "scale":
                return lifecycle.scaled(old, obj)
            new = read(
                resource, obj, Mode.SERVER, field_validation=field_validation, warnings=warnings
            )
            lifecycle.adopt_namespace(resource, new, namespace)
            new["metadata"]["name"] = name
            if not (new["metadata"].get("resourceVersion") or resource.unconditional_update):
                detail = "Invalid value: 0x0: must be specified for an update"
                error = FieldError("FieldValueInvalid", "metadata.resourceVersion", detail)
                raise invalid(resource, name, [error])
            return new

        try:
            return self._modify(resource, name, namespace, replaced, subresource, dry_run)
        except StatusError as error:
            if error.code != 404 or not resource.create_on_update or given.get("resourceVersion"):
                raise
        return self.create(
            resource,
            obj,
            namespace,
            dry_run=dry_run,
            field_validation=field_validation,
            warnings=warnings,
        )

    def patch(
        self,
        resource: Resource,
        patch: Json,
        name: str,
        namespace: str = "",
        *,
        patch_type: str = MERGE_PATCH,
        subresource: str = "",
        dry_run: bool = False,
        field_validation: str = "Strict",
        warnings: list[str] | None = None,
    ) -> ApiObject:
        """Change an object, or what a subresource shows of it, as a patch says.

        ``patch_type`` is one of the media types in `pykube_core.api.machinery.patch`.
        """
        self._check_subresource(resource, subresource)

        def patched(old: KubeObject) -> KubeObject:
            scale = subresource == "scale"
            shown = lifecycle.scale_of(old) if scale else old
            new = lifecycle.apply_patch(resource, shown, patch, patch_type)
            if scale:
                return lifecycle.scaled(old, new)
            sent = read(
                resource, new, Mode.SERVER, field_validation=field_validation, warnings=warnings
            )
            if name_of(sent) != name:
                raise bad_request(
                    f"the name of the object ({name_of(sent)}) does not match the name on the URL "
                    f"({name})"
                )
            return sent

        return self._modify(resource, name, namespace, patched, subresource, dry_run)

    def _check_subresource(self, resource: Resource, subresource: str) -> None:
        known = {
            "": True,
            "status": resource.has_status,
            "scale": resource.has_scale,
            resource.spec_subresource: True,
        }
        if not known.get(subresource):
            raise method_not_allowed()

    def _modify(
        self,
        resource: Resource,
        name: str,
        namespace: str,
        change: Callable[[KubeObject], KubeObject],
        subresource: str,
        dry_run: bool,
    ) -> ApiObject:
        """Write what ``change`` makes of an object; again when another write came between."""
        part = "" if subresource == "scale" else subresource
        while True:
            held = self.get(resource, name, namespace)
            old: KubeObject = msgspec.json.decode(held.data)
            new = change(held.decode())
            version = new["metadata"].pop("resourceVersion", "")
            if version and read_version(version) != held.revision:
                raise conflict(resource, name)
            new = lifecycle.change(resource, new, old, part)
            admit_priority(self._store, self.written, resource, new, is_new=False)
            if new == old:
                return held
            changed = ApiObject.parse(resource, held.key, _encoded(resource, new), 0, held.body)
            if dry_run:
                return changed
            if lifecycle.may_go(new):
                if revision := self._remove(held):
                    return changed.at(revision)
            elif revision := self._put(changed, held.revision):
                return changed.at(revision)

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str = "",
        *,
        grace_period_seconds: int | None = None,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "",
        dry_run: bool = False,
    ) -> Deleted:
        """Delete an object, or mark it: pods get time to end, finalizers hold what they are on.

        Parameters
        ----------
        grace_period_seconds : int, optional
            0 deletes at once; by default a pod's own.
        uid, resource_version : str
            409 when the object has others.
        propagation : str
            "Background", "Foreground" or "Orphan"; what becomes of dependents is done by the
            garbage collector.

        Raises
        ------
        StatusError
            403: the namespace may not be deleted. 404: it is not there. 409: a precondition fails.
            422: there is no such propagation.
        """
        options = DeleteOptions(grace_period_seconds, propagation, resource_version, dry_run)
        targets = [(namespace or "default", name, uid)]
        outcome = self.batch.delete_with(resource, targets, options)[0]
        if isinstance(outcome, StatusError):
            raise outcome
        return outcome

    def delete_collection(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        grace_period_seconds: int | None = None,
        propagation: str = "",
    ) -> list[Deleted]:
        """Delete every object that is selected; one that goes meanwhile is left out."""
        found = self.list(
            resource, namespace, label_selector=label_selector, field_selector=field_selector
        )
        outcomes = self.batch.delete(
            resource,
            [(obj.namespace, obj.name, "") for obj in found.items],
            grace_period_seconds=grace_period_seconds,
            propagation=propagation,
        )
        for outcome in outcomes:
            if isinstance(outcome, StatusError) and outcome.code != 404:
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, Deleted)]

    def bind(self, name: str, namespace: str, node: str, uid: str = "") -> None:
        """Give a pod its node: 409 when it has one, is being deleted or has gates.

        Without the name of a node it is a 500, as upstream's check of a Binding surfaces.
        """
        if not node:
            raise StatusError(500, "", str(required("target.name")))
        outcome = self.batch.bind([Binding(namespace, name, node, uid)])[0]
        if isinstance(outcome, StatusError):
            raise outcome

    def new_uids(self, count: int) -> list[str]:
        """Return uids for objects that a component encodes itself."""
        return self._identity.uids(count)

    def new_names(self, prefix: str, count: int) -> list[str]:
        """Return generated names for such objects; they may repeat."""
        return self._identity.names(prefix, count)

    def new_moments_ns(self, now_ns: int, count: int) -> int:
        """Return the first of so many times for names of such objects, as events have them.

        Nobody else gets one of them.
        """
        return self._identity.moments_ns(now_ns, count)

    def list(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        next_page: str = "",
        resource_version: str = "",
        resource_version_match: str = "",
    ) -> ObjectList:
        """Return the objects of a namespace or of all, or a page of them.

        Parameters
        ----------
        limit : int
            How many at most; 0 is no limit.
        next_page : str
            The token that the page before gave: 410 when its revision is compacted.
        resource_version, resource_version_match : str
            "Exact" reads at that version; otherwise the list is of now, which is not older.
        """
        selection = Selection(resource, label_selector, field_selector)
        current = self._store.revision
        revision = list_revision(resource_version, resource_version_match, next_page, current)
        prefix = resource.range_prefix(namespace)
        start, end = prefix, prefix_end(prefix)
        if next_page:
            revision, start = decode_token(next_page, prefix)
        try:
            span, revision = (start, end), max(revision, 0)
            return page(self._store, self.written, selection, prefix, span, limit, revision)
        except CompactedError:
            if not next_page:
                raise expired("The resourceVersion for the provided list is too old.") from None
            raise continue_expired(encode_token(INCONSISTENT, prefix, start)) from None

    def watch(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        send_initial_events: bool = False,
    ) -> ObjectWatch:
        """Watch a resource, from a version on or, without one, beginning with all that is there.

        ``send_initial_events`` begins with all that is there and a bookmark, whatever the version.
        """
        selection = Selection(resource, label_selector, field_selector)
        version = read_version(resource_version) if resource_version else 0
        current = self._store.revision
        if version > current:
            raise too_large_version(version, current)
        initial: list[ApiObject] = []
        if not version or send_initial_events:
            listed = self.list(
                resource, namespace, label_selector=label_selector, field_selector=field_selector
            )
            initial, version = listed.items, listed.revision
        prefix = resource.range_prefix(namespace)
        cursor = self._store.watch(
            prefix, prefix_end(prefix), start_revision=version + 1, prev_kv=True
        )
        return ObjectWatch(
            resource, selection, cursor, version, initial, send_initial_events, self.written
        )

    def _put(self, obj: ApiObject, revision: int) -> int:
        """Put an object if its key is at ``revision``; return the new one, 0 if it is not."""
        lease = self._expiry.lease(obj.resource)
        outcome = self._store.put_if([(obj.key, obj.data, revision)], lease=lease)
        if outcome.failed is not None:
            return 0
        self.written.add(outcome.revision)
        return outcome.revision

    def _remove(self, obj: ApiObject) -> int:
        """Delete an object if it is as read; return the revision, 0 if it is not."""
        outcome = self._store.delete_if([(obj.key, obj.revision)])
        if outcome.failed is not None:
            return 0
        self.written.add(outcome.revision)
        return outcome.revision


def _encoded(resource: Resource, obj: KubeObject) -> bytes:
    """Return an object as it is stored: 400 for text that is none, 500 when it is too large."""
    try:
        data = encode(resource, obj)
    except UnicodeEncodeError:
        raise bad_request("the object holds text that is not valid Unicode") from None
    if len(data) > OBJECT_BYTES_MAX:
        raise too_large()
    return data
