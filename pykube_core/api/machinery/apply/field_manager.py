"""The field manager: ``metadata.managedFields`` when an object is created, updated or applied to.

Source: ``k8s.io/apimachinery/pkg/util/managedfields/internal`` v0.37.2 (``fieldmanager.go`` and the
managers that it puts together).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pykube_core.api.machinery.apply.atoms import Atom, atom_of_struct
from pykube_core.api.machinery.apply.comparing import compare
from pykube_core.api.machinery.apply.field_sets import FieldSet, Path, field, path_text
from pykube_core.api.machinery.apply.managers import (
    APPLY,
    UPDATE,
    Managed,
    Manager,
    Owned,
    cap_updaters,
    decoded,
    encoded,
    manager_of,
)
from pykube_core.api.machinery.apply.reset_fields import reset_fields
from pykube_core.api.machinery.apply.typed import TypedError, field_set, validate
from pykube_core.api.machinery.apply.updating import ConflictError, Keeps, Updater
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.schema import kind_struct
from pykube_core.api.machinery.status import StatusError, bad_request
from pykube_core.api.machinery.three_way import LAST_APPLIED
from pykube_core.api.machinery.written import as_written

_BEFORE_FIRST_APPLY: Final = "before-first-apply"
_KUBECTL: Final = "kubectl"
_ANNOTATIONS_BYTES_MAX: Final = 256 * 1024
_SELF: Final = Manager("current-operation", "", "", "")
_STRIPPED: Final = FieldSet.of(
    (field("apiVersion"),),
    (field("kind"),),
    (field("metadata"),),
    *(
        (field("metadata"), field(name))
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    ),
)
"""Fields that nobody manages."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The type of a resource's objects.

    Attributes
    ----------
    atom : Atom
        The type by which it merges.
    written : callable
        Return an object with all fields that it has when it is written out.
    """

    atom: Atom
    written: Callable[[KubeObject], KubeObject]


def built_in(group: str, version: str, kind: str) -> Typed:
    """Return the type of a built-in kind.

    Raises
    ------
    KeyError
        It is none.
    """
    struct = kind_struct(group, version, kind)
    return Typed(atom_of_struct(struct), lambda obj: as_written(struct, obj))


class FieldManager:
    """Keeps the managed fields of one resource, or of one of its subresources, at one version.

    Parameters
    ----------
    typed : Typed
        The type of its objects.
    group, version, kind : str
        Of its objects.
    subresource : str
        That the requests write, such as "status"; "" is the resource itself.
    keeps : callable, optional
        Return the part of a set of fields that the requests can write; by default what
        `reset_fields` says of a built-in kind.
    versions : collection of str, optional
        All versions of the resource; entries of others go. By default its group's are all kept.
    """

    def __init__(
        self,
        typed: Typed,
        group: str,
        version: str,
        kind: str,
        subresource: str = "",
        keeps: Keeps | None = None,
        versions: frozenset[str] | None = None,
    ) -> None:
        self._typed = typed
        self._api_version = f"{group}/{version}" if group else version
        self._kind = kind
        self._gvk = (group, version, kind)
        self._subresource = subresource
        if keeps is None:
            keeps = reset_fields(kind_struct(group, version, kind), subresource)

        def serves(api_version: str) -> bool:
            its_group, _, its_version = api_version.rpartition("/")
            return its_group == group and (versions is None or its_version in versions)

        self._updater = Updater(typed.atom, self._api_version, keeps, serves)

    def update(
        self, live: KubeObject | None, new: KubeObject, manager: str, now: str
    ) -> KubeObject:
        """Return a created or changed object with its managed fields.

        Parameters
        ----------
        live : dict or None
            The object as it is; None when it is created.
        new : dict
            The object as it is to be, decoded and with its defaults; it is not changed.
        manager : str
            The writer; "" is "unknown".
        now : str
            The time, such as "2026-11-23T05:16:02Z".
        """
        before, managed = live or self._empty(), self._held(live, new)
        is_tracked = bool(managed.owned) or not _metadata(before).get("uid")
        if is_tracked:
            try:
                managed = self._updated(before, new, managed, manager, now)
            except TypedError:
                # Upstream keeps what was, rather than refuse the write.
                return _with_entries(new, _metadata(before).get("managedFields") or [])
        return _with_entries(new, encoded(managed))

    def apply(
        self,
        live: KubeObject | None,
        patch: Json,
        manager: str,
        now: str,
        *,
        force: bool = False,
    ) -> KubeObject:
        """Return an object with what a manager applies to it, and with its managed fields.

        Parameters
        ----------
        live : dict or None
            The object as it is; None when it is created.
        patch : object
            The applied configuration, decoded from JSON or YAML.
        force : bool
            Take the fields of others that would change.

        Returns
        -------
        dict
            It may hold nulls, and lacks defaults: it is to be decoded and defaulted.

        Raises
        ------
        StatusError
            400: not an object of the resource, or with managed fields. 409: others own what would
            change. 500: fields that the type does not have, or values that do not fit.
        """
        before = self._typed.written(live or self._empty())
        self._check(patch)
        try:
            managed = decoded(_metadata(before).get("managedFields"))
        except ValueError as error:
            raise _failed(f"failed to decode managed fields: {error}") from None
        bare = _bare(before)
        if not managed.owned:
            managed = self._updated(self._empty(), before, managed, _BEFORE_FIRST_APPLY, now)
        try:
            new, managed = self._applied(bare, patch, managed, manager, force=force)
        except ConflictError as error:
            allowed = self._allowed(bare) if manager == _KUBECTL else None
            left = error.conflicts
            if allowed is not None:
                left = [each for each in left if each[1] not in allowed]
            if left:
                raise _conflict(left) from None
            new, managed = self._applied(bare, patch, managed, manager, force=True)
        if new is None:
            new = bare
        else:
            managed.times[self._manager(manager, APPLY)] = now
        if manager == _KUBECTL:
            new = _with_last_applied(new, patch)
        return _with_entries(new, encoded(managed))

    def _empty(self) -> KubeObject:
        return self._typed.written({"kind": self._kind, "apiVersion": self._api_version})

    def _manager(self, name: str, operation: str) -> Manager:
        return manager_of(name, operation, self._api_version, self._subresource)

    def _held(self, live: KubeObject | None, new: KubeObject) -> Managed:
        """Return the managers that a new object names, or those that the live one has."""
        given = _metadata(new).get("managedFields")
        held = _metadata(live or {}).get("managedFields")
        if not self._subresource:
            if given == [] or given == [{}]:
                return Managed()
            try:
                managed = decoded(given)
            except (ValueError, AttributeError):
                managed = Managed()
            if managed.owned:
                return managed
        try:
            return decoded(held)
        except ValueError:
            return Managed()

    def _updated(
        self, old: KubeObject, new: KubeObject, managed: Managed, name: str, now: str
    ) -> Managed:
        before, after = (_bare(self._typed.written(each)) for each in (old, new))
        for each in (before, after):
            validate(self._typed.atom, each, allows_duplicates=True)
        owners = self._updater.update(before, after, managed.owned, _SELF)
        out = Managed(owners, managed.times)
        _strip(out, _SELF)
        taken = out.owned.pop(_SELF, None)
        if taken is not None:
            manager = self._manager(name, UPDATE)
            held = out.owned.get(manager)
            fields = taken.fields if held is None else taken.fields | held.fields
            out.owned[manager] = Owned(fields, taken.api_version, taken.applied)
            out.times[manager] = now
        cap_updaters(out)
        return out

    def _applied(
        self, live: KubeObject, patch: KubeObject, managed: Managed, name: str, *, force: bool
    ) -> tuple[KubeObject | None, Managed]:
        atom = self._typed.atom
        for what, each, allows in (("patch", patch, False), ("live", live, True)):
            try:
                validate(atom, each, allows_duplicates=allows)
            except TypedError as error:
                where = f"{_named(each)}; {_shown(*self._gvk)}"
                text = f"failed to create typed {what} object ({where}): {error}"
                raise _failed(text) from None
        manager = self._manager(name, APPLY)
        new, owners = self._updater.apply(live, patch, managed.owned, manager, force=force)
        out = Managed(owners, dict(managed.times))
        _strip(out, manager)
        return new, out

    def _check(self, patch: Json) -> None:
        if not isinstance(patch, dict):
            raise bad_request("error decoding YAML: the patch is no object")
        version, kind = patch.get("apiVersion") or "", patch.get("kind") or ""
        if (version, kind) != (self._api_version, self._kind):
            group, _, short = str(version).rpartition("/")
            raise bad_request(f"invalid object type: {_shown(group, short, str(kind))}")
        if _metadata(patch).get("managedFields") is not None:
            raise bad_request("metadata.managedFields must be nil")

    def _allowed(self, live: KubeObject) -> FieldSet | None:
        """Return the fields that ``kubectl apply`` owned before it applied on the server."""
        text = (_metadata(live).get("annotations") or {}).get(LAST_APPLIED)
        if not text:
            return None
        atom = self._typed.atom
        try:
            last = json.loads(text)
            if last.get("apiVersion") != self._api_version:
                return None
            validate(atom, last, allows_duplicates=False)
        except (ValueError, AttributeError, RecursionError):
            return None
        changes = compare(atom, last, live)
        return field_set(atom, last) - changes.modified - changes.added - changes.removed


def _strip(managed: Managed, manager: Manager) -> None:
    """Take out of a manager's fields those that nobody manages."""
    owned = managed.owned.get(manager)
    if owned is None:
        return
    if fields := owned.fields - _STRIPPED:
        managed.owned[manager] = Owned(fields, owned.api_version, owned.applied)
    else:
        del managed.owned[manager]


