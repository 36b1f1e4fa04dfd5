"""Parts of resources with paths of their own: scale, binding, eviction, log, token.

Source: ``pkg/registry/core/pod/storage`` and ``pkg/registry/apps`` v1.37.2. Nothing runs in a
simulated container, so ``exec``, ``attach``, ``portforward`` and ``proxy`` say that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pykube_core.api.core import PODS
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.patch import JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import StatusError, bad_request, method_not_allowed
from pykube_core.apiserver.endpoints import bodies
from pykube_core.apiserver.endpoints.access import Access, lookup_of
from pykube_core.apiserver.endpoints.answers import encoded
from pykube_core.apiserver.endpoints.logs import Logs, answer_logs, container_of
from pykube_core.apiserver.endpoints.message import Request, Response
from pykube_core.apiserver.endpoints.negotiation import accepted
from pykube_core.apiserver.endpoints.options import (
    Query,
    delete_options_of,
    write_options,
)
from pykube_core.apiserver.endpoints.request_info import RequestInfo
from pykube_core.apiserver.endpoints.token_requests import issued_token
from pykube_core.apiserver.registry.eviction import evict
from pykube_core.apiserver.registry.lifecycle import scale_of
from pykube_core.apiserver.server import ApiServer

_DONE: Final = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
_EVICTION: Final = "policy/v1"


class Parts:
    """Answers requests for parts of resources, but for those that are written as the whole is.

    Parameters
    ----------
    server : ApiServer
    clock : callable
        Nanoseconds since the epoch.
    access : Access
        Issues tokens.
    logs : callable
        Knows what containers wrote.
    """

    def __init__(
        self, server: ApiServer, clock: Callable[[], int], access: Access, logs: Logs
    ) -> None:
        self._server = server
        self._clock = clock
        self._access = access
        self._logs = logs

    def handle(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        """Return the answer to a request for a part that the resource has."""
        handler: dict[str, Callable[[Request, RequestInfo, Resource], Response]] = {
            "scale": self._scale,
            "binding": self._bind,
            "eviction": self._evict,
            "log": self._log,
            "token": self._token,
            "exec": self._not_run,
            "attach": self._not_run,
            "portforward": self._not_run,
            "proxy": self._not_reached,
        }
        found = handler.get(info.subresource)
        if found is None:
            raise method_not_allowed()
        return found(request, info, resource)

    def _scale(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request)
        if info.verb == "get":
            obj = self._server.get(resource, info.name, info.namespace)
            return encoded(scale_of(obj.decode()), form)
        if info.verb == "update":
            options = write_options(request, "UpdateOptions")
            body = bodies.read_options(request, "Scale")
            obj = self._server.update(
                resource, body, info.name, info.namespace, subresource="scale",
                dry_run=options.dry_run, manager=options.manager,
            )  # fmt: skip
        else:
            types = (JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH)
            patch, media_type = bodies.read_patch(request, types)
            options = write_options(request, "PatchOptions")
            obj = self._server.patch(
                resource, bodies.parse_patch(patch), info.name, info.namespace,
                patch_type=media_type, subresource="scale", dry_run=options.dry_run,
                manager=options.manager,
            )  # fmt: skip
        return encoded(scale_of(obj.decode()), form)

    def _token(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request)
        accounts = self._access.accounts
        if accounts is None:
            text = "this control plane has no key to sign tokens with"
            raise StatusError(501, "NotImplemented", text, {})
        body = bodies.read_options(request, "TokenRequest", "authentication.k8s.io/v1")
        account = self._server.get(resource, info.name, info.namespace).decode()
        made = issued_token(body, account, accounts, lookup_of(self._server), self._clock)
        return encoded(made, form, 201)

    def _bind(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        return self.bind(request, info)

    def bind(self, request: Request, info: RequestInfo) -> Response:
        """Bind the pod that the path names, or the body where the path names none."""
        form = accepted(request)
        binding = bodies.read_options(request, "Binding")
        metadata = binding.get("metadata") or {}
        name = info.name or metadata.get("name") or ""
        if (metadata.get("name") or name) != name:
            raise bad_request("name in URL does not match name in Binding object")
        target = (binding.get("target") or {}).get("name") or ""
        self._server.bind(name, info.namespace, target, metadata.get("uid") or "")
        return encoded(_DONE | {"code": 201}, form, 201)

    def _evict(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request)
        asked = write_options(request, "CreateOptions")
        body = bodies.read_options(request, "Eviction", _EVICTION)
        if (body.get("metadata") or {}).get("name", "") != info.name:
            raise bad_request("name in URL does not match name in Eviction object")
        options, uid = delete_options_of(body.get("deleteOptions") or {})
        options = options._replace(dry_run=options.dry_run or asked.dry_run)
        evict(self._server, info.name, info.namespace, options, uid, self._clock())
        return encoded(_DONE | {"code": 201}, form, 201)

    def _log(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        return answer_logs(request, self._server, self._logs, info.name, info.namespace)

    def _not_run(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        """Refuse to run, attach to or reach anything in a container (400)."""
        pod: KubeObject = self._server.get(PODS, info.name, info.namespace).decode()
        if info.subresource != "portforward":
            container_of(pod, Query(request).text("container"))
        if not pod["spec"].get("nodeName"):
            raise bad_request(f"pod {info.name} does not have a host assigned")
        raise bad_request(f"pod {info.name} is simulated: nothing runs in its containers")

    def _not_reached(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        """Refuse to pass a request on (503)."""
        self._server.get(resource, info.name, info.namespace)
        text = f"error trying to reach service: {resource.kind} {info.name} is simulated"
        raise StatusError(503, "ServiceUnavailable", text)
