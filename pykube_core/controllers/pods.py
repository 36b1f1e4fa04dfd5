"""Pods as controllers read them, read once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from sys import intern
from typing import Final

import msgspec

from pykube_core.api.machinery.objects import DONE_PHASES
from pykube_core.api.machinery.times import parse_time
from pykube_core.controllers.ownership import OwnerReference, controller_of
from pykube_core.objects import ApiObject, Body

_SHARED_MAX: Final = 4096
_GONE_MAX: Final = 4096
_PHASE_MARK: Final = b'"phase":"'
_CONDITIONS_MARK: Final = b'"conditions":['
_NO_HEAD: Final = b"\0"


@lru_cache(4096)
def read_time(text: str) -> int:
    """Return a time of the API in nanoseconds since the epoch.

    Raises
    ------
    msgspec.ValidationError
        It is none.
    """
    try:
        return parse_time(text)
    except ValueError:
        raise msgspec.ValidationError(f"not a time: {text}") from None


class _Metadata(msgspec.Struct, gc=False):
    creationTimestamp: str = ""
    deletionTimestamp: str = ""
    labels: dict[str, str] = {}
    ownerReferences: list[OwnerReference] = []


class _Spec(msgspec.Struct, gc=False):
    nodeName: str = ""


class _View(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _Spec


class _Facts(msgspec.Struct, frozen=True, gc=False):
    """A pod's body, as far as it is read; ``node`` is that of a pod created with one."""

    body: Body
    node: str
    owner: str
    labels: dict[str, str]
    created: str
    terminating: bool


class _Condition(msgspec.Struct, gc=False):
    type: str = ""
    status: str = ""
    lastTransitionTime: str | None = None


class _Status(msgspec.Struct, gc=False):
    phase: str = ""
    conditions: msgspec.Raw = msgspec.Raw(b"[]")
    reason: str = ""


_STATUS: Final = msgspec.json.Decoder(_Status)
_CONDITIONS: Final = msgspec.json.Decoder(list[_Condition])


@lru_cache(_SHARED_MAX)
def _ready_ns(conditions: bytes) -> int | None:
    """Return since when a pod with these conditions is ready; copies show the same ones."""
    ready_ns = None
    for condition in _CONDITIONS.decode(conditions):
        if condition.type == "Ready" and condition.status == "True":
            since = condition.lastTransitionTime
            ready_ns = read_time(since) if since else 0
    return ready_ns


class Pod(msgspec.Struct, gc=False):
    """A pod, as far as controllers read it; only its reader writes to it.

    States that show the same are one object.

    Attributes
    ----------
    uid, phase, created : str
        As in the object; ``created`` is its time stamp.
    reason : str
        Why it has ended; "" while it has not.
    owner : str
        The uid of its controller; "" when it has none.
    labels : dict
    node : str
        Where it is bound; "" when it is not.
    terminating : bool
        Whether it is being deleted.
    active : bool
        Whether it is neither being deleted nor ended.
    ending : bool
        Whether it is being deleted and has not ended yet.
    ready_ns : int or None
        Since when it is ready, in nanoseconds since the epoch; None when it is not.
    revision : int
        Of the newest object that was read and shows this.
    body : Body
        Of that object.
    """

    uid: str
    owner: str
    labels: dict[str, str]
    node: str
    created: str
    terminating: bool
    revision: int
    body: Body
    phase: str
    reason: str
    ready_ns: int | None
    active: bool
    ending: bool

    def available_ns(self, min_ready_ns: int) -> int | None:
        """Return when it becomes available, or became; None when nothing says that it will.

        Where no time is asked for, ready is available, whenever that began; otherwise a readiness
        that does not say since when it lasts never lasts long enough.
        """
        if self.ready_ns is None:
            return None
        if not min_ready_ns:
            return 0
        return self.ready_ns + min_ready_ns if self.ready_ns else None


def is_active(pod: Pod) -> bool:
    """Say whether a pod is neither being deleted nor ended."""
    return pod.active


