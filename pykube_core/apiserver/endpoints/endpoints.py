"""The API by requests and responses: what kube-apiserver does behind its port.

::

    Request -> access -> a document, a review, or a verb of a resource -> Response

Nothing here opens a socket, and nothing waits: a watch is a stream that is read when there is
something to read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import StatusError, method_not_allowed
from pykube_core.apiserver.auth.user import User
from pykube_core.apiserver.endpoints.access import Access
from pykube_core.apiserver.endpoints.bodies import read_object
from pykube_core.apiserver.endpoints.discovery import AGGREGATED, Discovery
from pykube_core.apiserver.endpoints.health import health, health_paths
from pykube_core.apiserver.endpoints.logs import Logs, no_logs
from pykube_core.apiserver.endpoints.message import (
    JSON,
    NOT_FOUND,
    Request,
    Response,
    bytes_response,
    json_response,
    tagged,
    text_response,
)
from pykube_core.apiserver.endpoints.metrics import Metrics
from pykube_core.apiserver.endpoints.negotiation import clauses, not_acceptable
from pykube_core.apiserver.endpoints.openapi import OpenApi
from pykube_core.apiserver.endpoints.options import write_options
from pykube_core.apiserver.endpoints.request_info import RequestInfo, request_info
from pykube_core.apiserver.endpoints.reviews import Reviews, review_kind
from pykube_core.apiserver.endpoints.verbs import Verbs
from pykube_core.apiserver.registry.managed import ManagedFields
from pykube_core.apiserver.server import ApiServer

VERSION: Final[KubeObject] = {
    "major": "1",
    "minor": "37",
    "emulationMajor": "1",
    "emulationMinor": "37",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "36",
    "gitVersion": "v1.37.2",
    "gitCommit": "unknown",
    "gitTreeState": "clean",
    "buildDate": "2026-11-30T00:00:00Z",
    "goVersion": "go1.26.8",
    "compiler": "gc",
    "platform": "linux/amd64",
}
"""The version that the API behaves as."""

_HEALTH: Final = ("healthz", "livez", "readyz")
_PAGES: Final = (
    "/flagz",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/",
    "/statusz",
    "/version",
)
_PAGE_TYPES: Final = (JSON, "application/yaml", "text/plain")


class Endpoints:
    """Answers requests from an API server.

    Parameters
    ----------
    server : ApiServer
        In whose registry the resources are.
    clock : callable
        Nanoseconds since the epoch.
    address : str
        Host and port that discovery names.
    access : Access, optional
        Authenticates and authorizes; by default everybody may do everything.
    logs : callable
        Knows what containers wrote; see `logs.Logs`.
    real_clock : callable, optional
        Nanoseconds that pass for clients, by which watches end; by default those of ``clock``.
    """

    def __init__(
        self,
        server: ApiServer,
        *,
        clock: Callable[[], int],
        address: str = "127.0.0.1:6443",
        access: Access | None = None,
        logs: Logs = no_logs,
        real_clock: Callable[[], int] | None = None,
    ) -> None:
        self._discovery = Discovery(server.registry)
        self._openapi = OpenApi(self._discovery)
        self._access = access or Access()
        self._reviews = Reviews(self._access, clock)
        self._verbs = Verbs(server, clock, real_clock or clock, self._access, logs)
        self._metrics = Metrics(str(VERSION["gitVersion"]))
        self._address = address
        self._clock = clock

    def handle(self, request: Request) -> Response:
        """Return the answer to a request; no request raises."""
        info = request_info(request)
        try:
            response = self._answer(request, info)
        except StatusError as error:
            response = status_response(error)
        self._metrics.count(info, response.status)
        return response

    def _answer(self, request: Request, info: RequestInfo) -> Response:
        user = self._access.user_of(request, info)
        if not info.resource:
            return self._plain(request)
        if not self._discovery.has_version(info.group, info.version):
            if info.group:
                return NOT_FOUND
            raise no_such_resource()
        resource = self._discovery.resource(info.group, info.version, info.resource)
        if resource is None:
            raise no_such_resource()
        self._check_scope(resource, info)
        kind = review_kind(info.group, info.resource)
        if kind and info.verb == "create" and not info.name:
            return self._review(request, info, resource, kind, user)
        return self._verbs.handle(request, info, resource, user)

    def _review(
        self, request: Request, info: RequestInfo, resource: Resource, kind: str, user: User
    ) -> Response:
        options = write_options(request, "CreateOptions")
        tracked = ManagedFields(self._clock).tracked(resource, "", options.manager)
        body = read_object(request, resource)
        answer = self._reviews.answer(
            kind, body, user, info, lambda obj: tracked.entries(None, obj) if tracked else []
        )
        return json_response(answer, 201)

    def _check_scope(self, resource: Resource, info: RequestInfo) -> None:
        """Refuse a path that the resource does not have."""
        is_root = resource.namespaced and not info.namespace
        named = info.resource == "namespaces"
        if not resource.namespaced and info.namespace and not named:
            raise no_such_resource()
        if is_root and info.name and info.verb not in ("list", "watch"):
            raise no_such_resource()
        if is_root and info.verb not in ("list", "watch", "create", "deletecollection"):
            raise method_not_allowed()
        if is_root and info.verb == "deletecollection":
            raise method_not_allowed()

    # -- paths of no resource ------------------------------------------------------------------

    def _plain(self, request: Request) -> Response:
        path = request.path
        if "//" in path:
            return NOT_FOUND
        parts = path.strip("/").split("/")
        if parts[0] in _HEALTH:
            return health(request)
        answer = self._document(request, parts)
        if answer is None:
            return NOT_FOUND
        if request.method != "GET":
            raise method_not_allowed()
        return answer

    def _document(self, request: Request, parts: list[str]) -> Response | None:
        found = self._discovery
        match parts:
            case [""]:
                return json_response({"paths": self._paths()})
            case ["version"]:
                return json_response(VERSION)
            case ["api"]:
                versions = {"kind": "APIVersions", "versions": ["v1"]}
                places = [{"clientCIDR": "0.0.0.0/0", "serverAddress": self._address}]
                plain = versions | {"serverAddressByClientCIDRs": places}
                return self._discovered(request, plain, core=True)
            case ["apis"]:
                return self._discovered(request, found.group_list(), core=False)
            case ["api", version]:
                return _found(found.resource_list("", version))
            case ["apis", group]:
                return _found(found.group(group))
            case ["apis", group, version]:
                return _found(found.resource_list(group, version))
            case ["openapi", *rest]:
                return self._openapi.answer(request, rest)
            case ["metrics"]:
                return self._metrics.answer()
            case [("statusz" | "flagz") as page]:
                return _page(request, page)
        return None

    def _discovered(self, request: Request, plain: KubeObject, *, core: bool) -> Response:
        """Answer in the form that the client accepts: aggregated or plain."""
        accept = request.header("accept")
        for clause in clauses(accept) if accept else ():
            if clause.type not in (JSON, "application/*", "*/*"):
                continue
            wanted = clause.parameters
            if not wanted.get("as"):
                return json_response(plain)
            named = wanted.get("g"), wanted.get("v"), wanted.get("as")
            if named == ("apidiscovery.k8s.io", "v2", "APIGroupDiscoveryList"):
                found = json_response(self._discovery.aggregated(core=core), type=AGGREGATED)
                return tagged(request, found.with_headers([("vary", "Accept")]))
        if accept:
            raise not_acceptable((JSON, "application/yaml", "application/vnd.kubernetes.protobuf"))
        return json_response(plain)

    def _paths(self) -> list[str]:
        return sorted([*self._discovery.paths(), *health_paths(), *_PAGES])


def _page(request: Request, name: str) -> Response:
    """Return a page for people, which is there as plain text alone (406)."""
    accepted = [clause.type for clause in clauses(request.header("accept"))]
    if not {"text/plain", "text/*", "*/*"}.intersection(accepted):
        raise not_acceptable(_PAGE_TYPES)
    lines = [f"kube-apiserver {name}", "", f"Binary version: {VERSION['gitVersion']}", ""]
    return text_response("\n".join(lines))


def status_response(error: StatusError) -> Response:
    """Return the answer that says why a request failed."""
    response = bytes_response(msgspec.json.encode(error.status()) + b"\n", error.code)
    seconds = (error.details or {}).get("retryAfterSeconds")
    return response.with_headers([("retry-after", str(seconds))]) if seconds else response


def no_such_resource() -> StatusError:
    """Return the 404 of a path below a version that is served."""
    text = "the server could not find the requested resource"
    return StatusError(404, "NotFound", text, {})


def _found(value: KubeObject | None) -> Response | None:
    return None if value is None else json_response(value)
