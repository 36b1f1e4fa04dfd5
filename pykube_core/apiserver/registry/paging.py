"""Continue tokens of lists.

Source: ``k8s.io/apiserver/pkg/storage/continue.go`` v0.36.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final

from pykube_core.api.machinery.status import StatusError, bad_request

INCONSISTENT: Final = -1

_VERSION: Final = "meta.k8s.io/v1"
_TEXT: Final = "invalid continue token: "


def encode_token(revision: int, prefix: bytes, start: bytes) -> str:
    """Return the token of the page that begins at key ``start`` of the keys under ``prefix``.

    ``revision`` is that of all pages; `INCONSISTENT` goes on with what is there then.
    """
    path = start[len(prefix) - 1 :].decode()
    token = json.dumps({"v": _VERSION, "rv": revision, "start": path}, separators=(",", ":"))
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def decode_token(text: str, prefix: bytes) -> tuple[int, bytes]:
    """Return the revision and the first key of a page.

    Raises
    ------
    StatusError
        400: the token is none.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise bad_request(f"{_TEXT}continue key is not valid: illegal base64 data") from None
    try:
        token = json.loads(raw)
    except (ValueError, RecursionError):
        raise _unreadable(raw) from None
    if not isinstance(token, dict) or token.get("v") != _VERSION:
        raise bad_request(f"{_TEXT}continue key is not valid: server does not recognize this")
    revision, start = token.get("rv"), token.get("start")
    if type(revision) is not int or revision == 0 or revision >= 2**63:
        raise bad_request(f"{_TEXT}incorrect encoded start resourceVersion")
    if not isinstance(start, str) or not start:
        raise bad_request(f"{_TEXT}incorrect encoded start key")
    if ".." in start.split("/") or not start.startswith("/"):
        raise bad_request(f"{_TEXT}continue key is not valid: {start}")
    return revision, prefix + start[1:].encode(errors="replace")


def _unreadable(raw: bytes) -> StatusError:
    """Return Go's complaint about what is no JSON."""
    text = f"{_TEXT}continue key is not valid: "
    if not raw.strip():
        return bad_request(text + "unexpected end of JSON input")
    first = chr(raw.lstrip()[0])
    return bad_request(text + f"invalid character '{first}' looking for beginning of value")
