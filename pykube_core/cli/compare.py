"""``pykube compare``: scheduling policies compared on the user's own nodes and pods."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from pykube_core.cli.command_line import said_again
from pykube_core.cli.options import add_strict
from pykube_core.workloads.contents import KUBECTL_COMMAND

if TYPE_CHECKING:
    from pykube_core.reports.comparison import Comparison
    from pykube_core.workloads.model import Workload

DESCRIPTION = """\
Place the same pods on the same nodes under several scheduling policies, and show what came of it:
pods placed, allocation, nodes used, fragmentation, waiting times.

Input is a snapshot as kubectl writes it (JSON or YAML), kubectl cluster-info dump, a folder of
manifests, a velero backup, or the CSV files of the openb trace, packed (gzip, zstd, tar) or not;
the format is told by the content. Pods that are bound in the input are placed anew, but for those
that a DaemonSet or the node itself owns; --keep-bound leaves all of them where they are.
"""

EPILOG = f"""\
examples:
  {KUBECTL_COMMAND}
  pykube compare --snapshot cluster.json
  pykube compare --snapshot cluster.json --policy default --policy most-allocated --seeds 5
  pykube compare --snapshot cluster.json --policy config.yaml --policy mine.py:score
  pykube compare --nodes nodes.csv --pods pods.csv --replay --report report.html
  pykube compare --snapshot cluster.json --output json | jq '.policies[] | {{policy, metrics}}'

policies:
  default  most-allocated  requested-to-capacity-ratio  best-fit  worst-fit  dot-product
  first-fit  random  path.py:function for one of your own
  config.yaml, a KubeSchedulerConfiguration: each profile places the pods that name it, and that of
  default-scheduler (or else the first) the rest; config.yaml:PROFILE places all with one profile

What the snapshot lacks (kinds that were not fetched, nodes that are gone) is said in warnings and
does not end the run; --strict makes an error of it.

