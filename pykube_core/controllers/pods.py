"""What controllers read of a pod, read once for all of them."""

from __future__ import annotations

from functools import lru_cache
from sys import intern
from typing import Final

import msgspec

from pykube_core.api.times import parse_time
from pykube_core.apiserver import ApiObject
from pykube_core.controllers.ownership import OwnerReference, controller_of

ENDED = ("Succeeded", "Failed")
"""The phases of a pod whose containers run no more."""

_SHARED_MAX: Final = 4096
_GONE_MAX: Final = 4096


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
    uid: str
    creationTimestamp: str = ""
    deletionTimestamp: str = ""
    labels: dict[str, str] = {}
    ownerReferences: list[OwnerReference] = []


class _Spec(msgspec.Struct, gc=False):
    nodeName: str = ""


class _Condition(msgspec.Struct, gc=False):
    type: str = ""
    status: str = ""
    lastTransitionTime: str | None = None


class _Status(msgspec.Struct, gc=False):
    phase: str = ""
    reason: str = ""
    conditions: list[_Condition] = []


class _View(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _Spec
    status: _Status = msgspec.field(default_factory=_Status)


_VIEW: Final = msgspec.json.Decoder(_View)
_STATUS: Final = msgspec.json.Decoder(_Status)


class Pod(msgspec.Struct, frozen=True, gc=False):
    """A pod at one revision, as far as controllers read it.

    Attributes
    ----------
    uid, phase, reason, created : str
        As in the object; ``created`` is its time stamp.
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
    revision, body_revision : int
        As of the object.
    """

    uid: str
    owner: str
    labels: dict[str, str]
    node: str
    phase: str
    reason: str
    created: str
    terminating: bool
    active: bool
    ending: bool
    ready_ns: int | None
    revision: int
    body_revision: int

    @property
    def claimable(self) -> bool:
        """Whether it may be adopted or released."""
        return self.active

    def available_ns(self, min_ready_ns: int) -> int | None:
        """Return when it becomes available, or became; None when it is not ready."""
        return None if self.ready_ns is None else self.ready_ns + min_ready_ns


class PodReader:
    """Reads pods; controllers of one process share one, so that each state is decoded once.

    What pods of one owner have in common is kept once.
    """

    def __init__(self) -> None:
        self._held: dict[bytes, Pod] = {}
        # What one controller knows to be gone, others may still have to read.
        self._gone: dict[bytes, Pod] = {}
        self._labels: dict[str, dict[str, str]] = {}

    def read(self, obj: ApiObject) -> Pod:
        """Return what an object, or a newer state of it that was read before, says of a pod.

        Raises
        ------
        msgspec.ValidationError
            Its status is not one of a pod.
        """
        held = self._held.get(obj.key) or self._gone.get(obj.key)
        if held is not None:
            if held.revision >= obj.revision:
                return held
            if 0 < held.body_revision == obj.body_revision:
                status = _STATUS.decode(obj.status)
                pod = self._held[obj.key] = _with_status(held, status, obj.revision)
                return pod
        pod = self._held[obj.key] = self._read(obj)
        return pod

    def forget(self, key: bytes) -> None:
        """Drop a pod that is gone."""
        held = self._held.pop(key, None)
        if held is None:
            return
        if len(self._gone) >= _GONE_MAX:
            self._gone.clear()
        self._gone[key] = held

    def _read(self, obj: ApiObject) -> Pod:
        view = _VIEW.decode(obj.data)
        metadata = view.metadata
        owner = intern(controller_of(metadata.ownerReferences))
        pod = Pod(
            metadata.uid,
            owner,
            self._shared(owner, metadata.labels),
            intern(view.spec.nodeName),
            "",
            "",
            intern(metadata.creationTimestamp),
            bool(metadata.deletionTimestamp),
            False,
            False,
            None,
            obj.revision,
            obj.body_revision,
        )
        return _with_status(pod, view.status, obj.revision)

    def _shared(self, owner: str, labels: dict[str, str]) -> dict[str, str]:
        """Return the labels that were last read of an owner's pods, if they are the same."""
        shared = self._labels.get(owner)
        if shared == labels:
            return shared
        if len(self._labels) >= _SHARED_MAX:
            self._labels.clear()
        self._labels[owner] = labels
        return labels


def _with_status(pod: Pod, status: _Status, revision: int) -> Pod:
    """Return a pod with what a status says of it."""
    terminating, phase, ready_ns = pod.terminating, status.phase, None
    ended = phase in ENDED
    for condition in status.conditions:
        if condition.type == "Ready" and condition.status == "True":
            since = condition.lastTransitionTime
            ready_ns = read_time(since) if since else 0
    return Pod(
        pod.uid,
        pod.owner,
        pod.labels,
        pod.node,
        intern(phase),
        status.reason,
        pod.created,
        terminating,
        not (terminating or ended),
        terminating and not ended,
        ready_ns,
        revision,
        pod.body_revision,
    )
