"""Bearer tokens: those of a fixed table, and those of service accounts, signed and bound.

PyJWT signs and checks signatures; times are compared here, with the cluster's clock.

Source: ``pkg/serviceaccount/{claims,jwt}.go`` v1.37.2, and
``k8s.io/apiserver/pkg/authentication`` v0.37.2. Differences: tokens are signed with ES256; the
extended expiration of projected tokens and attestations of webhooks are absent.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.times import parse_time
from pykube_core.apiserver.auth.user import (
    AUTHENTICATED,
    User,
    go_errors,
    service_account_groups,
    service_account_name,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

ISSUER: Final = "https://kubernetes.default.svc.cluster.local"
"""The issuer of tokens of service accounts, and the audience of a token that names none."""

_ALGORITHM: Final = "ES256"
_LEEWAY_SECONDS: Final = 60
_CLAIMS: Final = "kubernetes.io"
_EXTRA: Final = "authentication.kubernetes.io/"

Lookup = Callable[[str, str, str], KubeObject | None]
"""From a plural name of the API, a namespace and a name to the object as it is now."""


class InvalidTokenError(Exception):
    """A token is somebody's, and not valid; the text says why."""


class Authenticated(NamedTuple):
    """Whom a token belongs to, and for which audiences it may be used here."""

    user: User
    audiences: tuple[str, ...]


class TokenAuthenticator(Protocol):
    """Tells whom a bearer token belongs to."""

    def authenticate(self, token: str, audiences: Sequence[str]) -> Authenticated | None:
        """Return its user; None for a token that is not of this kind.

        Raises
        ------
        InvalidTokenError
            It is of this kind, and not valid.
        """
        ...


class TokenTable:
    """Tokens from a table, as ``--token-auth-file`` gives them.

    Parameters
    ----------
    users : dict
        The user of each token, without ``system:authenticated``.
    """

    def __init__(self, users: Mapping[str, User]) -> None:
        # A look-up by digest tells nobody by its time how much of a token was right.
        self._users = {_digest(token): user for token, user in users.items()}

    def authenticate(self, token: str, audiences: Sequence[str]) -> Authenticated | None:
        """Return the user of a token of the table, for whatever audience."""
        user = self._users.get(_digest(token))
        return None if user is None else Authenticated(authenticated(user), tuple(audiences))


class Bound(NamedTuple):
    """The object that a token lives with, and the node of a pod."""

    kind: str
    name: str
    uid: str
    node: tuple[str, str] = ("", "")


