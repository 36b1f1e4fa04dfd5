"""The documents of ``/openapi/v3``: one a version of a group, and one for each path above them.

Source: ``k8s.io/kube-openapi/pkg/builder3`` as of Kubernetes v1.37.2. Difference: a document has no
descriptions but those of the codes of answers, without which it would not be valid.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.openapi import operations
from pykube_core.api.machinery.openapi.operations import Operation, Paths
from pykube_core.api.machinery.openapi.parameters import Parameter
from pykube_core.api.machinery.openapi.schemas import schemas_for

_PREFIX: Final = "#/components/schemas/"
_INFO: Final = {"title": "Kubernetes", "version": "1.37"}
_SECURITY: Final = {"BearerToken": {"type": "apiKey", "name": "authorization", "in": "header"}}
_UNAUTHORIZED: Final = "401"


def version_document(group: str, version: str, resources: Iterable[KubeObject]) -> KubeObject:
    """Return the document of a version of a group.

    Parameters
    ----------
    resources : iterable of dict
        As aggregated discovery has them (``APIResourceDiscovery``).
    """
    paths = operations.version_paths(group, version, resources)
    return document(paths, (group, version))


def group_document(group: str) -> KubeObject:
    """Return the document of a group's path, or of ``/api``."""
    return document(operations.group_paths(group))


def groups_document() -> KubeObject:
    """Return the document of ``/apis``."""
    return document(operations.groups_paths())


def version_info_document() -> KubeObject:
    """Return the document of ``/version``."""
    return document(operations.version_info_paths())


def key_set_documents() -> dict[str, KubeObject]:
    """Return the documents of what other programs read of service account tokens, by path."""
    paths = operations.key_set_paths()
    return {path.strip("/"): document({path: each}) for path, each in paths.items()}


def document(paths: Paths, group_version: tuple[str, str] | None = None) -> KubeObject:
    """Return the document of some paths, with the schemas to which they refer.

    Parameters
    ----------
    group_version : tuple of str, optional
        Group and version whose options the document tells of.
    """
    options_of = dict.fromkeys((("", "v1"), *([group_version] if group_version else ())))
    schemas: dict[str, KubeObject] = {}
    for name in operations.schemas_named(paths):
        schemas |= schemas_for(name, 3, options_of)
    components: KubeObject = {"schemas": dict(sorted(schemas.items()))} if schemas else {}
    return {
        "openapi": "3.0.0",
        "info": dict(_INFO),
        "paths": {path: _path(each) for path, each in paths.items()},
        "components": components | {"securitySchemes": _SECURITY},
    }


def index(documents: dict[str, bytes]) -> KubeObject:
    """Return the document that names all others, with the hash of each in its URL.

    Parameters
    ----------
    documents : dict of str to bytes
        Each document's text, by its path, such as "apis/apps/v1".
    """
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={hash_of(text)}"}
            for path, text in sorted(documents.items())
        }
    }


def text_of(document: KubeObject) -> bytes:
    """Return a document as it is served."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def hash_of(text: bytes) -> str:
    """Return the hash by which a client knows that a document is the one that it has."""
    return hashlib.sha512(text).hexdigest().upper()


def _path(each: list[Operation]) -> KubeObject:
    return operations.path_item(each, _operation, _parameter)


def _operation(operation: Operation, common: set[Parameter]) -> KubeObject:
    out: KubeObject = {"tags": [operation.tag], "operationId": operation.id}
    own = [_parameter(operation, each) for each in operation.parameters if each not in common]
    if own:
        out["parameters"] = own
    if operation.body:
        media = {each: {"schema": _reference(operation.body)} for each in operation.consumes}
        out["requestBody"] = {"content": dict(sorted(media.items()))}
        if operation.body_required:
            out["requestBody"]["required"] = True
    out["responses"] = {
        code: {"description": _phrase(code)} | _content(operation, name)
        for code, name in operation.responses.items()
    }
    out["responses"][_UNAUTHORIZED] = {"description": _phrase(_UNAUTHORIZED)}
    if operation.action:
        group, version, kind = operation.gvk
        out["x-kubernetes-action"] = operation.action
        out["x-kubernetes-group-version-kind"] = {"group": group, "version": version, "kind": kind}
    return out


def _content(operation: Operation, name: str) -> KubeObject:
    media = {each: {"schema": _reference(name)} for each in operation.produces}
    return {"content": dict(sorted(media.items()))}


def _reference(name: str) -> Json:
    return {"type": "string"} if name == operations.STRING else {"$ref": _PREFIX + name}


def _parameter(operation: Operation, parameter: Parameter) -> KubeObject:
    name, place, type = parameter
    out: KubeObject = {"name": name, "in": place}
    if place == "path":
        out["required"] = True
    return out | {"schema": {"type": type, "uniqueItems": True}}


def _phrase(code: str) -> str:
    return HTTPStatus(int(code)).phrase
