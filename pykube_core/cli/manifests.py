"""The files that ``-f`` names, with kubectl's words for what is wrong with them.

Source: ``k8s.io/cli-runtime/pkg/resource/visitor.go`` v0.32.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pykube_core.cli.failures import CommandError

if TYPE_CHECKING:
    from pykube_core.api.machinery.objects import Json, KubeObject
    from pykube_core.api.machinery.registry import Registry, Resource

_SUFFIXES: Final = (".json", ".yaml", ".yml")


class Manifest(NamedTuple):
    """An object of a file; ``namespace`` is where it goes, "" when it belongs to the cluster."""

    source: str
    resource: Resource
    object: KubeObject
    namespace: str

    @property
    def name(self) -> str:
        """Its name, "" when it is to be generated."""
        return str((self.object.get("metadata") or {}).get("name") or "")


def add_filename(parser: argparse.ArgumentParser) -> None:
    """Add the files."""
    parser.add_argument(
        "-f",
        "--filename",
        metavar="FILE",
        action="append",
        default=[],
        help="YAML or JSON: a file, a directory, or - for standard input; may be repeated",
    )
    parser.add_argument(
        "-R", "--recursive", action="store_true", help="directories with those inside them"
    )


def read_manifests(
    registry: Registry, options: argparse.Namespace
) -> tuple[list[Manifest], list[CommandError]]:
    """Return the objects of the files in their order, lists taken apart, and what cannot be read.

    Raises
    ------
    CommandError
        A file is not there, or an object names another namespace than the options.
    """
    found: list[Manifest] = []
    errors: list[CommandError] = []
    for source, data in _sources(options.filename, recursive=options.recursive):
        try:
            for document in _documents(source, data):
                for obj in _flat(document):
                    try:
                        found.append(_manifest(registry, source, obj, options.namespace))
                    except _Unreadable as error:  # The next documents may be fine.
                        errors.append(error)
        except _Unreadable as error:
            errors.append(error)
    return found, errors


class _Unreadable(CommandError):
    """A file that cannot be read; others may."""


def _sources(names: Sequence[str], *, recursive: bool) -> Iterator[tuple[str, bytes]]:
    for name in names:
        if name == "-":
            yield "STDIN", sys.stdin.buffer.read()
            continue
        if name.startswith(("http://", "https://")):
            raise CommandError(f'the URL "{name}" is not read; pass its content with -f -')
        path = Path(name)
        if not path.exists():
            raise CommandError(f'the path "{name}" does not exist')
        if not path.is_dir():
            yield name, path.read_bytes()
            continue
        inside = path.rglob("*") if recursive else path.iterdir()
        for child in sorted(inside):
            if child.suffix in _SUFFIXES and child.is_file():
                yield str(child), child.read_bytes()


def _documents(source: str, data: bytes) -> Iterator[Json]:
    from pykube_core.api.machinery.documents import read_documents
    from pykube_core.api.machinery.errors import InputError
    from pykube_core.api.machinery.yaml_errors import YamlError

    try:
        yield from read_documents(source, data)
    except YamlError as error:
        where = f"line {error.kubectl_line}: " if error.kubectl_line else ""
        why = error.reason.removeprefix("bad YAML: ")
        if why.startswith("invalid Yaml document separator"):
            raise _Unreadable(f"error parsing {source}: {why}") from None
        raise _Unreadable(
            f"error parsing {source}: error converting YAML to JSON: yaml: {where}{why}"
        ) from None
    except InputError as error:
        where = f"{error.object}: " if error.object else ""
        raise _Unreadable(f"error parsing {source}: {where}{error.reason}") from None


def _flat(document: Json) -> Iterator[Json]:
    if isinstance(document, dict):
        kind, items = document.get("kind"), document.get("items")
        if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
            for item in items:
                yield from _flat(item)
            return
    yield document


def _manifest(registry: Registry, source: str, obj: Json, namespace: str) -> Manifest:
    kind = obj.get("kind") if isinstance(obj, dict) else None
    version = obj.get("apiVersion") if isinstance(obj, dict) else None
    for field, value in (("Kind", kind), ("apiVersion", version)):
        if not isinstance(value, str) or not value:
            text = json.dumps(obj, sort_keys=True, separators=(",", ":"))
            why = f"Object '{field}' is missing in '{text}'"
            raise _Unreadable(f'unable to decode "{source}": {why}')
    metadata = obj.get("metadata")
    given = metadata if isinstance(metadata, dict) else {}
    group, _, number = str(version).rpartition("/")
    resource = registry.of_kind(str(kind), group, number) if number else None
    if resource is None:
        from pykube_core.api.kinds import why_not_served

        known = why_not_served(registry, str(kind), str(version))
        raise _Unreadable(
            f'resource mapping not found for name: "{given.get("name") or ""}" namespace: '
            f'"{given.get("namespace") or ""}" from "{source}": no matches for kind "{kind}" in '
            f'version "{version}"\nensure CRDs are installed first' + (known and f"\n{known}")
        )
    if not resource.namespaced:
        return Manifest(source, resource, obj, "")
    own = str(given.get("namespace") or "")
    if own and namespace and own != namespace:
        raise CommandError(
            f'the namespace from the provided object "{own}" does not match the namespace '
            f"\"{namespace}\". You must pass '--namespace={own}' to perform this operation."
        )
    where = own or namespace or "default"
    obj = obj | {"metadata": given | {"namespace": where}} if isinstance(metadata, dict) else obj
    return Manifest(source, resource, obj, where)
