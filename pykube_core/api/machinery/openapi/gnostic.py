"""The document of ``/openapi/v2`` in protobuf, as clients up to kubectl 1.26 ask for it.

Source: ``github.com/google/gnostic-models`` v0.7.0 (``openapiv2/OpenAPIv2.proto``), of which this
knows the part that a document of Kubernetes uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.protobuf.wire import BYTES, VARINT, varint

_Body = Callable[[Json], bytes]

_MESSAGES: Final = {
    "Document": """
        swagger=1 info=2:Info schemes=5 paths=8:Paths definitions=9:Definitions
        parameters=10:Parameters security=12:Security* securityDefinitions=13:SecurityDefinitions
    """,
    "Info": "title=1 version=2 description=3",
    "PathItem": """
        get=2:Operation put=3:Operation post=4:Operation delete=5:Operation options=6:Operation
        head=7:Operation patch=8:Operation parameters=9:ParametersItem* -=10
    """,
    "Operation": """
        tags=1 description=3 operationId=5 produces=6 consumes=7 parameters=8:ParametersItem*
        responses=9:Responses schemes=10 -=13
    """,
    "BodyParameter": "description=1 name=2 in=3 required=4 schema=5:Schema",
    "QueryParameter": "required=1 in=2 description=3 name=4 type=6 format=7 uniqueItems=20",
    "PathParameter": "required=1 in=2 description=3 name=4 type=5 format=6 uniqueItems=19",
    "JsonReference": "$ref=1",
    "Response": "description=1 schema=2:SchemaItem",
    "Schema": """
        $ref=1 format=2 title=3 description=4 required=19 enum=20:Any*
        additionalProperties=21:AdditionalProperties type=22:Type items=23:Items
        properties=25:Properties -=31
    """,
    "ApiKeySecurity": "type=1 name=2 in=3 description=4",
}
"""The members of each message: its name in JSON, its number, and its type where it is a message.

``*`` is a list of messages; ``-`` stands for all members that begin with ``x-``.
"""
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9./_,+-]*( [A-Za-z0-9./_,+-]+)*")
_WORDS: Final = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))


def encode_document(document: KubeObject) -> bytes:
    """Return a document of OpenAPI v2 in protobuf."""
    return _message("Document", document)


def _message(name: str, value: KubeObject) -> bytes:
    out: list[tuple[int, bytes]] = []
    for member, number, type in _members(name):
        if member == "-":
            extensions = {key: each for key, each in value.items() if key.startswith("x-")}
            out += [(number, _named(each, _any)) for each in extensions.items()]
        elif member in value:
            held = value[member]
            if type.endswith("*"):
                out += [(number, _BODIES[type[:-1]](each)) for each in held]
            elif type:
                out.append((number, _BODIES[type](held)))
            else:
                out += _scalars(number, held)
    return b"".join(_field(number, body) for number, body in out)


def _members(name: str) -> Iterator[tuple[str, int, str]]:
    for word in _MESSAGES[name].split():
        member, _, rest = word.partition("=")
        number, _, type = rest.partition(":")
        yield member, int(number), type


def _scalars(number: int, value: Json) -> list[tuple[int, bytes]]:
    """Return a string, the strings of a list, or a true boolean, which has no length."""
    if isinstance(value, list):
        return [(number, each.encode()) for each in value]
    if isinstance(value, str):
        return [(number, value.encode())] if value else []
    return [(-number, b"\x01")] if value else []


def _field(number: int, body: bytes) -> bytes:
    if number < 0:
        return varint(-number << 3 | VARINT) + body
    return varint(number << 3 | BYTES) + varint(len(body)) + body


def _named(pair: tuple[str, Json], body: _Body) -> bytes:
    return _field(1, pair[0].encode()) + _field(2, body(pair[1]))


def _map_of(number: int, body: _Body) -> _Body:
    return lambda value: b"".join(_field(number, _named(each, body)) for each in value.items())


def _of(name: str) -> _Body:
    return lambda value: _message(name, value)


def _schema_item(value: Json) -> bytes:
    return _field(1, _message("Schema", value))


def _type_item(value: Json) -> bytes:
    return _field(1, value.encode())


def _any(value: Json) -> bytes:
    return _field(2, "".join(f"{line}\n" for line in _yaml(value)).encode())


def _parameter(value: Json) -> bytes:
    if value["in"] == "body":
        return _field(1, _message("BodyParameter", value))
    path = value["in"] == "path"
    body = _message("PathParameter" if path else "QueryParameter", value)
    return _field(2, _field(4 if path else 3, body))


def _parameters_item(value: Json) -> bytes:
    if "$ref" in value:
        return _field(2, _message("JsonReference", value))
    return _field(1, _parameter(value))


def _response_value(value: Json) -> bytes:
    return _field(1, _message("Response", value))


def _string_array(value: Json) -> bytes:
    return b"".join(_field(1, each.encode()) for each in value)


def _security_item(value: Json) -> bytes:
    return _field(2, _message("ApiKeySecurity", value))


_BODIES: Final[dict[str, _Body]] = {
    "Info": _of("Info"),
    "Operation": _of("Operation"),
    "Schema": _of("Schema"),
    "Any": _any,
    "Type": _type_item,
    "Items": _schema_item,
    "AdditionalProperties": _schema_item,
    "SchemaItem": _schema_item,
    "ParametersItem": _parameters_item,
    "Paths": _map_of(2, _of("PathItem")),
    "Definitions": _map_of(1, _of("Schema")),
    "Properties": _map_of(1, _of("Schema")),
    "Parameters": _map_of(1, _parameter),
    "Responses": _map_of(1, _response_value),
    "Security": _map_of(1, _string_array),
    "SecurityDefinitions": _map_of(1, _security_item),
}


def _yaml(value: Json, indent: str = "") -> Iterator[str]:
    """Yield the lines of a value in YAML, as upstream writes extensions."""
    if isinstance(value, list):
        for each in value:
            first, *rest = _yaml(each)
            yield f"{indent}- {first}"
            yield from (f"{indent}  {line}" for line in rest)
    elif isinstance(value, dict):
        for key, each in value.items():
            if isinstance(each, list | dict):
                yield f"{indent}{_scalar(key)}:"
                yield from _yaml(each, f"{indent}  ")
            else:
                yield f"{indent}{_scalar(key)}: {_scalar(each)}"
    else:
        yield _scalar(value)


def _scalar(value: Json) -> str:
    if not isinstance(value, str):
        return {True: "true", False: "false", None: "null"}.get(value, str(value))
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return f"'{value}'" if value else '""'
