"""The group rbac.authorization.k8s.io: who may do what."""

from __future__ import annotations

from typing import Final

from pykube_core.api.rbac.role_bindings import CLUSTER_ROLE_BINDINGS as CLUSTER_ROLE_BINDINGS
from pykube_core.api.rbac.role_bindings import ROLE_BINDINGS as ROLE_BINDINGS
from pykube_core.api.rbac.roles import CLUSTER_ROLES as CLUSTER_ROLES
from pykube_core.api.rbac.roles import ROLES as ROLES

RESOURCES: Final = (ROLES, ROLE_BINDINGS, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS)
