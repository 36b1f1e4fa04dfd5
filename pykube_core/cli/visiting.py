"""The objects that a command is about: of words, files or selectors, by kubectl's rules.

Source: ``k8s.io/cli-runtime/pkg/resource/builder.go`` v0.37.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pykube_core.cli.failures import CommandError
from pykube_core.cli.manifests import read_manifests
from pykube_core.cli.resource_arguments import NOTHING_GIVEN, Target, parse_targets

if TYPE_CHECKING:
    from pykube_core.api.machinery.objects import KubeObject
    from pykube_core.api.machinery.registry import Resource
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.client import Client

CHUNK_SIZE = 500


class Found(NamedTuple):
    """An object as the API has it; ``source`` is the file that names it, or ""."""

    resource: Resource
    namespace: str
    name: str
    object: KubeObject
    source: str = ""


class Visit(NamedTuple):
    """Objects in their order, what kept others from being found, and if one was asked for alone."""

    found: list[Found]
    errors: list[CommandError | StatusError]
    is_single: bool


def add_chunk_size(parser: argparse.ArgumentParser) -> None:
    """Add how many objects a list request asks for."""
    parser.add_argument(
        "--chunk-size",
        metavar="N",
        type=int,
        default=CHUNK_SIZE,
        help=f"ask for lists in pages of so many; 0 is all at once (default: {CHUNK_SIZE})",
    )


def visit(
    client: Client,
    options: argparse.Namespace,
    words: Sequence[str],
    *,
    all_of_kind: bool = False,
) -> Visit:
    """Return the objects that words, files and selectors mean.

    Parameters
    ----------
    all_of_kind
        A kind alone means all its objects.

    Raises
    ------
    CommandError
        In kubectl's words: they do not go together, or name nothing.
    """
    from pykube_core.api.machinery.status import StatusError

    if getattr(options, "filename", None):
        return _of_files(client, options, words)
    targets = checked_targets(client, options, words, all_of_kind=all_of_kind)
    named = sum(len(target.names) for target in targets)
    found: list[Found] = []
    errors: list[CommandError | StatusError] = []
    for target in targets:
        try:
            if not target.names:
                found += listed(client, target.resource, options)
        except StatusError as error:
            errors.append(error)
        for name in target.names:
            try:
                found.append(_get(client, target.resource, name, options.namespace))
            except StatusError as error:
                errors.append(error)
    return Visit(found, errors, named == 1 and len(targets) == 1)


def checked_targets(
    client: Client,
    options: argparse.Namespace,
    words: Sequence[str],
    *,
    all_of_kind: bool = False,
) -> list[Target]:
    """Return what words name, once selectors are seen to go with it.

    Raises
    ------
    CommandError
        They do not go together, or name nothing.
    """
    chosen = bool(
        getattr(options, "all", False)
        or getattr(options, "selector", "")
        or getattr(options, "field_selector", "")
    )
    if not words:
        if chosen:
            raise CommandError("at least one resource must be specified to use a selector")
        raise CommandError(NOTHING_GIVEN)
    targets = parse_targets(client.registry, words)
    for target in targets:
        if target.names and chosen:
            if any("/" in word for word in words):
                raise CommandError(
                    "selectors and the all flag cannot be used when passing resource/name arguments"
                )
            raise CommandError("name cannot be provided when a selector is specified")
        if target.names and everywhere(options) and target.resource.namespaced:
            raise CommandError("a resource cannot be retrieved by name across all namespaces")
        if not (target.names or chosen or all_of_kind):
            raise CommandError("resource(s) were provided, but no name was specified")
    return targets


def everywhere(options: argparse.Namespace) -> bool:
    """Say whether objects of all namespaces are meant."""
    return bool(getattr(options, "all_namespaces", False))


def listed(client: Client, resource: Resource, options: argparse.Namespace) -> Iterator[Found]:
    """Yield the selected objects of a resource, page by page."""
    within = "" if everywhere(options) or not resource.namespaced else scope(options)
    page = ""
    while True:
        found = client.list(
            resource,
            within,
            label_selector=getattr(options, "selector", ""),
            field_selector=getattr(options, "field_selector", ""),
            limit=getattr(options, "chunk_size", CHUNK_SIZE),
            next_page=page,
        )
        for obj in found.items:
            yield Found(resource, obj.namespace, obj.name, obj.decode())
        page = found.next_page
        if not page:
            return


def scope(options: argparse.Namespace) -> str:
    """Return the namespace that a request without one goes to."""
    return options.namespace or "default"


def _get(client: Client, resource: Resource, name: str, namespace: str, source: str = "") -> Found:
    within = namespace or "default"
    obj = client.get(resource, name, within)
    return Found(resource, within if resource.namespaced else "", name, obj.decode(), source)


def _of_files(client: Client, options: argparse.Namespace, words: Sequence[str]) -> Visit:
    """Return the objects that files name, as the API has them."""
    from pykube_core.api.machinery.selector_text import parse_labels_text
    from pykube_core.api.machinery.status import StatusError

    if any("/" in word for word in words):
        raise CommandError("resource/name arguments cannot be provided when a path is specified")
    if words:
        raise CommandError(
            "when paths, URLs, or stdin is provided as input, you may not specify resource "
            "arguments as well"
        )
    manifests, unread = read_manifests(client.registry, options)
    found: list[Found] = []
    errors: list[CommandError | StatusError] = [*unread]
    for manifest in manifests:
        try:
            found.append(
                _get(client, manifest.resource, manifest.name, manifest.namespace, manifest.source)
            )
        except StatusError as error:
            errors.append(error)
    selector = getattr(options, "selector", "")
    if selector:
        matches = parse_labels_text(selector).matches
        found = [one for one in found if matches(one.object["metadata"].get("labels") or {})]
    return Visit(found, errors, len(options.filename) == len(manifests) == 1)
