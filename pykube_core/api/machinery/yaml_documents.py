"""YAML documents as plain JSON values, as Kubernetes reads them; safe to read from strangers.

The syntax is libyaml's where PyYAML has it; `yaml_scalars.py` has the meaning of scalars and keys.

Source: ``sigs.k8s.io/yaml`` v1.6.0. Differences: a key that comes twice in a mapping is an error,
as in its strict decoding, and not the last one's; text behind ``...`` is a document of its own and
not left out; values nested more than `DEPTH_MAX` deep are refused.
"""

from __future__ import annotations

import base64
import binascii
import copy
from collections.abc import Iterator
from typing import Any, Final

import yaml

from pykube_core.api.machinery.objects import Json
from pykube_core.api.machinery.yaml_errors import YamlError, syntax_error
from pykube_core.api.machinery.yaml_scalars import BINARY, ScalarError, key_text, resolve

DEPTH_MAX: Final = 200
# Values that may come from aliases, besides two for each byte of the document: a "billion laughs"
# document exceeds them at once.
ALIASED_VALUES_MAX: Final = 100_000

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(source: str, text: bytes, first_line: int = 1) -> Iterator[Json]:
    """Yield the value of each document of a text, null for one without content.

    Parameters
    ----------
    first_line : int
        The line of the file, from 1, that the text begins on.

    Raises
    ------
    InputError
        With the line, for bad syntax, duplicate keys, values that are not of their tag, too many
        aliases, and what is nested too deep.
    """
    try:
        builder = _Builder(source, text, first_line)
        while builder.next_document():
            yield builder.value(0)
    except yaml.YAMLError as error:
        raise syntax_error(source, error, first_line) from None


class _Builder:
    """Turns a parser's events into values."""

    def __init__(self, source: str, text: bytes, first_line: int) -> None:
        self._source = source
        self._first_line = first_line
        self._parser = _LOADER(text)
        self._aliased_max = ALIASED_VALUES_MAX + 2 * len(text)
        self._aliased = 0
        self._anchors: dict[str, tuple[Json, int]] = {}
        self._open: set[str] = set()
        self._built = 0
        self._event: Any = None

    def next_document(self) -> bool:
        """Go to the first event of the next document's content; False at the end."""
        self._anchors.clear()
        while True:
            event = self._event = self._parser.get_event()
            if isinstance(event, yaml.StreamEndEvent):
                return False
            if isinstance(event, yaml.DocumentStartEvent):
                self._event = self._parser.get_event()
                return True

    def value(self, depth: int) -> Json:
        """Return the value that begins with the current event, and go to the last of it."""
        event = self._event
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        anchor = event.anchor
        if anchor is not None:
            self._open.add(anchor)
        before = self._built
        self._built += 1
        value: Json
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif depth > DEPTH_MAX:
            raise self._error(event, f"nested more than {DEPTH_MAX} deep")
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
            while not isinstance(self._next(), yaml.SequenceEndEvent):
                value.append(self.value(depth + 1))
        else:
            value = self._mapping(depth)
        if anchor is not None:
            self._open.discard(anchor)
            self._anchors[anchor] = value, self._built - before
        return value

    def _next(self) -> yaml.Event:
        event: yaml.Event = self._parser.get_event()
        self._event = event
        return event

    def _alias(self, event: yaml.AliasEvent) -> Json:
        name = event.anchor
        if name in self._open:
            raise self._error(event, f"anchor '{name}' value contains itself")
        if name not in self._anchors:
            raise self._error(event, f"unknown anchor '{name}' referenced")
        value, size = self._anchors[name]
        self._aliased += size + (len(value) // 64 if isinstance(value, str) else 0)
        if self._aliased > self._aliased_max:
            raise self._error(event, "document contains excessive aliasing")
        self._built += size
        return copy.deepcopy(value) if isinstance(value, dict | list) else value

    def _mapping(self, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        own: set[str] = set()
        while True:
            event = self._next()
            if isinstance(event, yaml.MappingEndEvent):
                return values
            if _is_merge(event):
                self._next()
                self._merge(event, depth, values)
                continue
            key = self._key(event)
            if key in own:
                raise self._error(event, f'key "{key}" is already set in map')
            own.add(key)
            self._next()
            values[key] = self.value(depth + 1)

    def _merge(self, event: yaml.Event, depth: int, values: dict[str, Any]) -> None:
        """Set the keys of "<<": over those before it, under those behind it."""
        is_list = isinstance(self._event, yaml.SequenceStartEvent)
        merged = self.value(depth + 1)
        for part in reversed(merged) if is_list and isinstance(merged, list) else [merged]:
            if not isinstance(part, dict):
                reason = "map merge requires map or sequence of maps as the value"
                raise self._error(event, reason)
            values.update(part)

    def _key(self, event: yaml.Event) -> str:
        if isinstance(event, yaml.AliasEvent):
            value = self._alias(event)
            if isinstance(value, str):
                return value
            if isinstance(value, bool | int | float):
                return key_text(str(value).lower())
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error(event, "a key must be text")
        tag = event.tag or ""
        try:
            if tag == BINARY:
                key = self._binary(event)
            else:
                key = key_text(event.value, tag) if tag or event.implicit[0] else str(event.value)
        except ScalarError as error:
            raise self._error(event, str(error)) from None
        if event.anchor is not None:
            value = self._scalar(event)
            self._anchors[event.anchor] = value, 1
        return key

    def _scalar(self, event: yaml.ScalarEvent) -> Json:
        tag = event.tag or ""
        if not tag and not event.implicit[0]:
            return str(event.value)
        if tag == BINARY:
            return self._binary(event)
        try:
            return resolve(event.value, tag)
        except ScalarError as error:
            raise self._error(event, str(error)) from None

    def _binary(self, event: yaml.ScalarEvent) -> str:
        text = event.value.replace("\n", "").replace("\r", "")
        try:
            return base64.b64decode(text, validate=True).decode(errors="replace")
        except (binascii.Error, ValueError):
            raise self._error(event, "!!binary value contains invalid base64 data") from None

    def _error(self, event: yaml.Event, reason: str) -> YamlError:
        line = getattr(event.start_mark, "line", 0)
        where = f"line {self._first_line + line}"
        found = YamlError(reason, source=self._source, object=where)
        found.kubectl_line = line + 1
        return found


def _is_merge(event: yaml.Event) -> bool:
    if not isinstance(event, yaml.ScalarEvent) or event.value != "<<":
        return False
    return event.implicit[0] or event.tag == "tag:yaml.org,2002:merge"
