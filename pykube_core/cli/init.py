"""``pykube init``: a cluster in a data directory."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pykube_core.cli.options import add_data_dir, data_dir
from pykube_core.words import counted

if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION = """\
Make a cluster in a data directory: its nodes join, the pods of kube-system start, and all of it is
kept in a versioned store. Time in it is virtual: it passes only while a command has something to
do, and hours of it take no time.
"""

EPILOG = """\
examples:
  pykube init                                       a master ken, and the nodes host1 and host2
  pykube init --master ken --node host1 --node host2
  pykube init --nodes 5000                          many nodes, and no pods in kube-system
  pykube init --nodes 10 --data-dir ./cluster

exit codes: 0 made, 2 bad usage, or the directory is not empty
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("init", help=help, description=DESCRIPTION, epilog=EPILOG)
    add_data_dir(parser)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--nodes", metavar="N", type=int, help="how many nodes")
    group.add_argument(
        "--node",
        metavar="NAME",
        dest="names",
        action="append",
        default=[],
        help="a node; may be repeated",
    )
    parser.add_argument(
        "--master",
        metavar="NAME",
        help="a node that runs the control plane in pods of kube-system (default: ken, and none "
        "with --nodes or --node)",
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="of names and addresses (default: 0)"
    )
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Make the cluster, and say what is next."""
    from pykube_core.api.machinery.errors import InputError
    from pykube_core.cli.data_dir import MASTER, NODES, is_occupied, made, settle

    path: Path = data_dir(options)
    if is_occupied(path):
        raise InputError(
            "there is something here already; name another --data-dir", source=str(path)
        )
    if options.nodes is not None and options.nodes < 1:
        options.parser.error(f"--nodes: {options.nodes} is no number of nodes")
    given = options.names or options.nodes
    nodes = given or NODES
    master = MASTER if options.master is None and not given else options.master or ""
    with made(path, nodes, master, options.seed) as cluster:
        settle(cluster)
        count = len(cluster.list("nodes"))
    print(f"{path}: a cluster of {counted(count, 'node')}; next: pykube get nodes")
    return 0
