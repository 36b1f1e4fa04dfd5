"""Strict decoding: unknown and duplicate fields and wrong JSON types, in an API server's words.

A decoded object holds what an API server would keep of it: quantities and times in their canonical
form, and no zero where Go leaves zeros out. So two texts of one
object decode to equal values.

Source: ``sigs.k8s.io/json`` and ``k8s.io/apimachinery`` v0.37.2. Differences: of a bad time stamp
the whole text is quoted, not the component that fails; duplicate fields of a structure are named
before its unknown ones; a field that Go writes even when it is zero is not added where it is
absent.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections import Counter
from typing import Any, Final

from pykube_core.api.machinery.json_faults import json_fault
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.quantity import QuantityError, parse_quantity
from pykube_core.api.machinery.schema import Field, FieldType, struct_of_type
from pykube_core.api.machinery.times import canonical_time

STRICT_ERRORS_MAX: Final = 100

INT_LIMITS: Final = {"int32": 2**31, "int64": 2**63}
_TIME_LAYOUTS: Final = {
    "Time": "2006-01-02T15:04:05Z07:00",
    "MicroTime": "2006-01-02T15:04:05.000000Z07:00",
}
_NOT_BASE64_RE: Final = re.compile(r"[^A-Za-z0-9+/]")


class DecodeError(ValueError):
    """An object's JSON is not of its kind.

    Attributes
    ----------
    detail : str
        The fault, without the kind.
    fields : tuple of str
        Paths of unknown and duplicate fields; empty when a type is wrong.
    """

    def __init__(self, kind: str, version: str, detail: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(f'{kind} in version "{version}" cannot be handled as a {kind}: {detail}')
        self.detail = detail
        self.fields = fields


def decode(struct: str, obj: Json, strict: bool = True) -> KubeObject:
    """Return an object of a kind, a copy of a decoded JSON value that knows no null.

    As Go decodes: a null field is absent, a null item of a list or map is its type's zero.

    Parameters
    ----------
    struct : str
        The structure of a kind, such as "core.v1.Pod".
    obj : object
        Any decoded JSON value.
    strict : bool
        Refuse unknown fields; otherwise they are dropped.

    Raises
    ------
    DecodeError
        With what an API server answers under ``fieldValidation=Strict``, or ``Ignore``.
    KeyError
        When there is no such structure, or it is none of a kind.
    """
    if not struct_of_type(struct).is_kind:
        raise KeyError(struct)
    _, version, kind = struct.rsplit(".", 2)
    decoder = _Decoder()
    try:
        decoded = decoder.value(obj, _type_of(struct), "", "", ())
    except _CustomError as error:
        raise DecodeError(kind, version, str(error)) from None
    except RecursionError:
        raise DecodeError(kind, version, "json parse error: exceeded max depth") from None
    if decoder.type_error is not None:
        raise DecodeError(kind, version, decoder.type_error)
    if strict and decoder.strict_errors:
        listed = ", ".join(f'{what} field "{path}"' for what, path in decoder.strict_errors)
        fields = tuple(path for _, path in decoder.strict_errors)
        raise DecodeError(kind, version, f"strict decoding error: {listed}", fields)
    return dict(decoded)


def decode_json(struct: str, data: bytes) -> KubeObject:
    """Return what `decode` does of JSON text, and refuse duplicate fields besides.

    Raises
    ------
    DecodeError, KeyError
        As `decode`; also when the text is no JSON, or nests too deep.
    """
    try:
        obj = parse_json(data)
    except ValueError:
        _, version, kind = struct.rsplit(".", 2)
        text = f"json parse error: {json_fault(data)}"
        raise DecodeError(kind, version, text) from None
    return decode(struct, obj)


def parse_json(data: bytes) -> Json:
    """Return JSON text decoded; its objects remember which keys came more than once.

    Raises
    ------
    ValueError
        It is no JSON, or nests too deep.
    """
    try:
        return json.loads(data, object_pairs_hook=_Pairs, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("exceeded max depth") from None


def fields_of(struct: str) -> dict[str, Field]:
    """Return the fields of a structure; not to be changed."""
    return struct_of_type(struct).fields


def struct_of(struct: str, field: str) -> str:
    """Return the structure that a field holds, or holds a list of; "" for anything else."""
    found = fields_of(struct).get(field) if struct else None
    type = None if found is None else found.type
    while type is not None and type.kind == "list":
        type = type.item
    return type.name if type is not None and type.kind == "struct" else ""


class _Pairs(dict[str, Any]):
    """An object of JSON that remembers which keys came more than once."""

    def __init__(self, pairs: list[tuple[str, Json]]) -> None:
        super().__init__(pairs)
        self.duplicates: list[str] = []
        if len(self) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            self.duplicates = [key for key, count in counts.items() if count > 1]


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number")


class _CustomError(ValueError):
    """A type that decodes itself refused; upstream stops there."""


class _Decoder:
    """Walks a value beside its type; depth is bounded by the structures, which are finite."""

    def __init__(self) -> None:
        self.type_error: str | None = None
        self.strict_errors: dict[tuple[str, str], None] = {}

    def value(
        self, value: Json, type: FieldType, path: str, owner: str, stack: tuple[str, ...]
    ) -> Json:
        if type.kind == "any":
            return value
        if value is None:
            return _zero(type)
        match type.kind:
            case "struct" if isinstance(value, dict):
                return self._struct(value, type, path, stack)
            case "list" if isinstance(value, list) and type.item is not None:
                item = type.item
                return [
                    self.value(element, item, f"{path}[{index}]", owner, stack)
                    for index, element in enumerate(value)
                ]
            case "map" if isinstance(value, dict) and type.item is not None:
                item = type.item
                for key in value.duplicates if isinstance(value, _Pairs) else ():
                    self._strict("duplicate", f"{path}.{key}")
                return {
                    key: self.value(element, item, f"{path}.{key}", owner, stack)
                    for key, element in value.items()
                }
            case "custom":
                return _custom(value, type.name)
        self._check_scalar(value, type, owner, stack)
        return value

    def _struct(
        self, value: Json, type: FieldType, path: str, stack: tuple[str, ...]
    ) -> KubeObject:
        known = struct_of_type(type.name).fields
        owner = type.name.rpartition(".")[2]
        decoded: KubeObject = {}
        for key in value.duplicates if isinstance(value, _Pairs) else ():
            self._strict("duplicate", f"{path}.{key}" if path else key)
        for key, item in value.items():
            inner = f"{path}.{key}" if path else key
            field = known.get(key)
            if field is None:
                self._strict("unknown", inner)
            elif item is not None:
                value_ = self.value(item, field.type, inner, owner, (*stack, key))
                if value_ or field.keeps_zero:
                    decoded[key] = value_
        return decoded

    def _check_scalar(
        self, value: Json, type: FieldType, owner: str, stack: tuple[str, ...]
    ) -> None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        match type.kind:
            case "string" if isinstance(value, str):
                return
            case "bool" if isinstance(value, bool):
                return
            case "float" if number:
                return
            case "int" if number:
                limit = INT_LIMITS[type.name]
                if isinstance(value, int) and -limit <= value < limit:
                    return
                self._wrong(f"number {_number(value)}", type, owner, stack)
            case _:
                self._wrong(_json_type(value), type, owner, stack)

    def _strict(self, what: str, path: str) -> None:
        if len(self.strict_errors) < STRICT_ERRORS_MAX:
            self.strict_errors[what, path] = None

    def _wrong(self, found: str, type: FieldType, owner: str, stack: tuple[str, ...]) -> None:
        if self.type_error is None:
            place = f"struct field {owner}.{'.'.join(stack)}" if stack else "value"
            self.type_error = f"json: cannot unmarshal {found} into Go {place} of type {type.go}"


def _zero(type: FieldType) -> Json:
    """Return what Go holds where JSON has null; the zero time is null again."""
    match type.kind:
        case "struct" | "map":
            return {}
        case "list":
            return []
        case "string":
            return ""
        case "bool":
            return False
        case "int" | "float":
            return 0
    return {"Bytes": "", "IntOrString": 0, "Quantity": "0"}.get(type.name)


def _custom(value: Json, name: str) -> Json:
    """Return a value whose type decodes itself, in its canonical form."""
    match name:
        case "Quantity":
            try:
                return str(parse_quantity(value))
            except QuantityError as error:
                raise _CustomError(str(error)) from None
        case "IntOrString":
            return _int_or_string(value)
        case "Time" | "MicroTime" | "Bytes":
            if not isinstance(value, str):
                found = _json_type(value)
                raise _CustomError(f"json: cannot unmarshal {found} into Go value of type string")
            return _canonical_base64(value) if name == "Bytes" else _time(value, name)
        case "OrArray" | "OrBool" | "OrStringArray":
            return _schema_or(value, name)
    return value


def _time(value: str, name: str) -> str:
    canonical = canonical_time(value, micro=name == "MicroTime")
    if canonical is None:
        layout = _TIME_LAYOUTS[name]
        text = f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'
        raise _CustomError(text)
    return canonical


def _schema_or(value: Json, name: str) -> Json:
    """Return a JSON schema or what may stand in its place; its unknown fields are dropped."""
    if isinstance(value, dict):
        return _inner(value, _SCHEMA)
    if name == "OrBool":
        if isinstance(value, bool):
            return value
        raise _CustomError("boolean or JSON schema expected")
    if isinstance(value, list):
        return _inner(value, _SCHEMAS if name == "OrArray" else _STRINGS) or None
    # The zero, which Go writes as null.
    return None


def _inner(value: Json, type: FieldType) -> Json:
    decoder = _Decoder()
    decoded = decoder.value(value, type, "", "", ())
    if decoder.type_error is not None:
        raise _CustomError(decoder.type_error)
    return decoded


def _int_or_string(value: Json) -> Json:
    found = _json_type(value)
    if isinstance(value, str) or (
        found == "number" and isinstance(value, int) and -(2**31) <= value < 2**31
    ):
        return value
    found = f"number {_number(value)}" if found == "number" else found
    raise _CustomError(f"json: cannot unmarshal {found} into Go value of type int32")


def _canonical_base64(text: str) -> str:
    """Return base64 as Go writes it: without line breaks, and with no bits behind the last byte."""
    bare = text.replace("\r", "").replace("\n", "")
    try:
        return b64encode(b64decode(bare, validate=True)).decode()
    except ValueError:
        strange = _NOT_BASE64_RE.search(bare)
        at = strange.start() if strange else len(bare)
        raise _CustomError(f"illegal base64 data at input byte {at}") from None


def _json_type(value: Json) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case dict():
            return "object"
        case list():
            return "array"
    return "number"


def _number(value: float) -> str:
    """Return the number as text; an int beyond any field is cut, as its digits cost time."""
    if isinstance(value, int) and value.bit_length() > 256:
        return f"{'-' if value < 0 else ''}1e77 or more"
    return repr(value)


def _type_of(struct: str) -> FieldType:
    _, version, kind = struct.rsplit(".", 2)
    return FieldType(f"{version}.{kind}", "struct", struct)


_SCHEMA: Final = _type_of("apiextensions.v1.JSONSchemaProps")
_SCHEMAS: Final = FieldType("[]v1.JSONSchemaProps", "list", item=_SCHEMA)
_STRINGS: Final = FieldType("[]string", "list", item=FieldType("string", "string", "string"))
