"""Objects as Go writes them: what it writes of nothing is there, such as ``"status": {}``.

Field sets and answers of the API have these fields, whether or not a client sent them.

Source: the structure tags of ``k8s.io/api`` v0.37.2 (``omitempty``, ``omitzero``).
"""

from __future__ import annotations

import functools
from typing import Final

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.schema import Field, FieldType, struct_of_type

_ZEROS: Final[dict[str, Json]] = {"string": "", "bool": False, "int": 0, "float": 0}
_CUSTOM_ZEROS: Final[dict[str, Json]] = {"Quantity": "0", "IntOrString": 0, "OrBool": False}


def as_written(struct: str, obj: KubeObject) -> KubeObject:
    """Return a structure's JSON with all fields that Go writes even when they are zero.

    Parameters
    ----------
    struct : str
        Such as "core.v1.Pod".
    obj : dict
        Decoded, so that it holds nothing that is zero where Go leaves it out. It is not changed;
        its null fields count as absent, its unknown ones stay.
    """
    out = {key: value for key, value in obj.items() if value is not None}
    for field in _fields_to_visit(struct):
        value = out.get(field.name)
        if value is not None:
            out[field.name] = _value(field.type, value)
        elif field.written:
            out[field.name] = _zero(field)
    return out


def _value(type: FieldType, value: Json) -> Json:
    if type.kind == "struct":
        return as_written(type.name, value) if isinstance(value, dict) else value
    if type.item is None or not _holds_structs(type.item):
        return value
    if isinstance(value, list):
        return [_value(type.item, item) for item in value]
    if isinstance(value, dict):
        return {key: _value(type.item, item) for key, item in value.items()}
    return value


def _zero(field: Field) -> Json:
    type = field.type
    if field.pointer or type.kind in ("list", "map"):
        return None
    if type.kind == "struct":
        return as_written(type.name, {})
    if type.kind == "custom":
        return _CUSTOM_ZEROS.get(type.name)
    return _ZEROS.get(type.kind)


@functools.cache
def _fields_to_visit(struct: str) -> tuple[Field, ...]:
    """Return the fields that Go writes of nothing, and those that hold structures."""
    fields = struct_of_type(struct).fields.values()
    return tuple(field for field in fields if field.written or _holds_structs(field.type))


def _holds_structs(type: FieldType) -> bool:
    return type.kind == "struct" or (type.item is not None and _holds_structs(type.item))
