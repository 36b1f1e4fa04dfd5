r"""Where the fields of an encoded object begin.

::

    {"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-x7k2p","uid":"4f1c...
    \____________ Resource.head _______________/                          |
                                                                          | uid ends
    ","creationTimestamp":..., ... },"spec":{"nodeName":"host1","containers":... },"status":{...}}
    \____________ front __________________________________/     \____ rest ______________/

Name, uid, the node of a bound pod and the status are an object's own; front and rest are its body
(`pykube_core.objects.body`). A binding puts the name of the node first in the spec; of a pod that
has it elsewhere, and of every other kind, the whole body is its front. The body ends with the mark
of the status or, where there is none, with the object.
"""

from __future__ import annotations

from typing import Final

import msgspec

from pykube_core.api.core import PODS
from pykube_core.api.machinery.registry import Resource
from pykube_core.store import Form

STATUS_MARK: Final = b',"status":'
SPEC_MARK: Final = b'},"spec":{'
"""Where metadata end and a spec begins: labels and annotations are texts, so none shows it."""
NODE_MARK: Final = SPEC_MARK + b'"nodeName":"'
SPEC_MEMBER: Final = b',"spec":'
STATUS_FIELD: Final = 5
"""The first gap in the form of an object that is its status's own, see `form`."""
_NAME_FIELD, _UID_FIELD, _NODE_FIELD = 1, 2, 3  # Counted from 0, behind the key.
_NAME: Final = b'"name":"'
_UID: Final = b'","uid":"'
MARKS_SIZE: Final = len(_NAME) + len(_UID) - 1


class _LastMember(msgspec.Struct, gc=False):
    status: msgspec.Raw = msgspec.Raw(b"")


_LAST_MEMBER: Final = msgspec.json.Decoder(_LastMember)


def identity(resource: Resource, name: bytes, uid: bytes) -> bytes:
    """Return how an encoded object of this name and uid begins; names need no escapes in JSON."""
    return b"".join((resource.head, _NAME, name, _UID, uid))


def uid_start(resource: Resource, key: bytes) -> int:
    """Return where in an object's data its uid begins."""
    return len(resource.head) + len(key) - key.rfind(b"/") + MARKS_SIZE


def status_start(data: bytes) -> int:
    """Return where in an encoded object its status begins, if it is the last member; else 0."""
    size = len(memoryview(_LAST_MEMBER.decode(data).status))
    at = len(data) - size - 1
    return at if size and data.startswith(STATUS_MARK, at - len(STATUS_MARK)) else 0


def split_body(resource: Resource, data: bytes, uid_end: int) -> tuple[bytes, bytes]:
    """Return front and rest of an encoded object's body; the rest is empty where nothing is open.

    O(size): the last member has to be found.
    """
    if not resource.has_status:
        return data[uid_end:], b""
    stop = status_start(data) or len(data)
    if resource is PODS:
        node = data.find(NODE_MARK, uid_end, stop)
        # The first spec mark is the object's own.
        if 0 <= node == data.find(SPEC_MARK, uid_end, stop):
            node += len(NODE_MARK)
            return data[uid_end:node], data[data.index(b'"', node) : stop]
    return data[uid_end:stop], b""


def has_status(front: bytes, rest: bytes) -> bool:
    """Say whether a status follows a body."""
    return (rest or front).endswith(STATUS_MARK)


def bound_body(front: bytes) -> tuple[bytes, bytes]:
    """Return front and rest of a pod's body once a node stands first in its spec."""
    at = front.index(SPEC_MARK) + len(SPEC_MARK)
    return front[: at - len(SPEC_MARK)] + NODE_MARK, b'",' + front[at:]


def unbound_body(front: bytes, rest: bytes) -> tuple[bytes, bytes]:
    """Return front and rest of a bound pod's body without its node."""
    return front[: len(SPEC_MARK) - len(NODE_MARK)] + rest[len(b'",') :], b""


def metadata_size(front: bytes) -> int:
    """Return where in a front the metadata end; all of it where no spec follows."""
    at = front.find(SPEC_MARK)
    return at if at >= 0 else len(front)


def form(resource: Resource, front: bytes, rest: bytes, status: bytes) -> Form:
    """Return the form of objects with a body; the text of its status is that of a form."""
    texts, fields = [resource.head + _NAME, _UID, front], [_NAME_FIELD, _UID_FIELD]
    if rest:
        texts.append(rest)
        fields.append(_NODE_FIELD)
    return Form.around(texts, fields, status + b"}" if has_status(front, rest) else b"")
