"""Answers: objects, lists and tables in the media type that was agreed on.

Lists and objects in plain JSON are spliced of stored bytes; nothing of them is decoded.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.protobuf import encode_object
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.schema import kind_struct
from pykube_core.api.machinery.yaml_text import yaml_text
from pykube_core.apiserver.endpoints.message import Request, Response, bytes_response
from pykube_core.apiserver.endpoints.negotiation import (
    JSON,
    METADATA,
    METADATA_LIST,
    PROTOBUF,
    TABLE,
    YAML,
    Accepted,
)
from pykube_core.apiserver.endpoints.options import Query
from pykube_core.apiserver.endpoints.tables import partial_metadata, table
from pykube_core.apiserver.registry.lists import ObjectList
from pykube_core.objects import ApiObject


def one(
    request: Request,
    resource: Resource,
    obj: ApiObject,
    form: Accepted,
    now_ns: int,
    status: int = 200,
) -> Response:
    """Answer with one object, or what the client asked to see of it."""
    if not form.transform:
        if form.media_type == JSON and not form.pretty:
            return bytes_response(obj.json() + b"\n", status)
        return encoded(obj.decode(), form, status)
    if form.transform == METADATA:
        return encoded(partial_metadata(obj.decode(), form.version), form, status)
    metadata = {"resourceVersion": str(obj.revision)} if obj.revision else {}
    return encoded(_table(request, resource, [obj], form, metadata, now_ns), form, status)


def many(
    request: Request, resource: Resource, found: ObjectList, form: Accepted, now_ns: int
) -> Response:
    """Answer with a list, or what the client asked to see of it."""
    metadata: KubeObject = {"resourceVersion": str(found.revision)}
    if found.next_page:
        metadata["continue"] = found.next_page
        if found.remaining is not None:
            metadata["remainingItemCount"] = found.remaining
    if form.transform == TABLE:
        return encoded(_table(request, resource, found.items, form, metadata, now_ns), form)
    if form.transform == METADATA_LIST:
        items = [partial_metadata(obj.decode(), form.version) for obj in found.items]
        kind, version = "PartialObjectMetadataList", f"meta.k8s.io/{form.version}"
        head = {"kind": kind, "apiVersion": version, "metadata": metadata}
        return encoded(head | {"items": items}, form)
    if form.media_type == JSON and not form.pretty:
        return bytes_response(_spliced(resource, found.items, metadata))
    items = [_without_kind(obj.decode()) for obj in found.items]
    head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version}
    return encoded(head | {"metadata": metadata, "items": items}, form)


def _table(
    request: Request,
    resource: Resource,
    objects: Sequence[ApiObject],
    form: Accepted,
    metadata: KubeObject,
    now_ns: int,
) -> KubeObject:
    included = Query(request).text("includeObject")
    return table(
        resource, objects, now_ns, version=form.version, included=included,
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


def encoded(value: Json, form: Accepted, status: int = 200) -> Response:
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


def warned(response: Response, warnings: Sequence[str]) -> Response:
    """Return a response with the warnings that a write drew."""
    if not warnings:
        return response
    texts = dict.fromkeys(warnings)
    return response.with_headers([("warning", f"299 - {_quoted(text)}") for text in texts])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
