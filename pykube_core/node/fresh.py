"""Pods that are new to their node, read by the bytes that copies of a pod share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from pykube_core.apiserver import ApiObject
from pykube_core.apiserver.objects import SPEC_MARK
from pykube_core.node.admission import Node
from pykube_core.node.pods import Pod, Template, new_pod

_TEMPLATES_MAX: Final = 4096
_NODE_NAME: Final = b'"nodeName":"'
_SPEC_MARK: Final = b',"spec":{"nodeName":"'
_UID_MARK: Final = b'"uid":"'
_UID_SIZE: Final = 36
_NO_TAIL: Final = b"\0"


class Fresh(NamedTuple):
    """The parts of a bound pod's JSON: uid, node, and what its copies share around the node."""

    uid: str
    node: str
    key: tuple[bytes, bytes]


class _Run(msgspec.Struct, frozen=True, gc=False):
    """The last pod that was read, and what its copies have in common with it.

    ``head`` is what is between uid and node, ``tail`` what is behind the node; ``shift`` is by how
    much the end of the uid is farther than the key is long.
    """

    shift: int
    head: bytes
    tail: bytes
    template: Template


class FreshPods:
    """What copies of bound pods share, by the bytes that they have in common.

    Copies come in runs, so what the last pod had is looked for first.

    Attributes
    ----------
    unbound : bytes
        How the last pod without a node ends, from its uid on, if its spec is behind that; what ends
        so has no node either.
    """

    def __init__(self) -> None:
        self._templates: dict[tuple[bytes, bytes], Template] = {}
        self._run: _Run | None = None
        self.unbound = _NO_TAIL

    def is_unbound(self, obj: ApiObject) -> bool:
        """Say whether a pod has no node yet."""
        data = obj.data
        if _NODE_NAME in data:
            return False
        end = _uid_end(data)
        # Its end says so only with the whole spec in it.
        self.unbound = data[end:] if data.find(SPEC_MARK, end) > 0 else _NO_TAIL
        return True

    def pod(self, obj: ApiObject, nodes: Mapping[str, Node]) -> Pod | None:
        """Return a pod that nobody has written since it was bound to one of these nodes.

        None for another, and where no copy of it is known.
        """
        data, run = obj.data, self._run
        end = len(obj.key) + run.shift if run is not None else 0
        if run is None or not (data.startswith(run.head, end) and data.endswith(run.tail)):
            fresh = split_bound(data)
            template = None if fresh is None else self._templates.get(fresh.key)
            if fresh is None or template is None:
                return None
            end = _uid_end(data)
            run = self._run = _Run(end - len(obj.key), *fresh.key, template)
        # A pod that has more than these parts shows something that is no node's name between them.
        node = nodes.get(data[end + len(run.head) : -len(run.tail)].decode())
        if node is None:
            return None
        return new_pod(obj, data[end - _UID_SIZE : end].decode(), node, run.template)

    def add(self, obj: ApiObject, template: Template) -> None:
        """Know the copies of a pod by its template, if it was not written since it was bound.

        The pod must begin as `new_pod` says: so do its copies.
        """
        fresh = split_bound(obj.data)
        if fresh is not None:
            if len(self._templates) >= _TEMPLATES_MAX:
                self._templates.clear()
            self._templates[fresh.key] = template


def split_bound(data: bytes) -> Fresh | None:
    """Return the parts of a pod that was bound and not written since; None for another."""
    end = _uid_end(data)
    spec = data.find(_SPEC_MARK, end)
    if spec < 0 or data[end : end + 1] != b'"':
        return None
    node = spec + len(_SPEC_MARK)
    node_end = data.index(b'"', node)
    parts = data[end:node], data[node_end:]
    return Fresh(data[end - _UID_SIZE : end].decode(), data[node:node_end].decode(), parts)


def _uid_end(data: bytes) -> int:
    """Return where a pod's uid ends, if it has one that is as long as uids are."""
    return data.find(_UID_MARK) + len(_UID_MARK) + _UID_SIZE
