"""Decoded JSON as Go prints and compares it."""

from __future__ import annotations

import json
import math
import re
from typing import Final

from pykube_core.api.machinery.objects import Json

_ESCAPED: Final = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
                   "\v": "\\v", "\\": "\\\\", '"': '\\"'}  # fmt: skip
_HTML: Final = str.maketrans(
    {
        c: f"\\u{ord(c):04x}"
        for c in ("<", ">", "&", "\N{LINE SEPARATOR}", "\N{PARAGRAPH SEPARATOR}")
    }
)
_CODES: Final = {"x": 2, "u": 4, "U": 8}
_UNESCAPED: Final = dict(zip("abfnrtv\\", "\a\b\f\n\r\t\v\\", strict=True))
_OCTAL_RE: Final = re.compile(r"[0-7]{3}")
_EXPONENT_MIN: Final = -4
_EXPONENT_MAX: Final = 21


class ComparisonError(Exception):
    """Two values cannot be compared; the message is Go's."""


def type_name(value: Json) -> str:
    """Return the name of a value's type in Go."""
    match value:
        case None:
            return "interface {}"
        case bool():
            return "bool"
        case int():
            return "int64"
        case float():
            return "float64"
        case str():
            return "string"
        case list():
            return "[]interface {}"
    return "map[string]interface {}"


def float_text(value: float) -> str:
    """Return a number as the verb ``%v`` prints it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    mantissa, _, exponent = f"{value:e}".partition("e")
    if value and not _EXPONENT_MIN <= int(exponent) < _EXPONENT_MAX:
        digits = repr(value)
        if "e" not in digits:
            digits = mantissa.rstrip("0").rstrip(".") + f"e{exponent}"
        head, _, power = digits.partition("e")
        sign = "-" if power.startswith("-") else "+"
        return f"{head.removesuffix('.0')}e{sign}{power.lstrip('+-').zfill(2)}"
    digits = repr(value)
    if "e" in digits:
        digits = f"{value:.0f}"
    return digits.removesuffix(".0")


def plain_text(value: Json, missing: str = "<nil>") -> str:
    """Return a value as the verb ``%v`` prints it; maps are in the order of their keys."""
    match value:
        case None:
            return missing
        case bool():
            return "true" if value else "false"
        case float():
            return float_text(value)
        case list():
            return f"[{' '.join(map(plain_text, value))}]"
        case dict():
            pairs = (f"{key}:{plain_text(value[key])}" for key in sorted(value))
            return f"map[{' '.join(pairs)}]"
    return str(value)


def syntax_text(value: Json) -> str:
    """Return a value as the verb ``%#v`` prints it."""
    match value:
        case None:
            return "interface {}(nil)"
        case str():
            return quoted(value)
        case list():
            return f"[]interface {{}}{{{', '.join(map(syntax_text, value))}}}"
        case dict():
            pairs = (f"{quoted(key)}:{syntax_text(value[key])}" for key in sorted(value))
            return f"map[string]interface {{}}{{{', '.join(pairs)}}}"
    return plain_text(value)


def quoted(text: str) -> str:
    """Return a text as the verb ``%q`` prints it."""
    out = []
    for character in text:
        if character in _ESCAPED:
            out.append(_ESCAPED[character])
        elif character.isprintable():
            out.append(character)
        elif character < "\x80":
            out.append(f"\\x{ord(character):02x}")
        else:
            code = ord(character)
            out.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return f'"{"".join(out)}"'


def unquoted(text: str, quote: str) -> str:
    """Return a text with Go's escapes replaced: ValueError when one is none."""
    out, at = [], 0
    while at < len(text):
        character = text[at]
        at += 1
        if character != "\\":
            if character == quote:
                raise ValueError(text)
            out.append(character)
            continue
        escape = text[at : at + 1]
        at += 1
        if escape in _CODES:
            digits = text[at : at + _CODES[escape]]
            if len(digits) < _CODES[escape] or not digits.isalnum():
                raise ValueError(text)
            out.append(chr(int(digits, 16)))
            at += len(digits)
        elif _OCTAL_RE.match(text, at - 1):
            out.append(chr(int(text[at - 1 : at + 2], 8)))
            at += 2
        elif escape == quote:
            out.append(quote)
        elif escape and escape in _UNESCAPED:
            out.append(_UNESCAPED[escape])
        else:
            raise ValueError(text)
    return "".join(out)


def rune_text(character: str) -> str:
    """Return a character as the verb ``%#U`` prints it."""
    shown = f" '{character}'" if character.isprintable() else ""
    return f"U+{ord(character):04X}{shown}"


def marshalled(value: Json, indent: int = 0) -> str:
    """Return a value as ``json.Marshal`` writes it, indented if so wanted."""
    separators = (",", ": " if indent else ":")
    text = json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=separators, indent=indent or None
    )
    return text.translate(_HTML)


def equal(left: Json, right: Json) -> bool:
    """Say whether two values are equal, as the function ``eq`` of a template does."""
    _comparable(left, right)
    return bool(left == right)


def less(left: Json, right: Json) -> bool:
    """Say whether a value is less than another, as the function ``lt`` of a template does."""
    _comparable(left, right)
    if isinstance(left, bool):
        raise ComparisonError("invalid type for comparison")
    return bool(left < right)


def _comparable(left: Json, right: Json) -> None:
    for value in (left, right):
        if value is None or isinstance(value, list | dict):
            raise ComparisonError("invalid type for comparison")
    if type(left) is not type(right):
        raise ComparisonError("incompatible types for comparison")
