"""``pykube generate``: a synthetic cluster as a snapshot file."""

from __future__ import annotations

import argparse
import sys

from pykube_core.workloads.contents import KUBECTL_COMMAND

DESCRIPTION = """\
Write a synthetic cluster, nodes and pending pods, as a snapshot file: what kubectl would print for
it, and what pykube compare --snapshot reads. The same options give the same bytes.
"""

EPILOG = f"""\
examples:
  pykube generate cluster.json
  pykube generate --nodes 500 --pods 3000 --seed 7 small.json.gz
  pykube generate cluster.json && pykube compare --snapshot cluster.json --replay

a snapshot of a real cluster:
  {KUBECTL_COMMAND}
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("generate", help=help, description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("file", metavar="FILE", help="where to write; packed if it ends in .gz")
    add_size(parser)
    parser.add_argument(
        "--load",
        metavar="SHARE",
        type=float,
        default=0.95,
        help="cpu requested over cpu allocatable (default: 0.95)",
    )
    parser.set_defaults(run=run, parser=parser)


def add_size(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how large the cluster is."""
    parser.add_argument("--nodes", metavar="N", type=int, default=5000, help="(default: 5000)")
    parser.add_argument("--pods", metavar="N", type=int, default=20000, help="(default: 20000)")
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="draws the cluster (default: 0)"
    )


def run(options: argparse.Namespace) -> int:
    """Generate and write."""
    from pykube_core.files import check_writable

    check_writable(options.file)
    from pykube_core.words import counted
    from pykube_core.workloads.synthetic import synthetic
    from pykube_core.workloads.write import write_snapshot

    try:
        workload = synthetic(options.nodes, options.pods, options.seed, load=options.load)
    except ValueError as error:
        options.parser.error(str(error))
    write_snapshot(workload, options.file)
    print(
        f"{options.file}: {counted(len(workload.nodes), 'node')}, "
        f"{counted(len(workload.pods), 'pod')}",
        file=sys.stderr,
    )
    return 0
