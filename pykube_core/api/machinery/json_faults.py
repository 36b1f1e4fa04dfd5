"""Why JSON text does not decode, in words of our own.

The words of ``msgspec`` and ``json`` change with their versions, so a text that was refused is
read once more, beside the type that it should have had. That costs time only where all else ends.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import Json

NOT_DECODED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The errors that decoders of msgspec raise at bad text; versions differ in which of them."""
TOO_DEEP: Final = "nested too deep"

_SHOWN_LENGTH: Final = 80
_HERE_LENGTH: Final = 20
_OPEN_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*\\?', re.DOTALL)
_LITERALS: Final = ("true", "false", "null", "-")
_NAMES: Final[dict[type[inspect.Type], str]] = {
    inspect.StrType: "a string",
    inspect.BoolType: "true or false",
    inspect.FloatType: "a number",
    inspect.NoneType: "null",
    inspect.ListType: "a list",
    inspect.DictType: "an object",
    inspect.StructType: "an object",
}

_Read = Callable[[type, Any], Any] | None


def json_fault(data: bytes, *decoders: msgspec.json.Decoder[Any]) -> InputError:
    """Return what is wrong with a text that one of these decoders refused.

    Parameters
    ----------
    data : bytes
        The text.
    decoders : msgspec.json.Decoder
        Asked in this order; without any, the text need only be JSON.

    Returns
    -------
    InputError
        Its ``object`` is the line where a text is no JSON; its ``field`` leads to a value that is
        not of its type.
    """
    try:
        value = json.loads(data.decode(), parse_constant=_refuse_constant)
        for decoder in decoders:
            of_type = inspect.type_info(decoder.type)
            for path, reason in _mismatches(value, of_type, "", decoder.dec_hook):
                return InputError(reason, field=path.removeprefix("."))
    except UnicodeDecodeError as error:
        return InputError("not UTF-8 text", object=_line(data[: error.start].count(b"\n")))
    except json.JSONDecodeError as error:
        return InputError(_syntax(error.doc[error.pos :]), object=_line(error.lineno - 1))
    except RecursionError:
        return InputError(TOO_DEEP)
    except ValueError:
        pass  # A constant, or a number of very many digits.
    return InputError("a number or a character in it cannot be read")


def shown(value: Json) -> str:
    """Return a value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 3] + "..."


def _line(lines_before: int) -> str:
    return f"line {lines_before + 1}"


def _refuse_constant(text: str) -> None:
    raise ValueError(text)


def _syntax(rest: str) -> str:
    """Say what is wrong from here on; where, Python's ``json`` tells alike in all versions."""
    rest = rest.strip()
    if _OPEN_STRING.fullmatch(rest) or any(literal.startswith(rest) for literal in _LITERALS):
        return "the JSON text ends too early"
    here = rest.splitlines()[0][:_HERE_LENGTH]
    return f"not valid JSON at {json.dumps(here, ensure_ascii=False)}"


def _mismatches(
    value: Json, type: inspect.Type, path: str, read: _Read
) -> Iterator[tuple[str, str]]:
    """Yield the path of each value that is not of its type, and why, as they stand in the text."""
    match type:
        case inspect.AnyType() | inspect.RawType():
            return
        case inspect.UnionType(types=types):
            yield from _no_member(value, types, path, read)
        case inspect.StructType() if isinstance(value, dict):
            yield from _in_struct(value, type, path, read)
        case inspect.DictType(value_type=inner) if isinstance(value, dict):
            for key, item in value.items():
                yield from _mismatches(item, inner, f"{path}[{key}]", read)
        case inspect.ListType(item_type=inner) if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _mismatches(item, inner, f"{path}[{index}]", read)
        case inspect.CustomType(cls=cls) if read is not None:
            try:
                read(cls, value)
            except (TypeError, ValueError) as error:
                yield path, str(error)
        case _ if not _is_scalar(value, type):
            yield path, f"expected {_name(type)}, got {shown(value)}"


