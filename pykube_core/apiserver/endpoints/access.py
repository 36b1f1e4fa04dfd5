"""Access: who sends a request, in whose name, and whether it may be carried out.

Source: ``k8s.io/apiserver/pkg/endpoints/filters`` (authentication.go, authorization.go) v0.37.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver.auth.authorizer import (
    AlwaysAllow,
    Attributes,
    Authorizer,
    Masters,
    Union,
    forbidden_request,
)
from pykube_core.apiserver.auth.impersonation import impersonated, wanted_user
from pykube_core.apiserver.auth.rbac import RbacAuthorizer
from pykube_core.apiserver.auth.roles import StoredRoles
from pykube_core.apiserver.auth.tokens import (
    InvalidTokenError,
    Lookup,
    ServiceAccountTokens,
    TokenAuthenticator,
    TokenReader,
    TokenTable,
    authenticated,
    bearer_token,
)
from pykube_core.apiserver.auth.user import ANONYMOUS_USER, AUTHENTICATED, MASTERS, User
from pykube_core.apiserver.endpoints.message import Request
from pykube_core.apiserver.endpoints.request_info import RequestInfo
from pykube_core.apiserver.server import ApiServer

ADMIN: Final = User("kubernetes-admin", groups=(MASTERS, AUTHENTICATED))
"""The user of a face that asks nobody for a token."""


class Access:
    """Authenticates and authorizes requests.

    Parameters
    ----------
    tokens : TokenReader, optional
        Reads bearer tokens; without it everybody is `ADMIN`.
    authorizer : Authorizer, optional
        By default everything is allowed.
    accounts : ServiceAccountTokens, optional
        Issues tokens of service accounts; without it nobody gets one.
    """

    def __init__(
        self,
        tokens: TokenReader | None = None,
        authorizer: Authorizer | None = None,
        accounts: ServiceAccountTokens | None = None,
    ) -> None:
        self.tokens = tokens
        self.accounts = accounts
        self.authorizer: Authorizer = authorizer or AlwaysAllow()

    def user_of(self, request: Request, info: RequestInfo) -> User:
        """Return the user that a request is carried out as.

        Raises
        ------
        StatusError
            401: the token is none. 403: the request, or the impersonation, is not allowed.
        """
        user = self._authenticated(request)
        attributes = attributes_of(user, info)
        wanted = wanted_user(request.headers)
        if wanted is not None:
            user = impersonated(wanted, attributes, self.authorizer)
            attributes = attributes_of(user, info)
        verdict = self.authorizer.authorize(attributes)
        if not verdict.allowed:
            raise forbidden_request(attributes, verdict.reason)
        return user

    def _authenticated(self, request: Request) -> User:
        if request.user:
            return authenticated(User(request.user, groups=request.groups))
        if self.tokens is None:
            return ADMIN
        token = bearer_token(request.headers)
        if not token:
            return ANONYMOUS_USER
        try:
            return self.tokens.authenticate(token).user
        except InvalidTokenError:
            raise StatusError(401, "Unauthorized", "Unauthorized") from None


def attributes_of(user: User, info: RequestInfo) -> Attributes:
    """Return what an authorizer is asked about a request."""
    return Attributes(
        user=user,
        verb=info.verb,
        group=info.group,
        version=info.version,
        resource=info.resource,
        subresource=info.subresource,
        namespace=info.namespace,
        name=info.name,
        path=info.path,
    )


def open_access(server: ApiServer, clock: Callable[[], int]) -> Access:
    """Return the access of a face that asks nobody; tokens of service accounts are still issued."""
    return Access(accounts=_account_tokens(server, clock))


def access_by_tokens(
    server: ApiServer, clock: Callable[[], int], users: Mapping[str, User], *, rbac: bool
) -> Access:
    """Return the access of users that have tokens, and of service accounts.

    Parameters
    ----------
    users : dict
        The user of each token.
    rbac : bool
        Members of ``system:masters`` may do everything, all others what RBAC allows; otherwise
        everybody may do everything.
    """
    authorizer: Authorizer = AlwaysAllow()
    if rbac:
        authorizer = Union([Masters(), RbacAuthorizer(StoredRoles(server))])
    accounts = _account_tokens(server, clock)
    readers: list[TokenAuthenticator] = [TokenTable(users)]
    if accounts is not None:
        readers.append(accounts)
    return Access(TokenReader(readers), authorizer, accounts)


def lookup_of(server: ApiServer) -> Lookup:
    """Return how objects of an API server are found by plural name, namespace and name."""

    def lookup(plural: str, namespace: str, name: str) -> KubeObject | None:
        resource = server.registry.named(plural)
        if resource is None:
            return None
        try:
            return server.get(resource, name, namespace).decode()
        except StatusError:
            return None

    return lookup


def _account_tokens(server: ApiServer, clock: Callable[[], int]) -> ServiceAccountTokens | None:
    """Return the tokens of service accounts, signed by a new key; None without cryptography."""
    try:
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        return None
    key = ec.generate_private_key(ec.SECP256R1())
    return ServiceAccountTokens(
        key, lookup=lookup_of(server), clock=clock, new_id=lambda: server.new_uids(1)[0]
    )
