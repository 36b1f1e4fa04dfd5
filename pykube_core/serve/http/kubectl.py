"""kubectl against the stage of a record, over a port that is open while a command runs."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final

import uvicorn

from pykube_core.apiserver.endpoints import Request, Response
from pykube_core.experiments.records.command import Ran
from pykube_core.experiments.records.stage import ADMIN_TOKEN, Stage
from pykube_core.serve.http.app import Application, Notifier
from pykube_core.serve.http.kubeconfig import write_kubeconfig
from pykube_core.serve.http.server import bound, config

_IDLE_SECONDS: Final = 0.15
"""A command that asks for nothing for so long waits for time to pass."""
_PASS_SECONDS: Final = 1.0
_TIMEOUT_SECONDS: Final = 20.0


class _AsAdmin:
    """The endpoints of a stage for kubectl, which sends no token without TLS."""

    def __init__(self, stage: Stage) -> None:
        self._endpoints = stage.endpoints

    def handle(self, request: Request) -> Response:
        """Return the answer to a request of the administrator."""
        headers = [*request.headers, ("authorization", f"Bearer {ADMIN_TOKEN}")]
        return self._endpoints.handle(request._replace(headers=headers))


class KubectlBinary:
    """Runs a kubectl that is installed; a context manager.

    Time passes on the stage's virtual clock alone: where a command waits, a second at a time.

    Parameters
    ----------
    path : path
        The binary.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._home = tempfile.TemporaryDirectory(prefix="pykube-")
        self._socket = bound("127.0.0.1", 0)
        self._port: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Close the port and remove caches; a second call does nothing."""
        self._socket.close()
        self._home.cleanup()

    def __enter__(self) -> KubectlBinary:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __call__(self, stage: Stage, args: list[str], stdin: str) -> Ran:
        """Run it in the stage's namespace."""
        return asyncio.run(self._run(stage, args, stdin))

    async def _run(self, stage: Stage, args: list[str], stdin: str) -> Ran:
        notifier = Notifier()
        application = Application(_AsAdmin(stage), notifier)
        server = uvicorn.Server(config(application))
        serving = asyncio.create_task(server.serve(sockets=[self._socket.dup()]))
        while not server.started:
            await asyncio.sleep(0.001)
        working = asyncio.create_task(_work(stage, notifier))
        try:
            process = await asyncio.create_subprocess_exec(
                self._path,
                *args,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment(stage),
            )
            told = process.communicate(stdin.encode())
            try:
                out, err = await asyncio.wait_for(told, _TIMEOUT_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
                return Ran(-1, "", "it did not end in time")
        finally:
            for task in (working, serving):
                task.cancel()
            await asyncio.gather(serving, working, return_exceptions=True)
            for each in server.servers:
                each.close()
        return Ran(process.returncode or 0, out.decode(), err.decode())

    def _environment(self, stage: Stage) -> dict[str, str]:
        home = Path(self._home.name) / f"{id(stage)}"
        home.mkdir(exist_ok=True)
        path = home / "config"
        if not path.exists():
            url = f"http://127.0.0.1:{self._port}"
            write_kubeconfig(path, url, namespace=stage.namespace)
        return {"PATH": os.environ.get("PATH", ""), "HOME": str(home), "KUBECONFIG": str(path)}


async def _work(stage: Stage, notifier: Notifier) -> None:
    """Let the cluster do what is due after each write, and time pass while nobody asks."""
    while True:
        written = notifier.upcoming()
        stage.work()
        try:
            await asyncio.wait_for(written.wait(), _IDLE_SECONDS)
            await asyncio.sleep(0)
        except TimeoutError:
            stage.pass_seconds(_PASS_SECONDS)
            notifier.notify()


def find_kubectl(minor: str) -> Path | None:
    """Return a kubectl of a minor version such as "1.37": beside Python, or in the path."""
    beside = Path(sys.executable).parent / "kubectl"
    for place in (str(beside), shutil.which("kubectl")):
        if place and _version(place).startswith(f"v{minor}."):
            return Path(place)
    return None


def _version(place: str) -> str:
    command = [place, "version", "--client", "-o", "json"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, check=True)
        return str(json.loads(done.stdout)["clientVersion"]["gitVersion"])
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError):
        return ""
