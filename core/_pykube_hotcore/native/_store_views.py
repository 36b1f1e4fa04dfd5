"""Answers of the store's own memory: answers lent for a call, and views of a range."""

from __future__ import annotations

from typing import Any

from _pykube_hotcore._ffi import ffi, lib


class AnswerPool:
    """Answers that calls of one store fill, each used by one call at a time.

    It keeps the store of C alive, for views and watches that outlive the store's handle.
    """

    def __init__(self, store: Any) -> None:
        self._store = store
        self._unused: list[Any] = []

    def borrow(self) -> Any:
        """Return an unused answer; give it back after use."""
        try:
            return self._unused.pop()
        except IndexError:
            return ffi.gc(ffi.new("pkc_answer *"), lib.pkc_answer_free)

    def give_back(self, answer: Any) -> None:
        """Release an answer's contents."""
        lib.pkc_answer_release(answer)
        self._unused.append(answer)


class RangeView:
    """Keys and values of a range as read-only views of the store's own memory.

    The views hold until ``close`` (or the end of the ``with`` block), which must come before the
    store is closed; meanwhile the store frees nothing that they show.
    """

    def __init__(self, pool: AnswerPool, answer: Any) -> None:
        self._pool = pool
        self._answer: Any = answer
        self._views: list[memoryview] = []
        self.revision = int(answer.revision)
        self.count = int(answer.results[0].count)

    def __len__(self) -> int:
        return 0 if self._answer is None else int(self._answer.kv_count)

    def _view(self, pointer: Any, size: int) -> memoryview:
        view = memoryview(ffi.buffer(pointer, size)).toreadonly()
        self._views.append(view)
        return view

    def key(self, index: int) -> memoryview:
        """Return the key of entry ``index``, which must be below the length."""
        kv = self._answer.kvs[self._checked(index)]
        return self._view(kv.key, kv.key_size)

    def value(self, index: int) -> memoryview:
        """Return the value of entry ``index``, which must be below the length."""
        kv = self._answer.kvs[self._checked(index)]
        return self._view(kv.value, kv.value_size)

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return index

    def close(self) -> None:
        """Release the views; a second call does nothing."""
        for view in self._views:
            view.release()
        self._views.clear()
        answer, self._answer = self._answer, None
        if answer is not None:
            self._pool.give_back(answer)

    def __enter__(self) -> RangeView:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
