"""Bodies: the part that copies of one object share, found once and read once for all of them.

A replica set's pods differ in name, uid, node and status, the states of a lease in its renewal. All
else is one `Body`, and the same one for as long as anybody holds it: whether two pods are alike, or
an update changed more than that, is a test of identity.
"""

from __future__ import annotations

import threading
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

import msgspec

from pykube_core.api.coordination import LEASES
from pykube_core.api.core import PODS
from pykube_core.api.machinery.registry import Resource
from pykube_core.objects import layout
from pykube_core.store import Form

_T = TypeVar("_T")
_OPEN: Final = b'"name":"","uid":"'
_FORMS_MAX: Final = 64
_SHARED: Final = frozenset((PODS, LEASES))


class _Members(msgspec.Struct, gc=False):
    spec: msgspec.Raw = msgspec.Raw(b"")


class Body:
    """The part that copies of one object have in common; made by `Body.of` alone.

    Attributes
    ----------
    resource : Resource
    front, rest : bytes
        Its parts around the name of a bound pod's node, see `pykube_core.objects.layout`; ``rest``
        is empty where no node stands between them.
    has_tail : bool
        A status follows it, or a lease's renewal.
    """

    __slots__ = (
        "__weakref__", "_bound", "_forms", "_unbound", "_views", "front", "has_tail", "resource",
        "rest",
    )  # fmt: skip

    def __init__(self, resource: Resource, front: bytes, rest: bytes) -> None:
        self.resource, self.front, self.rest = resource, front, rest
        self.has_tail = layout.has_tail(front, rest)
        self._views: dict[Any, Any] | None = None
        self._forms: dict[bytes, Form] | None = None
        self._bound: Body | None = None
        self._unbound: Body | None = None

    @staticmethod
    def of(resource: Resource, front: bytes, rest: bytes) -> Body:
        """Return the body of these bytes; of pods and leases, the one that is shared. O(size)."""
        if resource not in _SHARED:  # None are looked for where there are none.
            return Body(resource, front, rest)
        with _LOCK:
            found = _BODIES.get((front, rest))
            if found is None:
                found = _BODIES[front, rest] = Body(resource, front, rest)
        return found

    @property
    def is_shared(self) -> bool:
        """Whether copies, or the next states of a lease, have it, too."""
        return self.resource in _SHARED

    @property
    def is_bound(self) -> bool:
        """Whether it is that of a pod whose node is an object's own."""
        return bool(self.rest)

    @property
    def bound(self) -> Body:
        """The body of the pod once it is bound."""
        if self._bound is None:
            self._bound = Body.of(self.resource, *layout.bound_body(self.front))
        return self._bound

    @property
    def unbound(self) -> Body:
        """The body of the pod before it was bound; itself where it is not."""
        if not self.rest:
            return self
        if self._unbound is None:
            self._unbound = Body.of(self.resource, *layout.unbound_body(self.front, self.rest))
        return self._unbound

    @property
    def metadata(self) -> bytes:
        """Its metadata, encoded, behind the uid."""
        return self.front[: layout.metadata_size(self.front)]

    @property
    def spec(self) -> bytes:
        """Its spec, encoded, without the node that a binding put first; empty if there is none."""
        return bytes(self.unbound.view(_Members).spec)

    def view(self, type: type[_T]) -> _T:
        """Return what a msgspec structure names of it: decoded once, shared, not to be changed.

        Name and uid, a bound pod's node and the tail are empty there.
        """
        views = self._views
        if views is None:
            views = self._views = {}
        found: _T | None = views.get(type)
        if found is None:
            tail = layout.empty_tail(self.front, self.rest)
            parts = (self.resource.head, _OPEN, self.front, self.rest, tail)
            found = views[type] = msgspec.json.decode(b"".join(parts), type=type)
        return found

    def form(self, tail: bytes) -> Form:
        """Return the form of objects with this body, to be filled with `ApiObject.own_fields`.

        ``tail`` is the text of a form, whose own fields begin with STATUS_FIELD.
        """
        forms = self._forms
        if forms is None:
            forms = self._forms = {}
        found = forms.get(tail)
        if found is None:
            if len(forms) >= _FORMS_MAX:
                forms.clear()
            found = forms[tail] = layout.form(self.resource, self.front, self.rest, tail)
        return found


_BODIES: Final[WeakValueDictionary[tuple[bytes, bytes], Body]] = WeakValueDictionary()
_LOCK: Final = threading.Lock()
