"""Documents, docstrings and comments name files, folders, modules and links that are there."""

import ast
import io
import pkgutil
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    {ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "findings").glob("*.md")}
)
# Where the documents' short names begin: `workloads/read/_lacks.py`, `rollout.py`, `survey.c`.
PLACES = [
    *("", "core/*/", "csrc/", "csrc/*/", "csrc/*/*/", "benchmarks/", "tests/", "tests/*/"),
    *("core/", "pykube_core/", "pykube_core/*/", "pykube_core/*/*/"),
]
SUFFIXES = r"(?:py|pyi|c|h|inc|md|toml|lock|sh|svg)"
NAME = re.compile(rf"`([\w.*/-]*[\w*]\.{SUFFIXES}|[\w*-][\w.*/-]*/)(?:::\w+)?`")
FOLDER = re.compile(r"(?:^|[\s(])([a-z]\w*(?:/\w+)*/)(?=\s)", re.MULTILINE)
MODULE = re.compile(r"`(pykube_core(?:\.\w+)*\.[a-z]\w*)")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")
# What the reader names as he likes.
READERS_OWN = {"mine.py", "leave_room.py"}
SOURCES = {"simpy/core.py", "simpy/rt.py"}
"""Files of other projects that docstrings give as their source."""

# In code a path begins at the checkout's top, or stands in backticks; the rest is upstream's.
TOPS = "|".join(["csrc", "core", "pykube_core", "tests", "benchmarks", "docs"])
PATH = re.compile(rf"(?<![\w./-])((?:{TOPS})/[\w./*-]*\.{SUFFIXES})\b")
CODE = sorted(
    path
    for top in ("csrc", "core", "pykube_core", "tests", "benchmarks")
    for path in (ROOT / top).rglob("*")
    if path.suffix in {".py", ".c", ".h", ".inc"} and "build" not in path.parts
)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def names(page):
    text = page.read_text(encoding="utf-8")
    drawings = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    folders = {name for drawing in drawings for name in FOLDER.findall(drawing)}
    return sorted(({*NAME.findall(text)} | folders) - READERS_OWN)


def is_there(name):
    return any(next(ROOT.glob(place + name), None) for place in PLACES)


@every_page
def test_paths_in_documents_are_there(page):
    assert [name for name in names(page) if not is_there(name)] == []


@every_page
def test_modules_in_documents_are_there(page):
    for name in MODULE.findall(page.read_text(encoding="utf-8")):
        assert pkgutil.resolve_name(name)


@every_page
def test_links_in_documents_lead_somewhere(page):
    for target, heading in LINK.findall(page.read_text(encoding="utf-8")):
        path = page.parent / target if target else page
        assert path.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
            assert heading in slugs, (target, heading)


def test_the_readme_leads_to_every_page():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    led_to = {ROOT / target for target, _ in LINK.findall(text)}
    assert {*(ROOT / "docs").glob("*.md")} <= led_to


def test_a_path_that_is_gone_is_found():
    assert is_there("api/machinery/registry.py")
    assert is_there("csrc/include/*_api.h")
    assert not is_there("api/no_such.py")
    assert "csrc/" in names(ROOT / "docs" / "architecture.md")
    assert "controllers/" in names(ROOT / "docs" / "cluster.md")


def prose_of_python(text: str) -> Iterator[str]:
    """Yield the docstrings and comments of a module."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def prose(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return "\n".join(prose_of_python(text))
    return "\n".join(re.findall(r"/\*.*?\*/", text, re.DOTALL))


def test_paths_in_docstrings_and_comments_are_there():
    gone = []
    for path in CODE:
        words = prose(path)
        named = {*NAME.findall(words), *PATH.findall(words)} - READERS_OWN - SOURCES
        gone += [
            f"{path.relative_to(ROOT)}: {name}" for name in sorted(named) if not is_there(name)
        ]
    assert gone == []
