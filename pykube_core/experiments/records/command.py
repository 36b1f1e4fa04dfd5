"""Outcomes of kubectl commands against recorded ones."""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.experiments.records.comparing import Difference, difference
from pykube_core.experiments.records.stage import Stage

_GAP: Final = re.compile(r" {2,}")
_AGE: Final = re.compile(r"^(\d+[smhdy])+$|^<unknown>$")
_SINCE: Final = re.compile(r"\b(\d+[smhdy])+ ago\b")


class Ran(NamedTuple):
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


def compare_command(step: KubeObject, ran: Ran, stage: Stage) -> Difference | None:
    """Return the first difference between a step of a record and a command that ran."""
    names = stage.names
    err = names.text(ran.err)
    if ran.code != step["rc"]:
        return Difference("rc", step["rc"], [ran.code, err])
    found = difference(step["stderr"], err, "stderr")
    wanted = step.get("stdout")
    if found is not None or wanted is None or "stdout" in step.get("nondeterministic", ()):
        return found
    if "tables" in wanted:
        tables: Json = names.value(read_tables(ran.out))
        expected = wanted["tables"]
        if step.get("stdout_row_order") == "varies":
            expected, tables = _sorted(expected), _sorted(tables)
        return difference(_aged(expected), _aged(tables), "stdout")
    if "json" in wanted:
        try:
            given = json.loads(ran.out)
        except ValueError:
            return Difference("stdout", wanted["json"], ran.out)
        return difference(wanted["json"], names.value(given), "stdout")
    text = _SINCE.sub("<age> ago", names.text(ran.out))
    return difference(_SINCE.sub("<age> ago", wanted.get("text", "")), text, "stdout")


def read_tables(text: str) -> list[Json]:
    """Return the tables that a ``get`` printed, one between two empty lines each."""
    tables: list[Json] = []
    for block in text.strip("\n").split("\n\n"):
        lines = block.split("\n")
        starts = [0, *(found.end() for found in _GAP.finditer(lines[0].rstrip()))]
        rows = [_cells(line, starts) for line in lines if line]
        if rows:
            tables.append({"columns": rows[0], "rows": rows[1:]})
    return tables


def _cells(line: str, starts: list[int]) -> list[Json]:
    ends = [*starts[1:], len(line) + 1]
    return [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _aged(tables: Json) -> Json:
    """Return tables without ages."""
    out = []
    for table in tables:
        at = [n for n, column in enumerate(table["columns"]) if column in ("AGE", "LAST SCHEDULE")]
        rows = [
            ["<age>" if n in at and _AGE.match(str(cell)) else cell for n, cell in enumerate(row)]
            for row in table["rows"]
        ]
        rows = [[_SINCE.sub("<age> ago", cell) for cell in row] for row in rows]
        out.append({"columns": table["columns"], "rows": rows})
    return out


def _sorted(tables: Json) -> Json:
    return [table | {"rows": sorted(table["rows"])} for table in tables]
