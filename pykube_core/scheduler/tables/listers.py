"""The other objects that plugins read, by kind, namespace and name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pykube_core.api.builtin import SCHEDULED
from pykube_core.api.machinery.objects import KubeObject, name_of, namespace_of

_CLUSTER_SCOPED: Final = {
    resource.lister for resource in SCHEDULED.values() if not resource.namespaced
}


class Listers:
    """Objects by plural name of their kind, such as ``services``; the order given is kept.

    Parameters
    ----------
    objects
        Lists by plural name.
    """

    def __init__(self, objects: Mapping[str, Iterable[KubeObject]] | None = None) -> None:
        self._kinds: dict[str, dict[str, dict[str, KubeObject]]] = {}
        for plural, items in (objects or {}).items():
            for item in items:
                self.set(plural, item)

    def _scope(self, plural: str, obj: KubeObject) -> str:
        return "" if plural in _CLUSTER_SCOPED else namespace_of(obj)

    def set(self, plural: str, obj: KubeObject) -> None:
        """Add an object, or replace the one of its name."""
        scopes = self._kinds.setdefault(plural, {})
        scopes.setdefault(self._scope(plural, obj), {})[name_of(obj)] = obj

    def delete(self, plural: str, obj: KubeObject) -> None:
        """Remove the object of this name, if it is there."""
        self._kinds.get(plural, {}).get(self._scope(plural, obj), {}).pop(name_of(obj), None)

    def get(self, plural: str, name: str, namespace: str = "") -> KubeObject | None:
        """Return an object; kinds of the whole cluster have the namespace ""."""
        return self._kinds.get(plural, {}).get(namespace, {}).get(name)

    def list(self, plural: str, namespace: str | None = None) -> Iterator[KubeObject]:
        """Yield the objects of a kind, of one namespace or of all."""
        for scope, items in self._kinds.get(plural, {}).items():
            if namespace is None or scope == namespace:
                yield from items.values()

    def copy(self) -> Listers:
        """Return listers of the same objects that go on by themselves."""
        other = Listers()
        other._kinds = {
            plural: {scope: dict(items) for scope, items in scopes.items()}
            for plural, scopes in self._kinds.items()
        }
        return other
