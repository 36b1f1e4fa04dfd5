"""Events: what components tell about objects, the same told again as a count.

Source: ``k8s.io/client-go/tools/record`` (event.go, events_cache.go) and ``tools/events``
(event_broadcaster.go) v0.34. Differences: repetitions of an events.k8s.io event are written at the
end of each step, not each half hour; of several recorders in a process each has a cache of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from pykube_core.api.builtin import EVENTS
from pykube_core.api.registry import Resource
from pykube_core.apiserver.lifecycle import NANO, time_text
from pykube_core.apiserver.objects import ApiObject, identity_prefix
from pykube_core.apiserver.server import ApiServer

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

_encode: Final = msgspec.json.encode


class _Identity(msgspec.Struct, gc=False):
    uid: str


class _Identified(msgspec.Struct, gc=False):
    metadata: _Identity


class Reference(NamedTuple):
    """The object that an event is about; ``field_path`` names a part of it."""

    resource: Resource
    namespace: str
    name: str
    uid: str
    revision: int = 0
    field_path: str = ""

    @classmethod
    def of(cls, obj: ApiObject, field_path: str = "") -> Reference:
        """Return the reference to an object as it is."""
        namespace, name = obj.resource.split_key(obj.key)
        uid = obj.view(_Identified).metadata.uid
        return cls(obj.resource, namespace, name, uid, obj.revision, field_path)


class _Told(NamedTuple):
    """An event as it was recorded."""

    regarding: Reference
    type: str
    reason: str
    message: str
    host: str
    action: str


class _Held(msgspec.Struct, gc=False):
    """An event that was written, at ``revision``, or that is about to be, at 0."""

    told: _Told
    name: str
    first: bytes
    last_ns: int
    uid: str = ""
    count: int = 1
    revision: int = 0


class _Source(msgspec.Struct):
    """What one host's component has told about one object, and how much it may still tell."""

    tokens: float
    since_ns: int
    held: dict[tuple[str, ...], _Held]


