"""The data directory that holds a cluster: looked at, or opened to go on.

A reading command opens the store alone, and shows the cluster as it stands; its time is that of its
newest object. A changing command opens the `Cluster`, which goes on from there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pykube_core.api.errors import InputError
from pykube_core.apiserver import ApiServer
from pykube_core.cli.options import DATA_DIR_VARIABLE, data_dir
from pykube_core.cli.progress import Progress
from pykube_core.cluster.cluster import Cluster
from pykube_core.cluster.history import last_time_ns
from pykube_core.store import LockedError, OpenError, Store

MASTER: Final = "ken"
NODES: Final = ("host1", "host2")


class Reading:
    """A cluster that is looked at and not touched.

    Attributes
    ----------
    store : Store
        Open for reading only.
    server : ApiServer
        To read through; its writes fail.
    now_ns : int
        The cluster's time when it was left: ages count up to here.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now_ns = last_time_ns(store)
        self.server = ApiServer(store, clock=lambda: self.now_ns)


@contextmanager
def reading(options: argparse.Namespace) -> Iterator[Reading]:
    """Open the cluster of a data directory for reading.

    Raises
    ------
    InputError
        There is none, or another process has it open.
    """
    path = data_dir(options)
    if not holds_cluster(path):
        hint = f"make one with pykube init, or say where it is with --data-dir or ${DATA_DIR_VARIABLE}"
        raise InputError(f"no cluster here; {hint}", source=str(path))
    with _open_errors(path), Store(path, read_only=True) as store:
        yield Reading(store)


@contextmanager
def changing(options: argparse.Namespace) -> Iterator[Cluster]:
    """Open the cluster of a data directory to change it; where there is none, one is made.

    Raises
    ------
    InputError
        Another process has it open, or it cannot be opened.
    """
    path = data_dir(options)
    if not holds_cluster(path):
        nodes = f"master {MASTER}, nodes {' and '.join(NODES)}"
        print(f"pykube: a new cluster in {path}: {nodes} (see pykube init)", file=sys.stderr)
        with made(path, NODES, MASTER) as cluster:
            settle(cluster)
            yield cluster
        return
    with _open_errors(path), Cluster(store=path) as cluster:
        yield cluster


@contextmanager
def made(path: Path, nodes: int | Sequence[str], master: str, seed: int = 0) -> Iterator[Cluster]:
    """Make a cluster in a directory that holds none."""
    with _open_errors(path), Cluster(nodes, master=master, store=path, seed=seed) as cluster:
        yield cluster


def holds_cluster(path: Path) -> bool:
    """Say whether a directory has anything in it."""
    return path.is_dir() and any(path.iterdir())


def settle(cluster: Cluster, seconds: float | None = None) -> bool:
    """Let a cluster run until nothing is left to do; return whether that came to be.

    A bar shows how many of its pods run, on a terminal.

    Parameters
    ----------
    seconds : float, optional
        Of the cluster's time; it is not waited for longer.
    """
    with Progress("pods running") as progress:
        return cluster.settle(seconds, progress)


@contextmanager
def _open_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except LockedError:
        why = "another process has the cluster open; end it, or name another directory"
        raise InputError(why, source=str(path)) from None
    except OpenError as error:
        raise InputError(str(error)) from None
