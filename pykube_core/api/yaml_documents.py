"""YAML documents as plain JSON values, safe to read from strangers.

Composition is libyaml's where PyYAML has it. Against YAML's usual rules: duplicate keys are an
error, as in Kubernetes' strict decoding; time stamps stay text; what aliases repeat is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import yaml

from pykube_core.api.errors import InputError
from pykube_core.api.objects import Json

# Nodes that may come from aliases; a "billion laughs" document exceeds it at once.
ALIASED_NODES_MAX: Final = 100_000
DEPTH_MAX: Final = 200
_SCALAR_LENGTH_FREE: Final = 64

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG: Final = "tag:yaml.org,2002:"
_COLLECTION_TAGS: Final = (_TAG + "seq", _TAG + "map")


def read_documents(source: str, data: bytes) -> Iterator[Json]:
    """Yield each document that is not empty.

    Raises
    ------
    InputError
        With the line, for bad syntax, duplicate keys, unknown tags, too many aliases, and what is
        nested more than `DEPTH_MAX` deep.
    """
    _check_depth(source, data)
    try:
        loader = _LOADER(data)
    except yaml.YAMLError as error:
        raise _syntax_error(source, error) from None
    try:
        builder = _Builder(source, loader)
        while loader.check_node():
            node = loader.get_node()
            value = None if node is None else builder.build(node, 0)
            if value is not None:
                yield value
    except yaml.YAMLError as error:
        raise _syntax_error(source, error) from None
    finally:
        loader.dispose()


def _check_depth(source: str, data: bytes) -> None:
    """Refuse what composition, which recurses in C, has no stack for; a fifth of its time."""
    depth = 0
    try:
        for event in yaml.parse(data, _LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > DEPTH_MAX:
                    raise _too_deep(source, event)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return  # Said behind the documents that come before it.


class _Builder:
    """Turns composed nodes into values."""

    def __init__(self, source: str, loader: yaml.SafeLoader) -> None:
        self._source = source
        self._loader = loader
        self._seen: set[int] = set()
        self._kept: list[yaml.Node] = []  # ids in _seen stay theirs while the nodes live
        self._aliased = 0

    def build(self, node: yaml.Node, depth: int) -> Json:
        if depth > DEPTH_MAX:
            raise _too_deep(self._source, node)
        self._count_aliases(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in _COLLECTION_TAGS:
            raise self._error(node, f"values of tag {node.tag} are not read")
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, depth + 1) for item in node.value]
        return self._mapping(node, depth)

    def _count_aliases(self, node: yaml.Node) -> None:
        """Bound what is built more than once; short scalars never cost more than their alias."""
        scalar = isinstance(node, yaml.ScalarNode)
        if scalar and len(node.value) < _SCALAR_LENGTH_FREE:
            return
        if id(node) not in self._seen:
            self._seen.add(id(node))
            self._kept.append(node)
            return
        self._aliased += len(node.value) // _SCALAR_LENGTH_FREE if scalar else 1 + len(node.value)
        if self._aliased > ALIASED_NODES_MAX:
            raise self._error(node, f"aliases repeat more than {ALIASED_NODES_MAX} nodes")

    def _mapping(self, node: yaml.Node, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "merge":
                parts = self.build(value_node, depth + 1)
                for part in parts if isinstance(parts, list) else [parts]:
                    if not isinstance(part, dict):
                        raise self._error(key_node, "'<<' needs a mapping")
                    merged = part | merged
                continue
            key = self._key(key_node)
            if key in values:
                raise self._error(key_node, f'key "{key}" is already set in map')
            values[key] = self.build(value_node, depth + 1)
        return merged | values if merged else values

    def _key(self, node: yaml.Node) -> str:
        value = self._scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
        raise self._error(node, "a key must be text")

    def _scalar(self, node: yaml.ScalarNode) -> Json:
        tag = node.tag.removeprefix(_TAG)
        try:
            match tag:
                case "str" | "timestamp" | "value":
                    return str(node.value)
                case "null":
                    return None
                case "bool":
                    return self._loader.construct_yaml_bool(node)
                case "int" if ":" in node.value:  # base 60, which Kubernetes' YAML does not have
                    return str(node.value)
                case "int":
                    return self._loader.construct_yaml_int(node)
                case "float":
                    return self._loader.construct_yaml_float(node)
        except ValueError:
            raise self._error(node, f"bad {tag}: {node.value[:40]!r}") from None
        raise self._error(node, f"values of tag {node.tag} are not read")

    def _error(self, node: yaml.Node, reason: str) -> InputError:
        where = f"line {node.start_mark.line + 1}"
        return InputError(reason, source=self._source, object=where)


def _too_deep(source: str, at: yaml.Node | yaml.Event) -> InputError:
    line = getattr(at.start_mark, "line", 0) + 1
    reason = f"nested more than {DEPTH_MAX} deep"
    return InputError(reason, source=source, object=f"line {line}")


def _syntax_error(source: str, error: yaml.YAMLError) -> InputError:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}" if mark is not None else ""
    return InputError("bad YAML", source=source, object=where)
