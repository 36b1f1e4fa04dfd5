"""Events in the form of the group events.k8s.io: other names for the fields of the core group's."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pykube_core.api.core import EVENTS as CORE_EVENTS
from pykube_core.api.core.event import event_cells
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.registry import Resource, selectable

_CORE_NAMES: Final = {
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
    "reportingController": "reportingComponent",
}
_NAMES: Final = {core: name for name, core in _CORE_NAMES.items()}


def _renamed(event: KubeObject, resource: Resource, names: dict[str, str]) -> KubeObject:
    out = {names.get(key, key): value for key, value in event.items()}
    return out | {"apiVersion": resource.api_version}


def core_event(event: KubeObject) -> KubeObject:
    """Return an event of this group as the core group has it."""
    return _renamed(event, CORE_EVENTS, _CORE_NAMES)


def event_of_core(event: KubeObject) -> KubeObject:
    """Return an event of the core group as this group has it."""
    return _renamed(event, EVENTS, _NAMES)


def cells(event: KubeObject, now_ns: int) -> list[Json]:
    """Return an event's cells."""
    return event_cells(core_event(event), now_ns)


_REFERENCE: Final = (
    "kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath",
)  # fmt: skip

EVENTS: Final = replace(
    CORE_EVENTS,
    group="events.k8s.io",
    storage=CORE_EVENTS,
    to_storage=core_event,
    from_storage=event_of_core,
    cells=cells,
    fields=selectable("reason", "type")
    | {"reportingController": "reportingComponent"}
    | {f"regarding.{field}": f"involvedObject.{field}" for field in _REFERENCE},
)
