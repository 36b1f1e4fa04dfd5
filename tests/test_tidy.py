"""The Python of the project is tidy: nothing dead, short functions, no door but the front one."""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 500
TWINS = "core/_pykube_hotcore/slow/"
"""The slow twins stand beside kernels, and tests and benchmarks alone call them."""
SUBJECTS_DONE = ("benchmarks", "core", "csrc", "pykube_core")
"""Folders in whose comments and docstrings each sentence has a noun for its subject."""
NO_SUBJECT = re.compile(
    r"(?:\A|[.!?]\s+|\n\s*(?:- )?)((?:What|Who|Whoever|Whatever|Those)\b[^\n]*)"
)
CALLED_FROM_OUTSIDE = {"_repr_html_", "_check_value", "_print_message", "pytest_configure"}
"""Functions that notebooks, argparse and pytest call."""


@cache
def sources(*folders: str) -> tuple[Path, ...]:
    found = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    assert found
    return tuple(found)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def product() -> tuple[Path, ...]:
    return sources("pykube_core", "core")


def everything() -> tuple[Path, ...]:
    return sources("core", "tests", "benchmarks", "csrc", "pykube_core")


def told() -> set[str]:
    """Return the words of the documents, and the names of scripts."""
    pages = [ROOT / "README.md", ROOT / "pyproject.toml", *(ROOT / "docs").rglob("*.md")]
    return set(re.findall(r"\w+", " ".join(page.read_text(encoding="utf-8") for page in pages)))


def defined(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module defines: functions, classes and constants."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_every_name_that_a_module_defines_is_used_by_the_product_or_told_of_in_the_docs():
    texts = [path.read_text(encoding="utf-8") for path in product()]
    words = Counter(word for text in texts for word in re.findall(r"\w+", text))
    public = told() | CALLED_FROM_OUTSIDE
    dead = [
        f"{shown(path)}: {name}"
        for path in product()
        for name in defined(tree_of(path))
        if words[name] == 1 and name not in public and not name.startswith("__")
        if not shown(path).startswith(TWINS)
    ]
    assert dead == []


def docstrings(tree: ast.Module) -> set[ast.expr]:
    expressions = (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))
    return {value for value in expressions if isinstance(value, ast.Constant)}


def read_names(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module reads: as names, attributes, patterns, or out of strings."""
    prose = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.MatchClass):
            yield from node.kwd_attrs
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            yield from re.findall(r"\w+", node.value)


def members(owner: ast.ClassDef) -> Iterator[str]:
    """Yield the names that a class defines: methods, fields and attributes of ``self``."""
    for node in owner.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
            for part in ast.walk(node):
                own = isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store)
                if own and isinstance(part.value, ast.Name) and part.value.id == "self":
                    yield part.attr


def camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def test_every_member_of_a_class_is_read_by_the_product_or_told_of_in_the_docs():
    read = {name for path in product() for name in read_names(tree_of(path))}
    fragments = tuple(name for name in read if name.startswith("_") and name.endswith("_seconds"))
    live = read | told() | CALLED_FROM_OUTSIDE
    dead = {
        f"{shown(path)}: {owner.name}.{name}"
        for path in product()
        for owner in ast.walk(tree_of(path))
        if isinstance(owner, ast.ClassDef)
        for name in members(owner)
        if not live & {name, camel_case(name)} and not name.startswith("__")
        if not (fragments and name.endswith(fragments))
    }
    assert sorted(dead) == []


def only_called(trees: list[ast.Module]) -> set[str]:
    """Return the names of functions that are defined once, and of which every use is a call."""
    defined_as: Counter[str] = Counter()
    loose: set[str] = set()
    for tree in trees:
        called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                defined_as[node.name] += 1
                if node.decorator_list or node.name[0].isupper():
                    loose.add(node.name)  # Somebody else calls it: gRPC a verb, as in its protocol.
            elif isinstance(node, ast.Name | ast.Attribute) and node not in called:
                loose.add(node.id if isinstance(node, ast.Name) else node.attr)
    return {name for name, count in defined_as.items() if count == 1} - loose


def test_every_parameter_is_read():
    checked = only_called([tree_of(path) for path in product()]) - told()
    dead = []
    for path in product():
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.FunctionDef) or node.name not in checked:
                continue
            given = {a.arg for a in (*node.args.args, *node.args.kwonlyargs)} - {"self", "cls"}
            read = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            dead += [f"{shown(path)}: {node.name}({name})" for name in sorted(given - read)]
    assert dead == []


def test_files_are_short():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in everything()}
    assert [shown(path) for path, lines in lengths.items() if lines > FILE_LINES_MAX] == []


def test_functions_are_short_without_their_docstrings():
    long = []
    for path in everything():
        prose = docstrings(tree_of(path))
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                has_docstring = isinstance(first, ast.Expr) and first.value in prose
                docstring = first.end_lineno - first.lineno + 1 if has_docstring else 0
                lines = node.end_lineno - node.lineno + 1 - docstring
                if lines > FUNCTION_LINES_MAX:
                    long.append(f"{shown(path)}: {node.name} has {lines} lines")
    assert long == []


def test_private_modules_are_imported_by_their_own_package_alone():
    strangers = []
    for path in sources("pykube_core"):
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            package, found, _ = node.module.partition("._")
            own = package.startswith("pykube_core")
            if found and own and not shown(path).startswith(package.replace(".", "/") + "/"):
                strangers.append(f"{shown(path)}: {node.module}")
    assert strangers == []


def imported(path: Path, modules: dict[str, Path]) -> set[str]:
    """Return the modules that a module imports when it is loaded."""
    found: set[str] = set()
    waiting: list[ast.stmt] = [*tree_of(path).body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in modules else node.module or "")
        elif isinstance(node, ast.If):
            is_for_types = ast.unparse(node.test) == "TYPE_CHECKING"
            waiting += node.orelse if is_for_types else [*node.body, *node.orelse]
        elif isinstance(node, ast.Try):
            waiting += [*node.body, *node.orelse]
    return found & modules.keys()


def test_files_import_in_no_circle():
    modules = {}
    for path in product():
        name = shown(path).removeprefix("core/").removesuffix(".py").removesuffix("/__init__")
        modules[name.replace("/", ".")] = path
    graph = {name: imported(path, modules) - {name} for name, path in modules.items()}
    # CycleError names the files of a circle.
    assert len([*TopologicalSorter(graph).static_order()]) == len(modules)


def prose(path: Path) -> Iterator[str]:
    """Yield the docstrings of a file, and its comments; those on lines below each other as one."""
    yield from (node.value for node in docstrings(tree_of(path)) if isinstance(node.value, str))
    run, last = "", 0
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            text, line = token.string.lstrip("# "), token.start[0]
            if line != last + 1:
                yield run
                run = ""
            run, last = f"{run} {text}".strip(), line
    yield run


def test_the_subject_of_a_sentence_is_a_noun():
    """A comment or docstring begins no sentence with what, who or those."""
    found = [
        f"{shown(path)}: {sentence}"
        for path in sources(*SUBJECTS_DONE)
        for text in prose(path)
        for sentence in NO_SUBJECT.findall(text.strip())
    ]
    assert found == []
