"""Objects as YAML and JSON, byte for byte as kubectl prints them.

Faster than PyYAML, whose choice of quotes differs besides.

Source: ``sigs.k8s.io/yaml/goyaml.v2`` v1.4 (``emitterc.go``, ``encode.go``, ``sorter.go``).
Differences: keys are always simple, as those of Kubernetes' objects are, and none has a line break;
the separators U+2028 and U+2029 are escaped.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Final

from pykube_core.api.machinery.objects import Json
from pykube_core.api.machinery.yaml_scalars import is_text

_WIDTH: Final = 80
_CACHED_LENGTH_MAX: Final = 256

# Words that YAML 1.1 would read back as something else than text, besides what Kubernetes would.
_RESOLVED_RE: Final = re.compile(
    r"""(?x)
    | ~ | null | Null | NULL | <<
    | y | Y | n | N | (?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)
    | [-+]? [0-9] [0-9_]* | [-+]? 0b [01_]+ | [-+]? 0o [0-7_]+ | [-+]? 0x [0-9a-fA-F_]+
    | [-+]? (?: \.[0-9][0-9_]* | [0-9][0-9_]* (?:\.[0-9_]*)? ) (?:[eE][-+]?[0-9]+)?
    | [-+]? \.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
    | [-+]? [0-9][0-9_]* (?::[0-5]?[0-9])+ (?:\.[0-9_]*)?
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}
      (?: (?:[Tt]|[ ]) [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?
          [ ]? (?:Z|[-+][0-9]{2}:?[0-9]{2}|[-+][0-9]{2})? )?
    """
)
_SPECIAL_RE: Final = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_INDICATOR_RE: Final = re.compile(
    r"""^(?:---|\.\.\.|[\#,\[\]{}&*!|>'"%@`]|[?:](?:\s|$)|-(?:\s|$))|:(?:\s|$)|\s\#""", re.VERBOSE
)
_ESCAPES: Final = {
    "\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r",
    "\x1b": "e", '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P",
}  # fmt: skip


def json_text(value: Json) -> str:
    """Return a value as JSON with Go's escapes and sorted keys, without a line break at its end."""
    text = json.dumps(value, indent=4, sort_keys=True, ensure_ascii=False)
    for character in "&<>\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def yaml_text(value: Json) -> str:
    """Return a value as a YAML document."""
    if isinstance(value, dict) and value:
        return "".join(_mapping(value, 0))
    if isinstance(value, list) and value:
        return "".join(_sequence(value, 0))
    return f"{_leaf(value, 0, 2)}\n"


def _mapping(value: dict[str, Json], indent: int) -> Iterator[str]:
    """Yield the lines of a mapping; the first goes on where the caller's line ends."""
    pad = ""
    for key in _sorted_keys(tuple(value)):
        name, item = _key(key), value[key]
        if isinstance(item, dict) and item:
            yield f"{pad}{name}:\n{' ' * (indent + 2)}"
            yield from _mapping(item, indent + 2)
        elif isinstance(item, list) and item:
            yield f"{pad}{name}:\n{' ' * indent}"
            yield from _sequence(item, indent)
        else:
            yield f"{pad}{name}: {_leaf(item, indent + len(name) + 2, indent + 2)}\n"
        pad = " " * indent


def _sequence(value: list[Json], indent: int) -> Iterator[str]:
    pad = ""
    for item in value:
        yield f"{pad}- "
        if isinstance(item, dict) and item:
            yield from _mapping(item, indent + 2)
        elif isinstance(item, list) and item:
            yield from _sequence(item, indent + 2)
        else:
            yield f"{_leaf(item, indent + 2, indent + 2)}\n"
        pad = " " * indent


def _leaf(value: Json, column: int, indent: int) -> str:
    """Return a value that holds no others, which begins at a column; lines go on at an indent."""
    match value:
        case str():
            if len(value) <= _CACHED_LENGTH_MAX:
                return _cached_scalar(value, column, indent)
            return _scalar(value, column, indent)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "{}"
        case list():
            return "[]"
    return json.dumps(value)


@functools.lru_cache(maxsize=4096)
def _key(text: str) -> str:
    return _scalar(text, 0, 0, fold=False)


def _scalar(text: str, column: int, indent: int, *, fold: bool = True) -> str:
    resolved = _RESOLVED_RE.fullmatch(text) is not None or not is_text(text)
    special = _SPECIAL_RE.search(text) is not None
    breaks = "\n" in text
    if breaks and not special and " \n" not in text and not text.endswith(" "):
        return _literal(text, indent)
    if resolved or special or breaks:
        return _double_quoted(text, column, indent if fold else -1)
    if text[0] == " " or text[-1] == " " or _INDICATOR_RE.search(text):
        quoted = "'" + text.replace("'", "''") + "'"
        return _folded(quoted, column, indent) if fold else quoted
    return _folded(text, column, indent) if fold else text


@functools.lru_cache(maxsize=16384)
def _cached_scalar(text: str, column: int, indent: int) -> str:
    return _scalar(text, column, indent)


def _literal(text: str, indent: int) -> str:
    """Return a block: its lines as they are, with how many breaks end it."""
    hint = "2" if text[0] in " \n" else ""
    if not text.endswith("\n"):
        chomping = "-"
    else:
        chomping = "+" if text == "\n" or text.endswith("\n\n") else ""
    body = text[:-1] if text.endswith("\n") else text
    pad = " " * indent
    lines = "\n".join(pad + line if line else "" for line in body.split("\n"))
    return f"|{hint}{chomping}\n{lines}"


def _folded(text: str, column: int, indent: int) -> str:
    """Break lines at single spaces behind the width that is wanted."""
    if column + len(text) <= _WIDTH:
        return text
    out: list[str] = []
    last = len(text) - 1
    spaces = False
    for at, character in enumerate(text):
        if character != " ":
            out.append(character)
            spaces = False
            column += 1
            continue
        inner = 0 < at < last and text[at + 1] != " "
        # The quotes of a quoted text are no part of it: no break right beside them.
        if inner and not spaces and column > _WIDTH:
            out.append("\n" + " " * indent)
            column = indent
        else:
            out.append(" ")
            column += 1
        spaces = True
    return "".join(out)


def _double_quoted(text: str, column: int, indent: int) -> str:
    """Return text between double quotes; with an indent of -1 it stays on one line."""
    out = ['"']
    column += 1
    spaces = False
    for at, character in enumerate(text):
        if character == " ":
            wide = indent >= 0 and column > _WIDTH and 0 < at < len(text) - 1
            if wide and not spaces:
                out.append("\n" + " " * indent)
                column = indent
                if text[at + 1] == " ":
                    out.append("\\")
                    column += 1
            else:
                out.append(" ")
                column += 1
            spaces = True
            continue
        shown = _escaped(character)
        out.append(shown)
        column += len(shown)
        spaces = False
    return "".join([*out, '"'])


def _escaped(character: str) -> str:
    if character not in '"\\\n' and not _SPECIAL_RE.match(character):
        return character
    if character in _ESCAPES:
        return "\\" + _ESCAPES[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


@functools.lru_cache(maxsize=4096)
def _sorted_keys(keys: tuple[str, ...]) -> list[str]:
    return sorted(keys, key=functools.cmp_to_key(_compare))


def _compare(a: str, b: str) -> int:
    """Compare keys: numbers within them by their value, letters behind everything else."""
    for at in range(min(len(a), len(b))):
        x, y = a[at], b[at]
        if x == y:
            continue
        if x.isalpha() or y.isalpha():
            less = x < y if x.isalpha() and y.isalpha() else y.isalpha()
            return -1 if less else 1
        lead = 0
        if "0" in (x, y) and re.search("[1-9]0*$", a[:at]):
            lead = 1
        number_a, number_b = _digits(a, at), _digits(b, at)
        value_a, value_b = (int(f"{lead}{digits}") for digits in (number_a, number_b))
        first = (value_a, len(number_a), x)
        return -1 if first < (value_b, len(number_b), y) else 1
    return len(a) - len(b)


def _digits(text: str, at: int) -> str:
    end = at
    while end < len(text) and text[end].isdecimal():
        end += 1
    return text[at:end]
