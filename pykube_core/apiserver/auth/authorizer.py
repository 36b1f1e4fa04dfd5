"""Questions to an authorizer, its answers, and the refusal that a client reads.

Source: ``k8s.io/apiserver/pkg/authorization/authorizer`` and
``pkg/endpoints/handlers/responsewriters/errors.go``, v0.37.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pykube_core.api.machinery.field_errors import quoted
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver.auth.user import MASTERS, User


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """One question to an authorizer: may this user do that.

    A request for a resource has ``resource`` and what belongs to it; any other has ``path`` alone.
    """

    user: User
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def combined_resource(self) -> str:
        """The resource as rules write it, such as ``pods/log``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Verdict(NamedTuple):
    """Whether a request is allowed, and why it is or is not.

    No authorizer here denies what another would allow: one that does not allow has no opinion.
    """

    allowed: bool
    reason: str = ""


class Authorizer(Protocol):
    """Decides about requests."""

    def authorize(self, attributes: Attributes) -> Verdict:
        """Return a decision about one request."""
        ...


class AlwaysAllow:
    """Lets everybody do everything: a control plane on loopback without RBAC."""

    def authorize(self, attributes: Attributes) -> Verdict:
        """Allow."""
        return Verdict(True)


class Masters:
    """Lets members of ``system:masters`` do everything, and has no opinion about others."""

    def authorize(self, attributes: Attributes) -> Verdict:
        """Allow the privileged group."""
        return Verdict(MASTERS in attributes.user.groups)


class Union:
    """Asks one authorizer after the other; the first that allows decides.

    Parameters
    ----------
    authorizers : sequence of Authorizer
        In the order in which they are asked.

    Attributes
    ----------
    authorizers : tuple of Authorizer
    """

    def __init__(self, authorizers: Sequence[Authorizer]) -> None:
        self.authorizers = tuple(authorizers)

    def authorize(self, attributes: Attributes) -> Verdict:
        """Return the first allowance; without one, all reasons."""
        reasons: list[str] = []
        for authorizer in self.authorizers:
            verdict = authorizer.authorize(attributes)
            if verdict.allowed:
                return verdict
            if verdict.reason:
                reasons.append(verdict.reason)
        return Verdict(False, "\n".join(reasons))


def forbidden_request(attributes: Attributes, reason: str = "") -> StatusError:
    """Return the 403 of a request that no authorizer allows."""
    message = _sanitized(_refusal(attributes)) + (f": {reason}" if reason else "")
    name, resource = attributes.name, attributes.resource
    details: KubeObject = {"name": name} if name else {}
    if attributes.group:
        details["group"] = attributes.group
    if resource:
        details["kind"] = resource
    qualified = f"{resource}.{attributes.group}" if attributes.group else resource
    if name:
        head = f"{qualified} {quoted(name)} is forbidden"
    else:
        head = f"{qualified} is forbidden" if qualified else "forbidden"
    return StatusError(403, "Forbidden", f"{head}: {message}", details)


def _refusal(asked: Attributes) -> str:
    user = quoted(asked.user.name)
    if not asked.resource:
        return f"User {user} cannot {asked.verb} path {quoted(asked.path)}"
    scope = f"in the namespace {quoted(asked.namespace)}" if asked.namespace else ""
    return (
        f"User {user} cannot {asked.verb} resource {quoted(asked.combined_resource)} in API group "
        f"{quoted(asked.group)} {scope or 'at the cluster scope'}"
    )


def _sanitized(text: str) -> str:
    """Return a text in which nothing looks like HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
