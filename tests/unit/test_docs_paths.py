"""What the documents name is there: files, folders, modules, and the ends of links."""

import pkgutil
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    {ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "findings").glob("*.md")}
)
# Where the documents' short names begin: `workloads/read/_lacks.py`, `rollout.py`, `survey.c`.
PLACES = [
    *("", "core/*/", "csrc/", "csrc/*/", "csrc/*/*/", "benchmarks/", "tests/", "tests/*/"),
    *("core/", "pykube_core/", "pykube_core/*/", "pykube_core/*/*/"),
]
SUFFIXES = r"(?:py|pyi|c|h|inc|md|toml|lock|sh|svg)"
NAME = re.compile(rf"`([\w.*/-]*\w\.{SUFFIXES}|[\w*-][\w.*/-]*/)(?:::\w+)?`")
FOLDER = re.compile(r"(?:^|[\s(])([a-z]\w*(?:/\w+)*/)(?=\s)", re.MULTILINE)
MODULE = re.compile(r"`(pykube_core(?:\.\w+)*\.[a-z]\w*)")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")
# What the reader names as he likes.
READERS_OWN = {"mine.py", "leave_room.py"}

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
