"""The ASGI application: bytes in, a response or a stream of chunks out; it knows no Kubernetes.

Everything runs on one event loop, so a request is answered as a whole between two steps of the
cluster. A watch waits for `Notifier`, which every write wakes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol

from pykube_core.apiserver.endpoints import Request, Response
from pykube_core.apiserver.endpoints.bodies import BODY_BYTES_MAX

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_POLL_SECONDS: Final = 1.0
"""A watch looks for its own end so often when nothing is written."""
_READING: Final = frozenset(("GET", "HEAD", "OPTIONS"))


class Notifier:
    """Wakes everybody who waits for the next write."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Wake whoever waits."""
        event, self._event = self._event, asyncio.Event()
        event.set()

    def upcoming(self) -> asyncio.Event:
        """Return an event that the next write sets."""
        return self._event


class Answering(Protocol):
    """Something that answers requests, such as `Endpoints`."""

    def handle(self, request: Request) -> Response:
        """Return the answer to a request; no request raises."""


class Application:
    """An ASGI application over endpoints.

    Parameters
    ----------
    endpoints : Answering
    notifier : Notifier
        Woken after each request that may have written, and waited for by watches.
    """

    def __init__(self, endpoints: Answering, notifier: Notifier) -> None:
        self._endpoints = endpoints
        self._notifier = notifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if body is None:
            return
        response = self._endpoints.handle(_request(scope, body))
        if scope["method"] not in _READING:
            self._notifier.notify()
        if response.stream is None:
            await _send_whole(response, send, is_head=scope["method"] == "HEAD")
        else:
            await self._send_stream(response, receive, send)

    async def _send_stream(self, response: Response, receive: Receive, send: Send) -> None:
        stream = response.stream
        assert stream is not None
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await send(_start(response))
            while not gone.done():
                written = self._notifier.upcoming()
                chunk = stream.read()
                if chunk is None:
                    break
                if chunk:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                    continue
                waiting = asyncio.create_task(written.wait())
                await asyncio.wait(
                    (waiting, gone), timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                waiting.cancel()
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            stream.close()


async def _body(receive: Receive) -> bytes | None:
    """Return a request's body, cut off behind the limit; None when the client has gone."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        if size <= BODY_BYTES_MAX:
            parts.append(part)
        size += len(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _request(scope: Scope, body: bytes) -> Request:
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    query = scope["query_string"].decode("latin-1")
    return Request(scope["method"], scope["path"], query, headers, body)


def _start(response: Response, length: int | None = None) -> dict[str, Any]:
    headers = [
        (name.encode(), value.encode("latin-1", "replace")) for name, value in response.headers
    ]
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    return {"type": "http.response.start", "status": response.status, "headers": headers}


async def _send_whole(response: Response, send: Send, *, is_head: bool) -> None:
    await send(_start(response, len(response.body)))
    body = b"" if is_head else response.body
    await send({"type": "http.response.body", "body": body})