def _metadata(obj: KubeObject) -> KubeObject:
    metadata = obj.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _bare(obj: KubeObject) -> KubeObject:
    """Return an object without its managed fields."""
    metadata = _metadata(obj)
    if "managedFields" not in metadata:
        return obj
    kept = {key: value for key, value in metadata.items() if key != "managedFields"}
    return obj | {"metadata": kept}


def _with_entries(obj: KubeObject, entries: list[KubeObject]) -> KubeObject:
    metadata = dict(_metadata(obj))
    metadata.pop("managedFields", None)
    if entries:
        metadata["managedFields"] = entries
    return obj | {"metadata": metadata}


def _with_last_applied(obj: KubeObject, patch: KubeObject) -> KubeObject:
    """Return an object whose annotation of ``kubectl apply`` says what was applied now."""
    metadata = _metadata(obj)
    annotations = metadata.get("annotations") or {}
    if not annotations.get(LAST_APPLIED):
        return obj
    applied = dict(_metadata(patch))
    if applied.get("annotations"):
        applied["annotations"] = {
            key: value for key, value in applied["annotations"].items() if key != LAST_APPLIED
        }
    bare = patch | ({"metadata": applied} if applied else {})
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    new = annotations | {LAST_APPLIED: text}
    size = sum(len(key.encode()) + len(value.encode()) for key, value in new.items())
    if size > _ANNOTATIONS_BYTES_MAX:
        del new[LAST_APPLIED]
    return obj | {"metadata": metadata | {"annotations": new}}


def _conflict(conflicts: list[tuple[Manager, Path]]) -> StatusError:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {manager.shown()}",
            "field": path_text(path),
        }
        for manager, path in conflicts
    ]
    if len(conflicts) == 1:
        manager, path = conflicts[0]
        text = f"conflict: conflict with {manager.shown()}: {path_text(path)}"
        return StatusError(409, "Conflict", f"Apply failed with 1 {text}", {"causes": causes})
    lines: list[str] = []
    for manager in dict.fromkeys(manager for manager, _ in conflicts):
        lines.append(f"conflicts with {manager.shown()}:")
        lines += [f"- {path_text(path)}" for each, path in conflicts if each == manager]
    text = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    return StatusError(409, "Conflict", text, {"causes": causes})


def _failed(message: str) -> StatusError:
    return StatusError(500, "", message)


def _named(obj: KubeObject) -> str:
    metadata = _metadata(obj)
    return f"{metadata.get('namespace') or ''}/{metadata.get('name') or ''}"


def _shown(group: str, version: str, kind: str) -> str:
    return f"{group}/{version}, Kind={kind}"