The same input and seeds give the same bytes on standard output and in the report. Real time is
not part of it: --timing adds it.
"""

# Repeated in experiments/compare.py, which is too heavy for a help text; a test compares them.
DEFAULT_POLICIES = "default, most-allocated, best-fit, dot-product, first-fit, random"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("compare", help=help, description=DESCRIPTION, epilog=EPILOG)
    given = parser.add_argument_group("input")
    for name, what in (
        ("--snapshot", "a file or folder with nodes and pods"),
        ("--nodes", "a file with nodes; - is standard input"),
        ("--pods", "a file with pods"),
    ):
        help = f"{what}; may be repeated"
        given.add_argument(name, metavar="FILE", action="append", default=[], help=help)
    given.add_argument("--keep-bound", action="store_true", help="leave bound pods where they are")
    add_strict(given)
    add_experiment(parser)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--arrivals-only", action="store_true", help="pods arrive and none departs (default)"
    )
    mode.add_argument(
        "--replay",
        action="store_true",
        help="honour creation and deletion times on a virtual clock; pending pods are retried",
    )
    parser.add_argument(
        "--shuffle",
        action="store_true",
        help="arrivals only: arrive in a random order drawn from the seed, not by creation time",
    )
    add_output(parser)
    parser.set_defaults(run=run, parser=parser)


def add_experiment(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is compared."""
    parser.add_argument(
        "--policy",
        metavar="NAME",
        dest="policies",
        action="append",
        help=f"a name, a file, or path.py:function; may be repeated (default: {DEFAULT_POLICIES})",
    )
    parser.add_argument(
        "--seeds", metavar="N", type=_positive, default=1, help="seeds 0 to N-1 (default: 1)"
    )
    parser.add_argument(
        "--tie-break",
        choices=("random", "first", "lexical"),
        default="random",
        help="which of equally good nodes is taken (default: random, as kube-scheduler does)",
    )
    parser.add_argument(
        "--percentage-of-nodes-to-score",
        metavar="N",
        type=_percentage,
        help="1 to 100; 0 for kube-scheduler's adaptive rule (default: what the profile says, "
        "else all nodes)",
    )
    parser.add_argument(
        "--jobs", metavar="N", type=_positive, default=1, help="runs at a time (default: 1)"
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where results go."""
    out = parser.add_argument_group("output")
    out.add_argument(
        "--output",
        choices=("table", "json", "csv"),
        default="table",
        help="what to print: table, json with curves, or csv with one row per run (default: table)",
    )
    out.add_argument("--report", metavar="FILE.html", help="write a self-contained HTML report")
    out.add_argument("--picture", metavar="FILE.svg", help="write a picture for a page or a slide")
    out.add_argument("--timing", action="store_true", help="include real time (pods per second)")


def run(options: argparse.Namespace) -> int:
    """Read, compare, print."""
    if not options.snapshot and not options.nodes:
        options.parser.error("give --snapshot FILE, or --nodes FILE with --pods FILE")
    if options.snapshot and options.nodes:
        options.parser.error("--snapshot and --nodes exclude each other")
    if options.shuffle and options.replay:
        options.parser.error("--shuffle and --replay exclude each other")
    from pykube_core.api.machinery.errors import InputError
    from pykube_core.workloads.read import read_workload

    check_outputs(options)
    paths = (*options.snapshot, *options.nodes, *options.pods)
    workload = read_workload(*paths, strict=options.strict)
    if not len(workload.pods):
        gone = workload.left_out is not None and len(workload.left_out)
        reason = "no Pod objects" + (" but on nodes that are not in the snapshot" if gone else "")
        sources = options.pods or options.snapshot or options.nodes
        raise InputError(reason, source=" + ".join(sources))
    result = run_comparison(options, workload)
    show(options, result)
    return 0


def run_comparison(options: argparse.Namespace, workload: Workload) -> Comparison:
    """Compare with a progress bar on stderr, if somebody is looking."""
    command = said_again(options)
    from concurrent.futures import ThreadPoolExecutor

    from pykube_core.cli.progress import Progress
    from pykube_core.experiments.compare import DEFAULT_POLICIES
    from pykube_core.reports.comparison import compare

    with ExitStack() as stack:
        pool = None
        if options.jobs > 1:
            # The engine releases the GIL, so threads do, and nothing has to be copied.
            pool = stack.enter_context(ThreadPoolExecutor(options.jobs))
        progress = stack.enter_context(Progress("placing pods"))
        result = compare(
            workload,
            options.policies or DEFAULT_POLICIES,
            seeds=options.seeds,
            replay=getattr(options, "replay", False),
            tie_break=options.tie_break,
            percentage_of_nodes_to_score=getattr(options, "percentage_of_nodes_to_score", None),
            keep_bound=getattr(options, "keep_bound", False),
            shuffle=getattr(options, "shuffle", False),
            executor=pool,
            progress=progress,
            timing=options.timing,
        )
    return replace(result, command=command)


def show(options: argparse.Namespace, result: Comparison) -> None:
    """Print the result and write the files asked for."""
    for warning in result.warnings:
        print(f"pykube: warning: {warning}", file=sys.stderr)
    if options.output == "json":
        sys.stdout.write(result.to_json())
    elif options.output == "csv":
        sys.stdout.write(result.to_csv())
    else:
        print(result)
    print(f"\n{result.speed()}", file=sys.stderr)
    if options.report:
        result.report(options.report)
        print(f"report: {options.report}", file=sys.stderr)
    if options.picture:
        from pykube_core.reports import write_picture

        write_picture(result, options.picture)
        print(f"picture: {options.picture}", file=sys.stderr)


def check_outputs(options: argparse.Namespace) -> None:
    """Find out before minutes of work whether their result has a place to go.

    Raises
    ------
    InputError
        A name ends like that of a format that is not written.
    OSError
        Nothing can be written there.
    """
    from pykube_core.files import check_writable
    from pykube_core.reports import PICTURE_SUFFIXES, REPORT_SUFFIXES, check_suffix

    for path, what, suffixes in (
        (options.report, "a report", REPORT_SUFFIXES),
        (options.picture, "a picture", PICTURE_SUFFIXES),
    ):
        if path:
            check_suffix(path, what, suffixes)
            check_writable(path)


def _percentage(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 100):
        raise argparse.ArgumentTypeError(f"expected 0 to 100, not {text!r}")
    return int(text)


def _positive(text: str) -> int:
    """Return a number of at least 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)
