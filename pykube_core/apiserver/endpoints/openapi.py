"""OpenAPI: ``/openapi/v3`` with its documents, and ``/openapi/v2`` in JSON and protobuf.

Documents are made when they are first asked for. Source: ``k8s.io/kube-openapi/pkg/handler3``.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

from pykube_core.api.machinery import openapi
from pykube_core.api.machinery.openapi import Paths
from pykube_core.apiserver.endpoints.discovery import Discovery
from pykube_core.apiserver.endpoints.message import (
    JSON,
    NOT_FOUND,
    TEXT,
    Request,
    Response,
    bytes_response,
    tagged,
)
from pykube_core.apiserver.endpoints.negotiation import clauses
from pykube_core.apiserver.endpoints.options import Query

_V2_PROTOBUF: Final = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_V2_NAMES: Final = ("application/com.github.proto-openapi.spec.v2.v1.0+protobuf", _V2_PROTOBUF)


class OpenApi:
    """The documents of what discovery tells.

    Parameters
    ----------
    discovery : Discovery
    """

    def __init__(self, discovery: Discovery) -> None:
        self._discovery = discovery
        self._texts: dict[str, bytes] = {}

    def answer(self, request: Request, parts: list[str]) -> Response:
        """Answer a request below ``/openapi``."""
        if parts == ["v2"]:
            return self._v2(request)
        if parts[:1] != ["v3"]:
            return NOT_FOUND
        if len(parts) == 1:
            texts = {path: self._text(path) for path in self._paths}
            return bytes_response(openapi.text_of(openapi.index(texts)), type=TEXT)
        path = "/".join(parts[1:])
        if path not in self._paths:
            return NOT_FOUND
        return _document(request, self._text(path), JSON)

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        """Paths of all documents."""
        found = ["api", "api/v1", "apis", "version"]
        for group in self._discovery.groups():
            versions = self._discovery.versions(group)
            found += [f"apis/{group}", *(f"apis/{group}/{version}" for version in versions)]
        return tuple(found)

    def _text(self, path: str) -> bytes:
        text = self._texts.get(path)
        if text is None:
            text = self._texts[path] = self._made(path)
        return text

    def _made(self, path: str) -> bytes:
        match path.split("/"):
            case ["api"]:
                document = openapi.group_document("")
            case ["apis"]:
                document = openapi.groups_document()
            case ["version"]:
                document = openapi.version_info_document()
            case ["apis", group]:
                document = openapi.group_document(group)
            case [*_, version] if path.startswith("api/"):
                document = self._version("", version)
            case [_, group, version]:
                document = self._version(group, version)
            case _:
                raise KeyError(path)
        return openapi.text_of(document)

    def _version(self, group: str, version: str) -> dict[str, object]:
        resources = self._discovery.discovered(group, version)
        return openapi.version_document(group, version, resources)

    @cached_property
    def _v2_document(self) -> dict[str, object]:
        paths: Paths = {}
        found = self._discovery
        paths |= openapi.group_paths("") | openapi.groups_paths() | openapi.version_info_paths()
        for group in ("", *found.groups()):
            if group:
                paths |= openapi.group_paths(group)
            for version in found.versions(group):
                paths |= openapi.version_paths(group, version, found.discovered(group, version))
        return openapi.v2_document(paths)

    @cached_property
    def _v2_protobuf(self) -> bytes:
        return openapi.encode_document(self._v2_document)

    @cached_property
    def _v2_json(self) -> bytes:
        return openapi.text_of(self._v2_document)

    def _v2(self, request: Request) -> Response:
        for clause in clauses(request.header("accept")):
            if clause.type in _V2_NAMES:
                return _document(request, self._v2_protobuf, _V2_PROTOBUF)
        return _document(request, self._v2_json, JSON)


def _document(request: Request, text: bytes, type: str) -> Response:
    lasting = "public" if Query(request).has("hash") else "no-cache, private"
    response = bytes_response(text, type=type).with_headers(
        [("cache-control", lasting), ("vary", "Accept-Encoding, Accept")]
    )
    return tagged(request, response)
