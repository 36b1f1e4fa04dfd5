"""Entries of ``metadata.managedFields``: which manager owns which fields, since when.

Source: ``k8s.io/apimachinery/pkg/util/managedfields/internal`` v0.37.2 (``managedfields.go``,
``capmanagers.go``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pykube_core.api.machinery.apply.field_sets import FieldSet
from pykube_core.api.machinery.objects import Json, KubeObject

APPLY: Final = "Apply"
UPDATE: Final = "Update"

_UPDATE_MANAGERS_MAX: Final = 10
_ANCIENT: Final = "ancient-changes"
_FIELDS_TYPE: Final = "FieldsV1"


class Manager(NamedTuple):
    """The fields that tell one entry from another.

    Attributes
    ----------
    api_version : str
        "" of an entry of an applier, who has one whatever the version.
    """

    name: str
    operation: str
    api_version: str
    subresource: str

    @property
    def text(self) -> str:
        """Upstream's identifier, by which it sorts."""
        parts = {
            "manager": self.name,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "subresource": self.subresource,
        }
        return json.dumps({k: v for k, v in parts.items() if v}, separators=(",", ":"))

    def shown(self) -> str:
        """Return how messages about conflicts name it."""
        out = json.dumps(self.name, ensure_ascii=False)
        if self.subresource:
            out += f" with subresource {json.dumps(self.subresource)}"
        return f"{out} using {self.api_version}" if self.operation == UPDATE else out


@dataclass(frozen=True, slots=True)
class Owned:
    """The fields that a manager owns, at the version at which it wrote them."""

    fields: FieldSet
    api_version: str
    applied: bool


@dataclass(slots=True)
class Managed:
    """All managers of an object, and when each changed it last ("" is unknown)."""

    owned: dict[Manager, Owned] = field(default_factory=dict)
    times: dict[Manager, str] = field(default_factory=dict)


def manager_of(name: str, operation: str, api_version: str, subresource: str) -> Manager:
    """Return what identifies an entry; a manager without a name is "unknown"."""
    version = "" if operation == APPLY else api_version
    return Manager(name or "unknown", operation, version, subresource)


def decoded(entries: Json) -> Managed:
    """Return the managers of an object.

    Raises
    ------
    ValueError
        An entry is none.
    """
    out = Managed()
    for at, entry in enumerate(entries or ()):
        operation, version = entry.get("operation") or "", entry.get("apiVersion") or ""
        if operation not in (APPLY, UPDATE):
            raise ValueError("operation must be `Apply` or `Update`")
        if not version:
            raise ValueError("apiVersion must not be empty")
        fields_type = entry.get("fieldsType") or ""
        if not fields_type:
            raise ValueError(f"missing fieldsType in managed fields entry {at}")
        if fields_type != _FIELDS_TYPE:
            shown = json.dumps(fields_type)
            raise ValueError(f"invalid fieldsType {shown} in managed fields entry {at}")
        applied = operation == APPLY
        subresource = entry.get("subresource") or ""
        key = Manager(
            entry.get("manager") or "", operation, "" if applied else version, subresource
        )
        fields = FieldSet.from_json(entry.get("fieldsV1") or {})
        out.owned[key] = Owned(fields, version, applied)
        out.times[key] = entry.get("time") or ""
    return out


def encoded(managed: Managed) -> list[KubeObject]:
    """Return the entries of all managers, in upstream's order: by operation, time and name."""
    entries = [
        _entry(key, owned, managed.times.get(key, "")) for key, owned in managed.owned.items()
    ]
    return sorted(entries, key=_order)


def _entry(manager: Manager, owned: Owned, time: str) -> KubeObject:
    out: KubeObject = {"manager": manager.name} if manager.name else {}
    out |= {"operation": manager.operation, "apiVersion": owned.api_version}
    if time:
        out["time"] = time
    out |= {"fieldsType": _FIELDS_TYPE, "fieldsV1": owned.fields.to_json()}
    if manager.subresource:
        out["subresource"] = manager.subresource
    return out


def _order(entry: Mapping[str, str]) -> tuple[str, ...]:
    # Times in UTC and whole seconds sort as texts; no time comes first.
    keys = ("operation", "time", "manager", "apiVersion", "subresource")
    return tuple(entry.get(key, "") for key in keys)


def cap_updaters(managed: Managed) -> None:
    """Merge the oldest entries of updates, of each version, until there are few enough."""
    updaters = [key for key, owned in managed.owned.items() if not owned.applied]
    updaters.sort(key=lambda key: (managed.times.get(key, ""), key.text))
    left = len(updaters)
    first: dict[str, Manager] = {}
    for key in updaters:
        if left <= _UPDATE_MANAGERS_MAX:
            return
        owned = managed.owned[key]
        version = owned.api_version
        if version not in first:
            first[version] = key
            continue
        bucket = manager_of(_ANCIENT, UPDATE, version, "")
        if bucket not in managed.owned:
            managed.owned[bucket] = managed.owned.pop(first[version])
        fields = owned.fields | managed.owned[bucket].fields
        managed.owned[bucket] = Owned(fields, version, applied=False)
        managed.owned.pop(key, None)
        left -= 1
        managed.times[bucket] = managed.times.get(key, "")
