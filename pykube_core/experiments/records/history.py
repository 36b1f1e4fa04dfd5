"""The history of objects while a record is played: each version, from the store."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.registry import STORE_PREFIX, Registry
from pykube_core.objects import ApiObject
from pykube_core.store import StoreLike, prefix_end

REMOVED: Final = "<removed>"
_PREFIX: Final = STORE_PREFIX.encode()
_SKIPPED: Final = ("metadata.resourceVersion", "metadata.managedFields")
_KEYED: Final = ("status.conditions",)


class Version(NamedTuple):
    """One state of an object that was written.

    Attributes
    ----------
    type : str
        ADDED, MODIFIED or DELETED.
    object : dict
        The state; of a deletion the last one, at the revision of the deletion.
    before : dict or None
        The state before.
    """

    type: str
    group: str
    kind: str
    name: str
    namespace: str
    object: KubeObject
    before: KubeObject | None


class History:
    """Versions of all objects in a store, in the order of their revisions, from now on.

    Attributes
    ----------
    versions : list of Version
        All that were taken in.
    """

    def __init__(self, store: StoreLike, registry: Registry) -> None:
        self._registry = registry
        self._watch = store.watch(
            _PREFIX, prefix_end(_PREFIX), start_revision=store.revision + 1, prev_kv=True
        )
        self.versions: list[Version] = []

    def take(self) -> list[Version]:
        """Take in what was written since the last call, and return it."""
        new: list[Version] = []
        while events := self._watch.read(4096).events:
            for event in events:
                resource = self._registry.of_key(event.kv.key)
                if resource is None:
                    continue
                is_there = bool(event.kv.create_revision)
                held = event.kv if is_there else event.prev_kv
                if held is None:
                    continue
                obj = ApiObject.parse(resource, held.key, held.value, event.kv.mod_revision)
                before: KubeObject | None = None
                if event.prev_kv is not None:
                    before = msgspec.json.decode(event.prev_kv.value)
                kind = "DELETED" if not is_there else "MODIFIED" if before else "ADDED"
                who = resource.group, resource.kind, obj.name, obj.namespace
                new.append(Version(kind, *who, obj.decode(), before))
        self.versions += new
        return new

    def close(self) -> None:
        """End the watch."""
        self._watch.close()


def changes(before: Json, after: Json, path: str = "") -> dict[str, Json]:
    """Return the paths that differ between two states, with their new values.

    Conditions are told apart by type; any other list is one value.
    """
    if path in _SKIPPED or before == after:
        return {}
    if isinstance(before, dict) and isinstance(after, dict):
        found: dict[str, Json] = {}
        for key in (*before, *(key for key in after if key not in before)):
            at = f"{path}.{key}" if path and not path.endswith("]") else f"{path}.{key}".lstrip(".")
            found |= changes(before.get(key, REMOVED), after.get(key, REMOVED), at)
        return found
    if path in _KEYED and isinstance(before, list) and isinstance(after, list):
        return _condition_changes(before, after, path)
    return {path: after}


def _condition_changes(before: list[Json], after: list[Json], path: str) -> dict[str, Json]:
    was, now = ({each.get("type"): each for each in held} for held in (before, after))
    found: dict[str, Json] = {}
    for type in (*was, *(type for type in now if type not in was)):
        at = f"{path}[{type}]"
        found |= changes(was.get(type, REMOVED), now.get(type, REMOVED), at)
    return found


def writer(before: KubeObject | None, after: KubeObject) -> str | None:
    """Return who changed an object: manager, operation and subresource of each new entry."""
    held = [] if before is None else before["metadata"].get("managedFields") or []
    found = []
    for entry in after["metadata"].get("managedFields") or []:
        if entry not in held:
            parts = (entry.get("manager"), entry.get("operation"), entry.get("subresource"))
            found.append(":".join(part for part in parts if part))
    return " ".join(found) or None
