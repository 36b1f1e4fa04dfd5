"""Bindings of roles to users, groups and service accounts.

Source: ``k8s.io/kubernetes/pkg/apis/rbac/validation`` v1.37.2.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, age, strings, wide
from pykube_core.api.machinery.field_errors import (
    IMMUTABLE,
    FieldError,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from pykube_core.api.machinery.names import dns_subdomain, path_segment
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_GROUP: Final = "rbac.authorization.k8s.io"
_ROLE_KINDS: Final = ("Role", "ClusterRole")
_SUBJECT_KINDS: Final = ("ServiceAccount", "User", "Group")
_COLUMNS: Final = (NAME, *strings("Role"), AGE, *wide("Users", "Groups", "ServiceAccounts"))


def default_role_binding(binding: KubeObject) -> None:
    """Fill in the groups of a binding's role and subjects, in place."""
    reference = binding.setdefault("roleRef", {})
    if not reference.get("apiGroup"):
        reference["apiGroup"] = _GROUP
    for subject in binding.get("subjects", ()):
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", _GROUP)


def validate_role_binding(binding: KubeObject) -> list[FieldError]:
    """Check a binding in a namespace."""
    return _validate(binding, _ROLE_KINDS, namespaced=True)


def validate_cluster_role_binding(binding: KubeObject) -> list[FieldError]:
    """Check a binding for the whole cluster."""
    return _validate(binding, _ROLE_KINDS[1:], namespaced=False)


def _validate(binding: KubeObject, kinds: tuple[str, ...], *, namespaced: bool) -> list[FieldError]:
    errors = validate_metadata(binding, path_segment, namespaced=namespaced)
    reference = binding["roleRef"]
    group, kind = reference["apiGroup"], reference.get("kind", "")
    if group != _GROUP:
        errors.append(not_supported("roleRef.apiGroup", group, (_GROUP,)))
    if kind not in kinds:
        errors.append(not_supported("roleRef.kind", kind, kinds))
    name = reference.get("name", "")
    if name:
        errors += invalid_each("roleRef.name", name, path_segment(name))
    else:
        errors.append(required("roleRef.name"))
    for index, subject in enumerate(binding.get("subjects", ())):
        errors += _validate_subject(subject, f"subjects[{index}]", namespaced=namespaced)
    return errors


def _validate_subject(subject: KubeObject, path: str, *, namespaced: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    kind, name = subject.get("kind", ""), subject.get("name", "")
    group = subject.get("apiGroup", "")
    if not name:
        errors.append(required(f"{path}.name"))
    if kind not in _SUBJECT_KINDS:
        return [*errors, not_supported(f"{path}.kind", kind, _SUBJECT_KINDS)]
    wanted = "" if kind == "ServiceAccount" else _GROUP
    if kind == "ServiceAccount" and name:
        errors += invalid_each(f"{path}.name", name, dns_subdomain(name))
    if group != wanted:
        errors.append(not_supported(f"{path}.apiGroup", group, (wanted,)))
    if kind == "ServiceAccount" and not namespaced and not subject.get("namespace"):
        errors.append(required(f"{path}.namespace"))
    return errors


def validate_role_binding_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another role."""
    if new["roleRef"] == old.get("roleRef"):
        return []
    return [invalid("roleRef", _internal(new["roleRef"]), IMMUTABLE)]


def _internal(reference: KubeObject) -> KubeObject:
    """Return a reference with the names of upstream's own structure, as its message shows it."""
    return {
        "APIGroup": reference.get("apiGroup", ""),
        "Kind": reference.get("kind", ""),
        "Name": reference.get("name", ""),
    }


def role_binding_cells(binding: KubeObject, now_ns: int) -> list[Json]:
    """Return a binding's cells."""
    reference = binding.get("roleRef", {})
    texts: dict[str, list[str]] = {kind: [] for kind in _SUBJECT_KINDS}
    for subject in binding.get("subjects", ()):
        kind, name = subject.get("kind", ""), subject.get("name", "")
        if kind == "ServiceAccount":
            name = f"{subject.get('namespace', '')}/{name}"
        texts.setdefault(kind, []).append(name)
    return [
        name_of(binding),
        f"{reference.get('kind', '')}/{reference.get('name', '')}",
        age(binding, now_ns),
        *(", ".join(texts[kind]) for kind in ("User", "Group", "ServiceAccount")),
    ]


ROLE_BINDINGS: Final = Resource(
    kind="RoleBinding",
    plural="rolebindings",
    group=_GROUP,
    default=default_role_binding,
    validate=validate_role_binding,
    validate_create=validate_create,
    validate_update=validate_role_binding_update,
    name_rule=path_segment,
    create_on_update=True,
    columns=_COLUMNS,
    cells=role_binding_cells,
)
CLUSTER_ROLE_BINDINGS: Final = Resource(
    kind="ClusterRoleBinding",
    plural="clusterrolebindings",
    group=_GROUP,
    namespaced=False,
    default=default_role_binding,
    validate=validate_cluster_role_binding,
    validate_create=validate_create,
    validate_update=validate_role_binding_update,
    name_rule=path_segment,
    create_on_update=True,
    columns=_COLUMNS,
    cells=role_binding_cells,
)
