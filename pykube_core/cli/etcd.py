"""``pykube etcd``: an etcd for any etcd client."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

DESCRIPTION = """\
Serve the etcd v3 API (gRPC: KV, Watch, Lease, Cluster, Maintenance) from an embedded store, for
etcdctl, kube-apiserver and any other client of etcd. It runs until it is interrupted.
"""

EPILOG = """\
examples:
  pykube etcd --data-dir ./data
  pykube etcd --listen 0.0.0.0:2379                    everything in memory
  etcdctl --endpoints 127.0.0.1:2379 put hello world

needs grpcio and protobuf, in the directory of the sources: pip install '.[etcd]'
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser], help: str) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("etcd", help=help, description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        default="127.0.0.1:2379",
        help="where clients reach it; port 0 takes a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--data-dir", metavar="DIR", type=Path, help="where it is kept; without: in memory"
    )
    parser.add_argument(
        "--sync",
        choices=["always", "interval"],
        default="always",
        help="acknowledge a write after fdatasync, or after write (default: %(default)s)",
    )
    parser.add_argument(
        "--quota-backend-bytes",
        metavar="N",
        type=int,
        default=0,
        help="refuse puts while keys and versions take more (default: no quota)",
    )
    parser.set_defaults(run=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    try:
        from pykube_core.serve.etcd.server import serve
    except ImportError as error:
        from pykube_core.store import INSTALL_ETCD

        options.parser.error(f"{error}; {INSTALL_ETCD}")
    from pykube_core.store import OpenError

    try:
        return serve(
            options.listen,
            options.data_dir,
            sync=options.sync,
            quota_bytes=options.quota_backend_bytes,
        )
    except (OpenError, RuntimeError) as error:
        print(f"pykube etcd: error: {error}", file=sys.stderr)
        return 2
