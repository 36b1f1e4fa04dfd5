"""The Python of the project is tidy: nothing dead, short functions, no door but the front one."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FUNCTION_LINES_MAX = 60
TWINS = "core/_pykube_hotcore/slow/"
"""The slow twins stand beside kernels, and tests and benchmarks alone call them."""


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
    pages = [ROOT / "README.md", ROOT / "pyproject.toml", *(ROOT / "docs").glob("*.md")]
    told = set(re.findall(r"\w+", " ".join(page.read_text(encoding="utf-8") for page in pages)))
    dead = [
        f"{shown(path)}: {name}"
        for path in product()
        for name in defined(tree_of(path))
        if words[name] == 1 and name not in told and not name.startswith("__")
        if not shown(path).startswith(TWINS)
    ]
    assert dead == []


def test_functions_are_short_without_their_docstrings():
    long = []
    for path in product():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                docstring = first.end_lineno - first.lineno + 1 if told else 0
                if node.end_lineno - node.lineno + 1 - docstring > FUNCTION_LINES_MAX:
                    long.append(f"{shown(path)}: {node.name}")
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
