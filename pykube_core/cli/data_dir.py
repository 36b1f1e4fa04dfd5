"""The data directory that holds a cluster: looked at, or opened to go on.

A reading command opens the store alone, and shows the cluster as it stands; its time is that of its
newest object. A changing command opens the `Cluster`, which goes on from there, and only it needs
the modules of the components.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from pykube_core.api.core import PODS
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.times import NANO
from pykube_core.apiserver import ApiServer
from pykube_core.cli.options import DATA_DIR_VARIABLE, TIMEOUT_SECONDS, data_dir
from pykube_core.cli.progress import Progress
from pykube_core.client.informers import Deleted, SharedInformer
from pykube_core.cluster.history import last_time_ns
from pykube_core.cluster.settings import load_settings
from pykube_core.store import (
    FailedError,
    LockedError,
    NoSpaceError,
    OpenError,
    QuotaError,
    Store,
)
from pykube_core.words import counted

if TYPE_CHECKING:
    from pykube_core.cluster.cluster import Cluster

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
    if not is_occupied(path):
        raise _no_cluster(path)
    with _open_errors(path), Store(path, read_only=True) as store:
        _check_cluster(path, store)
        yield Reading(store)


@contextmanager
def changing(options: argparse.Namespace, *, make: bool) -> Iterator[Cluster]:
    """Open the cluster of a data directory to change it.

    Parameters
    ----------
    make : bool
        Make a cluster where there is nothing.

    Raises
    ------
    InputError
        There is none, another process has it open, or it cannot be opened.
    """
    from pykube_core.cluster.cluster import Cluster

    path = data_dir(options)
    if not is_occupied(path):
        if not make:
            raise _no_cluster(path)
        with made(path, NODES, MASTER) as cluster:
            nodes = f"master {MASTER}, nodes {' and '.join(NODES)}"
            print(f"pykube: a new cluster in {path}: {nodes} (see pykube init)", file=sys.stderr)
            settle(cluster)
            yield cluster
        return
    with _open_errors(path):
        with Store(path, read_only=True) as store:
            _check_cluster(path, store)
        with Cluster(store=path) as cluster:
            yield cluster


@contextmanager
def made(path: Path, nodes: int | Sequence[str], master: str, seed: int = 0) -> Iterator[Cluster]:
    """Make a cluster in a directory that has nothing in it, and still has if that fails."""
    from pykube_core.cluster.cluster import Cluster

    existed = path.is_dir()
    with _open_errors(path):
        try:
            cluster = Cluster(nodes, master=master, store=path, seed=seed)
        except OpenError:
            raise
        except BaseException:
            for file in path.iterdir():
                file.unlink()
            if not existed:
                path.rmdir()
            raise
        with cluster:
            yield cluster


def is_occupied(path: Path) -> bool:
    """Say whether a directory has anything in it."""
    return path.is_dir() and any(path.iterdir())


def _no_cluster(path: Path) -> InputError:
    hint = f"say where one is with --data-dir or ${DATA_DIR_VARIABLE}"
    return InputError(f"no cluster here; make one with pykube init, or {hint}", source=str(path))


def _check_cluster(path: Path, store: Store) -> None:
    """Refuse a store that holds something else, or what was left of an ``init`` that was killed."""
    if load_settings(store) is None:
        why = "a store without a cluster; name another --data-dir"
        raise InputError(why, source=str(path))


def settle(cluster: Cluster, seconds: float = TIMEOUT_SECONDS) -> bool:
    """Let a cluster run until nothing is left to do; return whether that came to be.

    On a terminal, a bar shows how many of its pods run.

    Parameters
    ----------
    seconds : float
        Of the cluster's time; it runs no longer.
    """
    until_ns = cluster.clock() + round(seconds * NANO)
    with Progress("pods running") as progress:
        shown = _PodCount(cluster.log, progress) if progress.shown else None
        cluster.loop.run(until_ns=until_ns, condition=shown, quiescent=True)
    return not cluster.loop.working


def run_on(cluster: Cluster, options: argparse.Namespace) -> int:
    """Let a cluster settle after a change, unless ``--wait=false``; return the exit code.

    A cluster that is still busy at the end is no failure, and a line on stderr says so: the next
    command goes on from there.
    """
    sys.stdout.flush()
    if options.wait == "true" and not settle(cluster, options.timeout):
        pods = [pod.view(_PodView).status.phase for pod in cluster.log.all(PODS)]
        pending = pods.count("Pending")
        waits = f"; {pending:,} of {counted(len(pods), 'pod')} are pending" if pending else ""
        print(
            f"pykube: still busy after {options.timeout:g} s of the cluster's time: "
            f"{', '.join(cluster.loop.working)}{waits} (see pykube get events; --timeout waits "
            "longer)",
            file=sys.stderr,
        )
    return 0


class _Phase(msgspec.Struct, gc=False):
    phase: str = ""


class _PodView(msgspec.Struct, gc=False):
    status: _Phase = msgspec.field(default_factory=_Phase)


class _PodCount:
    """Draws how many pods run; as a condition it never holds."""

    def __init__(self, log: SharedInformer, progress: Progress) -> None:
        self._log = log
        self._progress = progress
        self._cursor = log.cursor(PODS)
        self._pending: set[bytes] = set()

    def __call__(self) -> bool:
        if self._progress.is_due:
            for change in self._cursor.read():
                pod = change.object
                if type(change) is not Deleted and pod.view(_PodView).status.phase == "Pending":
                    self._pending.add(pod.key)
                else:
                    self._pending.discard(pod.key)
            count = self._log.count(PODS)
            self._progress(count - len(self._pending), count)
        return False


@contextmanager
def _open_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except LockedError:
        why = "another process has the cluster open; end it, or name another directory"
        raise InputError(why, source=str(path)) from None
    except OpenError as error:
        why = f"{error}: {os.strerror(error.error)}" if error.error else str(error)
        raise InputError(why.removeprefix(f"{path}: "), source=str(path)) from None
    except (NoSpaceError, FailedError, QuotaError) as error:
        # Acknowledged writes stay: the next command goes on from there.
        raise InputError(str(error), source=str(path)) from None
