"""The roles and bindings that every cluster begins with.

The file beside this module has one object a line, without the metadata that all of them share.

Source: objects of an empty cluster of kube-apiserver v1.37.2
(``plugin/pkg/auth/authorizer/rbac/bootstrappolicy``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib.resources import files
from typing import Final

import msgspec

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver.auth.roles import RBAC_GROUP
from pykube_core.apiserver.server import ApiServer

_LABELS: Final = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_ANNOTATIONS: Final = {"rbac.authorization.kubernetes.io/autoupdate": "true"}


def bootstrap_policy() -> Iterator[KubeObject]:
    """Yield ClusterRoles, ClusterRoleBindings, Roles and RoleBindings, ready to be created."""
    text = files("pykube_core.apiserver.auth").joinpath("bootstrap_policy.jsonl").read_bytes()
    for line in text.splitlines():
        obj: KubeObject = msgspec.json.decode(line)
        metadata: KubeObject = {"name": obj.pop("name")}
        if namespace := obj.pop("namespace", ""):
            metadata["namespace"] = namespace
        metadata["labels"] = _LABELS | obj.pop("labels", {})
        metadata["annotations"] = dict(_ANNOTATIONS)
        head = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": obj.pop("kind")}
        yield head | {"metadata": metadata} | obj


def ensure_policy(server: ApiServer) -> None:
    """Create the roles and bindings that a cluster lacks."""
    for obj in bootstrap_policy():
        resource = server.registry.of_kind(obj["kind"], RBAC_GROUP)
        if resource is None:
            raise LookupError(f"{obj['kind']}.{RBAC_GROUP} is not served")
        with suppress(StatusError):
            server.create(resource, obj, obj["metadata"].get("namespace", ""))
