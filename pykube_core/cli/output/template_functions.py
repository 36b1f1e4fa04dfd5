"""The functions of Go templates, and the two that kubectl adds.

Source: ``text/template/funcs.go`` and ``fmt``, Go 1.26;
``k8s.io/cli-runtime/pkg/printers/{template,jsonpath}.go`` v0.37. Verbs of ``printf`` are those
that decoded JSON can be printed with.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote_plus

from pykube_core.api.machinery.objects import Json
from pykube_core.cli.output.go_values import (
    float_text,
    plain_text,
    quoted,
    syntax_text,
    type_name,
)

_VERB_RE: Final = re.compile(r"%([-+# 0]*)(\d+)?(?:\.(\d*))?(.)?", re.DOTALL)
_JS: Final = {
    "\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026",
    "=": "\\u003D",
}  # fmt: skip


class _Missing:
    """The value of a member that is not there."""


MISSING: Final = _Missing()


class FunctionError(Exception):
    """A function cannot be called with its arguments; the message is Go's."""


def is_true(value: Json) -> bool:
    """Say whether ``if`` takes a value for true: zeros and what is empty are not."""
    return value is not MISSING and bool(value)


def printed(value: Json) -> str:
    """Return a value as an action prints it."""
    return "<no value>" if value is None or value is MISSING else plain_text(value)


def _print(*values: Json) -> str:
    out = ""
    for at, value in enumerate(values):
        both = at and not isinstance(value, str) and not isinstance(values[at - 1], str)
        out += (" " if both else "") + plain_text(_nil(value))
    return out


def _println(*values: Json) -> str:
    return " ".join(plain_text(_nil(value)) for value in values) + "\n"


def _printf(text: Json, *values: Json) -> str:
    if not isinstance(text, str):
        raise FunctionError(f"wrong type for value; expected string; got {type_name(text)}")
    out, at, used = "", 0, 0
    for found in _VERB_RE.finditer(text):
        out += text[at : found.start()]
        at = found.end()
        verb = found[4]
        if verb == "%":
            out += "%"
        elif verb is None:
            out += "%!(NOVERB)"
        elif used == len(values):
            out += f"%!{verb}(MISSING)"
        else:
            precision = None if found[3] is None else int(found[3] or 0)
            piece = _formatted(verb, found[1], precision, _nil(values[used]))
            out += _padded(piece, found[1], int(found[2] or 0), values[used])
            used += 1
    extra = ", ".join(
        f"{type_name(value)}={plain_text(value)}" if value is not None else "<nil>"
        for value in map(_nil, values[used:])
    )
    return out + text[at:] + (f"%!(EXTRA {extra})" if extra else "")


def _formatted(verb: str, flags: str, precision: int | None, value: Json) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    sign = "+" if "+" in flags and is_number and value >= 0 else ""
    match verb:
        case "v" if "#" in flags:
            return syntax_text(value)
        case "v":
            return sign + plain_text(value)
        case "T":
            return "<nil>" if value is None else type_name(value)
        case "t" if isinstance(value, bool):
            return plain_text(value)
        case "s" if isinstance(value, str):
            return value if precision is None else value[:precision]
        case "s" if isinstance(value, list):
            return f"[{' '.join(_formatted('s', flags, precision, each) for each in value)}]"
        case "q" if isinstance(value, str):
            return quoted(value)
        case "x" | "X" if isinstance(value, str):
            text = value.encode().hex()
            return text.upper() if verb == "X" else text
        case "d" | "x" | "X" | "o" | "b" | "c" if is_number and isinstance(value, int):
            return sign + format(value, verb)
        case "f" | "F" | "e" | "E" if isinstance(value, float):
            return sign + format(value, f".{6 if precision is None else precision}{verb}")
        case "g" | "G" if isinstance(value, float):
            return sign + (float_text(value) if precision is None else f"{value:.{precision}g}")
    if value is None:
        return f"%!{verb}(<nil>)"
    return f"%!{verb}({type_name(value)}={plain_text(value)})"


def _padded(text: str, flags: str, width: int, value: Json) -> str:
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and isinstance(value, int | float):
        return text.zfill(width)
    return text.rjust(width)


def _nil(value: Json) -> Json:
    return None if value is MISSING else value


def _length(value: Json) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, list | dict):
        return len(value)
    if value is None or value is MISSING:
        raise FunctionError("len of nil pointer")
    raise FunctionError(f"len of type {type_name(value)}")


def _index(item: Json, *indices: Json) -> Json:
    if item is None or item is MISSING:
        raise FunctionError("index of untyped nil")
    for index in indices:
        if item is None:
            raise FunctionError("index of nil pointer")
        if isinstance(item, dict):
            if not isinstance(index, str):
                raise FunctionError(_wrong_key(index))
            item = item.get(index)
        elif isinstance(item, list | str):
            whole = item.encode() if isinstance(item, str) else item
            at = _position(index, len(whole))
            if at == len(whole):
                raise FunctionError("reflect: slice index out of range")
            item = whole[at]
        else:
            raise FunctionError(f"can't index item of type {type_name(item)}")
    return item


def _wrong_key(index: Json) -> str:
    if index is None or index is MISSING:
        return "value is nil; should be of type string"
    return f"value has type {_constant_type(index)}; should be string"


def _constant_type(value: Json) -> str:
    name = type_name(value)
    return "int" if name == "int64" else name


