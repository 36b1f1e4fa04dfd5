"""The frame of controllers: news are noted, keys that they touch are brought forward."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from typing import ClassVar, Final

import msgspec

from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.selectors import SelectorError
from pykube_core.api.machinery.status import StatusError
from pykube_core.client import Client
from pykube_core.client.informers import Change, SharedInformer
from pykube_core.client.recorder import EventRecorder
from pykube_core.client.work_queue import RETRY_MAX_NS, WorkQueue
from pykube_core.objects import ApiObject

Note = Callable[[Change, int], None]
"""Takes in a change at a time, and queues the keys that it touches."""

_UNREADABLE: Final = (msgspec.DecodeError, SelectorError)
_BEHIND_NS: Final = 5_000_000
"""When to look again whether the log has what was written."""


class Controller(ABC):
    """A component that keeps what it knows by key, and works on the keys that something touched.

    An object that cannot be read, such as a status that somebody else wrote wrongly, is passed
    over; a key whose work fails is tried again with a growing delay. Neither stops the others.

    Parameters
    ----------
    client : Client
        Where it writes.
    log : SharedInformer
        The log that it reads.
    resources : tuple of Resource
        Whose changes it is told; all there is of the first comes before the second.
    ignore_status : collection of Resource
        Of which of them it reads no statuses; see `SharedInformer.cursor`.

    Attributes
    ----------
    name : str
        Its name in the controller manager.
    component : str
        Its name in events.
    retry_max_ns : int
        The longest time between two tries of a key that fails.
    """

    name: ClassVar[str]
    component: ClassVar[str]
    retry_max_ns: ClassVar[int] = RETRY_MAX_NS

    def __init__(
        self,
        client: Client,
        log: SharedInformer,
        resources: tuple[Resource, ...],
        ignore_status: Collection[Resource] = (),
    ) -> None:
        self._client = client
        self._log = log
        self.cursor = log.cursor(*resources, ignore_status=ignore_status)
        self._queue = WorkQueue(self.retry_max_ns)
        self._events = EventRecorder(client, self.component)
        self._written = 0

    def step(self, now_ns: int) -> int | None:
        """Bring everything forward that something happened to, or whose time has come."""
        resource = note = None
        for change in self.cursor.read():
            found = change.object.resource
            if found is not resource:  # Most come in runs of one resource.
                resource = found
                note = self._note_of(resource)
            if note is None:
                continue
            try:
                note(change, now_ns)
            except _UNREADABLE:
                continue
        if self._log.revision < self._written:
            return now_ns + _BEHIND_NS
        self._work(self._queue.take(now_ns), now_ns)
        self._events.flush(now_ns)
        return self._queue.next_ns

    def _work(self, keys: list[str], now_ns: int) -> None:
        """Work on keys, each by itself."""
        for key in keys:
            try:
                done = self._sync(key, now_ns)
            except (StatusError, *_UNREADABLE):
                done = False
            if done:
                self._queue.succeed(key)
            elif done is not None:
                self._queue.retry(key, now_ns)

    def _wrote(self, obj: ApiObject) -> None:
        """Wait, before the next work, until the log has this write of ours."""
        if obj.revision > self._written:
            self._written = obj.revision

    @abstractmethod
    def _note_of(self, resource: Resource) -> Note | None:
        """Return what takes in changes of a resource; None when they do not matter now."""

    def _sync(self, key: str, now_ns: int) -> bool | None:
        """Work on a key; False, or a `StatusError`, says that it has to be tried again.

        None says that the controller does not know yet, and tells its queue itself.
        """
        raise NotImplementedError


def namespace_is_going(error: StatusError) -> bool:
    """Say whether a creation failed because its namespace is being deleted: no use to try again."""
    causes = (error.details or {}).get("causes", ())
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