class ServiceAccountTokens:
    """Issues tokens of service accounts, and reads them again.

    Parameters
    ----------
    key : EllipticCurvePrivateKey
        Signs them (P-256).
    lookup : Lookup
        Finds service accounts, and what tokens are bound to.
    clock : callable
        Nanoseconds since the epoch.
    new_id : callable
        Makes the identifiers of tokens.
    issuer : str
        ``iss`` of the tokens.
    """

    def __init__(
        self,
        key: EllipticCurvePrivateKey,
        *,
        lookup: Lookup,
        clock: Callable[[], int],
        new_id: Callable[[], str],
        issuer: str = ISSUER,
    ) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self.issuer = issuer
        self._key = key
        self._public = key.public_key()
        der = self._public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._key_id = urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
        self._lookup = lookup
        self._clock = clock
        self._new_id = new_id

    def issue(
        self,
        account: KubeObject,
        audiences: Sequence[str],
        seconds: int,
        bound: Bound | None = None,
    ) -> str:
        """Return a token of a service account that is valid for so many seconds."""
        import jwt

        metadata, now = account["metadata"], self._clock() // 10**9
        namespace, name = metadata["namespace"], metadata["name"]
        private: KubeObject = {"namespace": namespace}
        if bound is not None and any(bound.node) and bound.kind == "pod":
            private["node"] = _reference(*bound.node)
        if bound is not None:
            private[bound.kind] = _reference(bound.name, bound.uid)
        private["serviceaccount"] = _reference(name, metadata["uid"])
        claims = {
            "aud": list(audiences),
            "exp": now + seconds,
            "iat": now,
            "iss": self.issuer,
            "jti": self._new_id(),
            _CLAIMS: private,
            "nbf": now,
            "sub": service_account_name(namespace, name),
        }
        return jwt.encode(claims, self._key, _ALGORITHM, headers={"kid": self._key_id})

    def authenticate(self, token: str, audiences: Sequence[str]) -> Authenticated | None:
        """Return the user of a token that this issuer has signed.

        Raises
        ------
        InvalidTokenError
            The signature is wrong, its time has not come or is over, no audience is asked for that
            it has, or what it lives with is gone.
        """
        claims = self._claims(token)
        if claims is None:
            return None
        given = claims.get("aud") or []
        held = [given] if isinstance(given, str) else list(given)
        common = tuple(audience for audience in held if audience in audiences)
        if not common:
            raise InvalidTokenError(
                f"token audiences {_go_list(held)} is invalid for the target audiences "
                f"{_go_list(audiences)}"
            )
        self._check_times(claims)
        return Authenticated(authenticated(self._user(claims)), common)

    def _claims(self, token: str) -> dict[str, Json] | None:
        import jwt

        try:
            unverified = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError):
            return None
        if unverified.get("iss") != self.issuer:
            return None
        try:
            # Times are compared with the cluster's clock, audiences by the caller.
            return jwt.decode(
                token,
                self._public,
                [_ALGORITHM],
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False,
                         "verify_aud": False},
            )  # fmt: skip
        except jwt.PyJWTError:
            raise InvalidTokenError("invalid signature") from None

    def _check_times(self, claims: Mapping[str, Json]) -> None:
        now = self._clock() // 10**9
        if not isinstance(claims.get("exp"), int) or claims["exp"] < now - _LEEWAY_SECONDS:
            raise InvalidTokenError("service account token has expired")
        if claims.get("nbf", now) > now + _LEEWAY_SECONDS:
            raise InvalidTokenError("service account token is not valid yet")

    def _user(self, claims: Mapping[str, Json]) -> User:
        private = claims.get(_CLAIMS) or {}
        namespace, account = private.get("namespace", ""), private.get("serviceaccount") or {}
        name, uid = account.get("name", ""), account.get("uid", "")
        self._check_object("serviceaccounts", namespace, name, uid)
        extra: dict[str, tuple[str, ...]] = {
            _EXTRA + "credential-id": (f"JTI={claims.get('jti', '')}",)
        }
        for kind, plural in _BOUND.items():
            held = private.get(kind)
            if not held:
                continue
            # The node of a pod's token is told, and not looked at.
            if kind != "node" or "pod" not in private:
                place = "" if kind == "node" else namespace
                self._check_object(plural, place, held.get("name", ""), held.get("uid", ""))
            if kind != "secret":
                extra[f"{_EXTRA}{kind}-name"] = (held.get("name", ""),)
                if held.get("uid"):
                    extra[f"{_EXTRA}{kind}-uid"] = (held["uid"],)
        return User(
            service_account_name(namespace, name), uid, service_account_groups(namespace), extra
        )

    def _check_object(self, plural: str, namespace: str, name: str, uid: str) -> None:
        """Refuse a token whose object is gone, is another by now, or was deleted a while ago."""
        found = self._lookup(plural, namespace, name)
        is_account = plural == "serviceaccounts"
        if found is None and is_account:
            raise InvalidTokenError(f'serviceaccounts "{name}" not found')
        if found is None:
            raise InvalidTokenError("service account token has been invalidated")
        metadata = found["metadata"]
        if metadata.get("uid") != uid:
            kind = "service account" if is_account else plural[:-1]
            claim = "claim" if is_account else f"service account {kind} ref claim"
            raise InvalidTokenError(
                f"{kind} UID ({metadata.get('uid')}) does not match {claim} ({uid})"
            )
        deleted = metadata.get("deletionTimestamp")
        if deleted and parse_time(deleted) < self._clock() - _LEEWAY_SECONDS * 10**9:
            if is_account:
                raise InvalidTokenError(f"service account {namespace}/{name} has been deleted")
            raise InvalidTokenError("service account token has been invalidated")


class TokenReader:
    """Asks one authenticator after the other.

    Parameters
    ----------
    authenticators : iterable of TokenAuthenticator
        In the order in which they are asked.
    """

    def __init__(self, authenticators: Iterable[TokenAuthenticator]) -> None:
        self._authenticators = tuple(authenticators)

    def authenticate(self, token: str, audiences: Sequence[str] = (ISSUER,)) -> Authenticated:
        """Return the user of a token.

        Raises
        ------
        InvalidTokenError
            Nobody knows it, or who does finds it invalid.
        """
        errors: list[str] = []
        for authenticator in self._authenticators:
            try:
                found = authenticator.authenticate(token, audiences)
            except InvalidTokenError as error:
                errors.append(str(error))
                continue
            if found is not None:
                return found
        raise InvalidTokenError(go_errors(errors or ["invalid bearer token"]))


def authenticated(user: User) -> User:
    """Return a user with the group of all who are known."""
    if AUTHENTICATED in user.groups:
        return user
    return User(user.name, user.uid, (*user.groups, AUTHENTICATED), user.extra)


def bearer_token(headers: Iterable[tuple[str, str]]) -> str:
    """Return the bearer token of a request's headers; "" without one."""
    for header, value in headers:
        if header.lower() == "authorization":
            scheme, _, token = value.strip().partition(" ")
            return token.strip() if scheme.lower() == "bearer" else ""
    return ""


_BOUND: Final = {"pod": "pods", "node": "nodes", "secret": "secrets"}


def _reference(name: str, uid: str) -> KubeObject:
    return {"name": name, "uid": uid} if uid else {"name": name}


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def _go_list(values: Sequence[str]) -> str:
    return "[" + " ".join(f'"{value}"' for value in values) + "]"
