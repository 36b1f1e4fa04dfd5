"""Objects as they lie in the store: encoded JSON in one order, decoded as far as someone reads.

The layout is drawn in ``docs/cluster.md``: what differs between like objects comes first.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from pykube_core.api.objects import KubeObject
from pykube_core.api.registry import Resource
from pykube_core.api.status import conflict

REQUEST_BYTES_MAX: Final = 1536 * 1024
"""What the store takes in one transaction."""
OBJECT_BYTES_MAX: Final = REQUEST_BYTES_MAX - 4096
"""Leaves room for the keys of a write."""

_T = TypeVar("_T")
STATUS_MARK: Final = b',"status":'
SPEC_MARK: Final = b'},"spec":{'
"""Where metadata end and a spec begins: labels and annotations are texts, so none shows it."""
_UID: Final = b'","uid":"'
_HEAD_FIELDS: Final = frozenset(("kind", "apiVersion", "metadata", "status"))


class ApiObject(msgspec.Struct, frozen=True, gc=False, eq=False):
    """An object at one revision; what is derived from its data has no part in comparisons.

    The garbage collector does not track it, so a million of them cost its passes nothing.

    Attributes
    ----------
    resource : Resource
        What it is.
    key : bytes
        Where it is stored.
    data : bytes
        Its JSON without ``resourceVersion``.
    revision : int
        Its resource version; 0 for the outcome of a dry run.
    status_at : int
        Where in ``data``, whose last member it is, its status begins; 0 when that is not known.
    body_revision : int
        Of an object in the log, the revision since which nothing but its status has changed; else
        0. Two states of one object that have it in common differ in the status alone.
    """

    resource: Resource
    key: bytes
    data: bytes
    revision: int
    status_at: int = 0
    body_revision: int = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ApiObject):
            return NotImplemented
        same = self.key == other.key and self.revision == other.revision
        return same and self.data == other.data

    def __hash__(self) -> int:
        return hash((self.key, self.revision))

    def at(self, revision: int) -> ApiObject:
        """Return the same object at another revision."""
        return ApiObject(self.resource, self.key, self.data, revision, self.status_at)

    @property
    def status(self) -> bytes:
        """Its status as it is stored; "{}" where there is none."""
        at = self.status_at
        return self.data[at:-1] if at else bytes(members(self.data).status)

    @property
    def body(self) -> bytes:
        """What is stored of it in front of its status, with the mark of that."""
        at = self.status_at
        return self.data[:at] if at else self.with_status(b"").data[:-1]

    def with_status(self, status: bytes) -> ApiObject:
        """Return it, to be put, with another status; for kinds with nothing but spec and status."""
        at, data = self.status_at, self.data
        if at:
            changed = b"".join((data[:at], status, b"}"))
        else:
            parts = members(data)
            changed = joined(self.resource, bytes(parts.metadata), bytes(parts.spec), status)
            at = len(changed) - len(status) - 1
        return ApiObject(self.resource, self.key, changed, self.revision, at)

    @property
    def name(self) -> str:
        """Its name."""
        return self.key.rpartition(b"/")[2].decode()

    @property
    def namespace(self) -> str:
        """Its namespace; "" when it belongs to the cluster."""
        return self.resource.split_key(self.key)[0]

    @property
    def uid(self) -> str:
        """Its uid."""
        start, end = uid_span(self)
        return self.data[start:end].decode()

    def json(self) -> bytes:
        """Return its JSON as a client gets it."""
        if not self.revision:
            return self.data
        size = len(self.resource.head)
        comma = b"" if self.data[size : size + 1] == b"}" else b","
        version = b'"resourceVersion":"%d"%b' % (self.revision, comma)
        return self.data[:size] + version + self.data[size:]

    def decode(self) -> KubeObject:
        """Return it decoded, with its resource version. O(size)."""
        obj: KubeObject = msgspec.json.decode(self.data)
        if self.revision:
            obj["metadata"]["resourceVersion"] = str(self.revision)
        return obj

    def view(self, type: type[_T]) -> _T:
        """Return what a msgspec structure names of it; the rest is skipped, not decoded."""
        return msgspec.json.decode(self.data, type=type)


class Members(msgspec.Struct, gc=False):
    """The members of an object with spec and status, undecoded."""

    metadata: msgspec.Raw
    spec: msgspec.Raw = msgspec.Raw(b"{}")
    status: msgspec.Raw = msgspec.Raw(b"{}")


class _LastMember(msgspec.Struct, gc=False):
    status: msgspec.Raw = msgspec.Raw(b"")


_LAST_MEMBER: Final = msgspec.json.Decoder(_LastMember)
_MEMBERS: Final = msgspec.json.Decoder(Members)


def members(data: bytes) -> Members:
    """Return the members of an encoded object of a kind that has nothing but spec and status."""
    return _MEMBERS.decode(data)


def status_start(data: bytes) -> int:
    """Return where in an encoded object its status begins, if it is the last member; else 0."""
    size = len(memoryview(_LAST_MEMBER.decode(data).status))
    at = len(data) - size - 1
    return at if size and data.startswith(STATUS_MARK, at - len(STATUS_MARK)) else 0


def joined(resource: Resource, metadata: bytes, spec: bytes, status: bytes) -> bytes:
    """Return an object encoded of encoded members."""
    parts = (resource.head[:-1], metadata, b',"spec":', spec, b',"status":', status, b"}")
    return b"".join(parts)


def with_metadata(obj: ApiObject, size: int, metadata: KubeObject) -> bytes:
    """Return an encoded object with other metadata in place of its own, of ``size`` bytes."""
    start = len(obj.resource.head) - 1
    return obj.data[:start] + msgspec.json.encode(metadata) + obj.data[start + size :]


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


def identity_prefix(resource: Resource, name: str, uid: str) -> bytes:
    """Return how an encoded object of this name and uid begins; names need no escapes in JSON."""
    return copied(resource, name, uid, b"")


def copied(resource: Resource, name: str, uid: str, tail: bytes) -> bytes:
    """Return an encoded object of this name and uid, and of what copies share behind it."""
    return b"".join((resource.head, f'"name":"{name}","uid":"{uid}"'.encode(), tail))


def uid_span(obj: ApiObject) -> tuple[int, int]:
    """Return where in an object's data its uid begins and ends; copies share what is behind it.

    The uid follows the name, with which the metadata begin (see `encode`).

    Raises
    ------
    msgspec.ValidationError
        It does not: somebody else wrote the object into the store.
    """
    data = obj.data
    try:
        start = data.index(_UID, len(obj.resource.head)) + len(_UID)
        return start, data.index(b'"', start)
    except ValueError:
        raise msgspec.ValidationError("an object without a uid behind its name") from None


def check_preconditions(obj: ApiObject, held: str, uid: str, version: str) -> None:
    """Refuse to delete an object of another uid than ``uid`` or another version: 409; "" is any."""
    why = ""
    if uid and uid != held:
        why = (
            f"the UID in the precondition ({uid}) does not match the UID in record ({held}). "
            "The object might have been deleted and then recreated"
        )
    elif version and version != str(obj.revision):
        why = (
            f"the ResourceVersion in the precondition ({version}) does not match the "
            f"ResourceVersion in record ({obj.revision}). The object might have been modified"
        )
    if why:
        kind = obj.resource.kind
        raise conflict(obj.resource, obj.name, why, qualified=kind, kind=kind)
