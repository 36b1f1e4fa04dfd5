"""Roles of a namespace and of the cluster.

Source: ``k8s.io/kubernetes/pkg/apis/rbac/validation`` v1.37.2.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import NAME_AND_CREATED, name_and_created
from pykube_core.api.machinery.field_errors import FieldError, invalid, required
from pykube_core.api.machinery.names import path_segment
from pykube_core.api.machinery.object_meta import (
    validate_create,
    validate_label_selector,
    validate_metadata,
)
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource


def validate_role(role: KubeObject) -> list[FieldError]:
    """Check the rules of a namespace's role."""
    errors = validate_metadata(role, path_segment)
    return errors + _validate_rules(role, namespaced=True)


def validate_cluster_role(role: KubeObject) -> list[FieldError]:
    """Check a cluster's role: its rules, or which roles it is made of."""
    errors = validate_metadata(role, path_segment, namespaced=False)
    errors += _validate_rules(role, namespaced=False)
    aggregation = role.get("aggregationRule")
    if aggregation is None:
        return errors
    path = "aggregationRule.clusterRoleSelectors"
    selectors = aggregation.get("clusterRoleSelectors", [])
    if not selectors:
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        errors.append(required(path, detail))
    for index, selector in enumerate(selectors):
        errors += validate_label_selector(selector, f"{path}[{index}]")
    return errors


def _validate_rules(role: KubeObject, *, namespaced: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, rule in enumerate(role.get("rules", ())):
        path = f"rules[{index}]"
        if not rule.get("verbs"):
            errors.append(required(f"{path}.verbs", "verbs must contain at least one value"))
        urls = rule.get("nonResourceURLs", [])
        if urls:
            here = f"{path}.nonResourceURLs"
            if namespaced:
                detail = "namespaced rules cannot apply to non-resource URLs"
                errors.append(invalid(here, urls, detail))
            if any(rule.get(field) for field in ("apiGroups", "resources", "resourceNames")):
                detail = "rules cannot apply to both regular resources and non-resource URLs"
                errors.append(invalid(here, urls, detail))
            continue
        for field, noun in (("apiGroups", "api group"), ("resources", "resource")):
            if not rule.get(field):
                detail = f"resource rules must supply at least one {noun}"
                errors.append(required(f"{path}.{field}", detail))
    return errors


ROLES: Final = Resource(
    kind="Role",
    plural="roles",
    group="rbac.authorization.k8s.io",
    validate=validate_role,
    validate_create=validate_create,
    name_rule=path_segment,
    create_on_update=True,
    columns=NAME_AND_CREATED,
    cells=name_and_created,
)
CLUSTER_ROLES: Final = Resource(
    kind="ClusterRole",
    plural="clusterroles",
    group="rbac.authorization.k8s.io",
    namespaced=False,
    validate=validate_cluster_role,
    validate_create=validate_create,
    name_rule=path_segment,
    create_on_update=True,
    columns=NAME_AND_CREATED,
    cells=name_and_created,
)