def _position(index: Json, limit: int) -> int:
    if index is None or index is MISSING:
        raise FunctionError("cannot index slice/array with nil")
    if not isinstance(index, int) or isinstance(index, bool):
        raise FunctionError(f"cannot index slice/array with type {_constant_type(index)}")
    if not 0 <= index <= limit:
        raise FunctionError(f"index out of range: {index}")
    return index


def _slice(item: Json, *indices: Json) -> Json:
    if item is None or item is MISSING:
        raise FunctionError("slice of untyped nil")
    if not isinstance(item, str | list):
        raise FunctionError(f"can't slice item of type {type_name(item)}")
    whole = item.encode() if isinstance(item, str) else item
    bounds = [_position(index, len(whole)) for index in indices]
    start, end = (*bounds, *(0, len(whole))[len(bounds) :])[:2]
    if start > end:
        raise FunctionError(f"invalid slice index: {start} > {end}")
    part = whole[start:end]
    return part.decode(errors="replace") if isinstance(part, bytes) else part


def _exists(item: Json, *indices: Json) -> bool:
    for index in indices:
        if isinstance(item, dict) and isinstance(index, str):
            item = item.get(index)
        elif isinstance(item, list) and isinstance(index, int) and 0 <= index < len(item):
            item = item[index]
        else:
            return False
    return item is not None and item is not MISSING


def _kind(value: Json) -> str:
    """Return the basic kind of a value, "" when it has none."""
    kinds = {bool: "bool", int: "int", float: "float", str: "string"}
    return kinds.get(type(value), "")


def _equal(first: Json, *others: Json) -> bool:
    if not others:
        raise FunctionError("missing argument for comparison")
    return any(_same(_nil(first), _nil(other)) for other in others)


def _same(left: Json, right: Json) -> bool:
    if left is None or right is None:
        return left is right
    if _kind(left) != _kind(right):
        names = f"{type_name(left)} and {_constant_type(right)}"
        raise FunctionError(f"incompatible types for comparison: {names}")
    if not _kind(left):
        if type(left) is not type(right):
            raise FunctionError(
                f"non-comparable types {plain_text(left)}: {type_name(left)}, "
                f"{type_name(right)}: {plain_text(right)}"
            )
        raise FunctionError(f"non-comparable type {plain_text(right)}: {type_name(right)}")
    return bool(left == right)


def _less(left: Json, right: Json) -> bool:
    for value in (left, right):
        if not _kind(value):
            raise FunctionError("invalid type for comparison")
    if _kind(left) != _kind(right):
        names = f"{type_name(left)} and {_constant_type(right)}"
        raise FunctionError(f"incompatible types for comparison: {names}")
    if isinstance(left, bool):
        raise FunctionError("invalid type for comparison")
    return bool(left < right)


def _less_or_equal(left: Json, right: Json) -> bool:
    return _less(left, right) or _equal(left, right)


def _base64decode(text: Json) -> str:
    try:
        return base64.b64decode(text, validate=True).decode(errors="replace")
    except (ValueError, TypeError):
        raise FunctionError("base64 decode failed: illegal base64 data at input byte 0") from None


def _escaped(escape: Callable[[str], str]) -> Callable[..., str]:
    return lambda *values: escape(_print(*values))


def _html(text: str) -> str:
    return html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


def _js(text: str) -> str:
    return "".join(_JS.get(c, c if c.isprintable() else f"\\u{ord(c):04X}") for c in text)


FUNCTIONS: Final[dict[str, tuple[Callable[..., Json], int, int]]] = {
    "base64decode": (_base64decode, 1, 1),
    "eq": (_equal, 1, -1),
    "exists": (_exists, 1, -1),
    "ge": (lambda left, right: not _less(left, right), 2, 2),
    "gt": (lambda left, right: not _less_or_equal(left, right), 2, 2),
    "html": (_escaped(_html), 0, -1),
    "index": (_index, 1, -1),
    "js": (_escaped(_js), 0, -1),
    "le": (_less_or_equal, 2, 2),
    "len": (_length, 1, 1),
    "lt": (_less, 2, 2),
    "ne": (lambda left, right: not _equal(left, right), 2, 2),
    "not": (lambda value: not is_true(value), 1, 1),
    "print": (_print, 0, -1),
    "printf": (_printf, 1, -1),
    "println": (_println, 0, -1),
    "slice": (_slice, 1, -1),
    "urlquery": (_escaped(quote_plus), 0, -1),
}
"""Each function with how many arguments it takes, at least and at most; -1 is any number."""
SHORT_CIRCUIT: Final = ("and", "or")
"""Functions that evaluate no more arguments than they need."""


def call(name: str, arguments: Sequence[Json]) -> Json:
    """Call a function.

    Raises
    ------
    FunctionError
        It does not take these arguments.
    """
    return FUNCTIONS[name][0](*arguments)


def check_count(name: str, count: int) -> None:
    """Refuse a number of arguments that a function does not take."""
    least, most = (1, -1) if name in SHORT_CIRCUIT else FUNCTIONS[name][1:]
    if count < least and most < 0:
        raise FunctionError(f"wrong number of args for {name}: want at least {least} got {count}")
    if most >= 0 and count != most:
        raise FunctionError(f"wrong number of args for {name}: want {most} got {count}")
