"""Errors about fields, and their texts as Kubernetes writes them.

Source: ``k8s.io/apimachinery/pkg/util/validation/field`` v0.34.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pykube_core.api.machinery.objects import Json
from pykube_core.api.machinery.quantity import Quantity

NEGATIVE: Final = "must be greater than or equal to 0"
NOT_POSITIVE: Final = "must be greater than zero"
IMMUTABLE: Final = "field is immutable"

_ESCAPES: Final = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    "\\": "\\\\", '"': '\\"',
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldError:
    """One complaint about one field.

    Attributes
    ----------
    reason : str
        The cause's reason in an API status, such as "FieldValueInvalid".
    field : str
        Path, such as ``spec.containers[0].name``.
    body : str
        The message without the path.
    """

    reason: str
    field: str
    body: str

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"


def required(field: str, detail: str = "") -> FieldError:
    """Return the error of a value that is missing or empty."""
    return FieldError("FieldValueRequired", field, _joined("Required value", detail))


def invalid(field: str, value: Json, detail: str) -> FieldError:
    """Return the error of a value that breaks a rule."""
    return FieldError("FieldValueInvalid", field, _joined(f"Invalid value: {shown(value)}", detail))


def not_supported(field: str, value: Json, supported: Sequence[str]) -> FieldError:
    """Return the error of a value that is none of those listed."""
    detail = f"supported values: {', '.join(map(quoted, supported))}" if supported else ""
    return FieldError(
        "FieldValueNotSupported", field, _joined(f"Unsupported value: {shown(value)}", detail)
    )


def duplicate(field: str, value: Json, detail: str = "") -> FieldError:
    """Return the error of a value that must be unique."""
    return FieldError(
        "FieldValueDuplicate", field, _joined(f"Duplicate value: {shown(value)}", detail)
    )


def not_found(field: str, value: Json, detail: str = "") -> FieldError:
    """Return the error of a reference to nothing."""
    return FieldError("FieldValueNotFound", field, _joined(f"Not found: {shown(value)}", detail))


def forbidden(field: str, detail: str) -> FieldError:
    """Return the error of a value that may not be set here."""
    return FieldError("FieldValueForbidden", field, _joined("Forbidden", detail))


def too_long(field: str, limit_bytes: int) -> FieldError:
    """Return the error of a value that is too long to be repeated."""
    detail = f"may not be more than {limit_bytes} bytes"
    return FieldError("FieldValueTooLong", field, _joined("Too long", detail))


def invalid_each(field: str, value: str, complaints: Iterable[str]) -> list[FieldError]:
    """Return an "Invalid value" for each complaint of `pykube_core.api.machinery.names`."""
    return [invalid(field, value, complaint) for complaint in complaints]


def invalid_text(kind: str, name: str, errors: Sequence[FieldError]) -> str:
    """Return the message of a status 422: all errors, each once.

    Parameters
    ----------
    kind : str
        The kind with its API group, such as "Pod" or "StatefulSet.apps".
    """
    texts = list(dict.fromkeys(map(str, errors)))
    aggregate = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return f"{kind} {quoted(name)} is invalid: {aggregate}"


def shown(value: Json) -> str:
    """Return a value as Go prints it in such messages."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Quantity):
        return quoted(str(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 64:
        return "<number of more than 64 bits>"
    if isinstance(value, int):
        return str(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def quoted(text: str) -> str:
    """Return text as Go's ``%q`` does."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    known = _ESCAPES.get(char)
    if known is not None:
        return known
    if char.isprintable():
        return char
    code = ord(char)
    if 0xD800 <= code < 0xE000:  # Go has replaced lone surrogates while it decoded
        return "\ufffd"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _joined(text: str, detail: str) -> str:
    return f"{text}: {detail}" if detail else text
