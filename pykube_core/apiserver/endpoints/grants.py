"""Grants: a user writes no role, and binds none, that holds more than he does.

Source: ``pkg/registry/rbac/*/policybased/storage.go`` v1.37.2.
"""

from __future__ import annotations

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import forbidden
from pykube_core.apiserver.auth.authorizer import Authorizer, Union
from pykube_core.apiserver.auth.escalation import escalation, may_bind, may_escalate
from pykube_core.apiserver.auth.rbac import RbacAuthorizer
from pykube_core.apiserver.auth.roles import RBAC_GROUP
from pykube_core.apiserver.auth.user import MASTERS, User


def grants_are_checked(authorizer: Authorizer, user: User, resource: Resource) -> bool:
    """Say whether writes of a resource by a user are to be looked at."""
    is_rbac = resource.group == RBAC_GROUP and _rbac_of(authorizer) is not None
    return is_rbac and MASTERS not in user.groups


def check_grant(
    authorizer: Authorizer, user: User, resource: Resource, obj: KubeObject, namespace: str
) -> None:
    """Refuse a role or a binding, as it would be written, that gives more than its writer has.

    Raises
    ------
    StatusError
        403.
    """
    rbac = _rbac_of(authorizer)
    if rbac is None:
        return
    name = obj["metadata"].get("name") or ""
    if resource.plural in ("roles", "clusterroles"):
        if may_escalate(user, authorizer, resource.plural, name, namespace):
            return
        rules = obj.get("rules") or ()
    else:
        ref = obj.get("roleRef") or {}
        if may_bind(user, authorizer, ref, namespace):
            return
        try:
            rules = rbac.rules_of(ref, namespace)
        except LookupError as error:
            raise forbidden(resource, name, str(error)) from None
    why = escalation(user, rbac, rules, namespace)
    if why is not None:
        raise forbidden(resource, name, why)


def _rbac_of(authorizer: Authorizer) -> RbacAuthorizer | None:
    found = authorizer.authorizers if isinstance(authorizer, Union) else (authorizer,)
    return next((each for each in found if isinstance(each, RbacAuthorizer)), None)
