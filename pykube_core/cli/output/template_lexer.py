"""Tokens of Go templates.

Source: ``text/template/parse/lex.go``, Go 1.26.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import Final, NamedTuple

from pykube_core.cli.output.go_values import quoted, rune_text

KEYWORDS: Final = frozenset(
    ("block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template",
     "with")
)  # fmt: skip
_TOKEN_RE: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    | (?P<declare>:=) | (?P<assign>=) | (?P<pipe>\|) | (?P<comma>,)
    | (?P<string>"(?:[^"\\\n]|\\.)*") | (?P<raw>`[^`]*`)
    | (?P<char>'(?:[^'\\\n]|\\.[^'\n]*)')
    | (?P<variable>\$\w*)
    | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|\.?[0-9][0-9_.]*(?:[eE][+-]?[0-9]+)?))
    | (?P<field>\.\w+) | (?P<dot>\.) | (?P<word>\w+) | (?P<left>\() | (?P<right>\))""",
    re.VERBOSE,
)
# Nothing but these may follow a word, a field or a variable.
_TERMINATORS: Final = frozenset(" \t\r\n.,|:=)(}-")
_UNTERMINATED: Final = {
    '"': "unterminated quoted string",
    "`": "unterminated raw quoted string",
    "'": "unterminated character constant",
}


class Token(NamedTuple):
    """A token; ``at`` is where it begins in the template."""

    kind: str
    text: str
    at: int

    def __str__(self) -> str:
        if self.kind == "eof":
            return "EOF"
        if self.kind == "word" and self.text in KEYWORDS:
            return f"<{self.text}>"
        return quoted(self.text) if len(self.text) <= 10 else f"{quoted(self.text[:10])}..."


class TemplateError(Exception):
    """A template is none, or does not fit the object; the message is Go's."""


def syntax_error(text: str, at: int, why: str) -> TemplateError:
    """Return an error of a template's text at a position."""
    return TemplateError(f"template: output:{text.count(chr(10), 0, at) + 1}: {why}")


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a template: text, the delimiters of actions and what they hold.

    Raises
    ------
    TemplateError
        The text does not come apart into tokens.
    """
    at, trimmed = 0, False
    while at < len(text):
        opening = text.find("{{", at)
        end = len(text) if opening < 0 else opening
        after = end + 2
        trims = text.startswith("-", after) and text[after + 1 : after + 2] in tuple(" \t\r\n")
        piece = text[at:end]
        piece = piece.lstrip(" \t\r\n") if trimmed else piece
        piece = piece.rstrip(" \t\r\n") if trims else piece
        if piece:
            yield Token("text", piece, at)
        if opening < 0:
            break
        after += 2 if trims else 0
        if text.startswith("/*", after):
            at, trimmed = _comment_end(text, after)
            continue
        yield Token("open", "{{", opening)
        at = yield from _action(text, after)
        trimmed = text[at - 3 : at] == "-}}"
        yield Token("close", "}}", at - 2)
    yield Token("eof", "", len(text))


def _comment_end(text: str, at: int) -> tuple[int, bool]:
    end = text.find("*/", at)
    if end < 0:
        raise syntax_error(text, at, "unclosed comment")
    for closing in ("}}", " -}}"):
        if text.startswith(closing, end + 2):
            return end + 2 + len(closing), len(closing) > 2
    raise syntax_error(text, at, "comment ends before closing delimiter")


def _action(text: str, at: int) -> Generator[Token, None, int]:
    """Yield the tokens of an action; return where what follows it begins."""
    depth = 0
    while True:
        if text.startswith("}}", at) or (text.startswith("-}}", at) and text[at - 1] in " \t\r\n"):
            if depth:
                raise syntax_error(text, at, "unclosed left paren")
            return at + (2 if text[at] == "}" else 3)
        if at >= len(text):
            raise syntax_error(text, at, "unclosed action")
        found = _TOKEN_RE.match(text, at)
        if found is None or found.lastgroup is None:
            raise syntax_error(text, at, _no_token(text[at]))
        kind, start, at = found.lastgroup, at, found.end()
        depth += (kind == "left") - (kind == "right")
        if depth < 0:
            raise syntax_error(text, start, "unexpected right paren")
        if kind in ("word", "field", "variable") and at < len(text):
            follower = text[at]
            if follower not in _TERMINATORS:
                raise syntax_error(text, at, f"bad character {rune_text(follower)}")
        yield Token(kind, found[0], start)


def _no_token(character: str) -> str:
    if character in _UNTERMINATED:
        return _UNTERMINATED[character]
    if character == ":":
        return "expected :="
    if character in "+-":
        return f"bad number syntax: {quoted(character)}"
    return f"unrecognized character in action: {rune_text(character)}"
