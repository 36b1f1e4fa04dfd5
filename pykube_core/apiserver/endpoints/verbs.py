"""The verbs of a resource, from a request to an answer.

Source: ``k8s.io/apiserver/pkg/endpoints/handlers`` (get.go, create.go, update.go, patch.go,
delete.go, watch.go) v0.37.2.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from pykube_core.api.core import BINDINGS
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.patch import JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH
from pykube_core.api.machinery.protobuf import encode_object
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.schema import kind_struct
from pykube_core.api.machinery.status import StatusError, bad_request, method_not_allowed, success
from pykube_core.api.machinery.yaml_text import yaml_text
from pykube_core.apiserver.auth.user import User
from pykube_core.apiserver.endpoints import bodies
from pykube_core.apiserver.endpoints.access import Access, lookup_of
from pykube_core.apiserver.endpoints.grants import check_grant, grants_are_checked
from pykube_core.apiserver.endpoints.message import Request, Response, bytes_response
from pykube_core.apiserver.endpoints.negotiation import (
    JSON,
    METADATA,
    METADATA_LIST,
    PROTOBUF,
    TABLE,
    YAML,
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
from pykube_core.apiserver.endpoints.tables import partial_metadata, table
from pykube_core.apiserver.endpoints.token_requests import issued_token
from pykube_core.apiserver.endpoints.watching import Frames, WatchStream
from pykube_core.apiserver.registry.lifecycle import scale_of
from pykube_core.apiserver.registry.lists import ObjectList
from pykube_core.apiserver.server import ApiServer
from pykube_core.objects import ApiObject

APPLY_PATCH: Final = "application/apply-patch+yaml"
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
    """

    def __init__(self, server: ApiServer, clock: Callable[[], int], access: Access) -> None:
        self._server = server
        self._access = access
        self._clock = clock
        self._frames = Frames()

    def handle(
        self, request: Request, info: RequestInfo, resource: Resource, user: User
    ) -> Response:
        """Return the answer to a request for a resource or one of its parts."""
        verb = info.verb
        if info.subresource:
            return self._part(request, info, resource)
        if (verb == "create" and info.name) or verb not in resource.verbs:
            raise method_not_allowed()
        if verb in ("update", "patch", "delete") and not info.name:
            raise method_not_allowed()
        if resource is BINDINGS:
            return self._bind(request, info)
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

    # -- reading -------------------------------------------------------------------------------

    def _get(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request, _ONE)
        obj = self._server.get(resource, info.name, info.namespace)
        return self._one(request, resource, obj, form)

    def _list(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request, _MANY)
        options = list_options(request, info.name, is_watch=False)
        found = self._listed(resource, info.namespace, options)
        return self._many(request, resource, found, form)

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
        return _warned(self._one(request, resource, obj, form, 201), warnings)

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
        return _warned(self._one(request, resource, obj, form, status), warnings)

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
            return _warned(self._one(request, resource, obj, form, status), warnings)
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
        return _warned(self._one(request, resource, obj, form), warnings)

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
            return _encoded(success(resource, info.name, obj.uid), form)
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
        return self._many(request, resource, found, form)

    # -- subresources --------------------------------------------------------------------------

    def _part(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        parts = {part.name: part for part in resource.all_subresources}
        part = parts.get(info.subresource)
        if part is None or info.rest:
            text = "the server could not find the requested resource"
            raise StatusError(404, "NotFound", text, {})
        if info.verb not in part.verbs:
            raise method_not_allowed()
        if info.subresource == "scale":
            return self._scale(request, info, resource)
        if info.subresource in ("status", resource.spec_subresource):
            verbs = {"get": self._get, "update": self._update, "patch": self._patch}
            return verbs[info.verb](request, info, resource)
        if info.subresource == "binding":
            return self._bind(request, info)
        if info.subresource == "token":
            return self._token(request, info, resource)
        text = f"{resource.plural}/{info.subresource} has nothing behind it in a simulated cluster"
        raise StatusError(501, "NotImplemented", text, {})

    def _scale(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request)
        if info.verb == "get":
            obj = self._server.get(resource, info.name, info.namespace)
            return _encoded(scale_of(obj.decode()), form)
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
        return _encoded(scale_of(obj.decode()), form)

    def _token(self, request: Request, info: RequestInfo, resource: Resource) -> Response:
        form = accepted(request)
        accounts = self._access.accounts
        if accounts is None:
            text = "this control plane has no key to sign tokens with"
            raise StatusError(501, "NotImplemented", text, {})
        body = bodies.read_options(request, "TokenRequest", "authentication.k8s.io/v1")
        account = self._server.get(resource, info.name, info.namespace).decode()
        made = issued_token(body, account, accounts, lookup_of(self._server), self._clock)
        return _encoded(made, form, 201)

    def _bind(self, request: Request, info: RequestInfo) -> Response:
        form = accepted(request)
        binding = bodies.read_options(request, "Binding")
        target = binding.get("target") or {}
        name = (binding.get("metadata") or {}).get("name") or info.name
        if name != (info.name or name):
            text = "name in URL does not match name in Binding object"
            raise bad_request(text)
        uid = (binding.get("metadata") or {}).get("uid") or ""
        self._server.bind(name, info.namespace, target.get("name") or "", uid)
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return _encoded(status | {"code": 201}, form, 201)

    # -- answers -------------------------------------------------------------------------------

    def _one(
        self,
        request: Request,
        resource: Resource,
        obj: ApiObject,
        form: Accepted,
        status: int = 200,
    ) -> Response:
        if not form.transform:
            if form.media_type == JSON and not form.pretty:
                return bytes_response(obj.json() + b"\n", status)
            return _encoded(obj.decode(), form, status)
        if form.transform == METADATA:
            return _encoded(partial_metadata(obj.decode(), form.version), form, status)
        metadata = {"resourceVersion": str(obj.revision)} if obj.revision else {}
        return _encoded(self._table(request, resource, [obj], form, metadata), form, status)

    def _many(
        self, request: Request, resource: Resource, found: ObjectList, form: Accepted
    ) -> Response:
        metadata: KubeObject = {"resourceVersion": str(found.revision)}
        if found.next_page:
            metadata["continue"] = found.next_page
            if found.remaining is not None:
                metadata["remainingItemCount"] = found.remaining
        if form.transform == TABLE:
            return _encoded(self._table(request, resource, found.items, form, metadata), form)
        if form.transform == METADATA_LIST:
            items = [partial_metadata(obj.decode(), form.version) for obj in found.items]
            kind, version = "PartialObjectMetadataList", f"meta.k8s.io/{form.version}"
            head = {"kind": kind, "apiVersion": version, "metadata": metadata}
            return _encoded(head | {"items": items}, form)
        if form.media_type == JSON and not form.pretty:
            return bytes_response(_spliced(resource, found.items, metadata))
        items = [_without_kind(obj.decode()) for obj in found.items]
        head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version}
        return _encoded(head | {"metadata": metadata, "items": items}, form)

    def _table(
        self,
        request: Request,
        resource: Resource,
        objects: Sequence[ApiObject],
        form: Accepted,
        metadata: KubeObject,
    ) -> KubeObject:
        included = Query(request).text("includeObject")
        return table(
            resource, objects, self._clock(), version=form.version, included=included,
            metadata=metadata,
        )  # fmt: skip


