"""Fixtures for pytest: a fresh cluster a test, in this process, or on a port for real clients.

::

    def test_my_controller(pykube_server):
        client = my_client(pykube_server.url)

pytest loads this module by itself once the package is installed; nothing is imported before a
fixture is used.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest

if TYPE_CHECKING:
    from pykube_core.cluster.cluster import Cluster

_START_SECONDS = 30


class Served(NamedTuple):
    """A cluster whose API is on a port of loopback.

    Attributes
    ----------
    cluster : Cluster
        It is stepped by the server's thread; a test reads it through clients.
    url : str
        Such as "http://127.0.0.1:41234".
    """

    cluster: Cluster
    url: str


@contextmanager
def served(
    nodes: int = 1, *, clock: Literal["virtual", "wall"] | float = "virtual", seed: int = 0
) -> Iterator[Served]:
    """Serve a fresh cluster on a free port of loopback, in a thread of its own.

    Parameters
    ----------
    nodes : int
        Simulated nodes, ready at once.
    clock : "virtual", "wall" or float
        As for `pykube_core.Cluster`.

    Raises
    ------
    ImportError
        uvicorn is not installed.
    TimeoutError
        The server does not come up.
    """
    from pykube_core.cluster.cluster import Cluster
    from pykube_core.serve.http.server import ControlPlaneServer

    with Cluster(nodes, clock=clock, seed=seed) as cluster:
        server = ControlPlaneServer(cluster, is_virtual=clock == "virtual")
        ready = threading.Event()
        thread = threading.Thread(target=server.run, args=(ready.set,), daemon=True)
        thread.start()
        try:
            if not ready.wait(_START_SECONDS):
                raise TimeoutError("the control plane does not come up")
            yield Served(cluster, server.url)
        finally:
            server.stop()
            thread.join(_START_SECONDS)


@pytest.fixture
def pykube_cluster() -> Iterator[Cluster]:
    """Give a fresh cluster of one node, in this process, on a virtual clock."""
    from pykube_core.cluster.cluster import Cluster

    with Cluster(1) as cluster:
        yield cluster


@pytest.fixture
def pykube_server() -> Iterator[Served]:
    """Give a fresh cluster of one node whose API is on a port, on a virtual clock."""
    with served() as found:
        yield found
