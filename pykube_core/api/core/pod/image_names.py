"""Names of images: which ones parse, and what they say in full.

Source: ``github.com/distribution/reference`` v0.6.0 (ParseNormalizedNamed) and
``github.com/opencontainers/go-digest`` v1.0.0, as
``k8s.io/kubernetes/pkg/util/parsers`` v1.34.1 to v1.37.2 use them; in full a name with a tag and a
digest loses its tag, as containerd has it.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final, NamedTuple

from pykube_core.api.machinery.field_errors import quoted

_PATH_BYTES_MAX: Final = 255
_DOCKER_HUB: Final = "docker.io"
_LEGACY_DOCKER_HUB: Final = "index.docker.io"
_OFFICIAL: Final = "library/"
_DEFAULT_TAG: Final = "latest"
_FORMAT: Final = "invalid reference format"

_LABEL: Final = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])"
_WORD: Final = r"[a-z0-9]+"
_PART: Final = rf"{_WORD}(?:(?:[._]|__|-+){_WORD})*"
_DIGEST: Final = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE_RE: Final = re.compile(
    rf"(?:(?P<domain>{_HOST}(?::[0-9]+)?)/)?(?P<path>{_PART}(?:/{_PART})*)"
    rf"(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>{_DIGEST}))?",
    re.ASCII,
)
_IDENTIFIER_RE: Final = re.compile(r"[a-f0-9]{64}")
_KNOWN_DIGEST_RE: Final = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_HEX_DIGITS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}


class ImageNameError(ValueError):
    """A name of an image that does not parse; its text is that of the parser."""


class ImageName(NamedTuple):
    """An image's name in parts; ``repository`` has its registry, tag or digest are there."""

    repository: str
    tag: str
    digest: str

    @property
    def full(self) -> str:
        """The whole name, as runtimes report it."""
        if self.digest:
            return f"{self.repository}@{self.digest}"
        return f"{self.repository}:{self.tag}"


def is_reference(image: str) -> bool:
    """Say whether a text is a reference as it stands, which is all that kubectl run asks."""
    return _REFERENCE_RE.fullmatch(image) is not None


@lru_cache(4096)
def parse_image(image: str) -> ImageName:
    """Return an image's name in parts, registry and tag filled in.

    Raises
    ------
    ImageNameError

    Examples
    --------
    >>> parse_image("httpd").full
    'docker.io/library/httpd:latest'
    """
    if _IDENTIFIER_RE.fullmatch(image):
        why = "cannot specify 64-byte hexadecimal strings"
        raise ImageNameError(f"invalid repository name ({image}), {why}")
    domain, rest = _split(image)
    remote = rest.partition(":")[0]
    if remote.lower() != remote:
        raise ImageNameError(f"{_FORMAT}: repository name ({remote}) must be lowercase")
    text = f"{domain}/{rest}"
    match = _REFERENCE_RE.fullmatch(text)
    if match is None:
        # Go makes one letter of this one where Python makes two.
        lower = text.replace("\u0130", "i").lower()
        is_upper = _REFERENCE_RE.fullmatch(lower) is not None
        raise ImageNameError("repository name must be lowercase" if is_upper else _FORMAT)
    if len(match["path"]) > _PATH_BYTES_MAX:
        raise ImageNameError(f"repository name must not be more than {_PATH_BYTES_MAX} characters")
    digest = match["digest"] or ""
    if digest:
        _check_digest(digest)
    tag = match["tag"] or ("" if digest else _DEFAULT_TAG)
    # A part that looks like a registry but is none may still belong to the path.
    repository = f"{match['domain']}/{match['path']}" if match["domain"] else match["path"]
    return ImageName(repository, tag, digest)


def _split(image: str) -> tuple[str, str]:
    """Return the registry of an image and what follows; without one it is Docker Hub's."""
    first, slash, rest = image.partition("/")
    if not slash:
        return _DOCKER_HUB, _OFFICIAL + image
    if first == _LEGACY_DOCKER_HUB:
        first = _DOCKER_HUB
    elif first != "localhost" and first == first.lower() and not set(first) & {".", ":"}:
        first, rest = _DOCKER_HUB, image
    if first == _DOCKER_HUB and "/" not in rest:
        rest = _OFFICIAL + rest
    return first, rest


def _check_digest(digest: str) -> None:
    """Refuse a digest that is of no known kind, or not what its kind is."""
    kind, _, encoded = digest.partition(":")
    digits = _HEX_DIGITS.get(kind)
    if digits is None:
        if _KNOWN_DIGEST_RE.fullmatch(digest):
            raise ImageNameError("unsupported digest algorithm")
        raise ImageNameError("invalid checksum digest format")
    if len(encoded) != digits:
        raise ImageNameError("invalid checksum digest length")
    if encoded != encoded.lower():
        raise ImageNameError("invalid checksum digest format")


def tag_of(image: str) -> str:
    """Return an image's tag, "latest" with neither tag nor digest; "" where the name is no name."""
    try:
        return parse_image(image).tag
    except ImageNameError:
        return ""


def invalid_text(image: str) -> str:
    """Return what a kubelet says of a name that does not parse; "" of one that does."""
    try:
        parse_image(image)
    except ImageNameError as error:
        name = quoted(image)
        return (
            f"Failed to apply default image tag {name}: couldn't parse image name {name}: {error}"
        )
    return ""


def full_image(image: str) -> str:
    """Return an image's whole name; a name that does not parse stays as it is."""
    try:
        return parse_image(image).full
    except ImageNameError:
        return image


def image_id(image: str) -> str:
    """Return a reference to an image by its digest, which follows from its name.

    Raises
    ------
    ImageNameError
    """
    name = parse_image(image)
    digest = name.digest or f"sha256:{hashlib.sha256(name.full.encode()).hexdigest()}"
    return f"{name.repository}@{digest}"
