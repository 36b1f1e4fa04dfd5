"""Requests and responses of the API, without a socket."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol
from urllib.parse import parse_qs

import msgspec

from pykube_core.api.machinery.objects import Json

JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"

Headers = Sequence[tuple[str, str]]


class Request(NamedTuple):
    """One request.

    Attributes
    ----------
    method : str
        In capitals.
    path : str
        Percent-decoded, without the query.
    query : str
        As it was sent, without the question mark.
    headers : sequence of (str, str)
        Names in any case.
    body : bytes
    user : str
        The common name of a client certificate that the face has verified; "" without one.
    groups : tuple of str
        Its organizations.
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""
    user: str = ""
    groups: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """Return the first header of a name in lower case; "" without one."""
        for given, value in self.headers:
            if given.lower() == name:
                return value
        return ""

    def parameters(self) -> dict[str, list[str]]:
        """Return the values of each parameter of the query."""
        return parse_qs(self.query, keep_blank_values=True, errors="replace")


class Stream(Protocol):
    """The body of a watch: chunks as they come."""

    def read(self) -> bytes | None:
        """Return what there is to send, b"" for nothing yet, None at the end. It never waits."""
        ...

    def close(self) -> None:
        """Give up what the stream holds; a second call does nothing."""
        ...


class Response(NamedTuple):
    """One response: a body, or a stream of chunks."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    stream: Stream | None = None

    def with_headers(self, headers: Headers) -> Response:
        """Return it with further headers."""
        return self._replace(headers=(*self.headers, *headers))


def json_response(value: Json, status: int = 200, type: str = JSON) -> Response:
    """Return a response with a JSON value."""
    return bytes_response(msgspec.json.encode(value) + b"\n", status, type)


def bytes_response(body: bytes, status: int = 200, type: str = JSON) -> Response:
    """Return a response with an encoded body."""
    return Response(status, (("content-type", type),), body)


def text_response(text: str, status: int = 200) -> Response:
    """Return a response with plain text."""
    return bytes_response(text.encode(), status, TEXT)


def tagged(request: Request, response: Response) -> Response:
    """Return a response with the hash of its body; 304 where the client has that body already."""
    tag = f'"{hashlib.sha512(response.body).hexdigest().upper()}"'
    if request.header("if-none-match") == tag:
        return Response(304, (("etag", tag),))
    return response.with_headers([("etag", tag)])


NOT_FOUND: Final = text_response("404 page not found\n", 404)
