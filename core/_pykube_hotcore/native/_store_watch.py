"""A cursor on the store's log: every call into ``pkc_watch_*``."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from _pykube_hotcore._ffi import ffi, lib
from _pykube_hotcore.native._store_answers import read_events, read_packed
from _pykube_hotcore.native._store_errors import closed_error, compacted_error, ok
from _pykube_hotcore.native._store_types import PackedEvents, WatchBatch
from _pykube_hotcore.native._store_views import AnswerPool

_Events = TypeVar("_Events", WatchBatch, PackedEvents)


class WatchHandle:
    """A cursor on the log. One thread at a time."""

    def __init__(self, pool: AnswerPool, watch: Any, revision: int) -> None:
        self._pool = pool
        self._watch = watch
        self._more = ffi.new("int32_t *")
        self.revision = revision

    def read(self, event_count_max: int) -> tuple[WatchBatch, bool]:
        """Return the next events, and whether there are more already."""
        return self._read(event_count_max, read_events)

    def read_packed(self, event_count_max: int) -> tuple[PackedEvents, bool]:
        """Return the same, packed."""
        return self._read(event_count_max, read_packed)

    def _read(
        self, event_count_max: int, copied: Callable[[Any, int, int], _Events]
    ) -> tuple[_Events, bool]:
        if self._watch is None:
            raise closed_error()
        answer = self._pool.borrow()
        try:
            status = lib.pkc_watch_read(self._watch, event_count_max, self._more, answer)
            if status == lib.PKC_ERR_COMPACTED:
                raise compacted_error(int(answer.compact_revision))
            count = ok(status)
            more = bool(self._more[0])
            # With more to come, not everything up to the answer's revision was delivered.
            last = answer.kvs[count - 1].mod_revision if count and more else answer.revision
            return copied(answer, int(last), count), more
        finally:
            self._pool.give_back(answer)

    def exclude(self, prefixes: Sequence[bytes]) -> None:
        """Leave out keys with any of these prefixes, none of them empty, from now on."""
        if self._watch is None:
            raise closed_error()
        sizes = ffi.new("int64_t[]", [len(prefix) for prefix in prefixes])
        ok(lib.pkc_watch_exclude(self._watch, b"".join(prefixes), sizes, len(prefixes)))

    def close(self) -> None:
        """Free the cursor; a second call does nothing."""
        watch, self._watch = self._watch, None
        if watch is not None:
            ffi.release(watch)
