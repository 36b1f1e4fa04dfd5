"""Manifests as ``kubectl`` takes them: files, directories, text, or objects made in Python."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pykube_core.api.kinds import why_not_served
from pykube_core.api.machinery.documents import read_documents
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Registry, Resource

Manifests = str | os.PathLike[str] | KubeObject | Iterable[object]

_SUFFIXES: Final = (".json", ".yaml", ".yml")
_TEXT: Final = "<text>"
_MADE: Final = "<object>"


def read_manifests(
    manifests: Manifests, registry: Registry
) -> tuple[list[tuple[Resource, KubeObject]], list[InputError]]:
    """Return the objects of manifests with their resources, in order; lists are taken apart.

    The second list says of those whose kind is not served what they are.

    Parameters
    ----------
    manifests
        A file or a directory (its ``.json``, ``.yaml`` and ``.yml`` files by name); YAML or JSON
        text, of one document or more; an object; or an iterable of these. A string is text if it
        has more than one line or a colon followed by a space, otherwise a path.

    Raises
    ------
    InputError
        Something cannot be read.
    """
    found: list[tuple[Resource, KubeObject]] = []
    unserved: list[InputError] = []
    for source, obj in _objects(manifests):
        kind, version = _type_of(source, obj)
        group, _, number = version.rpartition("/")
        resource = registry.of_kind(kind, group, number) if number else None
        if resource is not None:
            found.append((resource, obj))
            continue
        known = why_not_served(registry, kind, version)
        why = f'no matches for kind "{kind}" in version "{version}"' + (known and f": {known}")
        unserved.append(InputError(why, source=source, object=_named(obj)))
    return found, unserved


def _objects(manifests: object) -> Iterator[tuple[str, KubeObject]]:
    if isinstance(manifests, dict):
        yield from _flat(_MADE, manifests)
    elif isinstance(manifests, str) and _is_text(manifests):
        yield from _documents(_TEXT, manifests.encode())
    elif isinstance(manifests, str | os.PathLike):
        for path in _files(manifests):
            yield from _documents(str(path), _read(path))
    elif isinstance(manifests, Iterable):
        for item in manifests:
            yield from _objects(item)
    else:
        raise InputError(f"no manifest: {type(manifests).__name__}")


def _is_text(manifests: str) -> bool:
    return "\n" in manifests or ": " in manifests or manifests.lstrip().startswith(("{", "["))


def _files(name: str | os.PathLike[str]) -> list[Path]:
    path = Path(name)
    try:
        if not path.is_dir():
            return [path]
    except OSError as error:
        raise InputError(error.strerror or str(error), source=os.fspath(name)) from None
    found = sorted(child for child in path.iterdir() if child.suffix in _SUFFIXES)
    if not found:
        raise InputError(f"no file here ends in {', '.join(_SUFFIXES)}", source=str(path))
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(error.strerror or str(error), source=str(path)) from None
    except ValueError:
        raise InputError("no file name holds a zero byte", source=str(path)) from None


def _documents(source: str, data: bytes) -> Iterator[tuple[str, KubeObject]]:
    # JSON is YAML.
    for document in read_documents(source, data):
        yield from _flat(source, document)


def _flat(source: str, document: Json) -> Iterator[tuple[str, KubeObject]]:
    if not isinstance(document, dict):
        raise InputError("expected an object with apiVersion and kind", source=source)
    kind, items = document.get("kind"), document.get("items")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
        for item in items:
            yield from _flat(source, item)
    else:
        yield source, document


def _type_of(source: str, obj: KubeObject) -> tuple[str, str]:
    kind, version = obj.get("kind"), obj.get("apiVersion")
    if not isinstance(kind, str) or not kind:
        raise InputError("kind not set", source=source, object=_named(obj))
    if not isinstance(version, str) or not version:
        raise InputError("apiVersion not set", source=source, object=_named(obj))
    return kind, version


def _named(obj: KubeObject) -> str:
    metadata = obj.get("metadata")
    name = name_of(obj) if isinstance(metadata, dict) else ""
    return " ".join(str(part) for part in (obj.get("kind"), name) if part)
