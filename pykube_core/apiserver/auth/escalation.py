"""Privilege escalation: a user grants no right that he does not hold.

Source: ``pkg/registry/rbac`` (escalation_check.go, validation/rule.go, policy_compact.go) v1.37.2
and ``k8s.io/component-helpers/auth/rbac/validation`` v0.37.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pykube_core.api.machinery.field_errors import quoted
from pykube_core.apiserver.auth.authorizer import Attributes, Authorizer
from pykube_core.apiserver.auth.rbac import RbacAuthorizer, Rule
from pykube_core.apiserver.auth.roles import RBAC_GROUP
from pykube_core.apiserver.auth.user import MASTERS, User, go_errors


def may_escalate(
    user: User, authorizer: Authorizer, resource: str, name: str, namespace: str
) -> bool:
    """Return whether a user may write any rules into a role: ``roles`` or ``clusterroles``."""
    return MASTERS in user.groups or _may(user, authorizer, "escalate", resource, name, namespace)


def may_bind(
    user: User, authorizer: Authorizer, role_ref: Mapping[str, str], namespace: str
) -> bool:
    """Return whether a user may bind a role whatever its rules are."""
    resource = {"ClusterRole": "clusterroles", "Role": "roles"}.get(role_ref.get("kind", ""))
    if MASTERS in user.groups or resource is None:
        return MASTERS in user.groups
    return _may(user, authorizer, "bind", resource, role_ref.get("name", ""), namespace)


def _may(
    user: User, authorizer: Authorizer, verb: str, resource: str, name: str, namespace: str
) -> bool:
    asked = Attributes(
        user=user, verb=verb, group=RBAC_GROUP, version="*", resource=resource, name=name,
        namespace=namespace,
    )  # fmt: skip
    return authorizer.authorize(asked).allowed


def escalation(
    user: User, rbac: RbacAuthorizer, rules: Iterable[Rule], namespace: str
) -> str | None:
    """Return why a user may not grant rules in a namespace; None when all are his own."""
    held, missing_roles = rbac.rules_for(user, namespace)
    missing = uncovered(held, rules)
    if not missing:
        return None
    groups = "[" + " ".join(quoted(group) for group in user.groups) + "]"
    lines = sorted({_text(rule) for rule in _compacted(missing)})
    text = (
        f"user {quoted(user.name)} (groups={groups}) is attempting to grant RBAC permissions not "
        "currently held:\n" + "\n".join(lines)
    )
    if missing_roles:
        text += f"; resolution errors: [{go_errors(missing_roles)}]"
    return text


def uncovered(held: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """Return the single rights of wanted rules that none of the held rules covers."""
    return [
        right
        for rule in wanted
        for right in _single_rights(rule)
        if not any(_covers(owner, right) for owner in held)
    ]


def _single_rights(rule: Rule) -> Iterator[Rule]:
    """Yield rules of one verb on one resource, with one name at most, or on one URL."""
    verbs = rule.get("verbs") or ()
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in verbs:
                right = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                names = rule.get("resourceNames") or ()
                if not names:
                    yield right
                for name in names:
                    yield right | {"resourceNames": [name]}
    for url in rule.get("nonResourceURLs") or ():
        for verb in verbs:
            yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(owner: Rule, right: Rule) -> bool:
    names = owner.get("resourceNames") or ()
    wanted = right.get("resourceNames") or ()
    return (
        _all_in(owner.get("verbs"), right.get("verbs"))
        and _all_in(owner.get("apiGroups"), right.get("apiGroups"))
        and all(_has_resource(owner, resource) for resource in right.get("resources") or ())
        and all(_has_url(owner, url) for url in right.get("nonResourceURLs") or ())
        and (not names or (bool(wanted) and set(wanted) <= set(names)))
    )


def _all_in(held: Sequence[str] | None, wanted: Sequence[str] | None) -> bool:
    return "*" in (held or ()) or set(wanted or ()) <= set(held or ())


def _has_resource(owner: Rule, resource: str) -> bool:
    held = owner.get("resources") or ()
    _, slash, subresource = resource.partition("/")
    return "*" in held or resource in held or bool(slash and f"*/{subresource}" in held)


def _has_url(owner: Rule, url: str) -> bool:
    return any(
        held == url or (held.endswith("*") and url.startswith(held.rstrip("*")))
        for held in owner.get("nonResourceURLs") or ()
    )


def _compacted(rights: Sequence[Rule]) -> list[Rule]:
    """Return single rights with those joined that differ in the verb alone."""
    out: list[Rule] = []
    joined: dict[tuple[str, str, str | None], dict[str, list[str]]] = {}
    for right in rights:
        if "resources" not in right:
            out.append(right)
            continue
        names = right.get("resourceNames")
        key = right["apiGroups"][0], right["resources"][0], names[0] if names else None
        if key in joined:
            joined[key]["verbs"] += right["verbs"]
        else:
            joined[key] = {field: list(values) for field, values in right.items()}
    return out + list(joined.values())


def _text(rule: Rule) -> str:
    """Return a rule as Go prints it in the message."""
    labels = {
        "apiGroups": "APIGroups",
        "resources": "Resources",
        "nonResourceURLs": "NonResourceURLs",
        "resourceNames": "ResourceNames",
        "verbs": "Verbs",
    }
    parts = [
        f"{label}:[{' '.join(quoted(value) for value in rule[field])}]"
        for field, label in labels.items()
        if rule.get(field)
    ]
    return "{" + ", ".join(parts) + "}"
