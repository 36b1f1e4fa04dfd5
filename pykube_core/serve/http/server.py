"""A control plane behind a port: uvicorn's server and the cluster's loop on one event loop."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Final, TypeVar

import uvicorn

from pykube_core.apiserver.endpoints import Endpoints
from pykube_core.apiserver.endpoints.access import Access, open_access
from pykube_core.cluster.clock import VirtualClock
from pykube_core.cluster.cluster import Cluster
from pykube_core.cluster.logs import container_logs
from pykube_core.serve.http.app import Application, Notifier

_T = TypeVar("_T")
_STEPS: Final = 64
"""Steps of components between two looks at the network."""
_IDLE_SECONDS: Final = 0.5
_HEADER_BYTES_MAX: Final = 32 * 1024
_KEEP_ALIVE_SECONDS: Final = 90
_GRACE_SECONDS: Final = 1


class ControlPlaneServer:
    """A cluster and its API on a port.

    Parameters
    ----------
    cluster : Cluster
        It is stepped while the server runs, and not closed. On a virtual clock time jumps to
        whatever waits next, and passes for nothing else.
    host : str
    port : int
        0 takes a free one.
    access : Access, optional
        Authenticates and authorizes; by default everybody may do everything.

    Raises
    ------
    OSError
        The address cannot be had.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        access: Access | None = None,
    ) -> None:
        self._cluster = cluster
        self._is_virtual = isinstance(cluster.clock, VirtualClock)
        self._access = access or open_access(cluster.server, cluster.clock)
        self._socket = bound(host, port)
        self.host, self.port = host, self._socket.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._notifier = Notifier()

    @property
    def url(self) -> str:
        """Where clients find it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop`, SIGINT or SIGTERM; ``ready`` is called when clients may come."""
        asyncio.run(self._run(ready))

    def stop(self) -> None:
        """Let `run` return; it may be called from any thread."""
        if self._server is not None:
            self._server.should_exit = True

    def call(self, function: Callable[[Cluster], _T]) -> _T:
        """Call a function of the cluster between two steps, from another thread than `run`'s."""

        async def between() -> _T:
            try:
                return function(self._cluster)
            finally:
                self._notifier.notify()

        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(between(), self._loop).result()

    async def _run(self, ready: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        notifier = self._notifier
        cluster = self._cluster
        endpoints = Endpoints(
            cluster.server,
            clock=cluster.clock,
            address=f"{self.host}:{self.port}",
            access=self._access,
            logs=container_logs(cluster.runtime),
            real_clock=time.monotonic_ns,
        )
        self._server = server = uvicorn.Server(config(Application(endpoints, notifier)))
        work = asyncio.create_task(self._work(notifier))
        listening = asyncio.create_task(self._tell(server, ready))
        try:
            await server.serve(sockets=[self._socket])
        finally:
            for task in (work, listening):
                task.cancel()
            await asyncio.gather(work, listening, return_exceptions=True)

    async def _tell(self, server: uvicorn.Server, ready: Callable[[], None]) -> None:
        while not server.started:
            await asyncio.sleep(0.001)
        ready()

    async def _work(self, notifier: Notifier) -> None:
        """Step the cluster whenever a component is due or something was written."""
        cluster, loop = self._cluster, self._cluster.loop
        while True:
            written = notifier.upcoming()
            before = cluster.server.revision
            if self._is_virtual:
                is_done = loop.run(quiescent=True, step_count_max=_STEPS)
            else:
                is_done = loop.run(until_ns=cluster.clock(), step_count_max=_STEPS)
            if cluster.server.revision != before:
                notifier.notify()
                written = notifier.upcoming()
            if not is_done:
                await asyncio.sleep(0)
                continue
            seconds = _IDLE_SECONDS
            if not self._is_virtual and loop.next_ns is not None:
                seconds = min(seconds, cluster.clock.seconds_until(loop.next_ns))
            try:
                await asyncio.wait_for(written.wait(), seconds)
            except TimeoutError:
                pass


def config(application: Application) -> uvicorn.Config:
    """Return how uvicorn serves an application: its deadlines and limits."""
    return uvicorn.Config(
        application,
        lifespan="off",
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=_HEADER_BYTES_MAX,
    )


def bound(host: str, port: int) -> socket.socket:
    """Return a socket at an address (`OSError`)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made
