"""Events."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery import names
from pykube_core.api.machinery.columns import Column, since, strings, wide
from pykube_core.api.machinery.field_errors import FieldError, invalid, invalid_each, required
from pykube_core.api.machinery.object_meta import validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, selectable

_EVENT_BYTES_MAX: Final = {
    "reportingInstance": 128, "action": 128, "reason": 128, "message": 1024,
}  # fmt: skip


def validate_event(event: KubeObject) -> list[FieldError]:
    """Check an event; one with a time of its own says more of its reporter."""
    errors = validate_metadata(event)
    namespace = event.get("metadata", {}).get("namespace", "")
    involved = event.get("involvedObject", {}).get("namespace", "")
    is_new = bool(event.get("eventTime"))
    if is_new:
        matches = bool(involved) or namespace in ("default", "kube-system")
    else:
        matches = (involved or "default") == namespace
    if not matches:
        detail = "does not match event.namespace"
        errors.append(invalid("involvedObject.namespace", involved, detail))
    if not is_new:
        return errors
    reporter = event.get("reportingComponent", "")
    if not reporter:
        errors.append(required("reportingComponent"))
    errors += invalid_each("reportingComponent", reporter, names.qualified_name(reporter))
    for field, limit in _EVENT_BYTES_MAX.items():
        text = event.get(field, "")
        if not text and field != "message":
            errors.append(required(field))
        if len(text.encode(errors="replace")) > limit:
            errors.append(invalid(field, "", f"can have at most {limit} characters"))
    return errors


def event_cells(event: KubeObject, now_ns: int) -> list[Json]:
    """Return an event's cells."""
    first = since(event.get("firstTimestamp") or event.get("eventTime"), now_ns)
    last = since(event["lastTimestamp"], now_ns) if event.get("lastTimestamp") else first
    series, count = event.get("series"), event.get("count") or 1
    if series is not None:
        last, count = since(series.get("lastObservedTime"), now_ns), series.get("count", 0)
    involved, source = event.get("involvedObject", {}), event.get("source", {})
    component = source.get("component") or event.get("reportingComponent", "")
    host = source.get("host") or event.get("reportingInstance", "")
    target = involved.get("kind", "").lower()
    return [
        last,
        event.get("type", ""),
        event.get("reason", ""),
        f"{target}/{involved['name']}" if involved.get("name") else target,
        involved.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        event.get("message", "").strip(),
        first,
        count,
        name_of(event),
    ]


EVENTS: Final = Resource(
    kind="Event",
    plural="events",
    short_names=("ev",),
    validate=validate_event,
    create_on_update=True,
    lifetime_seconds=3600,
    single_writer=True,
    columns=(
        *strings("Last Seen", "Type", "Reason", "Object"),
        *wide("Subobject", "Source"),
        *strings("Message"),
        *wide("First Seen", "Count"),
        Column("Name", format="name", priority=1),
    ),
    cells=event_cells,
    fields=selectable(
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "type",
        source="source.component",
    ),
)
