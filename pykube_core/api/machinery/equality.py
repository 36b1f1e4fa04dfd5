"""When two values of an API type mean the same, though they are written differently.

Source: ``k8s.io/apimachinery/pkg/api/equality`` v0.37.2 (``Semantic.DeepEqual``): quantities are
equal when their amounts are. Times and zeros have one form each since they were decoded.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.decoding import fields_of
from pykube_core.api.machinery.objects import Json
from pykube_core.api.machinery.quantity import Quantity, QuantityError, parse_quantity
from pykube_core.api.machinery.schema import FieldType

_KIBI_NANO: Final = 1024 * 10**9


def means_the_same(struct: str, left: Json, right: Json) -> bool:
    """Say whether two values of a structure are equal but for the notation of their quantities.

    Parameters
    ----------
    struct : str
        Such as "core.v1.PodSpec". The values may be any JSON: a value that is not of the type is
        equal to its like alone.
    """
    return bool(left == right) or bool(
        in_one_notation(struct, left) == in_one_notation(struct, right)
    )


def in_one_notation(struct: str, value: Json) -> Json:
    """Return a value with its quantities in the notation that follows from their amounts."""
    if not isinstance(value, dict):
        return value
    fields = fields_of(struct)
    return {
        key: _in_one_notation(fields[key].type, item) if key in fields else item
        for key, item in value.items()
    }


def _in_one_notation(type: FieldType, value: Json) -> Json:
    match type.kind:
        case "struct":
            return in_one_notation(type.name, value)
        case "list" if type.item is not None and isinstance(value, list):
            return [_in_one_notation(type.item, item) for item in value]
        case "map" if type.item is not None and isinstance(value, dict):
            return {key: _in_one_notation(type.item, item) for key, item in value.items()}
        case "custom" if type.name == "Quantity":
            try:
                nano = parse_quantity(value).nano
            except QuantityError:
                return value
            return str(Quantity(nano, "DecimalSI" if nano % _KIBI_NANO else "BinarySI"))
    return value
