"""Events: what components tell about objects, the same told again as a count.

Source: ``k8s.io/client-go/tools/record`` (event.go, events_cache.go) and ``tools/events``
(event_broadcaster.go) v0.34. Differences: repetitions of an events.k8s.io event are written at the
end of each step, not each half hour; of several recorders in a process each has a cache of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec
from msgspec.structs import replace

from pykube_core.api.builtin import EVENTS
from pykube_core.api.registry import Resource
from pykube_core.api.times import NANO, micro_time_text, time_text
from pykube_core.apiserver.objects import ApiObject
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
_BATCH: Final = 128

_HEAD: Final = EVENTS.head.decode()
_PREFIX: Final = EVENTS.prefix.decode()


class Reference(msgspec.Struct, frozen=True, gc=False):
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
        return cls(obj.resource, namespace, name, obj.uid, obj.revision, field_path)


class _Told(msgspec.Struct, frozen=True, gc=False):
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
    first: str
    last_ns: int
    count: int = 1
    name: str = ""
    uid: str = ""
    revision: int = 0


class _Source(msgspec.Struct, gc=False):
    """What has been told about one object, and how much more may be."""

    tokens: float
    since_ns: int
    held: dict[tuple[str, ...], _Held] = {}


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
        self._sources: dict[str, _Source] = {}
        self._older_sources: dict[str, _Source] = {}
        self._now_text = ""

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
        self._now_text = micro_time_text(now_ns) if self._instance else time_text(now_ns)
        # Nobody is written twice in a batch: the last state of each is what counts.
        pending: dict[int, _Held] = {}
        key, source = "", None
        for event in told:
            about = event.regarding
            own = about.uid or f"{about.resource.plural}/{about.namespace}/{about.name}"
            if source is None or key != own:  # Most come in runs of one.
                key, source = own, self._source(own, now_ns)
            held = correlate(source, event, now_ns)
            if held is not None:
                pending[id(held)] = held
        ready = [*pending.values()]
        for at in range(0, len(ready), _BATCH):
            self._write(ready[at : at + _BATCH], now_ns)

    def _write(self, pending: list[_Held], now_ns: int) -> None:
        self._name([held for held in pending if not held.revision], now_ns)
        for _ in range(_ATTEMPTS):
            if not pending:
                return
            objects = [self._encoded(held) for held in pending]
            refused = []
            for held, outcome in zip(pending, self._server.write_encoded(objects), strict=True):
                if isinstance(outcome, ApiObject):
                    held.revision = outcome.revision
                else:  # Another server gave the name, or the event has gone meanwhile.
                    held.revision = 0
                    refused.append(held)
            self._name(refused, now_ns)
            pending = refused

    def _name(self, fresh: list[_Held], now_ns: int) -> None:
        """Give names and uids to events that are to be created."""
        moment_ns = self._server.new_moments_ns(now_ns, len(fresh))
        for held, uid in zip(fresh, self._server.new_uids(len(fresh)), strict=True):
            held.uid = held.uid or uid
            held.name = f"{held.told.regarding.name[:_NAME_BYTES_MAX]}.{moment_ns:x}"
            moment_ns += 1

    def _source(self, key: str, now_ns: int) -> _Source:
        """Return what was told of an object; the last 4,096 objects are known, and some more."""
        source = self._sources.get(key)
        if source is None:
            if len(self._sources) >= _OBJECTS_MAX:
                self._older_sources, self._sources = self._sources, {}
            source = self._older_sources.get(key) or _Source(_BURST, now_ns)
            self._sources[key] = source
        return source

    def _counted(self, source: _Source, told: _Told, now_ns: int) -> _Held | None:
        """Return the event to write: combined, counted; None when too many come."""
        key: tuple[str, ...] = told.type, told.reason, told.message, told.regarding.field_path
        held = source.held.get(key)
        if held is None and len(source.held) >= _SIMILAR_MAX - 1:
            similar = [
                other
                for other in source.held.values()
                if (other.told.type, other.told.reason) == key[:2]
                and now_ns - other.last_ns <= _SIMILAR_NS
            ]
            if len(similar) >= _SIMILAR_MAX - 1:
                told = replace(told, message=_COMBINED + told.message)
                key = key[:2]
                held = source.held.get(key)
        if held is None:
            held = source.held[key] = _Held(told, self._now_text, now_ns)
        else:
            held.told, held.count, held.last_ns = told, held.count + 1, now_ns
        if source.since_ns != now_ns:
            refilled = source.tokens + (now_ns - source.since_ns) / _REFILL_NS
            source.tokens, source.since_ns = min(float(_BURST), refilled), now_ns
        if source.tokens < 1:
            return None
        source.tokens -= 1
        return held

    def _in_series(self, source: _Source, told: _Told, now_ns: int) -> _Held:
        """Return the event to write: a new one, or one more of a series."""
        key = told.type, told.reason, told.action, str(told.regarding.revision)
        held = source.held.get(key)
        if held is None:
            held = source.held[key] = _Held(told, self._now_text, now_ns)
        else:
            held.count += 1
        return held

    def _encoded(self, held: _Held) -> ApiObject:
        """Return an event as it is stored; names and paths of fields need no escapes."""
        told, first = held.told, held.first
        about = told.regarding
        resource = about.resource
        namespace = about.namespace or "default"
        own = f'"namespace":"{about.namespace}",' if about.namespace else ""
        uid = f'"uid":"{about.uid}",' if about.uid else ""
        version = f',"resourceVersion":"{about.revision}"' if about.revision else ""
        path = f',"fieldPath":"{about.field_path}"' if about.field_path else ""
        rest = self._series(held) if self._instance else self._legacy(held)
        data = (
            f'{_HEAD}"name":"{held.name}","uid":"{held.uid}","namespace":"{namespace}",'
            f'"creationTimestamp":"{first[:19]}Z"}},"involvedObject":{{"kind":"{resource.kind}",'
            f'{own}"name":"{about.name}",{uid}"apiVersion":"{resource.api_version}"'
            f'{version}{path}}},"reason":"{told.reason}","message":{_quoted(told.message)},{rest}}}'
        )
        key = f"{_PREFIX}{namespace}/{held.name}"
        return ApiObject(EVENTS, key.encode(), data.encode(), held.revision)

    def _legacy(self, held: _Held) -> str:
        told, host, component = held.told, held.told.host, self._component
        where = f',"host":"{host}"' if host else ""
        last = self._now_text if held.count > 1 else held.first
        return (
            f'"source":{{"component":"{component}"{where}}},"firstTimestamp":"{held.first}",'
            f'"lastTimestamp":"{last}","count":{held.count},"type":"{told.type}","eventTime":null,'
            f'"reportingComponent":"{component}","reportingInstance":"{host}"'
        )

    def _series(self, held: _Held) -> str:
        told, series = held.told, ""
        if held.count > 1:
            series = f'"series":{{"count":{held.count},"lastObservedTime":"{self._now_text}"}},'
        return (
            f'"source":{{}},"firstTimestamp":null,"lastTimestamp":null,"type":"{told.type}",'
            f'"eventTime":"{held.first}",{series}"action":"{told.action}",'
            f'"reportingComponent":"{self._component}","reportingInstance":"{self._instance}"'
        )


@lru_cache(4096)
def _quoted(message: str) -> str:
    return msgspec.json.encode(message).decode()
