"""Watches: cursors on the log that can be read, waited for and iterated."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from _pykube_hotcore.native._store import StoreHandle
from _pykube_hotcore.native._store_errors import ClosedError
from _pykube_hotcore.native._store_types import PackedEvents, WatchBatch

_Events = TypeVar("_Events", WatchBatch, PackedEvents)


class Cursor(Protocol):
    """The source of a watch."""

    revision: int

    def read(self, event_count_max: int) -> tuple[WatchBatch, bool]:
        """Return the next events, and whether there are more already."""

    def read_packed(self, event_count_max: int) -> tuple[PackedEvents, bool]:
        """Return the same, packed."""

    def exclude(self, prefixes: Sequence[bytes]) -> None:
        """Leave out keys with any of these prefixes from now on."""

    def close(self) -> None:
        """Free it; a second call does nothing."""


class Waker(Protocol):
    """The caller of `Watch.signal` when there may be something to read."""

    def start(self) -> None:
        """Begin to do so; a second call does nothing."""


class WatchHub:
    """One thread that waits for new revisions and wakes the watches that they concern.

    It starts with the first watch that waits. It sleeps in C without the interpreter's lock.
    """

    def __init__(self, handle: StoreHandle) -> None:
        self._handle = handle
        self._lock = threading.Lock()
        self._watches: WeakValueDictionary[int, Watch] = WeakValueDictionary()
        self._next_tag = 1
        self._thread: threading.Thread | None = None
        self._closed = False

    def open(
        self,
        key: bytes,
        end: bytes,
        start_revision: int,
        *,
        prev_kv: bool,
        no_put: bool,
        no_delete: bool,
    ) -> Watch:
        """Open a watch that this hub wakes."""
        with self._lock:
            tag = self._next_tag
            self._next_tag += 1
        handle = self._handle.watch(
            key, end, start_revision, tag, prev_kv=prev_kv, no_put=no_put, no_delete=no_delete
        )
        watch = Watch(self, handle)
        with self._lock:
            self._watches[tag] = watch
        return watch

    def start(self) -> None:
        """Start the thread if it does not run."""
        with self._lock:
            if self._thread is None and not self._closed:
                name = "pykube-store-watch"
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        revision = -1
        while not self._closed:
            if self._handle.wait(revision):
                revision = self._handle.stat().revision
            self._wake(self._handle.ready())

    def _wake(self, tags: list[int]) -> None:
        with self._lock:
            found = [watch for tag in tags if (watch := self._watches.get(tag)) is not None]
        loops: dict[asyncio.AbstractEventLoop, list[Watch]] = {}
        for watch in found:
            loop = watch.signal()
            if loop is not None:
                loops.setdefault(loop, []).append(watch)
        for loop, watches in loops.items():
            try:
                loop.call_soon_threadsafe(_resume, watches)
            except RuntimeError:
                continue  # the loop was closed

    def close(self) -> None:
        """Stop the thread and wake every watch."""
        self._closed = True
        self._handle.wake()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        with self._lock:
            tags = list(self._watches)
        self._wake(tags)


def _resume(watches: list[Watch]) -> None:
    for watch in watches:
        watch.resume()


class Watch:
    """Events of a key or a range from a revision on, in order, each once, revisions whole.

    Read it without waiting (`read`, `read_packed`), from a thread (`wait`), or with ``async for``,
    which yields `WatchBatch`. One reader at a time. A reader that falls behind costs nothing; when
    events that it has not read are compacted, reading raises `CompactedError`.

    Attributes
    ----------
    revision : int
        Everything up to here was delivered or does not concern the watch.
    created_revision : int
        The current revision when it was opened.
    """

    def __init__(self, hub: Waker, handle: Cursor) -> None:
        self._hub = hub
        self._handle = handle
        self._signal = threading.Event()
        self._lock = threading.Lock()
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None
        self._callback: Callable[[], None] | None = None
        self._signal.set()  # what lies in the past is there at once
        self.created_revision = handle.revision
        self.revision = 0

    def read(self, event_count_max: int = 1024) -> WatchBatch:
        """Return what is there, without waiting; no events when there is nothing new.

        Whole revisions are added until there are ``event_count_max`` events, at least one.
        """
        return self._noted(self._handle.read, event_count_max)

    def read_packed(self, event_count_max: int = 1024) -> PackedEvents:
        """Return the same in two arrays, for a reader of many: it ships or counts them."""
        return self._noted(self._handle.read_packed, event_count_max)

    def _noted(self, read: Callable[[int], tuple[_Events, bool]], event_count_max: int) -> _Events:
        """Read; note how far that is, and whether there is more."""
        self._signal.clear()
        events, more = read(event_count_max)
        if more:
            self._signal.set()
        self.revision = events.revision
        return events

    def exclude(self, prefixes: Sequence[bytes]) -> None:
        """Leave out keys with any of these prefixes, none of them empty, from the next read on.

        Keys named by an earlier call count no more.
        """
        self._handle.exclude(prefixes)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until there may be something to read, at most ``timeout`` seconds."""
        self._hub.start()
        return self._signal.wait(timeout)

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` from the store's own thread whenever there may be something to read.

        It must not block. Events from before the call are not announced.
        """
        self._callback = callback
        self._hub.start()

    def signal(self) -> asyncio.AbstractEventLoop | None:
        """Note that there is something to read; return the loop to resume, if one waits."""
        with self._lock:
            self._signal.set()
            loop = None if self._waiter is None else self._waiter[0]
        if self._callback is not None:
            self._callback()
        return loop

    def resume(self) -> None:
        """Let the waiting task go on; called on its loop."""
        with self._lock:
            waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter[1].done():
            waiter[1].set_result(None)

    async def next_batch(self, event_count_max: int = 1024) -> WatchBatch:
        """Return the next events, waiting for them.

        Raises
        ------
        CompactedError
            Events that were not read are gone; watch again from a newer revision.
        ClosedError
            The watch or the store was closed.
        """
        while True:
            batch = self.read(event_count_max)
            if batch.events:
                return batch
            self._hub.start()
            loop = asyncio.get_running_loop()
            future: asyncio.Future[None] = loop.create_future()
            with self._lock:
                if self._signal.is_set():
                    continue
                self._waiter = (loop, future)
            await future

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> WatchBatch:
        try:
            return await self.next_batch()
        except ClosedError:
            raise StopAsyncIteration from None

    def close(self) -> None:
        """End the watch; a second call does nothing. A task that waits ends its iteration."""
        self._handle.close()
        loop = self.signal()
        if loop is not None:
            try:
                loop.call_soon_threadsafe(self.resume)
            except RuntimeError:
                return  # the loop was closed, and the task with it

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
