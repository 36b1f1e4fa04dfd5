"""Writes of other programs into the store, past the API server, and how they differ from our own.

Our own writes are known by their revisions (`Written`), which costs next to nothing. Everything
else is checked: the API server hands out nothing that does not decode (`undecodable`), and the log
takes in nothing that breaks the rules of its kind (`Gate`).
"""

from __future__ import annotations

import re
from collections import deque
from typing import Final

from pykube_core.api.core import PODS
from pykube_core.api.machinery.field_errors import FieldError
from pykube_core.api.machinery.json_faults import NOT_DECODED, json_fault
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import corrupt
from pykube_core.api.machinery.structures import decoder_of
from pykube_core.objects import ApiObject, Body
from pykube_core.objects.layout import identity, status_start
from pykube_core.store import KeyValue

_SPANS_MAX: Final = 1024
_STATES_MAX: Final = 512
_KNOWN_MAX: Final = 1 << 10
_PLAIN_BYTES_MAX: Final = 253
_PLAIN: Final = re.compile("[-._0-9A-Za-z]+")


class Written:
    """The revisions that an API server has written: spans between those of others.

    The oldest are forgotten when there are many, which costs a check. Of the last ones it keeps the
    objects too, for a reader of the log to take in place of their bytes.

    Attributes
    ----------
    reader_count : int
        Readers that may take objects; without any, none are kept.
    """

    def __init__(self) -> None:
        self._states: dict[int, list[ApiObject]] = {}
        self.reader_count = 0
        self._spans: deque[list[int]] = deque(maxlen=_SPANS_MAX)

    def add(self, revision: int) -> None:
        """Take note of a revision."""
        spans = self._spans
        if spans and spans[-1][1] + 1 == revision:
            spans[-1][1] = revision
        else:
            spans.append([revision, revision])

    def keep(self, revision: int, states: list[ApiObject]) -> None:
        """Keep all objects that a revision put, in the order of their puts."""
        if not self.reader_count:
            return
        kept = self._states
        kept[revision] = states
        if len(kept) > _STATES_MAX:
            kept.pop(next(iter(kept)), None)

    def take(self, revision: int) -> list[ApiObject]:
        """Return the objects that a revision put, once; nothing if they are not kept."""
        return self._states.pop(revision, [])

    def covers(self, first: int, last: int) -> bool:
        """Say whether every revision from first to last is one of them. O(spans behind first)."""
        for start, end in reversed(self._spans):
            if start <= first:
                return last <= end
        return False


def undecodable(resource: Resource, key: bytes, data: bytes) -> str:
    """Return why stored data are no object of a resource, or not that key's; "" if they are it.

    Of what the layout in ``docs/cluster.md`` promises, everything that splicing relies on is
    checked, and that each field has its type. Whether it keeps the rules of its kind is not.
    """
    try:
        return _undecodable(resource, key, data)
    except NOT_DECODED:
        return str(json_fault(data, decoder_of(resource.struct)))


def _undecodable(resource: Resource, key: bytes, data: bytes) -> str:
    namespace, name = resource.split_key(key)
    if resource.name_rule(name) or (resource.namespaced and not _is_plain(namespace)):
        return "its key holds no name"
    head = identity(resource, name.encode(), b"")
    start = len(head)
    if not data.startswith(head):
        return "it does not begin with its kind, the name in its key and a uid"
    found = decoder_of(resource.struct).decode(data)
    uid = data[start : data.index(b'"', start)].decode()
    metadata = found.metadata
    if not _is_plain(uid) or metadata.uid != uid or metadata.name != name:
        return "it has another name or uid behind the first"
    if (metadata.namespace or "") != namespace:
        return "it is not in the namespace in its key"
    if metadata.creationTimestamp is None:
        return "it has no creation time"
    if resource.has_status and found.status is not None and not status_start(data):
        return "its status is not its last member"
    return ""


def _is_plain(text: str) -> bool:
    """Say whether a text is one that JSON holds as it is, and keys as one of their parts."""
    return len(text) <= _PLAIN_BYTES_MAX and _PLAIN.fullmatch(text) is not None


def check_decodable(written: Written, resource: Resource, kv: KeyValue) -> None:
    """Refuse to hand out what does not decode, as kube-apiserver does: 500."""
    if why := _why_not(written, resource, kv):
        raise corrupt(kv.key.decode(errors="backslashreplace"), why)


def is_decodable(written: Written, resource: Resource, kv: KeyValue) -> bool:
    """Say whether what the store holds decodes."""
    return not _why_not(written, resource, kv)


def _why_not(written: Written, resource: Resource, kv: KeyValue) -> str:
    """Return why what the store holds does not decode, without a look at own writes; "" if so."""
    if written.covers(kv.mod_revision, kv.mod_revision):
        return ""
    return undecodable(resource, kv.key, kv.value)


class Gate:
    """Tells what the API server would not have stored; the rules are tried once for all copies."""

    def __init__(self) -> None:
        self._known: set[Body] = set()

    def refusal(self, obj: ApiObject) -> str:
        """Return which rule of its kind a decodable object breaks; "" if it keeps them."""
        body = obj.body
        plain = not body.is_bound or _is_plain(obj.bound_to)
        if plain and body in self._known:
            return ""
        if errors := _errors(obj.resource, obj.decode()):
            return str(errors[0])
        if plain:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            self._known.add(body)
        return ""

    def is_another(self, old: ApiObject, new: ApiObject) -> bool:
        """Say whether an object that others wrote is no update that there could be of the old."""
        if old.uid != new.uid:
            return True
        before, after = old.decode(), new.decode()
        for obj in (before, after):
            new.resource.default(obj)
        if new.resource is PODS and not before["spec"].get("nodeName"):
            after["spec"].pop("nodeName", None)  # That may be a binding.
        return bool(new.resource.validate_update(after, before))


def _errors(resource: Resource, obj: KubeObject) -> list[FieldError]:
    resource.default(obj)
    return resource.validate(obj)
