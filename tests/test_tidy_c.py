"""The C library is tidy: no circle of files, no dead declaration, short files and functions."""

import re
from collections import defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

CSRC = Path(__file__).parents[1] / "csrc"
LAYERS = {
    "include": (),
    "common": ("include",),
    "documents": ("common",),
    "wal": ("common",),
    "store": ("wal",),
    "engine/state": ("common",),
    "engine/decode": ("engine/state",),
    "engine/kernels": ("engine/state",),
    "engine/rules": ("engine/kernels",),
    "engine/cycle": ("engine/rules",),
    "engine": ("engine/cycle", "engine/decode"),
}
"""Each folder of the library with those right below it."""

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 500
LINE_COLUMNS_MAX = 100
HEADS = re.compile(r"^(?=[a-z])(?!typedef|else|return)([\w* ]+?\**)\b(\w+)\(")
INCLUDE = re.compile(r'^#include "([\w./]+)"', re.M)


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def code_of(path: Path) -> str:
    """Return a file without comments and strings; lines stay."""
    text = re.sub(
        r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", "", m.group()), text_of(path), flags=re.S
    )
    return re.sub(r"(?m)^(?!#include)(.*)$", lambda m: re.sub(r'"(\\.|[^"\\])*"', '""', m[1]), text)


def files(*patterns: str) -> list[Path]:
    found = [p for pattern in patterns for p in CSRC.glob(pattern) if "build" not in p.parts]
    assert found
    return sorted(found)


def library() -> list[Path]:
    return [p for folder in LAYERS for p in files(f"{folder}/*.[ch]")]


def everything() -> list[Path]:
    return files("**/*.[ch]", "**/*.inc")


def folder_of(path: Path) -> str:
    return path.parent.relative_to(CSRC).as_posix()


def unit_of(path: Path) -> str:
    """Return the name that a source and its header share."""
    return path.relative_to(CSRC).with_suffix("").as_posix()


def below(folder: str) -> set[str]:
    """Return the folders that a folder may use, itself too."""
    return {folder}.union(*(below(lower) for lower in LAYERS[folder]))


def functions(path: Path) -> list[tuple[str, str, int]]:
    """Return what stands in front of each function that is defined, its name, and its lines."""
    lines = code_of(path).split("\n")
    found = []
    for start, line in enumerate(lines):
        head = HEADS.match(line)
        if head is None:
            continue
        at = start
        while at < len(lines) and not re.search(r"[;{]\s*$", lines[at]):
            at += 1
        if at == len(lines) or lines[at].rstrip().endswith(";"):
            continue
        end = next(i for i in range(at, len(lines)) if lines[i].startswith("}"))
        found.append((head[1], head[2], end - start + 1))
    return found


def external_functions() -> dict[str, Path]:
    """Return where each function with external linkage is defined."""
    return {
        name: path
        for path in library()
        if path.suffix == ".c"
        for prefix, name, _ in functions(path)
        if "static" not in prefix
    }


def rows_of_the_table() -> dict[str, Path]:
    row = re.compile(r"^const rule (?:\*const )?(pkc_\w+)", re.M)
    return {name: p for p in files("engine/rules/*.c") for name in row.findall(code_of(p))}


def public_names() -> set[str]:
    text = "\n".join(code_of(p) for p in files("include/*_api.h"))
    return set(re.findall(r"\b(pkc_\w+)\(", text))


def words_of(path: Path) -> set[str]:
    return set(re.findall(r"\w+", code_of(path)))


def outside_users() -> str:
    python = (CSRC.parent / "core").rglob("*.py")
    return "\n".join(p.read_text(encoding="utf-8") for p in python)


def test_files_are_short_and_lines_narrow():
    long = [
        f"{unit_of(p)}: {len(text_of(p).splitlines())} lines"
        for p in everything()
        if len(text_of(p).splitlines()) > FILE_LINES_MAX
    ]
    wide = [
        f"{p.relative_to(CSRC)}:{i}"
        for p in everything()
        for i, line in enumerate(text_of(p).splitlines(), 1)
        if len(line) > LINE_COLUMNS_MAX
    ]
    assert long + wide == []


