"""One gRPC watch stream: many watches, one order of answers.

Everything that the client is told passes through `WatchStream.responses`: control messages in the
order of the requests, events by revision, and a progress answer only when nothing is left to
deliver at its revision. A client that reads slowly holds up this generator and nothing else: its
watches are cursors that wait in the store's log.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from pykube_core.store import CompactedError, RequestError, Store, Watch, WatchBatch
from pykube_core.store.etcd import convert, wire
from pykube_core.store.etcd.wire import Message

_NO_ID = -1
_DUPLICATE = "mvcc: duplicate watch ID provided on the WatchStream"
_NO_PUT, _NO_DELETE = 0, 1
# Up to here each new revision is an answer of its own, as a watcher of etcd sees it; beyond, when
# many come at once, they share one, as what lies in the past always does.
_SINGLE_REVISIONS_MAX = 8
_READ_EVENTS = 1000
_FRAGMENT_BYTES = 1 << 20
# etcd looks at watches that start in the past ten times a second, and cancels them then.
_CANCEL_DELAY_SECONDS = 0.1


@dataclass
class _Entry:
    watch: Watch
    progress_notify: bool
    fragment: bool
    quiet: bool = True  # no events since the last periodic progress


class WatchStream:
    """State of one stream.

    Parameters
    ----------
    store : Store
        The store that is watched.
    header : callable
        From a revision to a response header.
    """

    def __init__(self, store: Store, header: Callable[[int], Message]) -> None:
        self._store = store
        self._header = header
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._control: deque[Message] = deque()
        self._entries: dict[int, _Entry] = {}
        self._ready: set[int] = set()
        self._next_id = 0
        self._progress_wanted = False
        self._ended = False

    def handle(self, request: Message) -> None:
        """Take one request of the client."""
        kind = request.WhichOneof("union")
        if kind == "create_request":
            self._create(request.create_request)
        elif kind == "cancel_request":
            self._cancel(request.cancel_request.watch_id)
        elif kind == "progress_request":
            self._progress_wanted = True
        self._wake.set()

    def end(self) -> None:
        """Note that the client sends no more."""
        self._ended = True
        self._wake.set()

    def _choose_id(self, wanted: int) -> int:
        if wanted != 0:
            return _NO_ID if wanted in self._entries else wanted
        while self._next_id in self._entries:
            self._next_id += 1
        self._next_id += 1
        return self._next_id - 1

    def _create(self, request: Message) -> None:
        try:
            watch = self._store.watch(
                request.key or b"\0",
                request.range_end,
                start_revision=request.start_revision,
                prev_kv=request.prev_kv,
                no_put=_NO_PUT in request.filters,
                no_delete=_NO_DELETE in request.filters,
            )
        except RequestError as error:
            self._refuse(str(error))
            return
        watch_id = self._choose_id(request.watch_id)
        if watch_id == _NO_ID:
            watch.close()
            self._refuse(_DUPLICATE)
            return
        self._entries[watch_id] = _Entry(watch, request.progress_notify, request.fragment)
        header = self._header(watch.created_revision)
        self._control.append(wire.WatchResponse(header=header, watch_id=watch_id, created=True))
        self._ready.add(watch_id)
        watch.subscribe(lambda: self._announce(watch_id))

    def _announce(self, watch_id: int) -> None:
        """Note events of a watch; called from the store's thread."""
        try:
            self._loop.call_soon_threadsafe(self._mark, watch_id)
        except RuntimeError:
            return  # the server has stopped

    def _mark(self, watch_id: int) -> None:
        self._ready.add(watch_id)
        self._wake.set()

    def _refuse(self, reason: str) -> None:
        header = self._header(self._store.revision)
        self._control.append(
            wire.WatchResponse(
                header=header, watch_id=_NO_ID, created=True, canceled=True, cancel_reason=reason
            )
        )

    def _cancel(self, watch_id: int) -> None:
        entry = self._entries.pop(watch_id, None)
        if entry is not None:
            entry.watch.close()
            header = self._header(self._store.revision)
            self._control.append(
                wire.WatchResponse(header=header, watch_id=watch_id, canceled=True)
            )

    def _cancel_compacted(self, watch_id: int, compact_revision: int) -> None:
        entry = self._entries.pop(watch_id, None)
        if entry is not None:
            entry.watch.close()
            self._control.append(
                wire.WatchResponse(
                    header=self._header(0),
                    watch_id=watch_id,
                    canceled=True,
                    compact_revision=compact_revision,
                )
            )
            self._wake.set()

    def _read(self, watch_id: int) -> list[tuple[int, int, Message]]:
        """Read one watch; return its answers with revision and id, to be ordered among others."""
        entry = self._entries.get(watch_id)
        if entry is None:
            return []
        first = entry.watch.revision == 0
        try:
            batch = entry.watch.read(_READ_EVENTS)
        except CompactedError as error:
            delay = _CANCEL_DELAY_SECONDS if first else 0
            self._loop.call_later(delay, self._cancel_compacted, watch_id, error.compact_revision)
            return []
        if not batch.events:
            return []
        entry.quiet = False
        if batch.events[-1].kv.mod_revision >= batch.revision:
            self._ready.add(watch_id)  # it may have stopped at its limit
        return [
            (part.revision, watch_id, message)
            for part in ([batch] if first else _parts(batch))
            for message in self._messages(watch_id, entry, part)
        ]

    def _messages(self, watch_id: int, entry: _Entry, part: WatchBatch) -> list[Message]:
        events = [convert.event_message(event) for event in part.events]
        groups = _fragments(events) if entry.fragment else [events]
        return [
            wire.WatchResponse(
                header=self._header(part.revision),
                watch_id=watch_id,
                events=group,
                fragment=i < len(groups) - 1,
            )
            for i, group in enumerate(groups)
        ]

    def _events(self) -> list[Message]:
        ready, self._ready = sorted(self._ready), set()
        found = [answer for watch_id in ready for answer in self._read(watch_id)]
        found.sort(key=lambda answer: answer[:2])
        return [message for _, _, message in found]

    def periodic_progress(self) -> None:
        """Tell quiet watches that asked for it how far they are."""
        for watch_id, entry in self._entries.items():
            if entry.progress_notify and entry.quiet and watch_id not in self._ready:
                revision = entry.watch.read(1).revision if not self._ready else 0
                if revision:
                    header = self._header(revision)
                    self._control.append(wire.WatchResponse(header=header, watch_id=watch_id))
            entry.quiet = True
        self._wake.set()

    def _progress(self) -> list[Message]:
        """Answer a progress request once every watch has delivered all up to a revision."""
        revision = self._store.revision
        self._ready.update(self._entries)
        messages = self._events()
        if not self._ready and not messages:
            self._progress_wanted = False
            header = self._header(revision)
            messages = [wire.WatchResponse(header=header, watch_id=_NO_ID)]
        return messages

    async def responses(self) -> AsyncIterator[Message]:
        """Yield what the client is told, until the stream has ended."""
        while not self._ended:
            while self._control:
                yield self._control.popleft()
            messages = self._events()
            if not messages and not self._control and self._progress_wanted:
                messages = self._progress()
            for message in messages:
                yield message
            if messages or self._control or self._ready or self._progress_wanted:
                continue
            self._wake.clear()
            if self._control or self._ready or self._progress_wanted or self._ended:
                continue
            await self._wake.wait()

    def close(self) -> None:
        """Close every watch."""
        self._ended = True
        for entry in self._entries.values():
            entry.watch.close()
        self._entries.clear()


def _parts(batch: WatchBatch) -> list[WatchBatch]:
    """Split a batch by revision when there are few; else leave it whole."""
    revisions = sorted({event.kv.mod_revision for event in batch.events})
    if len(revisions) > _SINGLE_REVISIONS_MAX:
        return [batch]
    return [
        WatchBatch(revision, [e for e in batch.events if e.kv.mod_revision == revision])
        for revision in revisions
    ]


def _fragments(events: list[Message]) -> list[list[Message]]:
    """Split events into groups of about a megabyte."""
    groups: list[list[Message]] = [[]]
    size = 0
    for event in events:
        size += event.ByteSize()
        if size > _FRAGMENT_BYTES and groups[-1]:
            groups.append([])
            size = event.ByteSize()
        groups[-1].append(event)
    return groups
