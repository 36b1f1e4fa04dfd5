"""``pykube demo``: the main job on a synthetic cluster, with no input at all."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from pykube_core.cli import walkthrough
from pykube_core.cli.command_line import said_again
from pykube_core.cli.compare import check_outputs, run_comparison, show
from pykube_core.cli.generate import add_size
from pykube_core.words import counted
from pykube_core.workloads.contents import KUBECTL_COMMAND

DESCRIPTION = """\
Make a synthetic cluster, place its pods under six scheduling policies, and compare: a table here,
and curves and node maps in an HTML report. One of the policies is a Python function in a
file of its own; the last lines say how to make it yours.

"pykube demo walkthrough" follows a deployment through a whole cluster instead.
"""

EPILOG = """\
examples:
  pykube demo
  pykube demo --nodes 500 --pods 3000 --report small.html
  pykube demo walkthrough
"""

POLICIES = ("default", "most-allocated", "best-fit", "first-fit", "random")
NEXT = """\
Next:
  open {report}                                 curves, node maps, set-up
  {command}
  pykube compare --snapshot cluster.json                   the same for a cluster of your own
  pykube compare --snapshot cluster.json --replay          with arrivals and departures
  cp {example} mine.py
  pykube compare --snapshot cluster.json --policy default --policy mine.py:score
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("demo", help=help, description=DESCRIPTION, epilog=EPILOG)
    add_size(parser)
    parser.add_argument(
        "--report",
        metavar="FILE.html",
        default="pykube-demo.html",
        help="where the report goes (default: pykube-demo.html)",
    )
    parser.add_argument("--picture", metavar="FILE.svg", help="write a picture, too")
    walkthrough.add_parser(parser.add_subparsers(metavar="walkthrough", title="another demo"))
    parser.set_defaults(
        run=run,
        parser=parser,
        seeds=1,
        tie_break="random",
        jobs=1,
        output="table",
        timing=False,
    )


def run(options: argparse.Namespace) -> int:
    """Generate, compare, and say where to go from here."""
    check_outputs(options)
    from pykube_core.experiments.examples import EXAMPLE
    from pykube_core.workloads.synthetic import synthetic

    print(
        f"A synthetic cluster of {counted(options.nodes, 'node')}, and "
        f"{counted(options.pods, 'pod')} to place.\n",
        file=sys.stderr,
    )
    try:
        workload = synthetic(options.nodes, options.pods, options.seed)
    except ValueError as error:
        options.parser.error(str(error))
    command = said_again(options)
    options.policies = [*POLICIES, EXAMPLE]
    show(options, replace(run_comparison(options, workload), command=command))
    example, _, _ = EXAMPLE.rpartition(":")
    print(
        "\n" + NEXT.format(report=options.report, example=example, command=KUBECTL_COMMAND),
        end="",
        file=sys.stderr,
    )
    return 0
