"""Events: what components tell about objects, the same told again as a count.

Source: ``k8s.io/client-go/tools/record`` (event.go, events_cache.go) and ``tools/events``
(event_broadcaster.go) v0.34. Differences: repetitions of an events.k8s.io event are written at the
end of each step, not each half hour; of several recorders in a process each has a cache of its own.

Events are most of what a cluster writes, so none is encoded by itself: its JSON is a form
(`pykube_core.store.Form`) with gaps for what differs from one to the next.
"""

from __future__ import annotations

import sys
from array import array
from typing import Final

import msgspec

from pykube_core.api.core import EVENTS
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.times import NANO, micro_time_text, time_text
from pykube_core.client.client import Client
from pykube_core.objects import ApiObject
from pykube_core.store import OPERATIONS_MAX, Form, Puts

NORMAL: Final = "Normal"
WARNING: Final = "Warning"

_OBJECTS_MAX: Final = 4096
_BURST: Final = 25
_REFILL_NS: Final = 300 * NANO
_SIMILAR_MAX: Final = 10
_SIMILAR_NS: Final = 600 * NANO
_COMBINED: Final = "(combined from similar events): "
_NAME_BYTES_MAX: Final = 253 - len(".7fffffffffffffff")
_ATTEMPTS: Final = 3
_BATCH: Final = OPERATIONS_MAX

# The gaps of forms, in the order of their fields; a name has two. The last is for the host, or for
# the action of an event of events.k8s.io.
_PREFIX, _MOMENT, _UID, _NAMESPACE, _OBJECT, _OBJECT_UID, _VERSION, _TEXT, _LAST = map(
    chr, range(1, 10)
)
_FIELD_COUNT: Final = 9
_NAME: Final = f"{_PREFIX}.{_MOMENT}"
_KEY: Final = Form(f"{EVENTS.prefix.decode()}{_NAMESPACE}/{_NAME}".encode())


class Reference(msgspec.Struct, frozen=True, gc=False, eq=False):
    """An object that events are about."""

    resource: Resource
    namespace: str
    name: str
    uid: str

    @classmethod
    def of(cls, obj: ApiObject) -> Reference:
        """Return the reference to an object."""
        namespace, name = obj.resource.split_key(obj.key)
        return cls(obj.resource, namespace, name, obj.uid)


