"""Fixtures for pytest: a fresh cluster a test, in this process, or on a port for real clients.

::

    @pytest.mark.pykube(nodes=3)
    def test_my_controller(pykube_server):
        client = my_client(pykube_server.url)

pytest loads this module by itself once the package is installed; nothing is imported before a
fixture is used. The marker has the options of `pykube_core.Cluster`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pytest

if TYPE_CHECKING:
    from pykube_core.cluster.cluster import Cluster
    from pykube_core.serve.http.server import ControlPlaneServer

_T = TypeVar("_T")
_START_SECONDS: Final = 30


class Served:
    """A cluster whose API is on a port of loopback.

    Attributes
    ----------
    url : str
        Such as "http://127.0.0.1:41234".
    kubeconfig : pathlib.Path
        A file for clients, as long as it is served.
    """

    def __init__(self, server: ControlPlaneServer, kubeconfig: Path) -> None:
        self._server = server
        self.url = server.url
        self.kubeconfig = kubeconfig

    def call(self, function: Callable[[Cluster], _T]) -> _T:
        """Call a function of the cluster between two of its steps; its exceptions are raised here.

        The server's thread steps the cluster, so that it is not to be touched in another way.
        """
        return self._server.call(function)


@contextmanager
def served(cluster: Cluster) -> Iterator[Served]:
    """Serve a cluster on a free port of loopback, in a thread of its own.

    On a virtual clock time jumps to whatever waits next.

    Raises
    ------
    ImportError
        uvicorn is not installed.
    TimeoutError
        The server does not come up.
    """
    from pykube_core.serve.http.kubeconfig import write_kubeconfig
    from pykube_core.serve.http.server import ControlPlaneServer

    server = ControlPlaneServer(cluster)
    ready = threading.Event()
    thread = threading.Thread(target=server.run, args=(ready.set,), daemon=True)
    with TemporaryDirectory(prefix="pykube-") as folder:
        kubeconfig = Path(folder) / "kubeconfig"
        write_kubeconfig(kubeconfig, server.url)
        thread.start()
        try:
            if not ready.wait(_START_SECONDS):
                raise TimeoutError("the control plane does not come up")
            yield Served(server, kubeconfig)
        finally:
            server.stop()
            thread.join(_START_SECONDS)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", "pykube(**options): options of the fixtures' cluster")


@pytest.fixture
def pykube_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Give a fresh cluster in this process, by default of one node and on a virtual clock."""
    from pykube_core.cluster.cluster import Cluster

    marker = request.node.get_closest_marker("pykube")
    options: dict[str, Any] = {"nodes": 1} | (dict(marker.kwargs) if marker is not None else {})
    with Cluster(**options) as cluster:
        yield cluster


@pytest.fixture
def pykube_server(pykube_cluster: Cluster) -> Iterator[Served]:
    """Give a fresh cluster whose API is on a port."""
    with served(pykube_cluster) as found:
        yield found
