"""The meaning of a plain scalar of YAML to Kubernetes: numbers, booleans, null, or text.

Source: what ``sigs.k8s.io/yaml`` v1.6.0 makes of it, by way of ``go.yaml.in/yaml/v2`` v2.4.2 and
Go's JSON. Where YAML 1.1 differs, as PyYAML has it: times and base 60 are text; ``1e3``, ``0o17``
and ``08`` are numbers; so are ``y`` and ``n`` booleans; a whole float is an integer.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

_TAG: Final = "tag:yaml.org,2002:"
STR: Final = _TAG + "str"
BOOL: Final = _TAG + "bool"
INT: Final = _TAG + "int"
FLOAT: Final = _TAG + "float"
NULL: Final = _TAG + "null"
TIMESTAMP: Final = _TAG + "timestamp"
BINARY: Final = _TAG + "binary"
_RESOLVED_TAGS: Final = frozenset({"", STR, BOOL, INT, FLOAT, NULL, TIMESTAMP})

Scalar = str | int | float | bool | None

_WORDS: Final[Mapping[str, tuple[str, Scalar]]] = {
    word: (tag, value)
    for tag, value, words in (
        (BOOL, True, "y Y yes Yes YES true True TRUE on On ON"),
        (BOOL, False, "n N no No NO false False FALSE off Off OFF"),
        (NULL, None, "~ null Null NULL"),
        (FLOAT, math.nan, ".nan .NaN .NAN"),
        (FLOAT, math.inf, ".inf .Inf .INF +.inf +.Inf +.INF"),
        (FLOAT, -math.inf, "-.inf -.Inf -.INF"),
    )
    for word in words.split(" ")
} | {"": (NULL, None)}

_INT_RE: Final = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII
)
_FLOAT_RE: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
# Here Go's ParseFloat decides alone, which takes "_" between digits.
_POINT_RE: Final = re.compile(r"\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?", re.ASCII)
_DATE: Final = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_TIME: Final = r"[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}([.,][0-9]+)?"
_TIMESTAMP_RE: Final = re.compile(
    rf"{_DATE}([Tt]{_TIME}(Z|[-+][0-9]{{2}}:[0-9]{{2}})| {_TIME})?", re.ASCII
)
# Integers that Go's JSON writes without an exponent; beyond, a whole float stays a float.
_WHOLE_MAX: Final = 1e21
_DIGITS_MAX: Final = 400


class ScalarError(ValueError):
    """A scalar is not what its tag says, or has no place in JSON."""


def resolve(text: str, tag: str = "") -> Scalar:
    """Return the value of a plain scalar, or of one with a tag, as JSON has it.

    Raises
    ------
    ScalarError
        It is not of its tag, or not a finite number.
    """
    if tag not in _RESOLVED_TAGS:
        return text
    found, value = _untagged(text, tag)
    if tag == FLOAT and found == INT and isinstance(value, int) and -(2**63) <= value < 2**63:
        found, value = FLOAT, float(value)
    if tag not in ("", STR, found):
        raise ScalarError(f"cannot decode {_short(found)} `{text}` as a {_short(tag)}")
    if isinstance(value, float):
        return _json_number(value)
    return value


def is_text(text: str) -> bool:
    """Say whether a plain scalar is read as the text that it is."""
    return _untagged(text, "")[0] == STR


def key_text(text: str, tag: str = "") -> str:
    """Return the key of JSON that a scalar becomes as a key.

    Raises
    ------
    ScalarError
        It is null or an integer beyond int64, which are no keys.
    """
    if tag not in _RESOLVED_TAGS:
        return text
    found, value = _untagged(text, tag)
    if tag == FLOAT and found == INT and isinstance(value, int):
        found, value = FLOAT, float(value)
    if tag not in ("", STR, found):
        raise ScalarError(f"cannot decode {_short(found)} `{text}` as a {_short(tag)}")
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() if -(2**63) <= value < 2**63:
            return str(value)
        case float():
            return _float_key(value)
    raise ScalarError("a key must be text")


def _untagged(text: str, tag: str) -> tuple[str, Scalar]:
    if tag == STR:
        return STR, text
    word = _WORDS.get(text)
    if word is not None:
        return word
    if text[0] in "0123456789+-":
        if tag in ("", TIMESTAMP) and _TIMESTAMP_RE.fullmatch(text):
            return TIMESTAMP, text
        plain = text.replace("_", "")
        whole = _int(plain)
        if whole is not None:
            return INT, whole
        if _FLOAT_RE.fullmatch(plain):
            return _float(plain, text)
    elif text[0] == "." and _POINT_RE.fullmatch(text):
        return _float(text.replace("_", ""), text)
    return STR, text


def _int(text: str) -> int | None:
    """Return an integer as Go's ParseInt and ParseUint read it, with base 0."""
    match = _INT_RE.fullmatch(text)
    if match is None or len(text) > _DIGITS_MAX:
        return None
    sign, *digits = match.groups()
    value = next(int(part, base) for part, base in zip(digits, (16, 2, 8, 10), strict=True) if part)
    value = -value if sign == "-" else value
    most = 2**63 if sign else 2**64
    return value if -(2**63) <= value < most else None


def _float(plain: str, text: str) -> tuple[str, Scalar]:
    value = float(plain)
    return (STR, text) if math.isinf(value) else (FLOAT, value)


def _json_number(value: float) -> int | float:
    if not math.isfinite(value):
        raise ScalarError(f"{'NaN' if math.isnan(value) else 'infinity'} has no place in JSON")
    if not value.is_integer() or abs(value) >= _WHOLE_MAX:
        return value
    return int(Decimal(repr(value)))  # The shortest digits, and zeros behind them.


def _float_key(value: float) -> str:
    """Return a float as Go's shortest format 'g' of a float32."""
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        return ".inf" if value > 0 else "-.inf"
    single = struct.unpack("<f", packed)[0]
    shortest = next(
        text
        for size in range(9)
        if struct.pack("<f", float(text := f"{single:.{size}e}")) == packed
    )
    mantissa, _, exponent = shortest.partition("e")
    if not -4 <= int(exponent) < 6:
        return shortest
    places = len(mantissa.partition(".")[2]) - int(exponent)
    return f"{float(shortest):.{max(places, 0)}f}"


def _short(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG)
