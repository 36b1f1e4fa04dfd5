"""Writes of one object: created, replaced, patched, applied.

Source: ``k8s.io/apiserver/pkg/registry/generic/registry/store.go`` v0.37.2.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

import msgspec

from pykube_core.api.intake import Mode, check, read
from pykube_core.api.machinery.field_errors import FieldError
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.patch import MERGE_PATCH
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import (
    StatusError,
    already_exists,
    bad_request,
    conflict,
    invalid,
    method_not_allowed,
    too_large,
)
from pykube_core.api.machinery.times import time_text
from pykube_core.apiserver.admission.namespace_lifecycle import admit_namespace
from pykube_core.apiserver.admission.priority import admit_priority
from pykube_core.apiserver.registry import lifecycle
from pykube_core.apiserver.registry.expiry import Expiry
from pykube_core.apiserver.registry.identity import Identity
from pykube_core.apiserver.registry.lists import read_version
from pykube_core.apiserver.registry.managed import Applied, ManagedFields, Tracked
from pykube_core.apiserver.registry.unvalidated import Written
from pykube_core.apiserver.registry.versions import shown, to_storage, view
from pykube_core.objects import ApiObject, encode
from pykube_core.objects.encoded import OBJECT_BYTES_MAX
from pykube_core.store import StoreLike

_NAME_ATTEMPTS: Final = 8


class Writer(ABC):
    """The writing half of an API server; its parameters are those of `ApiServer`."""

    def __init__(self, store: StoreLike, clock: Callable[[], int], seed: int) -> None:
        self._store = store
        self._clock = clock
        self._identity = Identity(seed, store.revision)
        self._expiry = Expiry(store, clock)
        self._managed = ManagedFields(clock)
        self.written = Written()

    @abstractmethod
    def get(self, resource: Resource, name: str, namespace: str = "") -> ApiObject:
        """Return an object: 404 when there is none."""

    def create(
        self,
        resource: Resource,
        obj: Json,
        namespace: str = "",
        *,
        dry_run: bool = False,
        field_validation: str = "Strict",
        warnings: list[str] | None = None,
        manager: str | None = None,
    ) -> ApiObject:
        """Create an object: 409 when its name is taken.

        ``field_validation`` and ``warnings`` are those of `intake.read`. A ``manager`` has the
        fields that it writes recorded in the object; None leaves no trace.
        """
        new = read(resource, obj, Mode.SERVER, field_validation=field_validation, warnings=warnings)
        asked, resource = resource, resource.stored
        new = to_storage(asked, new)
        generated = not new["metadata"].get("name") and new["metadata"].get("generateName", "")
        for attempt in range(_NAME_ATTEMPTS):
            tracked = self._managed.tracked(resource, "", manager)
            created = self._prepared(resource, new, namespace, tracked)
            if dry_run:
                if self._store.get(created.key) is None:
                    return shown(asked, created)
            elif revision := self._put(created, 0):
                return shown(asked, created.at(revision))
            if not generated or attempt == _NAME_ATTEMPTS - 1:
                break
            new["metadata"].pop("name")
        raise already_exists(resource, name_of(new))

    def _prepared(
        self,
        resource: Resource,
        new: KubeObject,
        namespace: str,
        tracked: Tracked | Applied | None = None,
    ) -> ApiObject:
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
        lifecycle.begin(resource, new, self._identity.uids(1)[0], self._clock(), tracked)
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
        manager: str | None = None,
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
            return to_storage(resource, new)

        try:
            tracked = self._managed.tracked(resource, subresource, manager)
            return self._modify(resource, name, namespace, replaced, subresource, dry_run, tracked)
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
            manager=manager,
        )

    def is_created_at(self, obj: ApiObject) -> bool:
        """Say whether the write that left an object's state was its creation."""
        held = self._store.get(obj.key)
        return held is not None and held.create_revision == obj.revision

    def apply(
        self,
        resource: Resource,
        applied: Json,
        name: str,
        namespace: str = "",
        *,
        manager: str,
        force: bool = False,
        subresource: str = "",
        dry_run: bool = False,
        field_validation: str = "Strict",
        warnings: list[str] | None = None,
    ) -> tuple[ApiObject, bool]:
        """Apply a configuration on the server, and say whether that created the object.

        Raises
        ------
        StatusError
            409: another manager owns what would change, unless ``force`` takes it.
        """
        self._check_subresource(resource, subresource)
        keeper, now = self._managed.keeper(resource, subresource), time_text(self._clock())
        tracked = Applied()

        def merged(old: KubeObject | None) -> KubeObject:
            before = None if old is None else view(resource, old)
            whole = keeper.apply(before, applied, manager, now, force=force)
            tracked.found = whole["metadata"].pop("managedFields", None) or []
            new = read(
                resource, whole, Mode.SERVER, field_validation=field_validation, warnings=warnings
            )
            if name_of(new) not in ("", name):
                raise bad_request(
                    f"the name of the object ({name_of(new)}) does not match the name on the URL "
                    f"({name})"
                )
            new["metadata"]["name"] = name
            return to_storage(resource, new)

        try:
            held = self._modify(resource, name, namespace, merged, subresource, dry_run, tracked)
        except StatusError as error:
            is_missing = error.code == 404 and (error.details or {}).get("kind") == resource.plural
            if subresource or not is_missing:
                raise
        else:
            return held, False
        new = merged(None)
        if uid := new["metadata"].get("uid"):
            text = "uid mismatch: the provided object specified uid "
            raise conflict(resource, name, f"{text}{uid}, and no existing object was found")
        new["metadata"].pop("resourceVersion", None)
        created = self._prepared(resource.stored, new, namespace, tracked)
        if dry_run:
            return shown(resource, created), True
        revision = self._put(created, 0)
        if not revision:
            raise already_exists(resource, name)
        return shown(resource, created.at(revision)), True

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
        manager: str | None = None,
    ) -> ApiObject:
        """Change an object, or what a subresource shows of it, as a patch says.

        ``patch_type`` is one of the media types in `pykube_core.api.machinery.patch`.
        """
        self._check_subresource(resource, subresource)

        def patched(old: KubeObject) -> KubeObject:
            scale = subresource == "scale"
            before = lifecycle.scale_of(old) if scale else view(resource, old)
            new = lifecycle.apply_patch(resource, before, patch, patch_type)
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
            return to_storage(resource, sent)

        tracked = self._managed.tracked(resource, subresource, manager)
        return self._modify(resource, name, namespace, patched, subresource, dry_run, tracked)

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
        tracked: Tracked | Applied | None,
    ) -> ApiObject:
        """Write what ``change`` makes of an object; again when another write came between."""
        part = "" if subresource == "scale" else subresource
        asked, resource = resource, resource.stored
        while True:
            held = self.get(resource, name, namespace)
            old: KubeObject = msgspec.json.decode(held.data)
            new = change(held.decode())
            version = new["metadata"].pop("resourceVersion", "")
            if version and read_version(version) != held.revision:
                raise conflict(resource, name)
            new = lifecycle.change(resource, new, old, part, tracked)
            admit_priority(self._store, self.written, resource, new, is_new=False)
            if new == old:
                return shown(asked, held)
            changed = ApiObject.parse(resource, held.key, _encoded(resource, new), 0, held.body)
            if dry_run:
                return shown(asked, changed)
            if lifecycle.may_go(new):
                if self._remove(held):
                    return shown(asked, changed.at(held.revision))
            elif revision := self._put(changed, held.revision):
                return shown(asked, changed.at(revision))

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
