"""The verbs of a resource, from a request to an answer.

Source: ``k8s.io/apiserver/pkg/endpoints/handlers`` (get.go, create.go, update.go, patch.go,
delete.go, watch.go) v0.37.2.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

import msgspec

from pykube_core.api.machinery.patch import JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import StatusError, method_not_allowed, success
from pykube_core.apiserver.auth.user import User
from pykube_core.apiserver.endpoints import answers, bodies
from pykube_core.apiserver.endpoints.access import Access
from pykube_core.apiserver.endpoints.grants import check_grant, grants_are_checked
from pykube_core.apiserver.endpoints.logs import Logs
from pykube_core.apiserver.endpoints.message import Request, Response
from pykube_core.apiserver.endpoints.negotiation import (
    JSON,
    METADATA,
    METADATA_LIST,
    TABLE,
    Accepted,
    accepted,
)
from pykube_core.apiserver.endpoints.options import (
    ListOptions,
    Query,
    delete_options,
    list_options,
    write_options,
)
from pykube_core.apiserver.endpoints.request_info import RequestInfo
from pykube_core.apiserver.endpoints.subresources import Parts
from pykube_core.apiserver.endpoints.watching import Frames, WatchStream
from pykube_core.apiserver.registry.lists import ObjectList
from pykube_core.apiserver.server import ApiServer
from pykube_core.objects import ApiObject

APPLY_PATCH: Final = "application/apply-patch+yaml"
_BINDING: Final = ("", "Binding")
_WATCH_SECONDS_MIN: Final = 1800
_ONE: Final = (TABLE, METADATA)
_MANY: Final = (TABLE, METADATA_LIST)
_STREAMED: Final = (TABLE, METADATA)


class Verbs:
    """Answers requests for resources.

    Parameters
    ----------
    server : ApiServer
    clock : callable
        Nanoseconds since the epoch.
    real_clock : callable
        Nanoseconds that pass for clients.
    access : Access
        Asked before roles are written.
    logs : callable
        Knows what containers wrote.
    """

    def __init__(
        self,
        server: ApiServer,
        clock: Callable[[], int],
        real_clock: Callable[[], int],
        access: Access,
        logs: Logs,
    ) -> None:
        self._server = server
        self._access = access
        self._clock = clock
        self._real_clock = real_clock
        self._parts = Parts(server, clock, access, logs)
        self._frames = Frames()

    def handle(
        self, request: Request, info: RequestInfo, resource: Resource, user: User
    ) -> Response:
        """Return the answer to a request for a resource or one of its parts."""
        verb = info.verb
        if info.subresource:
            return self._part(request, info, resource)
        if verb == "create" and (resource.group, resource.kind) == _BINDING and not info.name:
            return self._parts.bind(request, info)
        if (verb == "create" and info.name) or verb not in resource.verbs:
            raise method_not_allowed()
        if verb in ("update", "patch", "delete") and not info.name:
            raise method_not_allowed()
        handler: dict[str, Callable[[Request, RequestInfo, Resource], Response]] = {
            "get": self._get,
            "list": self._list,
            "watch": self._watch,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }
        writes = verb in ("create", "update", "patch")
        if writes and grants_are_checked(self._access.authorizer, user, resource):
            refusal = self._grant_refusal(request, info, resource, user, handler[verb])
            if refusal is not None:
                return refusal
        return handler[verb](request, info, resource)

    def _grant_refusal(
        self,
        request: Request,
        info: RequestInfo,
        resource: Resource,
        user: User,
        write: Callable[[Request, RequestInfo, Resource], Response],
    ) -> Response | None:
        """Return the answer to a write that would not succeed, after a dry run of it.

        Raises
        ------
        StatusError
            403: the object, as it would be written, gives more than the user has.
        """
        headers = [each for each in request.headers if each[0].lower() != "accept"]
        query = f"{request.query}&dryRun=All".removeprefix("&")
        tried = write(request._replace(headers=headers, query=query), info, resource)
        if tried.status >= 300:
            return tried
        obj = msgspec.json.decode(tried.body)
        check_grant(self._access.authorizer, user, resource, obj, info.namespace)
        return None

    def _part(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        parts = {part.name: part for part in resource.all_subresources}
        part = parts.get(info.subresource)
        if part is None or (info.rest and info.subresource != "proxy"):
            text = "the server could not find the requested resource"
            raise StatusError(404, "NotFound", text, {})
        if info.verb not in part.verbs:
            raise method_not_allowed()
        if info.subresource in ("status", resource.spec_subresource):
            verbs = {"get": self._get, "update": self._update, "patch": self._patch}
            return verbs[info.verb](request, info, resource)
        return self._parts.handle(request, info, resource)

    # -- reading -------------------------------------------------------------------------------

    def _get(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request, _ONE)
        obj = self._server.get(resource, info.name, info.namespace)
        return self._one(request, resource, obj, form)

    def _list(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request, _MANY)
        options = list_options(request, info.name, is_watch=False)
        found = self._listed(resource, info.namespace, options)
        return answers.many(request, resource, found, form, self._clock())

    def _listed(self, resource: Resource, namespace: str, options: ListOptions) -> ObjectList:
        return self._server.list(
            resource,
            namespace,
            label_selector=options.labels,
            field_selector=options.fields,
            limit=options.limit,
            next_page=options.next_page,
            resource_version=options.resource_version,
            resource_version_match=options.match,
        )

    def _watch(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request, _STREAMED)
        options = list_options(request, info.name, is_watch=True)
        watch = self._server.watch(
            resource,
            info.namespace,
            label_selector=options.labels,
            field_selector=options.fields,
            resource_version=options.resource_version,
            send_initial_events=bool(options.send_initial_events),
        )
        seconds = options.timeout_seconds
        if seconds is None:
            seconds = _WATCH_SECONDS_MIN + random.randrange(_WATCH_SECONDS_MIN)
        stream = WatchStream(
            resource,
            watch,
            form,
            Query(request).text("includeObject"),
            self._frames,
            self._clock,
            self._real_clock,
            seconds,
            options.bookmarks,
        )
        header = f"{JSON};stream=watch" if form.media_type != JSON else JSON
        return Response(200, (("content-type", header),), stream=stream)

    # -- writing -------------------------------------------------------------------------------

    def _create(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request, _ONE)
        options = write_options(request, "CreateOptions")
        warnings: list[str] = []
        obj = self._server.create(
            resource,
            bodies.read_object(request, resource),
            info.namespace,
            dry_run=options.dry_run,
            field_validation=options.field_validation,
            warnings=warnings,
            manager=options.manager,
        )
        return answers.warned(self._one(request, resource, obj, form, 201), warnings)

    def _update(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request, _ONE)
        options = write_options(request, "UpdateOptions")
        warnings: list[str] = []
        before = self._server.revision
        obj = self._server.update(
            resource,
            bodies.read_object(request, resource),
            info.name,
            info.namespace,
            subresource=info.subresource,
            dry_run=options.dry_run,
            field_validation=options.field_validation,
            warnings=warnings,
            manager=options.manager,
        )
        is_new = obj.revision > before and "creationTimestamp" in obj.decode()["metadata"]
        status = 201 if is_new and self._is_first(obj) else 200
        return answers.warned(self._one(request, resource, obj, form, status), warnings)

    def _is_first(self, obj: ApiObject) -> bool:
        return self._server.is_created_at(obj)

    def _patch(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request, _ONE)
        types = (JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, APPLY_PATCH)
        body, media_type = bodies.read_patch(request, types)
        is_apply = media_type == APPLY_PATCH
        options = write_options(request, "PatchOptions", is_apply=is_apply)
        warnings: list[str] = []
        if is_apply:
            obj, is_new = self._server.apply(
                resource,
                bodies.parse_applied(body),
                info.name,
                info.namespace,
                subresource=info.subresource,
                dry_run=options.dry_run,
                field_validation=options.field_validation,
                warnings=warnings,
                manager=options.manager,
                force=options.force,
            )
            status = 201 if is_new else 200
            return answers.warned(self._one(request, resource, obj, form, status), warnings)
        obj = self._server.patch(
            resource,
            bodies.parse_patch(body),
            info.name,
            info.namespace,
            patch_type=media_type,
            subresource=info.subresource,
            dry_run=options.dry_run,
            field_validation=options.field_validation,
            warnings=warnings,
            manager=options.manager,
        )
        return answers.warned(self._one(request, resource, obj, form), warnings)

    def _delete(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request)
        options, uid = delete_options(request)
        outcome = self._server.delete(
            resource,
            info.name,
            info.namespace,
            grace_period_seconds=options.grace_period_seconds,
            uid=uid,
            resource_version=options.resource_version,
            propagation=options.propagation,
            dry_run=options.dry_run,
        )
        obj = outcome.object
        if outcome.gone and not resource.answers_with_object:
            return answers.encoded(success(resource, info.name, obj.uid), form)
        return self._one(request, resource, obj, form)

    def _delete_collection(
        self, request: Request, info: RequestInfo, resource: Resource
    ) -> Response:
        form = accepted(request)
        chosen = list_options(request, "", is_watch=False)
        options, _ = delete_options(request)
        found = self._listed(resource, info.namespace, chosen)
        if not options.dry_run:
            self._server.delete_collection(
                resource,
                info.namespace,
                label_selector=chosen.labels,
                field_selector=chosen.fields,
                grace_period_seconds=options.grace_period_seconds,
                propagation=options.propagation,
            )
        return answers.many(request, resource, found, form, self._clock())

    def _one(
        self,
        request: Request,
        resource: Resource,
        obj: ApiObject,
        form: Accepted,
        status: int = 200,
    ) -> Response:
        return answers.one(request, resource, obj, form, self._clock(), status)
