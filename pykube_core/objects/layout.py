r"""Where the fields of an encoded object begin.

::

    {"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-x7k2p","uid":"4f1c...
    \____________ Resource.head _______________/                          |
                                                                          | uid ends
    ","creationTimestamp":..., ... },"spec":{"nodeName":"host1","containers":... },"status":{...}}
    \____________ front __________________________________/     \____ rest ______________/

Name, uid, the node of a bound pod and the tail are an object's own; front and rest are its body
(`pykube_core.objects.body`). A binding puts the name of the node first in the spec; of a pod that
has it elsewhere, and of every other kind, the whole body is its front.

The tail is the member that is written again and again: the status or, of a lease, the time of its
last renewal with the end of its spec. The body ends with the mark of the tail or, where there is
none, with the object; one brace follows a tail.
"""

from __future__ import annotations

from typing import Final

import msgspec

from pykube_core.api.coordination import LEASES
from pykube_core.api.core import PODS
from pykube_core.api.machinery.registry import Resource
from pykube_core.store import Form

STATUS_MARK: Final = b',"status":'
RENEWAL_MARK: Final = b',"renewTime":"'
SPEC_MARK: Final = b'},"spec":{'
"""Where metadata end and a spec begins: labels and annotations are texts, so none shows it."""
NODE_MARK: Final = SPEC_MARK + b'"nodeName":"'
SPEC_MEMBER: Final = b',"spec":'
STATUS_FIELD: Final = 5
"""The first gap in the form of an object that is its tail's own, see `form`."""
_NAME_FIELD, _UID_FIELD, _NODE_FIELD = 1, 2, 3  # Counted from 0, behind the key.
NAME_MARK: Final = b'"name":"'
UID_MARK: Final = b'","uid":"'
MARKS_SIZE: Final = len(NAME_MARK) + len(UID_MARK) - 1


class _LastMember(msgspec.Struct, gc=False):
    status: msgspec.Raw = msgspec.Raw(b"")


# How a tail that says nothing ends an object.
_EMPTY_TAILS: Final = {STATUS_MARK: b"{}}", RENEWAL_MARK: b'"}}'}
_TAIL_MARKS: Final = tuple(_EMPTY_TAILS)
_LAST_MEMBER: Final = msgspec.json.Decoder(_LastMember)


def identity(resource: Resource, name: bytes, uid: bytes) -> bytes:
    """Return how an encoded object of this name and uid begins; names need no escapes in JSON."""
    return b"".join((resource.head, NAME_MARK, name, UID_MARK, uid))


def uid_start(resource: Resource, key: bytes) -> int:
    """Return where in an object's data its uid begins."""
    return len(resource.head) + len(key) - key.rfind(b"/") + MARKS_SIZE


def status_start(data: bytes) -> int:
    """Return where in an encoded object its status begins, if it is the last member; else 0."""
    size = len(memoryview(_LAST_MEMBER.decode(data).status))
    at = len(data) - size - 1
    return at if size and data.startswith(STATUS_MARK, at - len(STATUS_MARK)) else 0


def is_tail(resource: Resource, tail: bytes) -> bool:
    """Say whether a text behind the mark of a tail is a tail and nothing else: a time, of a lease.

    A status is one by its place, the last, which whoever reads what others wrote has checked.
    """
    return resource is not LEASES or not tail or tail.find(b'"') == len(tail) - len(b'"}')


def _tail_start(resource: Resource, data: bytes) -> int:
    """Return where in an encoded object its tail begins; its size if it has none."""
    start = 0
    if resource.has_status:
        start = status_start(data)
    elif resource is LEASES and data.endswith(b'"}}'):
        start = data.rfind(RENEWAL_MARK) + len(RENEWAL_MARK)
        if start < len(RENEWAL_MARK) or not is_tail(resource, data[start:-1]):
            start = 0
    return start or len(data)


def split_body(resource: Resource, data: bytes, uid_end: int) -> tuple[bytes, bytes]:
    """Return front and rest of an encoded object's body; the rest is empty where nothing is open.

    O(size): the last member has to be found.
    """
    stop = _tail_start(resource, data)
    if resource is PODS:
        node = data.find(NODE_MARK, uid_end, stop)
        # The first spec mark is the object's own.
        if 0 <= node == data.find(SPEC_MARK, uid_end, stop):
            node += len(NODE_MARK)
            return data[uid_end:node], data[data.index(b'"', node) : stop]
    return data[uid_end:stop], b""


def has_tail(front: bytes, rest: bytes) -> bool:
    """Say whether a tail follows a body."""
    return (rest or front).endswith(_TAIL_MARKS)


def empty_tail(front: bytes, rest: bytes) -> bytes:
    """Return what ends an object of a body whose tail says nothing."""
    body = rest or front
    return next((end for mark, end in _EMPTY_TAILS.items() if body.endswith(mark)), b"")


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


def form(resource: Resource, front: bytes, rest: bytes, tail: bytes) -> Form:
    """Return the form of objects with a body; the text of its tail is that of a form."""
    texts, fields = [resource.head + NAME_MARK, UID_MARK, front], [_NAME_FIELD, _UID_FIELD]
    if rest:
        texts.append(rest)
        fields.append(_NODE_FIELD)
    return Form.around(texts, fields, tail + b"}" if has_tail(front, rest) else b"")
