"""Go templates as trees.

Source: ``text/template/parse/parse.go`` and ``node.go``, Go 1.26. The actions are those of the
package but ``block``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

from pykube_core.api.machinery.objects import Json
from pykube_core.cli.output.go_values import unquoted
from pykube_core.cli.output.template_lexer import (
    KEYWORDS,
    Token,
    syntax_error,
    tokens,
)


@dataclass(frozen=True)
class Term:
    """A part of a command; ``at`` is where it begins, and ``str`` is how it is written."""

    at: int
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Constant(Term):
    """A string, a number or a truth value."""

    value: Json


@dataclass(frozen=True)
class Nil(Term):
    """The word ``nil``."""


@dataclass(frozen=True)
class Function(Term):
    """The name of a function."""


@dataclass(frozen=True)
class Path(Term):
    """Members of the dot, of a variable, or of the value of a pipeline; maybe none.

    Attributes
    ----------
    root : str or Pipe
        ".", a variable's name with its "$", or a pipeline in parentheses.
    """

    root: str | Pipe
    names: tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """Terms that are evaluated together: a function and its arguments, or one value."""

    at: int
    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))


@dataclass(frozen=True)
class Pipe:
    """Commands, each of which gets the value of the one before, and variables for the last."""

    at: int
    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False

    def __str__(self) -> str:
        head = ", ".join(self.variables)
        head += (" = " if self.assigns else " := ") if head else ""
        return head + " | ".join(map(str, self.commands))


@dataclass(frozen=True)
class Text:
    """Text that is printed as it stands."""

    text: str


@dataclass(frozen=True)
class Action:
    """A pipeline whose value is printed."""

    pipe: Pipe


@dataclass(frozen=True)
class Block:
    """``if``, ``with`` or ``range`` with its two bodies."""

    kind: str
    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True)
class Call:
    """``template``: another template, applied to a value."""

    at: int
    name: str
    pipe: Pipe | None


@dataclass(frozen=True)
class Jump:
    """``break`` or ``continue``."""

    kind: str


Node: TypeAlias = Text | Action | Block | Call | Jump


@dataclass
class Template:
    """A template's own nodes and the templates that it defines."""

    text: str
    nodes: tuple[Node, ...] = ()
    defined: dict[str, tuple[Node, ...]] = field(default_factory=dict)


def parse(text: str, functions: Collection[str]) -> Template:
    """Return a template as a tree.

    Raises
    ------
    TemplateError
        It is none, or names a function that there is not.
    """
    return _Parser(text, functions).template()


