"""The cluster that a command works on: a client of its API, and its time.

A reading command looks at a data directory and nothing runs meanwhile; a changing one lets the
cluster run on. Commands know a `Session` only, so that they work on any client of the API.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pykube_core.cli.data_dir import Reading
    from pykube_core.client import Client
    from pykube_core.cluster.cluster import Cluster


class Session(Protocol):
    """A cluster while a command works on it.

    Attributes
    ----------
    client : Client
        The API.
    """

    client: Client

    @property
    def now_ns(self) -> int:
        """The cluster's time."""
        ...

    def run(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Let the cluster run until a condition holds, for so much of its time at most.

        Where nobody else can change the cluster, it is over as soon as nothing is left to do.
        """
        ...

    def settle(self, options: argparse.Namespace) -> int:
        """Let the cluster do what a change asks of it; return the exit code."""
        ...


class _Looking:
    """A data directory that is looked at."""

    def __init__(self, reading: Reading) -> None:
        self.client: Client = reading.server
        self.now_ns = reading.now_ns

    def run(self, condition: Callable[[], bool], seconds: float) -> bool:
        return condition()

    def settle(self, options: argparse.Namespace) -> int:
        return 0


class _Working:
    """A data directory whose cluster runs on."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.client: Client = cluster.server

    @property
    def now_ns(self) -> int:
        return self._cluster.clock()

    def run(self, condition: Callable[[], bool], seconds: float) -> bool:
        from pykube_core.api.machinery.times import NANO

        until_ns = self._cluster.clock() + round(seconds * NANO)
        return self._cluster.loop.run(condition=condition, until_ns=until_ns, quiescent=True)

    def settle(self, options: argparse.Namespace) -> int:
        from pykube_core.cli.data_dir import run_on

        return run_on(self._cluster, options)


@contextmanager
def looking(options: argparse.Namespace) -> Iterator[Session]:
    """Open the cluster that the options name to look at it.

    Raises
    ------
    InputError
        There is none, or another process has it open.
    """
    from pykube_core.cli.data_dir import reading

    with reading(options) as cluster:
        yield _Looking(cluster)


@contextmanager
def working(options: argparse.Namespace, *, make: bool = False) -> Iterator[Session]:
    """Open the cluster that the options name to change it, or to let it run on.

    Parameters
    ----------
    make : bool
        Make a cluster where there is nothing.

    Raises
    ------
    InputError
        There is none, another process has it open, or it cannot be opened.
    """
    from pykube_core.cli.data_dir import changing

    with changing(options, make=make) as cluster:
        yield _Working(cluster)
