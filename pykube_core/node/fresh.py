"""Pods that are new to their node, read by the bytes that copies of a pod share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from pykube_core.apiserver import ApiObject
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


class FreshPods:
    """What copies of bound pods share, by the bytes that they have in common.

    Copies come in runs, so what the last pod had is looked for first.
    """

    def __init__(self) -> None:
        self._templates: dict[tuple[bytes, bytes], Template] = {}
        self._last: tuple[bytes, bytes, Template] | None = None
        self._unbound = _NO_TAIL

    def is_unbound(self, data: bytes) -> bool:
        """Say whether a pod shows no node; one that has a template like this may be found bound."""
        if data.endswith(self._unbound):
            return True
        if _NODE_NAME in data:
            return False
        self._unbound = data[_uid_end(data) :]
        return True

    def pod(self, obj: ApiObject, nodes: Mapping[str, Node]) -> Pod | None:
        """Return a pod that nobody has written since it was bound to one of these nodes.

        None for another, and where no copy of it is known.
        """
        data, end, last = obj.data, _uid_end(obj.data), self._last
        if last is not None and data.startswith(last[0], end) and data.endswith(last[1]):
            # Where these are not the same parts, what is between is no node's name.
            name = data[end + len(last[0]) : -len(last[1])].decode()
        else:
            fresh = split_bound(data)
            template = None if fresh is None else self._templates.get(fresh.key)
            if fresh is None or template is None:
                return None
            name, last = fresh.node, (*fresh.key, template)
            self._last = last
        node = nodes.get(name)
        if node is None:
            return None
        return new_pod(obj, data[end - _UID_SIZE : end].decode(), node.name, last[2])

    def add(self, obj: ApiObject, template: Template) -> None:
        """Know the copies of a pod by its template, if it was not written since it was bound."""
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
    """Return where a pod's uid ends, if it is as long as uids are."""
    return data.index(_UID_MARK) + len(_UID_MARK) + _UID_SIZE
