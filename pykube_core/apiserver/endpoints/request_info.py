"""The meaning of a request's path: verb, group, version, resource, namespace, name, subresource.

Source: ``k8s.io/apiserver/pkg/endpoints/request/requestinfo.go`` v0.37.2.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from pykube_core.apiserver.endpoints.message import Request

_VERBS: Final = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_NAMESPACE_SUBRESOURCES: Final = ("status", "finalize")


class RequestInfo(NamedTuple):
    """A request of the API; ``resource`` is "" for any other path.

    Attributes
    ----------
    verb : str
        "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"; the
        method in small letters for what asks for no resource.
    rest : tuple of str
        Parts of the path behind the subresource, as of a proxy.
    """

    verb: str
    path: str
    group: str = ""
    version: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: tuple[str, ...] = ()


def request_info(request: Request) -> RequestInfo:
    """Return what a request asks for."""
    path = request.path
    parts = path.strip("/").split("/")
    plain = RequestInfo(request.method.lower(), path)
    if "//" in path or parts[0] not in ("api", "apis"):
        return plain
    if parts[0] == "api":
        if len(parts) < 3:
            return plain
        group, version, parts = "", parts[1], parts[2:]
    else:
        if len(parts) < 4:
            return plain
        group, version, parts = parts[1], parts[2], parts[3:]
    verb = _VERBS.get(request.method, "")
    if parts[0] in ("watch", "proxy"):
        if len(parts) < 2:
            return plain
        verb, parts = parts[0], parts[1:]
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in _NAMESPACE_SUBRESOURCES:
            parts = parts[2:]
    resource, name, subresource = [*parts[:3], "", ""][:3]
    if not name and verb == "get":
        verb = _list_verb(request)
        if verb == "list" and (selected := _selected_name(request)):
            name = selected
    elif name and verb == "get" and _is_watch(request) and not subresource:
        verb = "watch"
    elif not name and verb == "delete":
        verb = "deletecollection"
    return RequestInfo(
        verb, path, group, version, resource, namespace, name, subresource, tuple(parts[3:])
    )


def _is_watch(request: Request) -> bool:
    value = request.parameters().get("watch", ["false"])[0]
    return value not in ("false", "0", "F", "f", "False", "FALSE")


def _list_verb(request: Request) -> str:
    return "watch" if request.query and _is_watch(request) else "list"


def _selected_name(request: Request) -> str:
    """Return the name that a field selector asks for, which authorization looks at."""
    prefix = "metadata.name="
    for selector in request.parameters().get("fieldSelector", ()):
        for term in selector.split(","):
            if term.startswith(prefix):
                return term.removeprefix(prefix).removeprefix("=")
    return ""
