"""Managed fields of objects that clients write through the face.

Writes of the control plane in this process are not tracked; they leave entries as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pykube_core.api.machinery.apply import FieldManager, built_in
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.times import time_text


class Tracked(NamedTuple):
    """One write of a manager, whose fields are kept.

    Attributes
    ----------
    manager : str
        The writer.
    now : str
        The time.
    keeper : FieldManager
        Of the resource, or of the subresource that is written.
    """

    manager: str
    now: str
    keeper: FieldManager

    def entries(self, old: KubeObject | None, new: KubeObject) -> list[Json]:
        """Return the managed fields of an object that is created or changed."""
        written = self.keeper.update(old, new, self.manager, self.now)
        entries: list[Json] = written["metadata"].get("managedFields") or []
        if old is not None and _untimed(entries) == _untimed(_entries(old)):
            return _entries(old)
        return entries


class Applied:
    """The managed fields of a server-side apply, which come from the merge.

    Attributes
    ----------
    found : list
        Of the last merge.
    """

    def __init__(self) -> None:
        self.found: list[Json] = []

    def entries(self, old: KubeObject | None, new: KubeObject) -> list[Json]:
        """Return the managed fields of the merge; those that were there when times alone differ."""
        if old is not None and _untimed(self.found) == _untimed(_entries(old)):
            same = {key: value for key, value in new.items() if key not in ("metadata", "status")}
            held = {key: value for key, value in old.items() if key not in ("metadata", "status")}
            if same == held:
                return _entries(old)
        return self.found


class ManagedFields:
    """The field managers of an API server.

    Parameters
    ----------
    clock : callable
        Nanoseconds since the epoch.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._keepers: dict[tuple[Resource, str], FieldManager] = {}

    def keeper(self, resource: Resource, subresource: str = "") -> FieldManager:
        """Return the field manager of a resource or of one of its subresources."""
        key = resource, subresource
        if key not in self._keepers:
            gvk = resource.group, resource.version, resource.kind
            self._keepers[key] = FieldManager(built_in(*gvk), *gvk, subresource)
        return self._keepers[key]

    def tracked(self, resource: Resource, subresource: str, manager: str | None) -> Tracked | None:
        """Return a write of a manager, None for one that is not tracked."""
        if manager is None:
            return None
        return Tracked(manager, time_text(self._clock()), self.keeper(resource, subresource))


def _entries(obj: KubeObject) -> list[Json]:
    return obj["metadata"].get("managedFields") or []


def _untimed(entries: list[Json]) -> list[Json]:
    return [{name: value for name, value in each.items() if name != "time"} for each in entries]
