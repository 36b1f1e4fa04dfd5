"""A policy function is looked at before Numba compiles it, so that what is wrong takes one line.

Numba's own texts are long and name its internal types; what it refuses most often is found in the
source here, and the rest of its refusals are cut down to the sentence that matters.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import linecache
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler.policies.user_policy import UserPolicy, node_fields, pod_fields

if TYPE_CHECKING:
    from _pykube_hotcore.kernels.policy import PolicyKernel

ALLOWED: Final = (
    "allowed are numbers, if, for, while, lists of numbers, math, numpy, and functions "
    "decorated with numba.njit (docs/policies.md)"
)
_REFUSED: Final[Mapping[type[ast.AST], str]] = {
    ast.Import: "import inside the function: import at the top of the file",
    ast.ImportFrom: "import inside the function: import at the top of the file",
    ast.With: "a with statement",
    ast.AsyncWith: "a with statement",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.Await: "await",
    ast.Global: "a global statement",
    ast.Nonlocal: "a nonlocal statement",
    ast.ClassDef: "a class inside the function",
    ast.AsyncFunctionDef: "an async function",
    ast.GeneratorExp: "a generator expression: write a list in brackets",
    ast.Delete: "a del statement",
}
# Calls that compile and must not: the score would depend on more than node and pod, or print.
_IMPURE: Final = ("random", "np.random", "numpy.random", "time", "datetime", "os", "print", "input")


def compile_policy(policy: UserPolicy, columns: Mapping[str, int], source: str) -> PolicyKernel:
    """Check a policy and compile it.

    Parameters
    ----------
    columns
        Column of each resource by the name that the function uses.
    source
        The function's name in messages.

    Raises
    ------
    InputError
        One line with the function, the line of its file, what is wrong, and what is allowed.
    """
    # Numba takes most of a second to import.
    from _pykube_hotcore.kernels.policy import PolicyKernel

    check_policy(policy, source)
    try:
        return PolicyKernel(policy.function, columns)
    except MemoryError:
        raise
    except Exception as error:
        raise _of_numba(error, policy, source) from error


def check_policy(policy: UserPolicy, source: str) -> None:
    """Refuse a function that cannot be compiled, or whose score would not be its own.

    Raises
    ------
    InputError
        See `compile_policy`.
    """
    function = policy.function
    signature = inspect.signature(function)
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    try:
        if kinds & {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}:
            raise TypeError("compiled functions have no arguments that only a keyword gives")
        signature.bind(None, None)
    except TypeError:
        raise InputError(
            f"takes {signature}: a policy takes a node and a pod",
            source=source,
            object=f"line {function.__code__.co_firstlineno}",
        ) from None
    found = _definition(function)
    if found is None:
        return
    definition, first_line = found
    for line, reason in _faults(definition, policy):
        raise InputError(
            f"cannot be compiled: {reason}", source=source, object=f"line {first_line + line - 1}"
        )


def _definition(function: Callable[..., Any]) -> tuple[ast.FunctionDef, int] | None:
    """Return the function's syntax and the line that it starts at; None where there is no text."""
    linecache.checkcache(function.__code__.co_filename)
    try:
        lines, first = inspect.getsourcelines(function)
        (definition,) = ast.parse(textwrap.dedent("".join(lines))).body
    except (OSError, TypeError, ValueError, SyntaxError, IndexError):
        return None
    if not isinstance(definition, ast.FunctionDef):
        return None
    return definition, max(1, first)


def _faults(definition: ast.FunctionDef, policy: UserPolicy) -> Iterator[tuple[int, str]]:
    """Yield line and reason of what cannot be, in the order of the text."""
    resources = tuple(policy.resources)
    named = [a.arg for a in (*definition.args.posonlyargs, *definition.args.args)][:2]
    body = [node for statement in definition.body for node in ast.walk(statement)]
    stored = {n.id for n in body if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    fields = {
        name: (what, known)
        for name, what, known in zip(
            named, ("node", "pod"), (node_fields(resources), pod_fields(resources)), strict=False
        )
        if name not in stored
    }
    body.sort(key=lambda node: getattr(node, "lineno", 0))
    for node in body:
        reason = _REFUSED.get(type(node), "")
        if reason:
            reason = f"{reason}; {ALLOWED}"
        elif isinstance(node, ast.ExceptHandler) and (node.name or not _is_plain(node)):
            reason = f"an except clause other than except Exception; {ALLOWED}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            reason = _field_fault(node, fields)
        if not reason and isinstance(node, ast.Call):
            reason = _call_fault(node)
        if reason:
            yield getattr(node, "lineno", 1), reason


def _is_plain(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or ast.unparse(handler.type) == "Exception"


def _field_fault(node: ast.Attribute, fields: Mapping[str, tuple[str, tuple[str, ...]]]) -> str:
    """Say what is wrong with a field of the node or the pod, "" where nothing is."""
    assert isinstance(node.value, ast.Name)
    what, known = fields.get(node.value.id, ("", ()))
    if not what:
        return ""
    if not isinstance(node.ctx, ast.Load):
        return f"the {what} cannot be changed; {ALLOWED}"
    if node.attr in known:
        return ""
    return f"Unknown attribute {node.attr!r} of {what}{_near(node.attr, known)}"


def _near(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f", did you mean {close[0]}?" if close else ";"
    return (
        f"{hint} its fields are {', '.join(known)}; further resources by "
        '@pk.policy(resources={"gpu": "nvidia.com/gpu"})'
    )


def _call_fault(call: ast.Call) -> str:
    name = ast.unparse(call.func)
    for impure in _IMPURE:
        if name == impure or name.startswith(f"{impure}."):
            return f"{name}() in a policy: a score depends on node and pod alone; {ALLOWED}"
    return ""


def _of_numba(error: Exception, policy: UserPolicy, source: str) -> InputError:
    """Return Numba's refusal as one line."""
    text = str(error)
    where = re.findall(r'^File "[^"<]+", line (\d+)', text, re.MULTILINE)
    line = where[0] if where else policy.function.__code__.co_firstlineno
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("Failed in")]
    reason = lines[0].rstrip(":") if lines else type(error).__name__
    cast = re.match(r"Cannot cast (.+?) to float64", reason)
    unknown = re.match(r"Untyped global name '(\w+)': Cannot determine Numba type of (.*)", reason)
    if cast is not None:
        what = "nothing" if cast[1] == "none" else cast[1].partition("(func=")[0]
        reason = f"returns {what}, and not a number"
    elif unknown is not None and unknown[2] == "<class 'function'>":
        reason += f": decorate {unknown[1]} with numba.njit"
    return InputError(
        f"cannot be compiled: {reason}; {ALLOWED}", source=source, object=f"line {line}"
    )
