"""Reports of ``pykube conformance`` on records of control planes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from pykube_core.experiments.records import (
    KINDS,
    Kubectl,
    Record,
    RecordReport,
    play,
    read_record,
)
from pykube_core.words import counted


def played(paths: Sequence[Path]) -> list[RecordReport]:
    """Play the records in files; commands by a kubectl of the recorded version, where there is."""
    records = [read_record(path) for path in paths]
    with _kubectl(records) as kubectl:
        return [play(record, kubectl) for record in records]


def _kubectl(records: Sequence[Record]) -> AbstractContextManager[Kubectl | None]:
    try:
        from pykube_core.serve.http.kubectl import KubectlBinary, find_kubectl
    except ImportError:
        return nullcontext()
    versions = [version for record in records if (version := record.versions.get("kubectl"))]
    minor = ".".join(max(versions, default="v").removeprefix("v").split(".")[:2])
    found = find_kubectl(minor)
    return nullcontext() if found is None else KubectlBinary(found)


def document(reports: Sequence[RecordReport], show: int) -> dict[str, Any]:
    """Return reports as one JSON value."""
    disagreements = [each for report in reports for each in report.disagreements]
    return {
        "records": len(reports),
        "records_agreed": sum(report.agrees for report in reports),
        "agreed": {kind: _total(reports, kind)[0] for kind in KINDS},
        "compared": {kind: _total(reports, kind)[1] for kind in KINDS},
        "by_record": {report.label: report.counts for report in reports},
        "difference_count": len(disagreements),
        "differences": [
            {
                "record": each.record,
                "kind": each.kind,
                "of": each.what,
                "path": each.difference.path,
                "expected": each.difference.expected,
                "got": each.difference.got,
            }
            for each in disagreements[:show]
        ],
    }


def print_reports(reports: Sequence[RecordReport], show: int) -> None:
    """Print a table of the records, and the first disagreements."""
    width = max(len("record"), *(len(report.label) for report in reports))
    print(f"{'record':{width}}" + "".join(f"  {kind:>11}" for kind in KINDS))
    for report in reports:
        cells = [_cell(report.counts[kind]) for kind in KINDS]
        print(f"{report.label:{width}}" + "".join(f"  {cell:>11}" for cell in cells))
    cells = [_cell(_total(reports, kind)) for kind in KINDS]
    print(f"{'all':{width}}" + "".join(f"  {cell:>11}" for cell in cells))
    disagreements = [each for report in reports for each in report.disagreements]
    if disagreements[:show]:
        count = counted(len(disagreements), "disagreement")
        print(f"\nfirst disagreements ({min(show, len(disagreements)):,} of {count}):")
    for each in disagreements[:show]:
        print(f"  {each.record}  {each.kind}  {each.what}  {each.difference.path}")
        print(f"    expected {_text(each.difference.expected)}")
        print(f"    got      {_text(each.difference.got)}")
    print()


def _total(reports: Sequence[RecordReport], kind: str) -> list[int]:
    return [sum(report.counts[kind][at] for report in reports) for at in (0, 1)]


def _cell(counts: Sequence[int]) -> str:
    return f"{counts[0]} of {counts[1]}" if counts[1] else "-"


def _text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 400 else f"{text[:397]}..."
