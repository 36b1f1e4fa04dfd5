"""Go templates applied to decoded JSON, as ``kubectl -o go-template`` does.

Source: ``text/template/exec.go``, Go 1.26.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NoReturn

from pykube_core.api.machinery.objects import Json
from pykube_core.cli.output.go_values import plain_text, quoted, type_name
from pykube_core.cli.output.template_functions import (
    FUNCTIONS,
    MISSING,
    SHORT_CIRCUIT,
    FunctionError,
    call,
    check_count,
    is_true,
    printed,
)
from pykube_core.cli.output.template_lexer import TemplateError
from pykube_core.cli.output.template_nodes import (
    Action,
    Block,
    Call,
    Command,
    Constant,
    Function,
    Jump,
    Nil,
    Node,
    Path,
    Pipe,
    Term,
    Text,
    parse,
)

_DEPTH_MAX: Final = 200
_NO_FINAL: Final = object()
"""Stands for the value of the command before, where there is none."""


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class GoTemplate:
    """A template that prints an object.

    Parameters
    ----------
    template : str
    missing_keys : bool
        A member that is not there is no error, and prints ``<no value>``.

    Raises
    ------
    TemplateError
        The template is none.

    Examples
    --------
    >>> GoTemplate("{{range .items}}{{.name}} {{end}}").text({"items": [{"name": "a"}]})
    'a '
    """

    def __init__(self, template: str, *, missing_keys: bool = True) -> None:
        self._template = parse(template, (*FUNCTIONS, *SHORT_CIRCUIT))
        self._missing_keys = missing_keys

    def text(self, obj: Json) -> str:
        """Return what the template prints of an object.

        Raises
        ------
        TemplateError
            It does not fit the object.
        """
        out: list[str] = []
        run = _Run(self._template.text, self._template.defined, self._missing_keys, out)
        run.nodes(self._template.nodes, obj)
        return "".join(out)


class _Run:
    """One execution of a template, or of one that it calls.

    ``name`` is that of the template; variables are a stack, the innermost last.
    """

    def __init__(
        self,
        text: str,
        defined: dict[str, tuple[Node, ...]],
        missing_keys: bool,
        out: list[str],
        name: str = "output",
        depth: int = 0,
    ) -> None:
        self._text = text
        self._defined = defined
        self._missing_keys = missing_keys
        self._out = out
        self._name = name
        self._depth = depth
        self._variables: list[tuple[str, Json]] = []

    def nodes(self, nodes: Iterable[Node], root: Json) -> None:
        """Execute a whole template on an object."""
        self._variables = [("$", root)]
        self._nodes(nodes, root)

    def _nodes(self, nodes: Iterable[Node], dot: Json) -> None:
        for node in nodes:
            match node:
                case Text(text):
                    self._out.append(text)
                case Action(pipe):
                    value = self._pipe(pipe, dot)
                    if not pipe.variables:
                        self._out.append(printed(value))
                case Block("range"):
                    self._range(node, dot)
                case Block():
                    self._choice(node, dot)
                case Call():
                    self._call_template(node, dot)
                case Jump(kind):
                    raise _Break if kind == "break" else _Continue

    def _choice(self, block: Block, dot: Json) -> None:
        outside = len(self._variables)
        value = self._pipe(block.pipe, dot)
        if is_true(value):
            self._nodes(block.body, value if block.kind == "with" else dot)
        else:
            self._nodes(block.otherwise, dot)
        del self._variables[outside:]

    def _range(self, block: Block, dot: Json) -> None:
        outside = len(self._variables)
        value = self._pipe(block.pipe, dot)
        inside = len(self._variables)
        names = block.pipe.variables
        some = False
        for key, element in self._elements(block, value):
            some = True
            values = [element] if len(names) == 1 else [key, element]
            for at, name in enumerate(names):
                if block.pipe.assigns:
                    self._assign(name, values[at])
                else:
                    self._variables[inside - len(names) + at] = (name, values[at])
            try:
                self._nodes(block.body, element)
            except _Continue:
                continue
            except _Break:
                break
            finally:
                del self._variables[inside:]
        del self._variables[outside:]
        if not some:
            self._nodes(block.otherwise, dot)

    def _elements(self, block: Block, value: Json) -> Iterator[tuple[Json, Json]]:
        match value:
            case list():
                yield from enumerate(value)
            case dict():
                yield from ((key, value[key]) for key in sorted(value))
            case bool() | float() | str():
                why = f"range can't iterate over {plain_text(value)}"
                last = block.pipe.commands[-1].terms[0]
                self._fail(last.at, str(block.pipe), why)
            case int():
                yield from ((None, number) for number in range(value))

    def _call_template(self, node: Call, dot: Json) -> None:
        shown = f"{{{{template {quoted(node.name)}" + (f" {node.pipe}" if node.pipe else "") + "}}"
        if node.name not in self._defined:
            self._fail(node.at, shown, f"template {quoted(node.name)} not defined")
        if self._depth == _DEPTH_MAX:
            why = f"exceeded maximum template depth ({_DEPTH_MAX})"
            self._fail(node.at, shown, why)
        value = MISSING if node.pipe is None else self._pipe(node.pipe, dot)
        run = _Run(
            self._text, self._defined, self._missing_keys, self._out, node.name, self._depth + 1
        )
        run.nodes(self._defined[node.name], value)

    def _pipe(self, pipe: Pipe, dot: Json) -> Json:
        value: Json = _NO_FINAL
        for command in pipe.commands:
            value = self._command(command, dot, value)
        for name in pipe.variables:
            if pipe.assigns:
                self._assign(name, value)
            else:
                self._variables.append((name, value))
        return value

    def _assign(self, name: str, value: Json) -> None:
        for at in range(len(self._variables) - 1, -1, -1):
            if self._variables[at][0] == name:
                self._variables[at] = (name, value)
                return

    def _variable(self, name: str) -> Json:
        return next(value for known, value in reversed(self._variables) if known == name)

    def _command(self, command: Command, dot: Json, final: Json) -> Json:
        first = command.terms[0]
        if isinstance(first, Function):
            return self._function(first.text, command, dot, final)
        if isinstance(first, Nil):
            self._fail(first.at, str(first), "nil is not a command")
        if len(command.terms) > 1 or final is not _NO_FINAL:
            if isinstance(first, Path) and first.names:
                why = f"{first.names[-1]} is not a method but has arguments"
            else:
                why = f"can't give argument to non-function {first}"
            self._fail(first.at, str(first), why)
        return self._term(first, dot)

    def _function(self, name: str, command: Command, dot: Json, final: Json) -> Json:
        terms = command.terms[1:]
        count = len(terms) + (final is not _NO_FINAL)
        try:
            check_count(name, count)
        except FunctionError as error:
            self._fail(command.terms[0].at, name, str(error))
        values = (self._argument(term, dot) for term in terms)
        if name in SHORT_CIRCUIT:
            value: Json = None
            for value in values:
                if is_true(value) == (name == "or"):
                    return value
            return value if final is _NO_FINAL else final
        arguments = [*values, *(() if final is _NO_FINAL else (final,))]
        try:
            return call(name, arguments)
        except FunctionError as error:
            self._fail(command.at, str(command), f"error calling {name}: {error}")

    def _argument(self, term: Term, dot: Json) -> Json:
        if isinstance(term, Function):
            return self._function(term.text, Command(term.at, (term,)), dot, _NO_FINAL)
        return self._term(term, dot)

    def _term(self, term: Term, dot: Json) -> Json:
        match term:
            case Constant():
                return term.value
            case Path():
                return self._path(term, dot)
        return None

    def _path(self, path: Path, dot: Json) -> Json:
        if isinstance(path.root, Pipe):
            value = self._pipe(path.root, dot)
        else:
            value = dot if path.root == "." else self._variable(path.root)
        for at, name in enumerate(path.names):
            value = self._member(path, value, name, is_first=not at)
        return value

    def _member(self, path: Path, value: Json, name: str, *, is_first: bool) -> Json:
        if value is MISSING:
            if not self._missing_keys:
                why = f"nil data; no entry for key {quoted(name)}"
                self._fail(path.at, path.text, why)
            return MISSING
        if value is None:
            why = f"nil pointer evaluating interface {{}}.{name}"
            self._fail(path.at, path.text, why)
        if isinstance(value, dict):
            if name not in value and not self._missing_keys:
                why = f"map has no entry for key {quoted(name)}"
                self._fail(path.at, path.text, why)
            return value.get(name, MISSING)
        is_concrete = is_first and path.root not in (".", "$")
        shown = type_name(value) if is_concrete else "interface {}"
        why = f"can't evaluate field {name} in type {shown}"
        self._fail(path.at, path.text, why)

    def _fail(self, at: int, context: str, why: str) -> NoReturn:
        before = self._text[:at]
        line = before.count("\n") + 1
        column = len(before.rpartition("\n")[2].encode())
        where = f"template: output:{line}:{column}"
        raise TemplateError(f"{where}: executing {quoted(self._name)} at <{context}>: {why}")