class _Parser:
    def __init__(self, text: str, functions: Collection[str]) -> None:
        self._text = text
        self._functions = functions
        self._tokens = list(tokens(text))
        self._next = 0
        self._variables = ["$"]
        self._ranges = 0
        self._template = Template(text)

    def template(self) -> Template:
        nodes, end = self._nodes(top=True)
        if end.kind != "eof":
            self._fail(end, f"unexpected {{{{{end.text}}}}}")
        self._template.nodes = nodes
        return self._template

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += token.kind != "eof"
        return token

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _skip_space(self) -> Token:
        while self._peek().kind == "space":
            self._next += 1
        return self._peek()

    def _fail(self, token: Token, why: str) -> NoReturn:
        raise syntax_error(self._text, token.at, why)

    def _unexpected(self, token: Token, where: str) -> NoReturn:
        self._fail(token, f"unexpected {token} in {where}")

    def _close(self, where: str) -> None:
        self._skip_space()
        token = self._take()
        if token.kind != "close":
            self._unexpected(token, where)

    def _nodes(self, *, top: bool = False) -> tuple[tuple[Node, ...], Token]:
        """Return nodes up to an ``end``, an ``else`` or the end, and which it was."""
        found: list[Node] = []
        while True:
            token = self._take()
            if token.kind == "text":
                found.append(Text(token.text))
                continue
            if token.kind == "eof":
                if not top:
                    self._fail(token, "unexpected EOF")
                return tuple(found), token
            word = self._skip_space()
            match word.text if word.kind == "word" else "":
                case "end" | "else":
                    self._take()
                    return tuple(found), word
                case "define" if top:
                    self._define()
                case "if" | "with" | "range" as kind:
                    self._take()
                    found.append(self._block(kind))
                case "break" | "continue" as kind:
                    self._take()
                    self._close(f"{{{{{kind}}}}}")
                    if not self._ranges:
                        self._fail(word, f"{{{{{kind}}}}} outside {{{{range}}}}")
                    found.append(Jump(kind))
                case "template":
                    self._take()
                    found.append(self._call())
                case _:
                    found.append(Action(self._pipe("command", "close")))

    def _define(self) -> None:
        self._take()
        name = self._name("define clause")
        self._close("define clause")
        variables, self._variables = self._variables, ["$"]
        nodes, end = self._nodes()
        if end.text != "end":
            self._unexpected(end, "define clause")
        self._close("end")
        self._variables = variables
        self._template.defined[name] = nodes

    def _name(self, where: str) -> str:
        self._skip_space()
        token = self._take()
        if token.kind not in ("string", "raw"):
            self._unexpected(token, where)
        return str(self._constant(token).value)

    def _call(self) -> Call:
        at = self._skip_space().at
        name = self._name("template clause")
        pipe = None
        if self._skip_space().kind != "close":
            pipe = self._pipe("template clause", "close")
        else:
            self._take()
        return Call(at, name, pipe)

    def _block(self, kind: str) -> Block:
        outside = len(self._variables)
        pipe = self._pipe(kind, "close")
        self._ranges += kind == "range"
        body, end = self._nodes()
        self._ranges -= kind == "range"
        otherwise: tuple[Node, ...] = ()
        if end.text == "else":
            follower = self._skip_space()
            if follower.text == kind and kind != "range":
                self._take()
                otherwise = (self._block(kind),)
                del self._variables[outside:]
                return Block(kind, pipe, body, otherwise)
            self._close("else")
            otherwise, end = self._nodes()
            if end.text != "end":
                self._fail(end, f"expected end; found {{{{{end.text}}}}}")
        self._close("end")
        del self._variables[outside:]
        return Block(kind, pipe, body, otherwise)

    def _pipe(self, where: str, end: str) -> Pipe:
        start = self._skip_space()
        variables, assigns = self._declared(where)
        commands: list[Command] = []
        while True:
            token = self._skip_space()
            if token.kind == end:
                self._take()
                break
            if token.kind in ("close", "eof", "right", "comma", "assign", "declare"):
                self._unexpected(token, where)
            commands.append(self._command(where))
            if self._skip_space().kind == "pipe":
                pipe = self._take()
                if self._skip_space().kind == end:
                    self._fail(pipe, f"missing value for {where}")
        if not commands:
            self._fail(start, f"missing value for {where}")
        for number, command in enumerate(commands[1:], 2):
            first = command.terms[0]
            if isinstance(first, Constant | Nil) or (isinstance(first, Path) and not first.names
                                                     and first.root == "."):  # fmt: skip
                text = f"non executable command in pipeline stage {number}"
                self._fail(start, text)
        if not assigns:
            self._variables += variables
        return Pipe(start.at, tuple(commands), tuple(variables), assigns)

    def _declared(self, where: str) -> tuple[list[str], bool]:
        """Return the variables before ``:=`` or ``=``, and whether it is the latter."""
        start, variables = self._next, []
        while self._peek().kind == "variable":
            variables.append(self._take().text)
            follower = self._skip_space()
            if follower.kind in ("declare", "assign"):
                self._take()
                assigns = follower.kind == "assign"
                for name in variables if assigns else ():
                    self._check_variable(follower, name)
                return variables, assigns
            if follower.kind != "comma" or where != "range":
                break
            self._take()
            self._skip_space()
        self._next = start
        return [], False

    def _command(self, where: str) -> Command:
        start = self._peek()
        terms: list[Term] = []
        while (token := self._skip_space()).kind not in ("close", "right", "pipe"):
            term = self._operand()
            if term is None:
                self._unexpected(token, "operand" if terms else where)
            terms.append(term)
            if self._peek().kind not in ("space", "close", "right", "pipe"):
                self._unexpected(self._peek(), "operand")
        if not terms:
            self._fail(start, "empty command")
        return Command(start.at, tuple(terms))

    def _operand(self) -> Term | None:
        term = self._term()
        names: list[str] = []
        at = self._peek().at
        while term is not None and self._peek().kind == "field":
            if isinstance(term, Constant | Nil):
                self._fail(self._peek(), f'unexpected . after term "{term}"')
            names.append(self._take().text[1:])
        if term is None or not names:
            return term
        more = "".join(f".{name}" for name in names)
        if isinstance(term, Path):
            text = more if term.text == "." else f"{term.text}{more}"
            return Path(at, text, term.root, (*term.names, *names))
        pipe = Pipe(term.at, (Command(term.at, (term,)),))
        return Path(at, f"{term.text}{more}", pipe, tuple(names))

    def _term(self) -> Term | None:
        token = self._peek()
        match token.kind:
            case "word" if token.text in ("true", "false"):
                term: Term = Constant(token.at, token.text, token.text == "true")
            case "word" if token.text == "nil":
                term = Nil(token.at, token.text)
            case "word" if token.text not in KEYWORDS:
                if token.text not in self._functions:
                    self._fail(token, f'function "{token.text}" not defined')
                term = Function(token.at, token.text)
            case "dot":
                term = Path(token.at, ".", ".", ())
            case "field":
                term = Path(token.at, token.text, ".", (token.text[1:],))
            case "variable":
                self._check_variable(token, token.text)
                term = Path(token.at, token.text, token.text, ())
            case "string" | "raw" | "char" | "number":
                term = self._constant(token)
            case "left":
                self._take()
                pipe = self._pipe("parenthesized pipeline", "right")
                return Path(token.at, f"({pipe})", pipe, ())
            case _:
                return None
        self._take()
        return term

    def _check_variable(self, token: Token, name: str) -> None:
        if name not in self._variables:
            self._fail(token, f'undefined variable "{name}"')

    def _constant(self, token: Token) -> Constant:
        text = token.text
        value: Json
        try:
            match token.kind:
                case "raw":
                    value = text[1:-1]
                case "string":
                    value = unquoted(text[1:-1], text[0])
                case "char":
                    value = ord(unquoted(text[1:-1], text[0]))
                case _:
                    value = _number(text)
        except (ValueError, TypeError):
            what = "bad number syntax" if token.kind == "number" else "invalid syntax"
            self._fail(token, f'{what}: "{text}"' if token.kind == "number" else what)
        return Constant(token.at, text, value)


def _number(text: str) -> int | float:
    try:
        return int(text, 0)
    except ValueError:
        if text.lstrip("+-").startswith("0") and text.lstrip("+-").isdigit():
            return int(text, 8)
        return float(text)
