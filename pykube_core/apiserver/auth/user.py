"""Users as the API server knows them, and the names that it gives itself.

Source: ``k8s.io/apiserver/pkg/authentication/{user,serviceaccount}`` v0.37.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pykube_core.api.machinery.names import dns_label, dns_subdomain
from pykube_core.api.machinery.objects import KubeObject

ANONYMOUS: Final = "system:anonymous"
AUTHENTICATED: Final = "system:authenticated"
UNAUTHENTICATED: Final = "system:unauthenticated"
MASTERS: Final = "system:masters"
NODES: Final = "system:nodes"

_NODE_PREFIX: Final = "system:node:"
_ACCOUNT_PREFIX: Final = "system:serviceaccount:"
_ACCOUNTS_GROUP: Final = "system:serviceaccounts"


@dataclass(frozen=True)
class User:
    """Somebody who sends requests.

    Attributes
    ----------
    name, uid : str
        "" when there is none.
    groups : tuple of str
        In the order in which the authenticator names them.
    extra : dict
        Further facts that an authenticator knows, several values a key.
    """

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def info(self) -> KubeObject:
        """Return it as ``authentication.k8s.io/v1 UserInfo``."""
        out: KubeObject = {"username": self.name} if self.name else {}
        if self.uid:
            out["uid"] = self.uid
        if self.groups:
            out["groups"] = list(self.groups)
        if self.extra:
            out["extra"] = {key: list(values) for key, values in sorted(self.extra.items())}
        return out


ANONYMOUS_USER: Final = User(ANONYMOUS, groups=(UNAUTHENTICATED,))


def service_account_name(namespace: str, name: str) -> str:
    """Return the user name of a service account."""
    return f"{_ACCOUNT_PREFIX}{namespace}:{name}"


def service_account_groups(namespace: str) -> tuple[str, ...]:
    """Return the groups that every service account of a namespace is in."""
    return _ACCOUNTS_GROUP, f"{_ACCOUNTS_GROUP}:{namespace}"


def split_service_account(username: str) -> tuple[str, str] | None:
    """Return namespace and name of the service account that a user name means; None for others."""
    if not username.startswith(_ACCOUNT_PREFIX):
        return None
    namespace, colon, name = username[len(_ACCOUNT_PREFIX) :].partition(":")
    if not colon or ":" in name or dns_label(namespace) or dns_subdomain(name):
        return None
    return namespace, name


def node_of(username: str) -> str:
    """Return the node whose kubelet has a user name; "" for others."""
    if not username.startswith(_NODE_PREFIX):
        return ""
    node = username[len(_NODE_PREFIX) :]
    return "" if dns_subdomain(node) else node


def go_errors(errors: Sequence[str]) -> str:
    """Return several errors as Go's aggregate prints them: each once, in brackets if many."""
    distinct = list(dict.fromkeys(errors))
    return distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]"
