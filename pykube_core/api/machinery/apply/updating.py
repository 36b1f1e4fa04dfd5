"""Whose fields change hands when an object is updated or applied to.

Source: ``sigs.k8s.io/structured-merge-diff/merge`` v6.4.2 (``update.go``).
"""

from __future__ import annotations

from collections.abc import Callable

from pykube_core.api.machinery.apply.atoms import Atom
from pykube_core.api.machinery.apply.comparing import Comparison, compare, same
from pykube_core.api.machinery.apply.field_sets import FieldSet, Path
from pykube_core.api.machinery.apply.managers import Manager, Owned
from pykube_core.api.machinery.apply.merging import merge
from pykube_core.api.machinery.apply.typed import field_set, with_named_fields, without
from pykube_core.api.machinery.objects import Json, KubeObject

Owners = dict[Manager, Owned]
Keeps = Callable[[FieldSet], FieldSet]


class ConflictError(Exception):
    """Applied fields are owned by others.

    Attributes
    ----------
    conflicts : list of (Manager, tuple of str)
        The owners of each path.
    """

    def __init__(self, conflicts: list[tuple[Manager, Path]]) -> None:
        super().__init__(f"{len(conflicts)} conflicts")
        self.conflicts = conflicts


class Updater:
    """Moves ownership of the fields of one resource's objects at one version.

    Parameters
    ----------
    atom : Atom
        Their type.
    api_version : str
        Their version.
    keeps : callable
        Return the part of a set of fields that the request can write.
    serves : callable
        Say whether a version of the resource is still served; entries of any other go.
    """

    def __init__(
        self, atom: Atom, api_version: str, keeps: Keeps, serves: Callable[[str], bool]
    ) -> None:
        self._atom = atom
        self._api_version = api_version
        self._keeps = keeps
        self._serves = serves

    def update(self, old: KubeObject, new: KubeObject, owners: Owners, manager: Manager) -> Owners:
        """Return who owns what once a manager has made a new object of an old one."""
        owners, changes = self._moved(old, new, owners, manager, force=True)
        held = owners.get(manager)
        fields = (FieldSet() if held is None else held.fields) - changes.removed
        fields = self._keeps(fields | changes.modified | changes.added)
        if fields:
            owners[manager] = Owned(fields, self._api_version, applied=False)
        else:
            owners.pop(manager, None)
        return owners

    def apply(
        self,
        live: KubeObject,
        applied: KubeObject,
        owners: Owners,
        manager: Manager,
        *,
        force: bool,
    ) -> tuple[KubeObject | None, Owners]:
        """Return an object with what is applied, and who owns what then.

        The object is None when it is the live one still.

        Raises
        ------
        ConflictError
            Others own what would change, unless it is forced.
        """
        owners = dict(owners)
        merged = merge(self._atom, live, applied)
        last = owners.get(manager)
        fields = self._keeps(field_set(self._atom, applied))
        owners[manager] = Owned(fields, self._api_version, applied=True)
        new = self._pruned(merged, owners, last)
        owners, _ = self._moved(live, new, owners, manager, force=force)
        return None if same(live, new) else new, owners

    def _moved(
        self, old: KubeObject, new: KubeObject, owners: Owners, manager: Manager, *, force: bool
    ) -> tuple[Owners, Comparison]:
        """Take what changes from its owners, or refuse to."""
        changes = compare(self._atom, old, new).filtered(self._keeps)
        changed = changes.modified | changes.added
        out: Owners = {}
        conflicts: list[tuple[Manager, Path]] = []
        for each, owned in owners.items():
            if not self._serves(owned.api_version):
                continue
            fields = owned.fields
            if each != manager:
                if taken := fields & changed:
                    conflicts += [(each, path) for path in taken.paths()]
                    fields = fields - taken
                fields = fields - changes.removed
            if fields:
                out[each] = Owned(fields, owned.api_version, owned.applied)
        if conflicts and not force:
            raise ConflictError(sorted(conflicts, key=lambda conflict: conflict[0].text))
        return out, changes

    def _pruned(self, merged: Json, owners: Owners, last: Owned | None) -> Json:
        """Return a merged object without what its applier has given up, and nobody else owns."""
        if last is None or not last.fields or not self._serves(last.api_version):
            return merged
        atom = self._atom
        named = with_named_fields(atom, last.fields)
        pruned = without(atom, merged, named)
        owned = FieldSet()
        for each in owners.values():
            owned = owned | each.fields
        everything = with_named_fields(atom, field_set(atom, merged))
        kept = with_named_fields(atom, field_set(atom, pruned)) | with_named_fields(atom, owned)
        pruned = without(atom, merged, everything - kept)
        gone = everything - with_named_fields(atom, field_set(atom, pruned))
        return without(atom, merged, gone & named)
