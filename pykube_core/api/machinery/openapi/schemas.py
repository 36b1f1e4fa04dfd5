"""OpenAPI schemas of types, from the table of types; without descriptions, which are upstream's.

Source: ``k8s.io/kube-openapi/pkg/generators`` and ``pkg/builder3`` as of Kubernetes v1.37.2.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Final

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.schema import (
    ABSENT,
    Field,
    FieldType,
    package_of,
    packages,
    struct_of_type,
)

GroupVersions = Iterable[tuple[str, str]]

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1"
_APIEXTENSIONS: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"
CUSTOM_NAMES: Final = {
    "Quantity": "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "Time": f"{_META}.Time",
    "MicroTime": f"{_META}.MicroTime",
    "IntOrString": "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "RawExtension": "io.k8s.apimachinery.pkg.runtime.RawExtension",
    "FieldsV1": f"{_META}.FieldsV1",
    "JSON": f"{_APIEXTENSIONS}.JSON",
    "OrArray": f"{_APIEXTENSIONS}.JSONSchemaPropsOrArray",
    "OrBool": f"{_APIEXTENSIONS}.JSONSchemaPropsOrBool",
    "OrStringArray": f"{_APIEXTENSIONS}.JSONSchemaPropsOrStringArray",
}
"""Names of the schemas of types that encode themselves."""

_CUSTOM: Final[dict[str, dict[int, KubeObject]]] = {
    "Quantity": {
        2: {"type": "string"},
        3: {"oneOf": [{"type": "string"}, {"type": "number"}]},
    },
    "IntOrString": {
        2: {"type": "string", "format": "int-or-string"},
        3: {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    },
}
_SAME_IN_BOTH: Final[dict[str, KubeObject]] = {
    "Time": {"type": "string", "format": "date-time"},
    "MicroTime": {"type": "string", "format": "date-time"},
    "RawExtension": {"type": "object"},
    "FieldsV1": {"type": "object"},
}
_SCALARS: Final[dict[str, KubeObject]] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "float64": {"type": "number", "format": "double"},
    "Bytes": {"type": "string", "format": "byte"},
    "any": {"type": "object"},
}
_PREFIXES: Final = {2: "#/definitions/", 3: "#/components/schemas/"}
_OF_EVERY_GROUP: Final = ("meta.v1.DeleteOptions", "meta.v1.WatchEvent")
PATCH_NAME: Final = f"{_META}.Patch"


def schema_name(type: FieldType) -> str:
    """Return the name of the schema of a structure or a type that encodes itself."""
    if type.kind == "custom":
        return CUSTOM_NAMES[type.name]
    return struct_schema_name(type.name)


def struct_schema_name(struct: str) -> str:
    """Return the name of a structure's schema, such as "io.k8s.api.core.v1.Pod"."""
    package, _, short = struct.rpartition(".")
    return f"{package_of(package).openapi}.{short}"


@functools.cache
def _packages_by_openapi() -> dict[str, str]:
    return {package_of(name).openapi: name for name in packages()}


def struct_of_schema(name: str) -> str:
    """Return the structure of a schema by its name; the inverse of `struct_schema_name`."""
    package, _, short = name.rpartition(".")
    return f"{_packages_by_openapi()[package]}.{short}"


def schemas_for(name: str, version: int, options_of: GroupVersions) -> dict[str, KubeObject]:
    """Return a schema and all below it, by name, with the kinds for which they stand.

    Parameters
    ----------
    version : int
        Of OpenAPI: 2 or 3.
    options_of : iterable of tuple of str
        The groups and versions whose options the document tells of.
    """
    if name == PATCH_NAME:
        return {name: {"type": "object"}}
    out = {}
    for each, type in schemas_below(struct_of_schema(name)).items():
        if type.kind == "custom":
            out[each] = custom_schema(type.name, version)
            continue
        out[each] = schema = struct_schema(type.name, version)
        if kinds := _kinds(type.name, options_of):
            schema["x-kubernetes-group-version-kind"] = kinds
    return out


def _kinds(struct: str, options_of: GroupVersions) -> list[KubeObject]:
    """Return the kinds for which a structure's schema stands; [] if it is none."""
    package_name, _, kind = struct.rpartition(".")
    package = package_of(package_name)
    pairs: GroupVersions = ()
    if struct in _OF_EVERY_GROUP:
        pairs = options_of
    elif struct_of_type(struct).is_kind:
        pairs = [("" if package.name == "meta.v1" else package.group, package.version)]
    return [{"group": group, "version": version, "kind": kind} for group, version in pairs]


def struct_schema(struct: str, version: int) -> KubeObject:
    """Return the schema of a structure, without the kinds that it stands for.

    Parameters
    ----------
    version : int
        Of OpenAPI: 2 or 3.
    """
    type = struct_of_type(struct)
    required = [field.name for field in type.fields.values() if field.required]
    out: KubeObject = {"type": "object"}
    if required:
        out["required"] = required
    if type.fields:
        properties = {name: _property(field, version) for name, field in type.fields.items()}
        out["properties"] = dict(sorted(properties.items()))
    if type.map_type:
        out["x-kubernetes-map-type"] = type.map_type
    if type.unions:
        out["x-kubernetes-unions"] = [
            _union(each.discriminator, each.fields) for each in type.unions
        ]
    return out


def custom_schema(name: str, version: int) -> KubeObject:
    """Return the schema of a type that encodes itself."""
    if name in _CUSTOM:
        return _CUSTOM[name][version]
    return _SAME_IN_BOTH.get(name, {})


@functools.cache
def schemas_below(struct: str) -> dict[str, FieldType]:
    """Return all types, by name of their schema, that a structure's schema refers to; it is one."""
    found: dict[str, FieldType] = {}
    left = [FieldType("", "struct", struct)]
    while left:
        type = left.pop()
        while type.item is not None:
            type = type.item
        if type.kind not in ("struct", "custom") or type.name == "Bytes":
            continue
        name = schema_name(type)
        if name in found:
            continue
        found[name] = type
        if type.kind == "struct":
            left += [field.type for field in struct_of_type(type.name).fields.values()]
    return found


def _property(field: Field, version: int) -> KubeObject:
    out = _type(field.type, version)
    if version == 3:
        if "$ref" in out and not field.plain:
            out = {"allOf": [out]}
        if field.default is not ABSENT:
            out["default"] = field.default
    if field.list_type:
        out["x-kubernetes-list-type"] = field.list_type
    if field.map_keys:
        out["x-kubernetes-list-map-keys"] = list(field.map_keys)
    if field.map_type:
        out["x-kubernetes-map-type"] = field.map_type
    if field.strategies:
        out["x-kubernetes-patch-strategy"] = ",".join(field.strategies)
    if field.merge_key:
        out["x-kubernetes-patch-merge-key"] = field.merge_key
    return out


def _type(type: FieldType, version: int) -> KubeObject:
    if type.item is not None:
        item = _type(type.item, version)
        if type.kind == "list":
            return {"type": "array", "items": item}
        return {"type": "object", "additionalProperties": item}
    if type.name in _SCALARS:
        out: KubeObject = dict(_SCALARS[type.name])
        if type.enum:
            out["enum"] = list(type.enum)
        return out
    return {"$ref": _PREFIXES[version] + schema_name(type)}


def _union(discriminator: str, fields: tuple[str, ...]) -> Json:
    out: KubeObject = {"discriminator": discriminator} if discriminator else {}
    out["fields-to-discriminateBy"] = {name: name[0].upper() + name[1:] for name in fields}
    return out
