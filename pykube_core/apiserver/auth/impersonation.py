"""Impersonation: a request in somebody else's name.

Constrained impersonation is asked first, mode by mode, then the old verb ``impersonate``; the first
mode that allows it decides, and the refusal is that of the first mode that applies.

Source: ``k8s.io/apiserver/pkg/endpoints/filters/impersonation`` v0.37.2 (mode.go,
constrained_impersonation.go). Difference: nothing is cached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple
from urllib.parse import unquote

from pykube_core.api.machinery.field_errors import quoted
from pykube_core.api.machinery.status import StatusError, bad_request
from pykube_core.apiserver.auth.authorizer import Attributes, Authorizer, forbidden_request
from pykube_core.apiserver.auth.user import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    NODES,
    UNAUTHENTICATED,
    User,
    node_of,
    service_account_groups,
    split_service_account,
)

_EXTRA_PREFIX: Final = "impersonate-extra-"
_AUTHENTICATION: Final = "authentication.k8s.io"
_MANY: Final = 4
"""From so many groups or values on, a right to all of them is asked for first."""
_NODE_NAME: Final = "authentication.kubernetes.io/node-name"
_NODE_KEYS: Final = "authentication.kubernetes.io/associated-node-keys"


class _Mode(NamedTuple):
    """A way to impersonate, and whom it is for."""

    name: str
    applies: Callable[[User, User], bool]


def wanted_user(headers: Iterable[tuple[str, str]]) -> User | None:
    """Return the user that a request's headers ask to be; None when they do not.

    Raises
    ------
    StatusError
        400: groups, a uid or extra values without a name.
    """
    name, uid = "", ""
    groups: list[str] = []
    extra: dict[str, tuple[str, ...]] = {}
    for header, value in headers:
        lowered = header.lower()
        if lowered == "impersonate-user":
            name = name or value
        elif lowered == "impersonate-uid":
            uid = uid or value
        elif lowered == "impersonate-group":
            groups.append(value)
        elif lowered.startswith(_EXTRA_PREFIX):
            key = unquote(lowered[len(_EXTRA_PREFIX) :])
            extra[key] = (*extra.get(key, ()), value)
    wanted = User(name, uid, tuple(groups), extra)
    if name:
        return wanted
    if uid or groups or extra:
        raise bad_request(f"requested {_go_text(wanted)} without impersonating a user name")
    return None


def impersonated(wanted: User, attributes: Attributes, authorizer: Authorizer) -> User:
    """Return the user that a request is carried out as.

    Parameters
    ----------
    wanted : User
        As the headers name it.
    attributes : Attributes
        The request, with the user that sends it.

    Raises
    ------
    StatusError
        403: no mode allows it.
    """
    first: StatusError | None = None
    for mode in _MODES:
        if not mode.applies(wanted, attributes.user):
            continue
        try:
            return _by_mode(mode, wanted, attributes, authorizer)
        except StatusError as error:
            first = first or error
    assert first is not None  # The last mode applies to everybody.
    raise first


def _by_mode(mode: _Mode, wanted: User, attributes: Attributes, authorizer: Authorizer) -> User:
    if not mode.name:
        return _Check(authorizer, attributes.user, "impersonate", False).user(wanted)
    asker = attributes.user
    if mode.name == "associated-node":
        asker = replace(asker, extra={_NODE_KEYS: tuple(sorted(asker.extra))})
    verb = f"impersonate-on:{mode.name}:{attributes.verb}"
    _require(authorizer, replace(attributes, user=asker, verb=verb))
    return _Check(authorizer, asker, f"impersonate:{mode.name}", True).user(wanted)


class _Check:
    """The rights that one mode asks for each part of a user."""

    def __init__(
        self, authorizer: Authorizer, asker: User, verb: str, is_constrained: bool
    ) -> None:
        self._authorizer = authorizer
        self._asker = asker
        self._verb = verb
        self._is_constrained = is_constrained
        self._group = _AUTHENTICATION if is_constrained else ""

    def user(self, wanted: User) -> User:
        """Return the whole user, when every part of it is allowed."""
        groups = self._name(wanted)
        if wanted.uid:
            self._require(_AUTHENTICATION, "uids", wanted.uid)
        self._groups(wanted.groups)
        self._extra(wanted.extra)
        if wanted.name == ANONYMOUS:
            groups = _with_group(groups, UNAUTHENTICATED)
        elif UNAUTHENTICATED not in groups:
            groups = _with_group(groups, AUTHENTICATED)
        return replace(wanted, groups=groups)

    def _name(self, wanted: User) -> tuple[str, ...]:
        """Check the name, and return the groups that belong to it."""
        account = split_service_account(wanted.name)
        node = node_of(wanted.name) if self._is_constrained else ""
        if account is not None:
            self._require(self._group, "serviceaccounts", account[1], namespace=account[0])
            return wanted.groups or service_account_groups(account[0])
        if node:
            # A service account that runs on the node may be any node that it runs on.
            name = "*" if self._verb.endswith(":associated-node") else node
            self._require(self._group, "nodes", name)
            return (NODES,)
        self._require(self._group, "users", wanted.name)
        return wanted.groups

    def _groups(self, groups: Sequence[str]) -> None:
        if self._is_constrained:
            if "" in groups:
                why = "impersonating the empty string group is not allowed"
                raise forbidden_request(self._asked(self._group, "groups", ""), why)
            if MASTERS in groups:
                why = "impersonating the system:masters group is not allowed"
                raise forbidden_request(self._asked(self._group, "groups", MASTERS), why)
            if len(groups) >= _MANY and self._allows(self._asked(self._group, "groups", "*")):
                return
        for group in groups:
            self._require(self._group, "groups", group)

    def _extra(self, extra: Mapping[str, Sequence[str]]) -> None:
        count = sum(len(values) for values in extra.values())
        if self._is_constrained:
            why = _wrong_extra(extra)
            if why:
                raise forbidden_request(self._asked(_AUTHENTICATION, "userextras", ""), why)
            every = self._asked(_AUTHENTICATION, "userextras", "*", subresource="*")
            if max(count, len(extra)) >= _MANY and self._allows(every):
                return
        for key, values in extra.items():
            for value in values:
                self._require(_AUTHENTICATION, "userextras", value, subresource=key)

    def _asked(
        self, group: str, resource: str, name: str, *, namespace: str = "", subresource: str = ""
    ) -> Attributes:
        return Attributes(
            user=self._asker, verb=self._verb, group=group, version="v1", resource=resource,
            name=name, namespace=namespace, subresource=subresource,
        )  # fmt: skip

    def _allows(self, asked: Attributes) -> bool:
        return self._authorizer.authorize(asked).allowed

    def _require(
        self, group: str, resource: str, name: str, *, namespace: str = "", subresource: str = ""
    ) -> None:
        asked = self._asked(group, resource, name, namespace=namespace, subresource=subresource)
        _require(self._authorizer, asked)


def _require(authorizer: Authorizer, asked: Attributes) -> None:
    verdict = authorizer.authorize(asked)
    if not verdict.allowed:
        raise forbidden_request(asked, verdict.reason)


def _with_group(groups: tuple[str, ...], group: str) -> tuple[str, ...]:
    return groups if group in groups else (*groups, group)


def _name_alone(wanted: User) -> bool:
    return not (wanted.uid or wanted.groups or wanted.extra)


def _is_own_node(wanted: User, asker: User) -> bool:
    node = node_of(wanted.name)
    if not (node and _name_alone(wanted) and split_service_account(asker.name)):
        return False
    return tuple(asker.extra.get(_NODE_NAME, ())) == (node,)


_MODES: Final = (
    _Mode("associated-node", _is_own_node),
    _Mode("arbitrary-node", lambda w, _: _name_alone(w) and bool(node_of(w.name))),
    _Mode(
        "serviceaccount",
        lambda w, _: _name_alone(w) and split_service_account(w.name) is not None,
    ),
    _Mode(
        "user-info",
        lambda w, _: not node_of(w.name) and split_service_account(w.name) is None,
    ),
    _Mode("", lambda wanted, asker: True),
)


def _wrong_extra(extra: Mapping[str, Sequence[str]]) -> str:
    for key, values in extra.items():
        if not key:
            return "impersonating the empty string key in extra is not allowed"
        if key != key.lower():
            return f"impersonating a non-lowercase key in extra is not allowed: {quoted(key)}"
        if not values:
            return "impersonating empty values in extra is not allowed"
        if "" in values:
            return "impersonating the empty string value in extra is not allowed"
    return ""


def _go_text(user: User) -> str:
    """Return a user as Go's ``%#v`` prints it, which the error of upstream shows."""

    def texts(values: Sequence[str]) -> str:
        return "[]string" + ("{" + ", ".join(map(quoted, values)) + "}" if values else "(nil)")

    extra = "map[string][]string" + (
        "{"
        + ", ".join(
            f"{quoted(k)}:[]string{{{', '.join(map(quoted, v))}}}"
            for k, v in sorted(user.extra.items())
        )
        + "}"
        if user.extra
        else "(nil)"
    )
    return (
        f"&user.DefaultInfo{{Name:{quoted(user.name)}, UID:{quoted(user.uid)}, "
        f"Groups:{texts(user.groups)}, Extra:{extra}}}"
    )