def _spliced(resource: Resource, items: Sequence[ApiObject], metadata: KubeObject) -> bytes:
    """Return a list in JSON without decoding its items, which have no kind of their own there."""
    start = len(resource.head) - len(b'"metadata":{')
    parts = [b"{%b" % obj.json()[start:] for obj in items]
    head = b'{"kind":"%bList","apiVersion":"%b","metadata":%b,"items":[' % (
        resource.kind.encode(),
        resource.api_version.encode(),
        msgspec.json.encode(metadata),
    )
    return b"".join((head, b",".join(parts), b"]}\n"))


def _without_kind(obj: KubeObject) -> KubeObject:
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def _encoded(value: Json, form: Accepted, status: int = 200) -> Response:
    """Return a value in the media type that was agreed on."""
    if form.media_type == YAML:
        return bytes_response(yaml_text(value).encode(), status, YAML)
    if form.media_type == PROTOBUF and _has_protobuf(value):
        return bytes_response(encode_object(value), status, PROTOBUF)
    data = msgspec.json.encode(value)
    if form.pretty:
        data = msgspec.json.format(data, indent=2)
    return bytes_response(data + b"\n", status)


def _has_protobuf(value: KubeObject) -> bool:
    """Say whether a value is of a kind with a message; JSON stands in for all others."""
    group, _, version = value["apiVersion"].rpartition("/")
    try:
        kind_struct(group, version, value["kind"])
    except KeyError:
        return False
    return True


def _warned(response: Response, warnings: Sequence[str]) -> Response:
    if not warnings:
        return response
    texts = dict.fromkeys(warnings)
    return response.with_headers([("warning", f"299 - {_quoted(text)}") for text in texts])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