def test_functions_are_short():
    long = [
        f"{p.relative_to(CSRC)}: {name} has {lines} lines"
        for p in everything()
        for _, name, lines in functions(p)
        if lines > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_the_checks_see_the_functions_of_the_library():
    defined = external_functions()
    assert public_names() <= defined.keys()
    assert len(defined) > 150
    assert sum(len(functions(p)) for p in library()) > 500


def test_folders_include_only_what_is_below_them():
    up = []
    for path in library():
        allowed = below(folder_of(path))
        for name in INCLUDE.findall(code_of(path)):
            target = CSRC / name if (CSRC / name).exists() else CSRC / "include" / name
            if folder_of(target) not in allowed:
                up.append(f"{path.relative_to(CSRC)} includes {name}")
    assert up == []


def uses() -> dict[str, set[str]]:
    """Return the units that each unit needs, by its includes and by the functions that it names."""
    defined = external_functions() | rows_of_the_table()
    graph: dict[str, set[str]] = defaultdict(set)
    for path in library():
        unit = unit_of(path)
        graph[unit] |= {unit_of(defined[w]) for w in words_of(path) & defined.keys()}
        if path.suffix == ".c":
            names = [n for n in INCLUDE.findall(code_of(path)) if n.endswith(".h")]
            graph[unit] |= {unit_of(CSRC / n) for n in names if (CSRC / n).exists()}
        graph[unit].discard(unit)
    return graph


def test_files_form_no_circle():
    graph = uses()
    for header in (unit for unit in graph if not (CSRC / f"{unit}.c").exists()):
        graph[header] = set()  # a header alone declares what others define
    # The table names its rows; a row knows the table's header, not the table.
    for unit in graph:
        if unit.startswith("engine/rules/"):
            graph[unit].discard("engine/rules/table")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        raise AssertionError(f"a circle of files: {circle.args[1]}") from None


def test_files_call_only_what_is_below_their_folder():
    up = [
        f"{unit} uses {target}"
        for unit, targets in uses().items()
        for target in targets
        if folder_of(CSRC / target) not in below(folder_of(CSRC / unit)) | {"include"}
        and (CSRC / f"{unit}.c").exists()
    ]
    assert up == []


def test_every_function_with_external_linkage_begins_with_pkc():
    assert [name for name in external_functions() if not name.startswith("pkc_")] == []


def test_every_external_function_is_declared_in_its_own_header_or_the_public_one():
    public = public_names()
    stray = [
        f"{path.relative_to(CSRC)}: {name}"
        for name, path in external_functions().items()
        if name not in public
        and (not path.with_suffix(".h").exists() or name not in words_of(path.with_suffix(".h")))
    ]
    assert stray == []


def test_every_declaration_is_used():
    python = set(re.findall(r"\w+", outside_users()))
    definitions = external_functions()
    used_by: dict[str, set[str]] = defaultdict(set)
    for path in library():
        for word in words_of(path):
            used_by[word].add(unit_of(path))
    tests = {w for p in files("tests/*.[ch]", "fuzz/*.c", "bench/*.c") for w in words_of(p)}
    public = public_names()
    dead = []
    for name, path in definitions.items():
        others = used_by[name] - {unit_of(path)} - {f for f in used_by[name] if "include" in f}
        for_tests = name in tests and (name in public or path.stem == "crc32c")
        if not (others or name in python or for_tests):
            dead.append(f"{path.relative_to(CSRC)}: {name} is used nowhere else")
    for path in (p for p in library() if p.suffix == ".h"):
        code = code_of(path)
        names = set(re.findall(r"^\s+([A-Z]\w+) =", code, re.M))
        names |= set(re.findall(r"^#define (\w+)", code, re.M))
        names |= {n for _, n, _ in functions(path)}
        counted = defaultdict(int)
        for other in [*library(), *files("**/*.inc", "tests/*.[ch]", "fuzz/*.c")]:
            for word in re.findall(r"\w+", code_of(other)):
                counted[word] += 1
        dead += [
            f"{path.relative_to(CSRC)}: {name}"
            for name in sorted(names)
            if counted[name] < 2 and name not in python and not name.endswith("_H")
        ]
    assert dead == []
