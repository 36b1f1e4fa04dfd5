"""JSONPath templates of kubectl as they are written: text in which braces hold expressions.

Source: ``k8s.io/client-go/util/jsonpath/parser.go`` v0.37, read as a grammar:

    template   = { text | "{" { term } "}" }
    term       = "@" | "$" | "." field | ".." [field] | "[" index "]" | "[?(" filter ")]"
               | quoted text | number | "true" | "false" | "range" | "end"
    index      = "*" | "'" key "'" | [start] [":" [end] [":" [step]]] | index { "," index }
    filter     = terms [ operator terms ]

A backslash in a field takes away the meaning of the character behind it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from pykube_core.cli.output.go_values import rune_text, unquoted

_KEY_RE: Final = re.compile(r"'([^']*)'")
_SLICE_RE: Final = re.compile(r"(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?")
_FILTER_RE: Final = re.compile(r"([^!<>=]+)([!<>=]+)(.+)", re.DOTALL)
_TERMINATORS: Final = frozenset(" \t\r\n.,[]$@{}")
_END: Final = ""


class JsonPathError(Exception):
    """A template is none, or does not fit the object; the message is kubectl's."""


@dataclass(frozen=True)
class Text:
    """Text that is printed as it stands, a number or a truth value."""

    value: str | int | float | bool
    is_quoted: bool = True


@dataclass(frozen=True)
class Field:
    """A member of an object."""

    name: str


@dataclass(frozen=True)
class Slice:
    """Elements of a list; ``is_one`` when a single index was written."""

    start: int | None
    end: int | None
    step: int | None
    is_one: bool


@dataclass(frozen=True)
class Wildcard:
    """All members or elements."""


@dataclass(frozen=True)
class Recursive:
    """A value and all that it holds."""


@dataclass(frozen=True)
class Filter:
    """Elements for which a comparison holds; without an operator, for which something is there."""

    left: Terms
    operator: str
    right: Terms


@dataclass(frozen=True)
class Union:
    """Values of several indices, one after the other."""

    branches: tuple[Terms, ...]


@dataclass(frozen=True)
class Word:
    """``range``, ``end``, or an identifier that means nothing."""

    name: str


Node: TypeAlias = Text | Field | Slice | Wildcard | Recursive | Filter | Union | Word
Terms: TypeAlias = tuple[Node, ...]


def parse(template: str) -> list[Terms]:
    """Return the parts of a template: each expression, and each text as an expression of its own.

    Raises
    ------
    JsonPathError
        It is none.
    """
    parts: list[Terms] = []
    at = 0
    while at < len(template):
        brace = template.find("{", at)
        if brace < 0:
            brace = len(template)
        if brace > at:
            parts.append((Text(template[at:brace]),))
        if brace == len(template):
            break
        reader = _Reader(template, brace + 1)
        parts.append(reader.terms())
        at = reader.at
    return parts


def _alone(text: str) -> Terms:
    """Return the terms of an expression that stands within another."""
    return parse("{" + text + "}")[0]


