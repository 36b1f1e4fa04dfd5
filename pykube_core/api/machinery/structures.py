"""The known kinds as msgspec structures, to check in C what an API server stores of them.

The fields are those of `pykube_core.api.machinery.decoding`, which refuses in an API server's
words; this refuses the same in stored JSON, some fifty times as fast. An API server stores no nulls
but times that are not set, so nothing else may be one.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, Final

import msgspec

from pykube_core.api.machinery.decoding import INT_LIMITS, fields_of
from pykube_core.api.machinery.quantity import QuantityError, parse_quantity
from pykube_core.api.machinery.schema import FieldType
from pykube_core.api.machinery.times import parse_time

_UNSET_TIMES: Final = frozenset(
    ("lastProbeTime", "eventTime", "firstTimestamp", "lastTimestamp", "lastObservedTime")
)
"""Times that are stored as null where they are not set."""

_SCHEMA: Final = "apiextensions.v1.JSONSchemaProps"
"""A structure that holds itself; it is any JSON here."""


class _Quantity:
    """Stands for a quantity."""


class _Time:
    """Stands for a time."""


@functools.cache
def decoder_of(struct: str) -> msgspec.json.Decoder[Any]:
    """Return what decodes stored objects of a kind, into a structure with its fields as attributes.

    The kind is given by its structure, such as "core.v1.Pod". Fields that are absent are None. It
    raises `msgspec.DecodeError`, and `RecursionError`.
    """
    return msgspec.json.Decoder(_structure(struct), dec_hook=_read)


@functools.cache
def _structure(name: str) -> type[msgspec.Struct]:
    fields: list[tuple[str, Any, Any]] = []
    for field in fields_of(name).values():
        made_of = _type(field.type)
        if field.name in _UNSET_TIMES and made_of is _Time:
            made_of = made_of | None
        # The default has no say in what JSON may hold.
        fields.append((field.name, made_of, None))
    return msgspec.defstruct(name, fields, forbid_unknown_fields=True, gc=False)


def _type(type: FieldType) -> Any:  # noqa: ANN401
    match type.kind:
        case "struct" if type.name != _SCHEMA:
            return _structure(type.name)
        case "list" if type.item is not None:
            return list[_type(type.item)]  # type: ignore[misc]
        case "map" if type.item is not None:
            return dict[str, _type(type.item)]  # type: ignore[misc]
        case "int":
            return _integer(INT_LIMITS[type.name])
        case "custom" if type.name == "IntOrString":
            return _integer(INT_LIMITS["int32"]) | str
        case "custom":
            return _CUSTOM.get(type.name, msgspec.Raw)
    return {"string": str, "bool": bool, "float": float}.get(type.kind, msgspec.Raw)


def _integer(limit: int) -> Any:  # noqa: ANN401
    return Annotated[int, msgspec.Meta(ge=-limit, le=limit - 1)]


def _read(type: type, value: object) -> object:
    """Check a value whose type decodes itself."""
    if not isinstance(value, str):  # Numbers are stored as text.
        raise TypeError("a time or a quantity that is no text")
    return _check_time(value) if type is _Time else _check_quantity(value)


@functools.lru_cache(4096)
def _check_quantity(text: str) -> _Quantity:
    try:
        parse_quantity(text)
    except QuantityError as error:
        raise ValueError(str(error)) from None
    return _QUANTITY


@functools.lru_cache(4096)
def _check_time(text: str) -> _Time:
    parse_time(text)
    return _TIME


_QUANTITY: Final = _Quantity()
_TIME: Final = _Time()
_CUSTOM: Final = {"Bytes": str, "Quantity": _Quantity, "Time": _Time, "MicroTime": _Time}
