"""Which objects a list or a watch asks for."""

from __future__ import annotations

import functools
from typing import Any, Final

import msgspec

from pykube_core.api.machinery.objects import Json
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.selector_text import (
    FieldRequirement,
    parse_fields_text,
    parse_labels_text,
    unsupported_field,
)
from pykube_core.api.machinery.selectors import SelectorError
from pykube_core.api.machinery.status import bad_request

_LABELS: Final = "metadata.labels"
_BOOLEANS: Final = frozenset(("spec.unschedulable", "spec.hostNetwork"))


class Selection:
    """A label selector and a field selector of one resource; empty texts select everything.

    Raises
    ------
    StatusError
        400: a selector cannot be read, or names a field that the resource does not select by.
    """

    def __init__(self, resource: Resource, labels: str = "", fields: str = "") -> None:
        self.resource = resource.stored
        self._paths = resource.fields
        try:
            self._labels = parse_labels_text(labels)
            requirements = parse_fields_text(fields)
            self._of_key = [r for r in requirements if self._is_of_key(r)]
            self._fields = [r for r in requirements if r not in self._of_key]
            for requirement in self._fields:
                if requirement.field not in resource.fields:
                    raise unsupported_field(requirement.field)
        except SelectorError as error:
            raise bad_request(str(error)) from None
        paths = [resource.fields[requirement.field] for requirement in self._fields]
        if not self._labels.everything:
            paths.append(_LABELS)
        self.everything = not paths and not self._of_key
        self._decoder = _decoder(tuple(sorted(set(paths)))) if paths else None

    def _is_of_key(self, requirement: FieldRequirement) -> bool:
        namespaced = self.resource.namespaced and requirement.field == "metadata.namespace"
        return namespaced or requirement.field == "metadata.name"

    @property
    def name(self) -> str:
        """The one name that can match; "" when there may be others."""
        names = [r.value for r in self._of_key if r.field == "metadata.name" and r.equal]
        return names[0] if names else ""

    def matches(self, key: bytes, data: bytes) -> bool:
        """Say whether a stored object is selected; only what the selectors name is decoded."""
        if self.everything:
            return True
        if self._of_key:
            namespace, name = self.resource.split_key(key)
            for requirement in self._of_key:
                held = name if requirement.field == "metadata.name" else namespace
                if (held == requirement.value) != requirement.equal:
                    return False
        if self._decoder is None:
            return True
        view = self._decoder.decode(data)
        if not self._labels.everything and not self._labels.matches(_at(view, _LABELS) or {}):
            return False
        return all((_text(view, self._paths[r.field]) == r.value) == r.equal for r in self._fields)


@functools.cache
def _decoder(paths: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Return a decoder of what the paths name, and nothing else."""
    tree: dict[str, Any] = {}
    for path in paths:
        node = tree
        *parents, leaf = path.split(".")
        for part in parents:
            node = node.setdefault(part, {})
        node[leaf] = None
    return msgspec.json.Decoder(_structure("Selected", tree))


def _structure(name: str, tree: dict[str, Any]) -> type[msgspec.Struct]:
    fields: list[tuple[str, Any, Any]] = []
    for part, below in tree.items():
        type = Any if below is None else _structure(part, below) | None
        fields.append((part, type, None))
    return msgspec.defstruct(name, fields)


def _at(view: Json, path: str) -> Json:
    for part in path.split("."):
        view = getattr(view, part, None)
    return view


def _text(view: Json, path: str) -> str:
    """Return a field as the text that selectors compare with."""
    value = _at(view, path)
    if value is None:
        return "false" if path in _BOOLEANS else ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
