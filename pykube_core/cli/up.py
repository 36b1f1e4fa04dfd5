"""``pykube up``: a control plane on a port, for kubectl and every other client of Kubernetes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from pykube_core.apiserver.endpoints.access import Access
    from pykube_core.cluster.cluster import Cluster
    from pykube_core.serve.http.server import ControlPlaneServer

DESCRIPTION = """\
Start a control plane with simulated nodes: API server, scheduler, controllers, kubelets. Any client
of Kubernetes takes it for a cluster. It runs until it is interrupted.
"""

EPILOG = """\
examples:
  pykube up                                   three nodes, everything in memory
  pykube up --nodes 5000 --port 6443
  pykube up --data-dir ./data                 goes on where it was when it starts again
  pykube up --clock 60                        an hour passes in a minute
  kubectl --kubeconfig pykube.kubeconfig get nodes

needs uvicorn, in the directory of the sources: pip install '.[http]'
"""

_INSTALL: Final = "pip install 'pykube-core[http]'"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("up", help=help, description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument(
        "--nodes", metavar="N", type=int, help="simulated nodes of a new cluster (default: 3)"
    )
    parser.add_argument(
        "--port",
        metavar="P",
        type=int,
        default=0,
        help="where clients reach it on loopback; 0 takes a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--data-dir", metavar="DIR", type=Path, help="where it is kept; without: in memory"
    )
    parser.add_argument(
        "--kubeconfig",
        metavar="FILE",
        type=Path,
        default=Path("pykube.kubeconfig"),
        help="written for clients (default: %(default)s)",
    )
    parser.add_argument(
        "--clock",
        metavar="real|virtual|SPEED",
        default="real",
        help="real: the machine's; virtual: time jumps to what waits next; a number: so many times "
        "as fast (default: %(default)s)",
    )
    parser.add_argument(
        "--token-auth-file",
        metavar="FILE",
        type=Path,
        help='tokens of users as CSV lines: token,user,uid,"group1,group2"; without: nobody is '
        "asked",
    )
    parser.add_argument(
        "--authorization-mode",
        choices=("AlwaysAllow", "RBAC"),
        default="AlwaysAllow",
        help="RBAC needs --token-auth-file (default: %(default)s)",
    )
    parser.add_argument(
        "--without",
        metavar="PART,...",
        default="",
        help="parts that run elsewhere: kube-scheduler, kube-controller-manager, kubelet",
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of a new cluster")
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    speed = _speed(options)
    if options.authorization_mode == "RBAC" and options.token_auth_file is None:
        options.parser.error("argument --authorization-mode: RBAC needs --token-auth-file")
    try:
        from pykube_core.serve.http.server import ControlPlaneServer
    except ImportError as error:
        options.parser.error(f"{error}; {_INSTALL}")
    from pykube_core.api.machinery.errors import InputError
    from pykube_core.cluster.cluster import Cluster
    from pykube_core.serve.http.kubeconfig import write_kubeconfig
    from pykube_core.store import OpenError

    try:
        with Cluster(
            options.nodes,
            store=options.data_dir,
            clock=speed,
            seed=options.seed,
            without=[part for part in options.without.split(",") if part],
        ) as cluster:
            access, token = _access(options, cluster)
            server = ControlPlaneServer(cluster, port=options.port, access=access)
            write_kubeconfig(options.kubeconfig, server.url, token)
            server.run(lambda: _tell(server, options.kubeconfig))
    except (OpenError, InputError, OSError) as error:
        print(f"pykube up: error: {error}", file=sys.stderr)
        return 2
    return 0


def _speed(options: argparse.Namespace) -> Literal["wall", "virtual"] | float:
    text: str = options.clock
    if text == "real":
        return "wall"
    if text == "virtual":
        return "virtual"
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        options.parser.error(
            f"argument --clock: expected real, virtual or a number above 0, not {text!r}"
        )
    return speed


def _tell(server: ControlPlaneServer, kubeconfig: Path) -> None:
    print(f"control plane at {server.url}; stop it with Ctrl-C", flush=True)
    print(f"  export KUBECONFIG={kubeconfig.resolve()}", flush=True)
    print("  kubectl get nodes", flush=True)


def _access(options: argparse.Namespace, cluster: Cluster) -> tuple[Access | None, str]:
    """Return the access that the options ask for, and the first token of the file."""
    if options.token_auth_file is None:
        return None, ""

    from pykube_core.apiserver.auth.bootstrap_policy import ensure_policy
    from pykube_core.apiserver.auth.token_file import read_token_file
    from pykube_core.apiserver.endpoints.access import access_by_tokens

    users = read_token_file(options.token_auth_file)
    is_rbac = options.authorization_mode == "RBAC"
    if is_rbac:
        ensure_policy(cluster.server)
    access = access_by_tokens(cluster.server, cluster.clock, users, rbac=is_rbac)
    return access, next(iter(users))
