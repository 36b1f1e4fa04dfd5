"""Watches as streams of JSON frames; an event is encoded once for all who read the same form.

Source: ``k8s.io/apiserver/pkg/endpoints/handlers/watch.go`` and ``storage/cacher`` v0.37.2.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from pykube_core.api.machinery.registry import Resource
from pykube_core.apiserver.endpoints.negotiation import METADATA, TABLE, Accepted
from pykube_core.apiserver.endpoints.tables import partial_metadata, table
from pykube_core.apiserver.registry.watch import Bookmark, ObjectWatch, WatchEvent
from pykube_core.objects import ApiObject

BOOKMARK_NS: Final = 60 * 10**9
_FRAMES_MAX: Final = 4096
_EVENTS: Final = 256


class Frames:
    """Frames that were encoded last, for the other watches that send them."""

    def __init__(self) -> None:
        self._frames: OrderedDict[tuple[str, bytes, int, str], bytes] = OrderedDict()

    def get(self, key: tuple[str, bytes, int, str], make: Callable[[], bytes]) -> bytes:
        """Return a frame, made if nobody has asked for it yet."""
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = make()
            if len(self._frames) > _FRAMES_MAX:
                self._frames.popitem(last=False)
        return frame


class WatchStream:
    """The body of one watch.

    Parameters
    ----------
    watch : ObjectWatch
    accepted : Accepted
        The form of its objects.
    included : str
        ``includeObject`` of a table.
    frames : Frames
        Shared by all watches.
    clock : callable
        Nanoseconds since the epoch.
    real_clock : callable
        Nanoseconds that pass for the client.
    timeout_seconds : int
        It ends by itself after so long.
    bookmarks : bool
        The client wants bookmarks.
    """

    def __init__(
        self,
        resource: Resource,
        watch: ObjectWatch,
        accepted: Accepted,
        included: str,
        frames: Frames,
        clock: Callable[[], int],
        real_clock: Callable[[], int],
        timeout_seconds: int,
        bookmarks: bool,
    ) -> None:
        self._resource = resource
        self._watch = watch
        self._accepted = accepted
        self._included = included
        self._frames = frames
        self._clock = clock
        self._real_clock = real_clock
        self._end_ns = real_clock() + timeout_seconds * 10**9
        self._bookmark_ns = real_clock() + BOOKMARK_NS if bookmarks else 0
        self._bookmarks = bookmarks
        self._form = f"{accepted.transform}/{accepted.version}/{included}"
        self._is_over = False
        self._has_sent = False

    def read(self) -> bytes | None:
        """Return the frames that there are, b"" for none yet, None at the end."""
        if self._is_over:
            return None
        events = self._watch.read(_EVENTS)
        now_ns = self._real_clock()
        out = [self._frame(event) for event in events if self._is_wanted(event)]
        if any(event.type == "ERROR" for event in events):
            self._is_over = True
        elif not events and now_ns >= self._end_ns:
            self._is_over = True
            if self._bookmarks:
                out.append(self._frame(self._watch.bookmark()))
        elif not events and self._bookmark_ns and now_ns >= self._bookmark_ns:
            self._bookmark_ns = now_ns + BOOKMARK_NS
            out.append(self._frame(self._watch.bookmark()))
        if self._is_over:
            self._watch.close()
            return b"".join(out) or None
        return b"".join(out)

    def close(self) -> None:
        """End the watch."""
        self._is_over = True
        self._watch.close()

    def _is_wanted(self, event: WatchEvent) -> bool:
        return event.type != "BOOKMARK" or self._bookmarks

    def _frame(self, event: WatchEvent) -> bytes:
        obj = event.object
        if event.error is not None:
            status = msgspec.json.encode(event.error.status())
            return b'{"type":"ERROR","object":%b}\n' % status
        if isinstance(obj, ApiObject):
            if self._accepted.transform == TABLE:
                return self._encoded(event)  # Ages differ, and the first has the columns.
            key = (event.type, obj.key, obj.revision, self._form)
            return self._frames.get(key, lambda: self._encoded(event))
        return self._encoded(event)

    def _encoded(self, event: WatchEvent) -> bytes:
        obj, transform = event.object, self._accepted.transform
        if isinstance(obj, Bookmark):
            data = self._bookmark(obj)
        elif not isinstance(obj, ApiObject):
            data = b"null"
        elif transform == TABLE:
            data = msgspec.json.encode(self._table([obj], str(obj.revision)))
        elif transform == METADATA:
            metadata = partial_metadata(obj.decode(), self._accepted.version)
            data = msgspec.json.encode(metadata)
        else:
            data = obj.json()
        return b'{"type":"%b","object":%b}\n' % (event.type.encode(), data)

    def _table(self, objects: list[ApiObject], revision: str) -> dict[str, object]:
        first, self._has_sent = not self._has_sent, True
        return table(
            self._resource,
            objects,
            self._clock(),
            version=self._accepted.version,
            included=self._included,
            metadata={"resourceVersion": revision},
            with_columns=first,
        )

    def _bookmark(self, obj: Bookmark) -> bytes:
        transform = self._accepted.transform
        if transform == TABLE:
            shown = self._table([], str(obj.revision))
            return msgspec.json.encode(shown | {"rows": []})
        if transform == METADATA:
            return msgspec.json.encode(partial_metadata(obj.decode(), self._accepted.version))
        return obj.json()