class PodReader:
    """Reads pods; controllers of one process share one, so that each state is decoded once.

    The common part of one owner's pods is kept once.
    """

    def __init__(self) -> None:
        self._held: dict[bytes, Pod] = {}
        # Pods that one controller knows to be gone, and others may still have to read.
        self._gone: dict[bytes, Pod] = {}
        self._facts: dict[Body, _Facts] = {}
        self._labels: dict[str, dict[str, str]] = {}
        # The last reading of a status: its conditions, what it begins with that says all that is
        # read of it, and its phase, reason and time of readiness.
        self._conditions = b""
        self._head = _NO_HEAD
        self._shown: tuple[str, str, int | None] = "", "", None

    def read(self, obj: ApiObject) -> Pod:
        """Return what an object, or a newer state of it that was read before, says of a pod.

        Raises
        ------
        msgspec.ValidationError
            Its status is not one of a pod.
        """
        key, revision = obj.key, obj.revision
        held = self._held.get(key) or self._gone.get(key)
        if held is not None and held.revision >= revision:
            return held
        if not obj.own_tail.startswith(self._head):  # Copies come together.
            self._read_status(obj)
        phase, reason, ready_ns = self._shown
        alike: Pod | _Facts
        uid, body, node = obj.uid, obj.body, obj.bound_to
        is_known = held is not None and held.body is body and held.uid == uid
        if held is not None and is_known and (not body.is_bound or held.node == node):
            if held.phase == phase and held.ready_ns == ready_ns and held.reason == reason:
                held.revision = revision
                return held
            uid, node, alike = held.uid, held.node, held
        else:
            alike = self._read_body(body)
            node = node or alike.node
        terminating, ended = alike.terminating, phase in DONE_PHASES
        pod = self._held[key] = Pod(
            uid,
            alike.owner,
            alike.labels,
            node,
            alike.created,
            terminating,
            revision,
            body,
            phase,
            reason,
            ready_ns,
            not (terminating or ended),
            terminating and not ended,
        )
        return pod

    def readable(self, objects: Iterable[ApiObject]) -> Iterator[tuple[ApiObject, Pod]]:
        """Return objects with what `read` says of them, but for those that cannot be read."""
        for obj in objects:
            try:
                pod = self.read(obj)
            except msgspec.ValidationError:
                continue
            yield obj, pod

    def forget(self, key: bytes) -> None:
        """Drop a pod that is gone."""
        held = self._held.pop(key, None)
        if held is None:
            return
        if len(self._gone) >= _GONE_MAX:
            self._gone.clear()
        self._gone[key] = held

    def _read_status(self, obj: ApiObject) -> None:
        """Take in a status.

        If it has the conditions of the one before, those to come show the same that are like it up
        to the end of these. Behind them are addresses, which even copies do not share, and the
        reason, which is read only of a pod that has ended.
        """
        text = obj.status
        status = _STATUS.decode(text)
        conditions, ended = bytes(status.conditions), status.phase in DONE_PHASES
        reason = status.reason if ended else ""
        self._shown = intern(status.phase), reason, _ready_ns(conditions)
        if conditions == self._conditions and not ended:
            front, mark, _ = text.partition(_CONDITIONS_MARK)
            # If one brace is open there, the phase and the conditions are the status's own.
            if mark and _PHASE_MARK in front and front.count(b"{") == 1:
                text = text[: len(front) + len(mark) - 1 + len(conditions)]
        self._head, self._conditions = text, conditions

    def _read_body(self, body: Body) -> _Facts:
        """Return what a pod shares with its copies."""
        facts = self._facts.get(body)
        if facts is None:
            view = body.view(_View)
            metadata = view.metadata
            owner = intern(controller_of(metadata.ownerReferences))
            facts = _Facts(
                body,
                intern(view.spec.nodeName),
                owner,
                self._shared(owner, metadata.labels),
                intern(metadata.creationTimestamp),
                bool(metadata.deletionTimestamp),
            )
            if len(self._facts) >= _SHARED_MAX:
                self._facts.clear()
            self._facts[body] = facts
        return facts

    def _shared(self, owner: str, labels: dict[str, str]) -> dict[str, str]:
        """Return the labels that were last read of an owner's pods, if they are the same."""
        shared = self._labels.get(owner)
        if shared == labels:
            return shared
        if len(self._labels) >= _SHARED_MAX:
            self._labels.clear()
        self._labels[owner] = labels
        return labels