class EventText(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """The text of an event; to be kept by a component that tells the same of many objects.

    Attributes
    ----------
    type : str
        `NORMAL` or `WARNING`.
    action : str
        The action, for events with an instance.
    field_path : str
        The part of the object that it is about.
    """

    type: str
    reason: str
    message: str
    action: str = ""
    field_path: str = ""


class _Held(msgspec.Struct, gc=False):
    """An event that was written, at ``revision``, or that is about to be, at 0.

    ``version`` is the revision of the object that it is about, ``moment`` the time in its name,
    ``flush`` the last one that writes it. One that is combined stands for all that are similar.
    """

    regarding: Reference
    text: EventText
    version: int
    host: str
    first: str
    last_ns: int
    count: int = 1
    is_combined: bool = False
    moment: str = ""
    uid: str = ""
    revision: int = 0
    flush: int = 0


class _Source(msgspec.Struct, gc=False):
    """Events that were recorded of one object, and how many more may be."""

    tokens: float
    since_ns: int
    held: dict[object, _Held] = {}


class EventRecorder:
    """Records what a component tells, and writes it in batches.

    Parameters
    ----------
    client : Client
        Where events are written.
    component : str
        The component that tells, such as "kubelet".
    instance : str
        Which one; given, events have the shape of events.k8s.io (kube-scheduler's): a time in
        microseconds, an action, and series in place of counts.
    """

    def __init__(self, client: Client, component: str, *, instance: str = "") -> None:
        self._client = client
        self._component = component
        self._instance = instance
        self._told: list[tuple[Reference, EventText, int, str]] = []
        self._sources: dict[str, _Source] = {}
        self._older_sources: dict[str, _Source] = {}
        self._now_text = ""
        self._flush_count = 0
        self._forms: dict[tuple[object, ...], Form] = {}
        self._texts: dict[EventText, str] = {}

    def record(
        self, regarding: Reference, text: EventText, version: int = 0, host: str = ""
    ) -> None:
        """Tell something about an object; it is written by `flush`.

        Parameters
        ----------
        version : int
            The object's revision, if it is told.
        host : str
            The node that tells it.
        """
        self._told.append((regarding, text, version, host))

    def flush(self, now_ns: int) -> None:
        """Write what was recorded since the last call; what the API refuses is forgotten."""
        if not self._told:
            return
        told, self._told = self._told, []
        correlate = self._in_series if self._instance else self._counted
        self._now_text = micro_time_text(now_ns) if self._instance else time_text(now_ns)
        self._forms.clear()
        self._texts.clear()
        self._flush_count = flush = self._flush_count + 1
        now = self._now_text
        ready: list[_Held] = []
        last = source = None
        for regarding, text, version, host in told:
            if source is None or regarding is not last:  # Most come in runs of one.
                last, source = regarding, self._source(regarding.uid or _place(regarding), now_ns)
            held = correlate(source, _Held(regarding, text, version, host, now, now_ns))
            # Nobody is written twice in a batch: the last state of each is what counts.
            if held is not None and held.flush != flush:
                held.flush = flush
                ready.append(held)
        for at in range(0, len(ready), _BATCH):
            self._write(ready[at : at + _BATCH], now_ns)

    def _write(self, pending: list[_Held], now_ns: int) -> None:
        refused = [held for held in pending if not held.revision]
        for _ in range(_ATTEMPTS):
            # Another server gave the name, or the event has gone meanwhile.
            self._name(refused, now_ns)
            refused = []
            written = self._client.batch.put_owned(EVENTS, self._puts(pending))
            for held, revision in zip(pending, written, strict=True):
                held.revision = revision
                if not revision:
                    refused.append(held)
            if not refused:
                return
            pending = refused

    def _name(self, fresh: list[_Held], now_ns: int) -> None:
        """Give names and uids to events that are to be created."""
        first_ns, count = self._client.new_moments_ns(now_ns, len(fresh)), len(fresh)
        moments = array("Q", range(first_ns, first_ns + count))
        if sys.byteorder == "little":
            moments.byteswap()
        texts = moments.tobytes().hex(" ", moments.itemsize).split()
        for held, uid, moment in zip(fresh, self._client.new_uids(count), texts, strict=True):
            held.uid = held.uid or uid
            held.moment = moment.lstrip("0")

    def _source(self, key: str, now_ns: int) -> _Source:
        """Return what was told of an object; the last 4,096 objects are known, and some more."""
        source = self._sources.get(key)
        if source is None:
            if len(self._sources) >= _OBJECTS_MAX:
                self._older_sources, self._sources = self._sources, {}
            source = self._older_sources.get(key) or _Source(_BURST, now_ns)
            self._sources[key] = source
        return source

    def _counted(self, source: _Source, told: _Held) -> _Held | None:
        """Return the event to write: combined, counted; None when too many come."""
        now_ns, held = told.last_ns, source.held.get(told.text)
        if held is not None:
            _repeat(held, told)
        elif len(source.held) < _SIMILAR_MAX - 1:
            held = source.held[told.text] = told
        else:
            held = _similar(source, told)
        if source.since_ns != now_ns:
            refilled = source.tokens + (now_ns - source.since_ns) / _REFILL_NS
            source.tokens, source.since_ns = min(float(_BURST), refilled), now_ns
        if source.tokens < 1:
            return None
        source.tokens -= 1
        return held

    def _in_series(self, source: _Source, told: _Held) -> _Held:
        """Return the event to write: a new one, or one more of a series."""
        text = told.text
        key = text.type, text.reason, text.action, told.version
        held = source.held.setdefault(key, told)
        if held is not told:
            held.count += 1
        return held

    def _puts(self, pending: list[_Held]) -> Puts:
        """Return events as they are stored; names need no escapes."""
        forms: list[Form] = []
        rows: list[str] = []
        known, texts, in_series = self._forms, self._texts, bool(self._instance)
        for held in pending:
            about, text, version, host = held.regarding, held.text, held.version, held.host
            namespace, name, uid = about.namespace, about.name, about.uid
            key = (
                about.resource, held.first, held.count, text.type,
                not version, not host, not namespace, not uid,
            )  # fmt: skip
            form = known.get(key)
            if form is None:
                form = known[key] = self._form(held)
            forms.append(form)
            shown = texts.get(text)
            if shown is None or held.is_combined:
                shown = _text_json(text, held.is_combined)
                if not held.is_combined:
                    texts[text] = shown
            rows.append(
                f"{name[:_NAME_BYTES_MAX]}\0{held.moment}\0{held.uid}\0"
                f"{namespace or 'default'}\0{name}\0{uid}\0{version}\0"
                f"{shown}\0{text.action if in_series else host}\0"
            )
        fields = "".join(rows).encode()
        return Puts.of_rows(_KEY, forms, fields, _FIELD_COUNT, [held.revision for held in pending])

    def _form(self, held: _Held) -> Form:
        """Return the form of events that differ in the fields alone."""
        about = held.regarding
        rest = self._series(held) if self._instance else self._legacy(held)
        resource = about.resource
        namespace = f'"namespace":"{_NAMESPACE}",' if about.namespace else ""
        uid = f'"uid":"{_OBJECT_UID}",' if about.uid else ""
        version = f',"resourceVersion":"{_VERSION}"' if held.version else ""
        text = (
            f'{EVENTS.head.decode()}"name":"{_NAME}","uid":"{_UID}","namespace":"{_NAMESPACE}",'
            f'"creationTimestamp":"{held.first[:19]}Z"}},'
            f'"involvedObject":{{"kind":"{resource.kind}",{namespace}"name":"{_OBJECT}",{uid}'
            f'"apiVersion":"{resource.api_version}"{version}{_TEXT},{rest}}}'
        )
        return Form(text.encode())

    def _legacy(self, held: _Held) -> str:
        first, component = held.first, self._component
        where, host = (f',"host":"{_LAST}"', _LAST) if held.host else ("", "")
        last = self._now_text if held.count > 1 else first
        return (
            f'"source":{{"component":"{component}"{where}}},"firstTimestamp":"{first}",'
            f'"lastTimestamp":"{last}","count":{held.count},"type":"{held.text.type}","eventTime":null,'
            f'"reportingComponent":"{component}","reportingInstance":"{host}"'
        )

    def _series(self, held: _Held) -> str:
        series = ""
        if held.count > 1:
            series = f'"series":{{"count":{held.count},"lastObservedTime":"{self._now_text}"}},'
        return (
            f'"source":{{}},"firstTimestamp":null,"lastTimestamp":null,"type":"{held.text.type}",'
            f'"eventTime":"{held.first}",{series}"action":"{_LAST}",'
            f'"reportingComponent":"{self._component}","reportingInstance":"{self._instance}"'
        )


def _place(regarding: Reference) -> str:
    """Return what tells an object without a uid from others."""
    return f"{regarding.resource.plural}/{regarding.namespace}/{regarding.name}"


def _text_json(text: EventText, is_combined: bool) -> str:
    """Return path, reason and message, as they follow a reference; only the message has escapes."""
    path = f',"fieldPath":"{text.field_path}"' if text.field_path else ""
    message = _COMBINED + text.message if is_combined else text.message
    message = msgspec.json.encode(message).decode()
    return f'{path}}},"reason":"{text.reason}","message":{message}'


def _similar(source: _Source, told: _Held) -> _Held:
    """Return the event for one that is not held: of many that are similar, the one for them all."""
    text, now_ns = told.text, told.last_ns
    like = text.type, text.reason
    held = source.held.get(like)
    if held is None or now_ns - held.last_ns > _SIMILAR_NS:
        similar = [
            other
            for other in source.held.values()
            if (other.text.type, other.text.reason) == like
            and now_ns - other.last_ns <= _SIMILAR_NS
        ]
        if len(similar) < _SIMILAR_MAX - 1:
            source.held[text] = told
            return told
    if held is None:
        told.is_combined = True
        held = source.held[like] = told
    else:
        _repeat(held, told)
    return held


def _repeat(held: _Held, told: _Held) -> None:
    """Count an event once more, as it was told last."""
    held.count += 1
    held.regarding, held.text, held.version = told.regarding, told.text, told.version
    held.host, held.last_ns = told.host, told.last_ns