def _no_member(
    value: Json, types: tuple[inspect.Type, ...], path: str, read: _Read
) -> Iterator[tuple[str, str]]:
    """Yield why a value is of no type of a union: its deepest fault, or all its types."""
    faults = [next(_mismatches(value, member, path, read), None) for member in types]
    found = [fault for fault in faults if fault is not None]
    if len(found) < len(faults):
        return
    deepest = max(found, key=lambda fault: len(fault[0]))
    if deepest[0] == path:
        names = " or ".join(_name(member) for member in types)
        deepest = path, f"expected {names}, got {shown(value)}"
    yield deepest


def _in_struct(
    value: dict[str, Json], type: inspect.StructType, path: str, read: _Read
) -> Iterator[tuple[str, str]]:
    fields = {field.encode_name: field for field in type.fields}
    for key, item in value.items():
        if key in fields:
            yield from _mismatches(item, fields[key].type, f"{path}.{key}", read)
        elif type.forbid_unknown_fields:
            yield f"{path}.{key}", "unknown field"
    for key, field in fields.items():
        if field.required and key not in value:
            yield f"{path}.{key}", "Required value"


def _is_scalar(value: Json, type: inspect.Type) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match type:
        case inspect.StrType():
            return isinstance(value, str)
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.NoneType():
            return value is None
        case inspect.LiteralType(values=values):
            return value in values
        case inspect.FloatType():
            return is_number and math.isfinite(value)
        case inspect.IntType(ge=least, le=most):
            return (
                isinstance(value, int)
                and is_number
                and (least is None or value >= least)
                and (most is None or value <= most)
            )
    return type.__class__ not in _NAMES  # A type that is not known here is not to blame.


def _name(type: inspect.Type) -> str:
    if isinstance(type, inspect.IntType):
        if type.ge is None or type.le is None:
            return "an integer"
        return f"an integer from {type.ge} to {type.le}"
    if isinstance(type, inspect.LiteralType):
        return " or ".join(shown(value) for value in type.values)
    return _NAMES.get(type.__class__, "another value")


_NO_KEY: Final = "looking for beginning of object key string"
_GO_WORDS: Final = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": _NO_KEY,
    "Illegal trailing comma before end of object": _NO_KEY,
    "Illegal trailing comma before end of array": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
    "Invalid \\uXXXX escape": "in \\u hexadecimal character escape",
}


def go_json_fault(data: bytes) -> str:
    """Return why text is no JSON in the words of Go's decoder; "" when it is JSON.

    Source: ``encoding/json`` (scanner.go) of Go 1.26.
    """
    text = data.decode(errors="replace")
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        at, said = error.pos, error.msg
        if said.startswith(("Illegal", "Invalid \\")):
            at += said.startswith("Invalid \\escape")
        if at >= len(text.rstrip()) or said.startswith("Unterminated"):
            return "unexpected end of JSON input"
        where = _GO_WORDS.get(said.partition(": ")[0], "")
        if said.startswith("Expecting ',' delimiter"):
            opened = _innermost(text, at)
            where = "after object key:value pair" if opened == "{" else "after array element"
        return f"invalid character {_go_quoted(text[at])} {where}"
    except (ValueError, RecursionError):
        return "exceeded max depth" if data.count(b"[") > 1 else "invalid number"
    return ""


def _innermost(text: str, end: int) -> str:
    """Return the bracket that is open at a position of JSON text."""
    opened: list[str] = []
    in_string = escaped = False
    for char in text[:end]:
        if in_string:
            in_string, escaped = escaped or char != '"', char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in "{[":
            opened.append(char)
        elif char in "}]":
            opened.pop()
    return opened[-1] if opened else ""


def _go_quoted(char: str) -> str:
    if char == "'":
        return "'\\''"
    if char == '"':
        return "'\"'"
    return repr(char) if char.isprintable() else f"'\\x{ord(char):02x}'"