class EventRecorder:
    """Records what a component tells, and writes it in batches.

    Parameters
    ----------
    server : ApiServer
        Where events are written.
    component : str
        Who tells, such as "kubelet".
    instance : str
        Which one; given, events have the shape of events.k8s.io (kube-scheduler's): a time in
        microseconds, an action, and series in place of counts.
    """

    def __init__(self, server: ApiServer, component: str, *, instance: str = "") -> None:
        self._server = server
        self._component = component
        self._instance = instance
        self._told: list[_Told] = []
        self._sources: OrderedDict[tuple[str, str], _Source] = OrderedDict()
        self._last_ns = 0
        self._text_ns, self._text = -1, b""

    def record(
        self,
        regarding: Reference,
        type: str,
        reason: str,
        message: str,
        *,
        host: str = "",
        action: str = "",
    ) -> None:
        """Tell something about an object; it is written by `flush`.

        Parameters
        ----------
        type : str
            `NORMAL` or `WARNING`.
        host : str
            The node that tells it.
        action : str
            What was done, for events with an instance.
        """
        self._told.append(_Told(regarding, type, reason, message, host, action))

    def flush(self, now_ns: int) -> None:
        """Write what was recorded since the last call; what the API refuses is forgotten."""
        if not self._told:
            return
        told, self._told = self._told, []
        correlate = self._in_series if self._instance else self._counted
        # Nobody is written twice in a batch: the last state of each is what counts.
        pending: dict[int, _Held] = {}
        for event in told:
            held = correlate(event, now_ns)
            if held is not None:
                pending[id(held)] = held
        self._write(list(pending.values()), now_ns)

    def _write(self, pending: list[_Held], now_ns: int) -> None:
        uids = iter(self._server.new_uids(sum(not held.revision for held in pending)))
        for held in pending:
            if not held.revision:
                held.uid = next(uids)
        for _ in range(_ATTEMPTS):
            if not pending:
                return
            objects = [self._encoded(held, now_ns) for held in pending]
            refused = []
            for held, outcome in zip(pending, self._server.write_encoded(objects), strict=True):
                if isinstance(outcome, ApiObject):
                    held.revision = outcome.revision
                else:  # The name is taken, or the event has gone meanwhile.
                    held.name, held.revision = self._name(held.told.regarding.name, now_ns), 0
                    refused.append(held)
            pending = refused

    def _name(self, name: str, now_ns: int) -> str:
        self._last_ns = max(now_ns, self._last_ns + 1)
        return f"{name[:_NAME_BYTES_MAX]}.{self._last_ns:x}"

    def _source(self, told: _Told, now_ns: int) -> _Source:
        """Return what is known of an event's source and object; the oldest is forgotten."""
        key = told.regarding.uid or told.regarding.name, told.host
        source = self._sources.get(key)
        if source is not None:
            self._sources.move_to_end(key)
            return source
        source = self._sources[key] = _Source(_BURST, now_ns, {})
        if len(self._sources) > _OBJECTS_MAX:
            self._sources.popitem(last=False)
        return source

    def _counted(self, told: _Told, now_ns: int) -> _Held | None:
        """Return the event to write: combined, counted; None when too many come."""
        source = self._source(told, now_ns)
        key: tuple[str, ...] = (told.type, told.reason, told.message, told.regarding.field_path)
        held = source.held.get(key)
        if held is None and len(source.held) >= _SIMILAR_MAX - 1:
            similar = [
                other
                for other in source.held.values()
                if (other.told.type, other.told.reason) == key[:2]
                and now_ns - other.last_ns <= _SIMILAR_NS
            ]
            if len(similar) >= _SIMILAR_MAX - 1:
                told, key = told._replace(message=_COMBINED + told.message), key[:2]
                held = source.held.get(key)
        if held is None:
            held = source.held[key] = self._new(told, self._now_text(now_ns), now_ns)
        else:
            held.told, held.count, held.last_ns = told, held.count + 1, now_ns
        if source.since_ns != now_ns:
            refilled = source.tokens + (now_ns - source.since_ns) / _REFILL_NS
            source.tokens, source.since_ns = min(float(_BURST), refilled), now_ns
        if source.tokens < 1:
            return None
        source.tokens -= 1
        return held

    def _new(self, told: _Told, first: bytes, now_ns: int) -> _Held:
        return _Held(told, self._name(told.regarding.name, now_ns), first, now_ns)

    def _now_text(self, now_ns: int) -> bytes:
        """Return the time as text; it is the same for many events."""
        if now_ns != self._text_ns:
            self._text_ns = now_ns
            text = _micro_time(now_ns) if self._instance else time_text(now_ns).encode()
            self._text = text
        return self._text

    def _in_series(self, told: _Told, now_ns: int) -> _Held:
        """Return the event to write: a new one, or one more of a series."""
        source = self._source(told, now_ns)
        key = told.type, told.reason, told.action, str(told.regarding.revision)
        held = source.held.get(key)
        if held is not None:
            held.count += 1
            return held
        held = source.held[key] = self._new(told, self._now_text(now_ns), now_ns)
        return held

    def _encoded(self, held: _Held, now_ns: int) -> ApiObject:
        """Return an event as it is stored."""
        regarding = held.told.regarding
        namespace = regarding.namespace or "default"
        created = held.first if not self._instance else held.first[:19] + b"Z"
        data = b'%b,"namespace":"%b","creationTimestamp":"%b"},"involvedObject":%b,%b}' % (
            identity_prefix(EVENTS, held.name, held.uid),
            namespace.encode(),
            created,
            _reference(regarding),
            self._legacy(held, now_ns) if not self._instance else self._series(held, now_ns),
        )
        return ApiObject(EVENTS, EVENTS.key(namespace, held.name), data, held.revision)

    def _legacy(self, held: _Held, now_ns: int) -> bytes:
        told = held.told
        host = told.host.encode()
        return (
            b'"reason":"%b","message":%b,"source":{"component":"%b"%b},'
            b'"firstTimestamp":"%b","lastTimestamp":"%b","count":%d,"type":"%b","eventTime":null,'
            b'"reportingComponent":"%b","reportingInstance":"%b"'
        ) % (
            told.reason.encode(),
            _encode(told.message),
            self._component.encode(),
            b',"host":"%b"' % host if host else b"",
            held.first,
            self._now_text(now_ns) if held.count > 1 else held.first,
            held.count,
            told.type.encode(),
            self._component.encode(),
            host,
        )

    def _series(self, held: _Held, now_ns: int) -> bytes:
        told, series = held.told, b""
        if held.count > 1:
            seen = self._now_text(now_ns)
            series = b'"series":{"count":%d,"lastObservedTime":"%b"},' % (held.count, seen)
        return (
            b'"reason":"%b","message":%b,"source":{},"firstTimestamp":null,"lastTimestamp":null,'
            b'"type":"%b","eventTime":"%b",%b"action":"%b",'
            b'"reportingComponent":"%b","reportingInstance":"%b"'
        ) % (
            told.reason.encode(),
            _encode(told.message),
            told.type.encode(),
            held.first,
            series,
            told.action.encode(),
            self._component.encode(),
            self._instance.encode(),
        )


def _micro_time(time_ns: int) -> bytes:
    """Return a time of the API in microseconds."""
    moment = datetime.fromtimestamp(time_ns // NANO, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns % NANO // 1000:06d}Z".encode()


def _reference(regarding: Reference) -> bytes:
    """Return a reference as JSON; names and paths of fields need no escapes."""
    resource, namespace, name, uid, revision, path = regarding
    namespace = f'"namespace":"{namespace}",' if namespace else ""
    version = f',"resourceVersion":"{revision}"' if revision else ""
    part = f',"fieldPath":"{path}"' if path else ""
    return (
        f'{{"kind":"{resource.kind}",{namespace}"name":"{name}","uid":"{uid}",'
        f'"apiVersion":"{resource.api_version}"{version}{part}}}'
    ).encode()
