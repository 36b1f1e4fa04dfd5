"""Pages of lists, each of one revision.

Source: ``k8s.io/apiserver/pkg/storage/etcd3/store.go`` v0.36.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from pykube_core.api.machinery.field_errors import forbidden
from pykube_core.api.machinery.status import (
    bad_version,
    invalid_options,
    too_large_version,
)
from pykube_core.apiserver.registry.paging import encode_token
from pykube_core.apiserver.registry.selection import Selection
from pykube_core.apiserver.registry.unvalidated import Written, check_decodable
from pykube_core.objects import ApiObject
from pykube_core.store import StoreLike

_PAGE: Final = 500


class ObjectList(NamedTuple):
    """A page of a list; all pages are of one revision.

    Attributes
    ----------
    items : list of ApiObject
        In the order of their keys.
    revision : int
        The resource version of the list.
    next_page : str
        The token of the next page; "" when there is none.
    remaining : int or None
        How many items follow; None where that is not known, as with selectors.
    """

    items: list[ApiObject]
    revision: int
    next_page: str = ""
    remaining: int | None = None


def page(
    store: StoreLike,
    written: Written,
    selection: Selection,
    prefix: bytes,
    span: tuple[bytes, bytes],
    limit: int,
    revision: int,
) -> ObjectList:
    """Return the objects of a span of the keys under ``prefix`` that are selected.

    Parameters
    ----------
    limit : int
        How many at most; 0 is no limit.
    revision : int
        The revision to read at; 0 is the current one.

    Raises
    ------
    CompactedError
        The revision is compacted.
    StatusError
        500: something in the span is no object of the resource.
    """
    start, end = span
    items: list[ApiObject] = []
    while True:
        wanted = max(limit - len(items), _PAGE) if not selection.everything else limit
        found = store.range(start, end, limit=wanted if limit else 0, revision=revision)
        revision = revision or found.revision
        for at, kv in enumerate(found.kvs):
            check_decodable(written, selection.resource, kv)
            if not selection.matches(kv.key, kv.value):
                continue
            items.append(ApiObject.parse(selection.resource, kv.key, kv.value, kv.mod_revision))
            if len(items) == limit and (found.more or at + 1 < len(found.kvs)):
                token = encode_token(revision, prefix, kv.key + b"\0")
                left = found.count - at - 1 if selection.everything else None
                return ObjectList(items, revision, token, left)
        if not found.more:
            return ObjectList(items, revision)
        start = found.kvs[-1].key + b"\0"


def list_revision(version: str, match: str, next_page: str, current: int) -> int:
    """Return the revision to read at, 0 for the current one, from a list's options.

    Raises
    ------
    StatusError
        400: the version is none. 422: the options do not go together. 504: it is in the future.
    """
    field = "resourceVersionMatch"
    errors = []
    if match and next_page:
        text = f"{field} is forbidden when continue is provided"
        errors.append(forbidden(field, text))
    elif match and not version:
        text = f"{field} is forbidden unless resourceVersion is provided"
        errors.append(forbidden(field, text))
    elif match == "Exact" and version == "0":
        text = f'{field} "Exact" is forbidden for resourceVersion "0"'
        errors.append(forbidden(field, text))
    if errors:
        raise invalid_options("ListOptions", errors)
    if not version:
        return 0
    revision = read_version(version)
    if revision > current:
        raise too_large_version(revision, current)
    return revision if match == "Exact" else 0


def read_version(text: str) -> int:
    """Return a resource version as a number: 400 when it is none."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise bad_version(text)
    return int(text)
