"""Media types: which a client accepts, which it sends, and how an answer looks in each.

Source: ``k8s.io/apiserver/pkg/endpoints/handlers/negotiation`` v0.37.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver.endpoints.message import Request

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
MEDIA_TYPES: Final = (JSON, YAML, PROTOBUF)

TABLE: Final = "Table"
METADATA: Final = "PartialObjectMetadata"
METADATA_LIST: Final = "PartialObjectMetadataList"
_META_GROUP: Final = "meta.k8s.io"


class Accepted(NamedTuple):
    """A media type that was agreed on.

    Attributes
    ----------
    media_type : str
        JSON, YAML or PROTOBUF.
    transform : str
        TABLE, METADATA, METADATA_LIST, or "" for the object itself.
    version : str
        Of ``meta.k8s.io``, for a transform.
    pretty : bool
        JSON is indented.
    """

    media_type: str
    transform: str = ""
    version: str = ""
    pretty: bool = False

    @property
    def content_type(self) -> str:
        """The header of an answer."""
        return self.media_type


class Clause(NamedTuple):
    """One clause of an Accept header, with its parameters."""

    type: str
    parameters: dict[str, str]


def clauses(accept: str) -> list[Clause]:
    """Return the clauses of an Accept header, the best first."""
    found = []
    for at, text in enumerate(accept.split(",")):
        type, *rest = (part.strip() for part in text.split(";"))
        if not type:
            continue
        parameters = dict(
            (name.strip(), value.strip().strip('"'))
            for name, _, value in (part.partition("=") for part in rest)
        )
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 0.0
        stars = type.count("*")
        found.append((-quality, stars, at, Clause(type, parameters)))
    return [clause for *_, clause in sorted(found, key=lambda each: each[:3])]


def accepted(request: Request, transforms: Sequence[str] = ()) -> Accepted:
    """Return the media type of the answer to a request.

    Parameters
    ----------
    transforms : sequence of str
        Forms that the answer may be given in.

    Raises
    ------
    StatusError
        406: none of them is to be had.
    """
    header = request.header("accept")
    pretty = _is_pretty(request)
    if not header:
        return Accepted(JSON, pretty=pretty)
    is_known = False
    for clause in clauses(header):
        kinds = [kind for kind in MEDIA_TYPES if _matches(clause.type, kind)]
        if not kinds:
            continue
        is_known = True
        kind, wanted = kinds[0], clause.parameters.get("as", "")
        if not wanted:
            return Accepted(kind, pretty=pretty)
        group, version = clause.parameters.get("g", ""), clause.parameters.get("v", "")
        if wanted in transforms and group == _META_GROUP and version in ("v1", "v1beta1"):
            return Accepted(kind, wanted, version, pretty)
    raise not_acceptable(MEDIA_TYPES) if is_known else not_acceptable_page(MEDIA_TYPES)


def not_acceptable(types: Sequence[str]) -> StatusError:
    """Return the 406 that names the media types that there are."""
    text = "only the following media types are accepted: " + ", ".join(types)
    return StatusError(406, "NotAcceptable", text)


def not_acceptable_page(types: Sequence[str]) -> StatusError:
    """Return the 406 of a request whose handler is chosen by the media type alone."""
    text = f"406: Not Acceptable\n\nAvailable representations: {', '.join(types)}"
    return StatusError(406, "NotAcceptable", text, {})


def sent_type(request: Request) -> str:
    """Return the media type of a request's body, "" where none is named."""
    return request.header("content-type").partition(";")[0].strip().lower()


def unsupported_type(types: Sequence[str]) -> StatusError:
    """Return the 415 of a body that nobody here reads."""
    text = (
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(types)
    )
    return StatusError(415, "UnsupportedMediaType", text)


def _matches(wanted: str, type: str) -> bool:
    return wanted in (type, "*/*") or (wanted == "application/*")


def _is_pretty(request: Request) -> bool:
    value = request.parameters().get("pretty", [""])[0] if "pretty" in request.query else ""
    if value:
        return value not in ("false", "0")
    agent = request.header("user-agent")
    return agent.startswith(("curl", "Wget", "Mozilla/5.0"))
