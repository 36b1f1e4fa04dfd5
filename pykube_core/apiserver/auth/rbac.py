"""RBAC: roles, bindings, and whether a rule allows a request.

Source: ``plugin/pkg/auth/authorizer/rbac/rbac.go``, ``pkg/registry/rbac/validation/rule.go`` and
``pkg/apis/rbac/v1/evaluation_helpers.go``, v1.37.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from pykube_core.api.machinery.field_errors import quoted
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.apiserver.auth.authorizer import Attributes, Verdict
from pykube_core.apiserver.auth.user import User, go_errors, service_account_name

Rule = Mapping[str, Json]
"""A PolicyRule as decoded JSON."""


class Roles(Protocol):
    """The RBAC objects of a cluster, as they are now."""

    def role(self, namespace: str, name: str) -> KubeObject | None:
        """Return a Role; None when there is none."""
        ...

    def cluster_role(self, name: str) -> KubeObject | None:
        """Return a ClusterRole; None when there is none."""
        ...

    def role_bindings(self, namespace: str) -> Iterable[KubeObject]:
        """Return the RoleBindings of a namespace, by name."""
        ...

    def cluster_role_bindings(self) -> Iterable[KubeObject]:
        """Return the ClusterRoleBindings, by name."""
        ...


class RbacAuthorizer:
    """Allows what a rule of a bound role allows; it never denies.

    A decision costs one look at each binding of the cluster and of the request's namespace.

    Parameters
    ----------
    roles : Roles
        Where it reads.
    """

    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    def authorize(self, attributes: Attributes) -> Verdict:
        """Return an allowance and the binding that gives it, or none and the missing roles."""
        missing: list[str] = []
        for source, rule in self._visit(attributes.user, attributes.namespace, missing):
            if rule_allows(rule, attributes):
                return Verdict(True, f"RBAC: allowed by {source}")
        return Verdict(False, f"RBAC: {go_errors(missing)}" if missing else "")

    def rules_for(self, user: User, namespace: str) -> tuple[list[Rule], list[str]]:
        """Return all rules of a user in a namespace, and the roles that could not be found."""
        missing: list[str] = []
        rules = [rule for _, rule in self._visit(user, namespace, missing)]
        return rules, missing

    def rules_of(self, role_ref: Mapping[str, str], namespace: str) -> list[Rule]:
        """Return the rules of the role that a binding refers to.

        Raises
        ------
        LookupError
            There is no such role; the text is that of a 404.
        """
        kind, name = role_ref.get("kind", ""), role_ref.get("name", "")
        if kind == "Role":
            found, what = self._roles.role(namespace, name), "role"
        elif kind == "ClusterRole":
            found, what = self._roles.cluster_role(name), "clusterrole"
        else:
            raise LookupError(f"unsupported role reference kind: {quoted(kind)}")
        if found is None:
            raise LookupError(f"{what}.rbac.authorization.k8s.io {quoted(name)} not found")
        return found.get("rules") or []

    def _visit(self, user: User, namespace: str, missing: list[str]) -> Iterator[tuple[str, Rule]]:
        """Yield each rule that a user has, with the binding it comes from."""
        scopes = [("", self._roles.cluster_role_bindings())]
        if namespace:
            scopes.append((namespace, self._roles.role_bindings(namespace)))
        for scope, bindings in scopes:
            for binding in bindings:
                subject = _subject_of(user, binding, scope)
                if subject is None:
                    continue
                try:
                    rules = self.rules_of(binding["roleRef"], scope)
                except LookupError as error:
                    missing.append(str(error))
                    continue
                source = _described(binding, subject, scope)
                for rule in rules:
                    yield source, rule


def rule_allows(rule: Rule, asked: Attributes) -> bool:
    """Return whether a rule allows a request."""
    if not _has(rule.get("verbs"), asked.verb):
        return False
    if not asked.resource:
        return any(url_covers(url, asked.path) for url in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames")
    return (
        _has(rule.get("apiGroups"), asked.group)
        and _has_resource(rule.get("resources"), asked)
        and (not names or asked.name in names)
    )


def url_covers(owner: str, path: str) -> bool:
    """Return whether a URL of a rule means a path; a star at its end stands for any rest."""
    if owner in ("*", path):
        return True
    return owner.endswith("*") and path.startswith(owner.rstrip("*"))


def _has(values: Iterable[str] | None, value: str) -> bool:
    return bool(values) and ("*" in values or value in values)  # type: ignore[operator]


def _has_resource(resources: Iterable[str] | None, asked: Attributes) -> bool:
    if not resources:
        return False
    combined, every = asked.combined_resource, f"*/{asked.subresource}"
    return any(
        resource in ("*", combined) or (asked.subresource != "" and resource == every)
        for resource in resources
    )


def _subject_of(user: User, binding: KubeObject, namespace: str) -> KubeObject | None:
    """Return the first subject of a binding that means a user."""
    subjects: list[KubeObject] = binding.get("subjects") or []
    for subject in subjects:
        name = subject.get("name", "")
        match subject.get("kind"):
            case "User":
                found = user.name == name
            case "Group":
                found = name in user.groups
            case "ServiceAccount":
                own = subject.get("namespace") or namespace
                found = bool(own) and user.name == service_account_name(own, name)
            case _:
                found = False
        if found:
            return subject
    return None


def _described(binding: KubeObject, subject: KubeObject, namespace: str) -> str:
    kind, name = subject["kind"], subject.get("name", "")
    if kind == "ServiceAccount":
        name = f"{name}/{subject.get('namespace') or namespace}"
    ref = binding["roleRef"]
    label = "RoleBinding" if namespace else "ClusterRoleBinding"
    bound = f"{name_of(binding)}/{namespace}" if namespace else name_of(binding)
    return (
        f"{label} {quoted(bound)} of {ref['kind']} {quoted(ref['name'])} to {kind} {quoted(name)}"
    )
