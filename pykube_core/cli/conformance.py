"""``pykube conformance``: recordings of real Kubernetes against ours."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from pykube_core.words import counted

if TYPE_CHECKING:
    from pykube_core.experiments.conformance import ScenarioReport
    from pykube_core.scheduler.placer.scheduler import EngineFactory

DESCRIPTION = """\
Run recorded scenarios of kube-scheduler and compare every decision: who was refused by which plugin
and why, which nodes fit, every score, the nodes of the best score, where the pod went, the text of
the event, and what preemption did. A decision agrees only if every recorded field does.

Play recorded control planes: the same requests, commands and doings of kubelets, one after the
other, on a virtual clock, and compare answers, objects, events and every change.

A scenario or a record is a JSON file, packed or not; folders are searched through. Fields are
described in README.md beside those in tests/conformance of the source tree.
"""

EPILOG = """\
examples:
  pykube conformance tests/conformance/kube-scheduler-v1.34.1
  pykube conformance tests/conformance/kube-scheduler-v1.34.1/topology-spread --show 20
  pykube conformance scenario.json.gz --json | jq .differences

exit codes: 0 all decisions agree, 1 some do not, 2 bad usage or input
"""

_BESIDE: Final = "extra"
"""The folder with what was recorded beside records of control planes."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("conformance", help=help, description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("paths", metavar="PATH", nargs="+", help="scenario files or folders")
    parser.add_argument(
        "--show",
        metavar="N",
        type=int,
        default=10,
        help="how many disagreements to show (default: 10)",
    )
    parser.add_argument(
        "--engine",
        choices=("c", "twin"),
        default="c",
        help="c (default), or its slow twin in plain Python",
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON document; the last line goes to stderr"
    )
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Run the recordings and print what came of them."""
    from pykube_core.experiments.conformance import find_scenarios, read_scenario, run_scenario
    from pykube_core.experiments.records import is_record

    if options.show < 0:
        options.parser.error("argument --show: must not be negative")
    engine = _engine(options.engine)
    paths = find_scenarios(options.paths)
    records = [path for path in paths if is_record(path)]
    if records:
        others = [path for path in paths if path not in records and _BESIDE not in path.parts]
        return _run_with_records(options, records, others)
    reports = [run_scenario(read_scenario(path), engine) for path in paths]
    if options.json:
        print(json.dumps(_document(reports, options.show), ensure_ascii=False))
    else:
        _print(reports, options.show)
    summary = _summary(reports)
    sys.stdout.flush()
    print(
        f"decisions: {summary['decisions_agreed']} of {summary['decisions']} agree, "
        f"scenarios: {summary['scenarios_agreed']} of {summary['scenarios']}",
        file=sys.stderr if options.json else sys.stdout,
    )
    return 0 if all(report.agrees for report in reports) else 1


def _run_with_records(options: argparse.Namespace, records: list[Path], others: list[Path]) -> int:
    """Play records of control planes, and run scenarios besides."""
    from pykube_core.cli.conformance_records import document, played, print_reports
    from pykube_core.experiments.conformance import read_scenario, run_scenario

    engine = _engine(options.engine)
    scenarios = [run_scenario(read_scenario(path), engine) for path in others]
    reports = played(records)
    if options.json:
        found = document(reports, options.show)
        found |= {"scenarios": _document(scenarios, options.show)} if scenarios else {}
        print(json.dumps(found, ensure_ascii=False))
    else:
        if scenarios:
            _print(scenarios, options.show)
        print_reports(reports, options.show)
    outcomes = [*(each.agrees for each in scenarios), *(each.agrees for each in reports)]
    agreed = sum(outcomes)
    sys.stdout.flush()
    print(
        f"records: {agreed} of {len(outcomes)} agree",
        file=sys.stderr if options.json else sys.stdout,
    )
    return 0 if all(outcomes) else 1


def _engine(name: str) -> EngineFactory:
    if name == "twin":
        from _pykube_hotcore.slow import SlowEngine

        # It has all of Engine's methods and none of its code.
        return cast("EngineFactory", SlowEngine)
    from _pykube_hotcore.native import Engine

    return Engine


def _summary(reports: list[ScenarioReport]) -> dict[str, int]:
    return {
        "decisions": sum(r.decisions for r in reports),
        "decisions_agreed": sum(r.agreed for r in reports),
        "scenarios": len(reports),
        "scenarios_agreed": sum(r.agrees for r in reports),
    }


def _families(reports: list[ScenarioReport]) -> dict[str, list[ScenarioReport]]:
    families: dict[str, list[ScenarioReport]] = {}
    for report in reports:
        families.setdefault(report.family, []).append(report)
    return families


def _document(reports: list[ScenarioReport], show: int) -> dict[str, Any]:
    differences = [asdict(d) for report in reports for d in report.differences]
    return {
        **_summary(reports),
        "families": {name: _summary(some) for name, some in _families(reports).items()},
        "difference_count": len(differences),
        "differences": differences[:show],
    }


def _print(reports: list[ScenarioReport], show: int) -> None:
    families = _families(reports)
    width = max(len("family"), *(len(name) for name in families))
    print(f"{'family':{width}}  {'scenarios':>13}  {'decisions':>15}")
    for name, some in families.items():
        s = _summary(some)
        scenarios = f"{s['scenarios_agreed']} of {s['scenarios']}"
        decisions = f"{s['decisions_agreed']} of {s['decisions']}"
        print(f"{name:{width}}  {scenarios:>13}  {decisions:>15}")
    # The first of each decision: what follows in it mostly follows from it.
    first = {(d.scenario, d.pod): d for r in reports for d in reversed(r.differences)}
    shown = [d for r in reports for d in r.differences if first[d.scenario, d.pod] is d][:show]
    if shown:
        print(f"\nfirst disagreements ({len(shown):,} of {counted(len(first), 'decision')}):")
    for d in shown:
        where = f"{d.field} of {d.node}" if d.node else d.field
        print(f"  {d.scenario}  {d.pod}  {where}")
        print(f"    expected {_text(d.expected)}")
        print(f"    got      {_text(d.got)}")
    print()


def _text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 400 else f"{text[:397]}..."
