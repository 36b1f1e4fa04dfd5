"""``pykube etcd``: an etcd for any etcd client."""

import argparse
from pathlib import Path


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "etcd",
        help="serve the etcd v3 API from an embedded store",
        description="Serve the etcd v3 API (gRPC) from an embedded store.",
    )
    parser.add_argument(
        "--listen", default="127.0.0.1:2379", metavar="HOST:PORT", help="default: %(default)s"
    )
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="data directory; without it: in memory"
    )
    parser.add_argument(
        "--sync",
        choices=["always", "interval"],
        default="always",
        help="when a write is acknowledged: after fdatasync (always), or after write (interval)",
    )
    parser.add_argument(
        "--quota-backend-bytes", type=int, default=0, metavar="N", help="refuse puts beyond this"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; return the exit code."""
    try:
        from pykube_core.serve.etcd.server import serve
    except ImportError as error:
        print(f"pykube etcd needs grpcio and protobuf: pip install 'pykube-core[etcd]' ({error})")
        return 2
    from pykube_core.store import OpenError

    try:
        return serve(
            args.listen, args.data_dir, sync=args.sync, quota_bytes=args.quota_backend_bytes
        )
    except OpenError as error:
        print(f"pykube etcd: {error}")
        return 1
