"""One object at one revision, as it is stored: its own few bytes, and the body that it shares."""

from __future__ import annotations

from sys import intern
from typing import Final, TypeVar

import msgspec

from _pykube_hotcore.constants import STORE_REQUEST_BYTES_MAX
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.objects import layout
from pykube_core.objects.body import Body

OBJECT_BYTES_MAX: Final = STORE_REQUEST_BYTES_MAX - 4096
"""Leaves room for the keys of a write."""

_T = TypeVar("_T")
_MARKS_SIZE: Final = layout.MARKS_SIZE  # At hand, as it is needed for each object that is read.
_HEAD_FIELDS: Final = frozenset(("kind", "apiVersion", "metadata", "status"))
_EMPTY: Final = b"{}"


class ApiObject(msgspec.Struct, frozen=True, gc=False, eq=False):
    """An object at one revision; `ApiObject.parse` makes one of stored bytes.

    The garbage collector does not track it, so a million of them cost its passes nothing.

    Attributes
    ----------
    resource : Resource
        Its entry in the registry.
    key : bytes
        Where it is stored.
    uid : str
    body : Body
        The part that it shares with its copies. Two states of one pod that have it and the node in
        common differ in the tail alone.
    bound_to : str
        The node that a binding gave a pod; else "", also of a pod that was created with its node.
    own_tail : bytes
        Its status, or of a lease the rest from its time of renewal on, encoded and without the last
        brace; empty where it has none.
    revision : int
        Its resource version; 0 for the outcome of a dry run.
    """

    resource: Resource
    key: bytes
    uid: str
    body: Body
    bound_to: str
    own_tail: bytes
    revision: int

    @staticmethod
    def parse(
        resource: Resource, key: bytes, data: bytes, revision: int, like: Body | None = None
    ) -> ApiObject:
        """Return the object that stored bytes are, at a revision.

        O(size) once for its copies, which come in runs, and for states with the body ``like``;
        for others the last member has to be found.

        Raises
        ------
        ValueError
            No uid follows the name: a reader of what others write checks it first.
        """
        start = len(resource.head) + len(key) - key.rfind(b"/") + _MARKS_SIZE
        end = data.index(b'"', start)
        uid = data[start:end].decode()
        for body in (like, _LAST.get(resource)):
            if body is not None and data.startswith(body.front, end):
                at = end + len(body.front)
                if not (rest := body.rest):
                    tail = data[at:-1]
                    if resource.has_status or layout.is_tail(resource, tail):
                        return ApiObject(resource, key, uid, body, "", tail, revision)
                    break
                stop = data.find(b'"', at)
                if data.startswith(rest, stop):
                    node = intern(data[at:stop].decode())
                    status = data[stop + len(rest) : -1]
                    return ApiObject(resource, key, uid, body, node, status, revision)
        front, rest = layout.split_body(resource, data, end)
        body = Body.of(resource, front, rest)
        if body.is_shared:
            _LAST[resource] = body
        at, node = end + len(front), ""
        if rest:
            stop = data.index(b'"', at)
            node, at = intern(data[at:stop].decode()), stop + len(rest)
        return ApiObject(resource, key, uid, body, node, data[at:-1], revision)

    def written_as(self, data: bytes, revision: int) -> ApiObject:
        """Return the state of it that an own write has left, as `parse` does: its uid stays."""
        body, node = self.body, self.bound_to
        resource, key, uid = self.resource, self.key, self.uid
        at = len(resource.head) + len(key) - key.rfind(b"/") + _MARKS_SIZE + len(uid)
        front, rest = body.front, body.rest
        if data.startswith(front, at):
            at += len(front) + len(node)
            if not rest or data.startswith(rest, at):
                tail = data[at + len(rest) : -1]
                if resource.has_status or layout.is_tail(resource, tail):
                    return ApiObject(resource, key, uid, body, node, tail, revision)
        return ApiObject.parse(resource, key, data, revision)

    def own_fields(self) -> list[bytes]:
        """Return what fills a form of its body in front of its tail: key, name, uid and node."""
        key, node = self.key, self.bound_to
        return [key, key[key.rfind(b"/") + 1 :], self.uid.encode(), node.encode() if node else b""]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ApiObject):
            return NotImplemented
        same = self.key == other.key and self.revision == other.revision
        return same and self.data == other.data

    def __hash__(self) -> int:
        return hash((self.key, self.revision))

    def at(self, revision: int) -> ApiObject:
        """Return the same object at another revision."""
        return ApiObject(
            self.resource, self.key, self.uid, self.body, self.bound_to, self.own_tail, revision
        )

    def has_body_of(self, other: ApiObject) -> bool:
        """Say whether nothing but the tail tells another state of it from this one."""
        return (
            self.body is other.body
            and self.bound_to == other.bound_to
            and self.uid == other.uid
            and self.body.has_tail
        )

    @property
    def data(self) -> bytes:
        """Its JSON as it is stored, without ``resourceVersion``. O(size)."""
        key, body, uid, node = self.key, self.body, self.uid.encode(), self.bound_to.encode()
        name, end = key[key.rfind(b"/") + 1 :], b"}" if body.has_tail else b""
        own = (layout.UID_MARK, uid, body.front, node, body.rest, self.own_tail, end)
        return b"".join((self.resource.head, layout.NAME_MARK, name, *own))

    @property
    def size(self) -> int:
        """How many bytes its data are."""
        body = self.body
        own = len(self.uid.encode()) + len(self.bound_to.encode())
        own += len(self.own_tail) + 1 if body.has_tail else 0
        return layout.uid_start(self.resource, self.key) + own + len(body.front) + len(body.rest)

    @property
    def status(self) -> bytes:
        """Its status, encoded; "{}" where there is none. Of resources that have one."""
        return self.own_tail or _EMPTY

    def with_status(self, status: bytes) -> ApiObject:
        """Return it, to be put, with another status."""
        body = self.body
        if not body.has_tail:
            parts = body.front[:-1] + layout.STATUS_MARK, body.rest
            if body.rest:
                parts = body.front, body.rest[:-1] + layout.STATUS_MARK
            body = Body.of(self.resource, *parts)
        return ApiObject(
            self.resource, self.key, self.uid, body, self.bound_to, status, self.revision
        )

    def with_tail(self, tail: bytes) -> ApiObject:
        """Return it, to be put, with another tail in place of the one that it has."""
        return ApiObject(
            self.resource, self.key, self.uid, self.body, self.bound_to, tail, self.revision
        )

    @property
    def name(self) -> str:
        """Its name."""
        return self.key.rpartition(b"/")[2].decode()

    @property
    def namespace(self) -> str:
        """Its namespace; "" when it belongs to the cluster."""
        return self.resource.split_key(self.key)[0]

    def json(self) -> bytes:
        """Return its JSON as a client gets it."""
        data = self.data
        if not self.revision:
            return data
        size = len(self.resource.head)
        return b'%b"resourceVersion":"%d",%b' % (data[:size], self.revision, data[size:])

    def decode(self) -> KubeObject:
        """Return it decoded, with its resource version. O(size)."""
        obj: KubeObject = msgspec.json.decode(self.data)
        if self.revision:
            obj["metadata"]["resourceVersion"] = str(self.revision)
        return obj

    def view(self, type: type[_T]) -> _T:
        """Return what a msgspec structure names of it; the rest is skipped, not decoded.

        A structure that names fields of the body alone is cheaper read by `Body.view`.
        """
        return msgspec.json.decode(self.data, type=type)

    def changed_to(self, obj: KubeObject) -> ApiObject:
        """Return it, to be put, as a decoded object of its name and uid says."""
        data = encode(self.resource, obj)
        return ApiObject.parse(self.resource, self.key, data, self.revision)

    def with_members(
        self, *, metadata: KubeObject | None = None, spec: KubeObject | None = None
    ) -> ApiObject:
        """Return it, to be put, with other metadata or another spec; the rest stays as it is."""
        data, start = self.data, len(self.resource.head) - 1
        members = _MEMBERS.decode(data)
        end = start + len(memoryview(members.metadata))
        kept = [data[start:end] if metadata is None else msgspec.json.encode(metadata)]
        if spec is not None:
            size = len(memoryview(members.spec))
            if size and not data.startswith(layout.SPEC_MEMBER, end):
                return self._encoded_with(metadata, spec)  # Others wrote it, in another order.
            kept += [layout.SPEC_MEMBER, msgspec.json.encode(spec)]
            end += len(layout.SPEC_MEMBER) + size if size else 0
        changed = b"".join((data[:start], *kept, data[end:]))
        return ApiObject.parse(self.resource, self.key, changed, self.revision)

    def _encoded_with(self, metadata: KubeObject | None, spec: KubeObject) -> ApiObject:
        whole: KubeObject = msgspec.json.decode(self.data)
        return self.changed_to(whole | {"metadata": metadata or whole["metadata"], "spec": spec})


class _MembersView(msgspec.Struct, gc=False):
    metadata: msgspec.Raw
    spec: msgspec.Raw = msgspec.Raw(b"")


_MEMBERS: Final = msgspec.json.Decoder(_MembersView)
# The last body of each resource: copies are read one after the other.
_LAST: Final[dict[Resource, Body]] = {}


def encode(resource: Resource, obj: KubeObject) -> bytes:
    """Return an object as it is stored.

    Raises
    ------
    UnicodeEncodeError
        A text holds a lone surrogate.
    """
    metadata = obj["metadata"]
    first = {"name": metadata["name"], "uid": metadata["uid"]}
    ordered = {"kind": resource.kind, "apiVersion": resource.api_version}
    ordered |= {"metadata": first | metadata}
    ordered |= {key: value for key, value in obj.items() if key not in _HEAD_FIELDS}
    if "status" in obj:
        ordered["status"] = obj["status"]
    return msgspec.json.encode(ordered)
