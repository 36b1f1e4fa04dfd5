"""Bodies of requests, read: JSON, YAML and protobuf, with the errors of kube-apiserver.

Source: ``k8s.io/apiserver/pkg/endpoints/handlers`` (create.go, rest.go) and
``k8s.io/apimachinery/pkg/runtime/serializer`` v0.37.2.
"""

from __future__ import annotations

import json
from typing import Final

from pykube_core.api.machinery.decoding import parse_json
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.json_faults import go_json_fault
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.protobuf import ProtobufError, decode_object
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.schema import kind_struct
from pykube_core.api.machinery.status import StatusError, bad_request
from pykube_core.api.machinery.yaml_documents import read_yaml
from pykube_core.apiserver.endpoints.message import Request
from pykube_core.apiserver.endpoints.negotiation import (
    JSON,
    MEDIA_TYPES,
    PROTOBUF,
    YAML,
    sent_type,
    unsupported_type,
)

BODY_BYTES_MAX: Final = 3 * 1024 * 1024
_SUMMARY_BYTES: Final = 30
_SCHEME: Final = 'in scheme "pkg/runtime/scheme.go:111"'
_TYPE_META: Final = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
    'Kind string "json:\\"kind,omitempty\\"" }'
)


def check_size(request: Request) -> None:
    """Refuse a body beyond the limit (413)."""
    if len(request.body) > BODY_BYTES_MAX:
        text = f"Request entity too large: limit is {BODY_BYTES_MAX}"
        raise StatusError(413, "RequestEntityTooLarge", text)


def read_object(request: Request, resource: Resource) -> Json:
    """Return the object that a request sends for a resource: 400, 413, 415.

    Its kind and version, where they are named, are those of the resource.
    """
    check_size(request)
    media_type = sent_type(request) or JSON
    if media_type not in MEDIA_TYPES:
        raise unsupported_type(MEDIA_TYPES)
    try:
        obj = _decoded(request.body, media_type, resource.api_version, resource.kind)
    except ValueError as error:
        summary = _summary(request.body)
        text = f"the object provided is unrecognized (must be of type {resource.kind}): "
        raise bad_request(f"{text}{error} ({summary})") from None
    check_kind(obj, resource)
    return obj


def check_kind(obj: Json, resource: Resource) -> None:
    """Refuse an object of another kind or version than the resource's (400)."""
    kind, version = obj.get("kind") or resource.kind, obj.get("apiVersion") or resource.api_version
    if not isinstance(kind, str) or not isinstance(version, str):
        field = "kind" if not isinstance(kind, str) else "apiVersion"
        text = f"json: cannot unmarshal {_json_type(obj[field])} into Go struct field "
        raise bad_request(
            f"the object provided is unrecognized (must be of type {resource.kind}): couldn't get "
            f"version/kind; json parse error: {text}.{field} of type string"
        )
    if (kind, version) == (resource.kind, resource.api_version):
        return
    group, _, short = version.rpartition("/")
    text = f'{kind} in version "{short}" cannot be handled as a {resource.kind}: '
    try:
        kind_struct(group, short, kind)
    except KeyError:
        why = f'no kind "{kind}" is registered for version "{version}" {_SCHEME}'
        raise bad_request(text + why) from None
    package = (resource.group or "core").partition(".")[0]
    raise bad_request(
        f"{text}converting ({short}.{kind}) to ({package}.{resource.kind}): unknown conversion"
    )


def read_options(request: Request, kind: str, version: str = "meta.k8s.io/v1") -> KubeObject:
    """Return the options object in a body, {} without one: 400, 413, 415."""
    check_size(request)
    if not request.body:
        return {}
    media_type = sent_type(request) or JSON
    if media_type not in MEDIA_TYPES:
        raise unsupported_type(MEDIA_TYPES)
    try:
        obj = _decoded(request.body, media_type, version, kind)
    except ValueError as error:
        raise bad_request(str(error)) from None
    given, named = obj.get("kind") or kind, obj.get("apiVersion") or "v1"
    if given != kind:
        raise bad_request(f'no kind "{given}" is registered for version "{named}" {_SCHEME}')
    return dict(obj)


def read_patch(request: Request, media_types: tuple[str, ...]) -> tuple[bytes, str]:
    """Return a patch, undecoded, and its media type: 413, 415."""
    check_size(request)
    media_type = sent_type(request)
    if media_type not in media_types:
        raise unsupported_type(media_types)
    return request.body, media_type


def parse_patch(body: bytes) -> Json:
    """Return a JSON patch document decoded (400)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise bad_request(f"error decoding patch: {go_json_fault(body)}") from None


def parse_applied(body: bytes) -> Json:
    """Return an applied configuration, YAML or JSON, decoded (400)."""
    try:
        return _yaml(body)
    except ValueError as error:
        raise bad_request(f"error decoding YAML: {error}") from None


def _decoded(body: bytes, media_type: str, api_version: str, kind: str) -> KubeObject:
    """Return a body as an object.

    Raises
    ------
    ValueError
        With upstream's words.
    """
    if media_type == PROTOBUF:
        try:
            return decode_object(body, api_version, kind)
        except ProtobufError as error:
            raise ValueError(str(error)) from None
    if media_type == YAML:
        value = _yaml(body)
    else:
        try:
            value = parse_json(body)
        except ValueError:
            why = go_json_fault(body)
            raise ValueError(f"couldn't get version/kind; json parse error: {why}") from None
    if not isinstance(value, dict):
        text = f"json: cannot unmarshal {_json_type(value)} into Go value of type {_TYPE_META}"
        raise ValueError(f"couldn't get version/kind; json parse error: {text}")
    return value


def _yaml(body: bytes) -> Json:
    try:
        return next(read_yaml("", body), None)
    except InputError as error:
        raise ValueError(f"error converting YAML to JSON: {error}") from None


def _json_type(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
    return "number"


def _summary(data: bytes) -> str:
    """Return the beginning of a body, as an error shows it."""
    if not data:
        return "<empty>"
    shown = data[:_SUMMARY_BYTES]
    text = shown.decode(errors="replace") if data.startswith(b"{") else shown.hex()
    return text + (" ..." if len(data) > _SUMMARY_BYTES else "")
