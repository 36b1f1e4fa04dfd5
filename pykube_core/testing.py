"""Clusters for tests: a fresh one in milliseconds, in this process or behind a port.

With pytest the fixtures `pykube_cluster` and `pykube_server` are there without an import; see
`pykube_core.pytest_plugin`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from pykube_core.cluster.cluster import Cluster
    from pykube_core.serve.http.server import ControlPlaneServer

_T = TypeVar("_T")
_START_SECONDS: Final = 10


class ServedCluster:
    """A cluster behind a port of loopback.

    Attributes
    ----------
    url : str
        Where clients find it.
    kubeconfig : pathlib.Path
        A file for clients.
    """

    def __init__(self, server: ControlPlaneServer, kubeconfig: Path) -> None:
        self._server = server
        self.url = server.url
        self.kubeconfig = kubeconfig

    def call(self, function: Callable[[Cluster], _T]) -> _T:
        """Call a function of the cluster, which nobody else touches meanwhile.

        Its exceptions are raised here.
        """
        return self._server.call(function)


@contextmanager
def serve(cluster: Cluster, folder: str | Path) -> Iterator[ServedCluster]:
    """Serve a cluster behind a free port until the block ends.

    Parameters
    ----------
    cluster : Cluster
        On a virtual clock time jumps to whatever waits next. It is not to be touched meanwhile but
        by `ServedCluster.call`.
    folder : path
        Where the kubeconfig goes.

    Raises
    ------
    ImportError
        uvicorn is not installed: ``pip install 'pykube-core[http]'``.
    """
    from pykube_core.serve.http.kubeconfig import write_kubeconfig
    from pykube_core.serve.http.server import ControlPlaneServer

    server = ControlPlaneServer(cluster)
    path = Path(folder) / "kubeconfig"
    write_kubeconfig(path, server.url)
    ready = threading.Event()
    thread = threading.Thread(target=server.run, args=(ready.set,), daemon=True)
    thread.start()
    try:
        if not ready.wait(_START_SECONDS):
            raise TimeoutError("the control plane did not start")
        yield ServedCluster(server, path)
    finally:
        server.stop()
        thread.join()