class _Reader:
    """Reads one expression, from behind its opening brace to behind its closing one."""

    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self.at = at
        self._found: list[Node] = []

    def terms(self) -> Terms:
        while not self._text.startswith("}", self.at):
            self._term()
        self.at += 1
        return tuple(self._found)

    def _term(self) -> None:
        if self._text.startswith("[?(", self.at):
            self._filter()
        elif self._text.startswith("..", self.at):
            self._recursive()
        else:
            character = self._peek()
            if character in (_END, "\r", "\n"):
                raise JsonPathError("unclosed action")
            if character in " @$":
                self.at += 1
            elif character == "[":
                self._array()
            elif character in "\"'":
                self._quote(character)
            elif character == ".":
                self.at += 1
                self._field()
            elif character in "+-" or character.isdigit():
                self._number()
            elif character == "_" or character.isalpha():
                self._word()
            else:
                raise JsonPathError(f"unrecognized character in action: {rune_text(character)}")

    def _peek(self) -> str:
        return self._text[self.at : self.at + 1]

    def _filter(self) -> None:
        start = self.at = self.at + len("[?(")
        pair, opened, closed = "", False, False
        while True:
            character = self._peek()
            self.at += 1
            if character in (_END, "\n"):
                raise JsonPathError("unterminated filter")
            if character in "\"'":
                if not opened:
                    opened, pair = True, character
                elif character == pair and self._text[self.at - 2] != "\\":
                    closed = True
            elif character == ")" and opened == closed:
                break
        text = self._text[start : self.at - 1]
        if self._peek() != "]":
            raise JsonPathError("unclosed array expect ]")
        self.at += 1
        found = _FILTER_RE.fullmatch(text)
        if found is None:
            self._found.append(Filter(_alone(text), "", ()))
        else:
            self._found.append(Filter(_alone(found[1]), found[2], _alone(found[3])))

    def _recursive(self) -> None:
        if self._found and isinstance(self._found[-1], Recursive):
            raise JsonPathError("invalid multiple recursive descent")
        self.at += len("..")
        self._found.append(Recursive())
        character = self._peek()
        if character == "_" or character.isalnum():
            self._field()

    def _field(self) -> None:
        start = self.at
        while (character := self._peek()) not in _TERMINATORS and character != _END:
            self.at += 2 if character == "\\" else 1
        self.at = min(self.at, len(self._text))
        name = self._text[start : self.at]
        self._found.append(Wildcard() if name == "*" else Field(name.replace("\\", "")))

    def _number(self) -> None:
        start = self.at
        self.at += self._peek() in "+-"
        while (character := self._peek()) == "." or character.isdigit():
            self.at += 1
        text = self._text[start : self.at]
        for kind in (int, float):
            try:
                self._found.append(Text(kind(text), is_quoted=False))
            except ValueError:
                continue
            return
        raise JsonPathError(f"cannot parse number {text}")

    def _word(self) -> None:
        start = self.at
        while (character := self._peek()) not in _TERMINATORS and character != _END:
            self.at += 1
        word = self._text[start : self.at]
        known = {"true": True, "false": False}
        self._found.append(Text(known[word], is_quoted=False) if word in known else Word(word))

    def _array(self) -> None:
        end = self._text.find("]", self.at)
        newline = self._text.find("\n", self.at)
        if end < 0 or 0 <= newline < end:
            raise JsonPathError("unterminated array")
        text = self._text[self.at + 1 : end]
        self.at = end + 1
        parts = text.split(",")
        key = _KEY_RE.fullmatch(text)
        if len(parts) > 1:
            self._found.append(Union(tuple(_alone(f"[{part.strip(' ')}]") for part in parts)))
        elif key is not None:
            self._found.extend(_alone(f".{key[1]}"))
        else:
            self._found.append(_slice(":" if text == "*" else text))

    def _quote(self, end: str) -> None:
        start = self.at
        self.at += 1
        while True:
            character = self._peek()
            self.at += 1
            if character in (_END, "\n"):
                raise JsonPathError("unterminated quoted string")
            if character == end and self._text[self.at - 2] != "\\":
                break
        text = self._text[start : self.at]
        try:
            self._found.append(Text(unquoted(text[1:-1], end)))
        except ValueError:
            raise JsonPathError(f"unquote string {text} error invalid syntax") from None


def _slice(text: str) -> Slice:
    found = _SLICE_RE.fullmatch(text)
    if found is None:
        raise JsonPathError(f"invalid array index {text}")
    bounds: list[int | None] = []
    for group in found.groups():
        bare = (group or "").removeprefix(":")
        try:
            bounds.append(int(bare) if bare else None)
        except ValueError:
            raise JsonPathError(f"array index {bare} is not a number") from None
    return Slice(bounds[0], bounds[1], bounds[2], is_one=found[2] is None)
