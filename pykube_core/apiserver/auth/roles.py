"""The RBAC objects of an API server, kept up to date by watches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.apiserver.registry.watch import ObjectWatch
from pykube_core.apiserver.server import ApiServer
from pykube_core.objects import ApiObject

RBAC_GROUP: Final = "rbac.authorization.k8s.io"
_KINDS: Final = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


class StoredRoles:
    """Roles and bindings as they are in the store.

    A question costs one look at each of four watches, and decodes what has changed.

    Parameters
    ----------
    server : ApiServer
        Its registry serves the kinds of ``rbac.authorization.k8s.io``.

    Raises
    ------
    LookupError
        It does not.
    """

    def __init__(self, server: ApiServer) -> None:
        self._held: dict[str, dict[tuple[str, str], KubeObject]] = {}
        self._watches: dict[str, tuple[Resource, ObjectWatch]] = {}
        self._server = server
        for kind in _KINDS:
            resource = server.registry.of_kind(kind, RBAC_GROUP)
            if resource is None:
                raise LookupError(f"{kind}.{RBAC_GROUP} is not served")
            self._begin(kind, resource)

    def _begin(self, kind: str, resource: Resource) -> None:
        self._held[kind] = {}
        self._watches[kind] = resource, self._server.watch(resource)

    def _objects(self, kind: str) -> dict[tuple[str, str], KubeObject]:
        resource, watch = self._watches[kind]
        while events := watch.read():
            for event in events:
                obj = event.object
                if event.type == "ERROR":
                    self._begin(kind, resource)
                    return self._objects(kind)
                if not isinstance(obj, ApiObject):
                    continue
                place = obj.namespace, obj.name
                if event.type == "DELETED":
                    self._held[kind].pop(place, None)
                else:
                    self._held[kind][place] = obj.decode()
        return self._held[kind]

    def role(self, namespace: str, name: str) -> KubeObject | None:
        """Return a Role; None when there is none."""
        return self._objects("Role").get((namespace, name))

    def cluster_role(self, name: str) -> KubeObject | None:
        """Return a ClusterRole; None when there is none."""
        return self._objects("ClusterRole").get(("", name))

    def role_bindings(self, namespace: str) -> Iterable[KubeObject]:
        """Return the RoleBindings of a namespace, by name."""
        held = self._objects("RoleBinding")
        return [held[place] for place in sorted(held) if place[0] == namespace]

    def cluster_role_bindings(self) -> Iterable[KubeObject]:
        """Return the ClusterRoleBindings, by name."""
        held = self._objects("ClusterRoleBinding")
        return [held[place] for place in sorted(held)]
