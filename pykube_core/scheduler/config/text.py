"""The text of a configuration, YAML or JSON, to plain objects; no key may come twice."""

import json
from collections.abc import Hashable
from typing import Any, Final

from pykube_core.api.errors import InputError

_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"


def parse_document(text: str, source: str | None = None) -> dict[str, Any]:
    """Parse one YAML or JSON document that is an object.

    Parameters
    ----------
    text : str
        The document.
    source : str, optional
        The file's name, for errors.

    Raises
    ------
    InputError
        If the text is neither YAML nor JSON, holds no object or more than one document, or has a
        key twice; the line is named where it is known.

    Notes
    -----
    Scalars are those of YAML 1.1, as in kube-scheduler, but what looks like a date stays a string.
    """
    try:
        document = _parse(text, source)
    except RecursionError:
        raise InputError("nested too deeply", source=source) from None
    if not isinstance(document, dict):
        raise InputError("expected an object with apiVersion and kind", source=source)
    return document


def _parse(text: str, source: str | None) -> object:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text, object_pairs_hook=_unique_pairs)
        except json.JSONDecodeError:
            # A flow mapping of YAML starts with a brace, too.
            return _parse_yaml(text, source)
        except InputError as error:
            raise error.within(source) from None
    return _parse_yaml(text, source)


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f'duplicate key "{twice}"')
    return value


def _parse_yaml(text: str, source: str | None) -> object:
    # PyYAML takes tens of milliseconds to import, and many runs read no configuration.
    import yaml

    class Loader(yaml.SafeLoader):
        """SafeLoader that refuses a key that comes twice, and keys that are no strings."""

        def construct_mapping(
            self, node: yaml.MappingNode, deep: bool = False
        ) -> dict[Hashable, Any]:
            seen: set[str] = set()
            for key_node, _ in node.value:
                line = f"line {key_node.start_mark.line + 1}"
                if not isinstance(key_node, yaml.ScalarNode):
                    raise InputError("a key must be a string", source=source, object=line)
                if key_node.value in seen:
                    reason = f'duplicate key "{key_node.value}"'
                    raise InputError(reason, source=source, object=line)
                seen.add(key_node.value)
            value = super().construct_mapping(node, deep)
            return {key if isinstance(key, str) else str(key): item for key, item in value.items()}

    Loader.yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        documents = list(yaml.load_all(text, Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}" if mark else ""
        reason = f"not valid YAML: {error.problem or error.context}"
        raise InputError(reason, source=source, object=line) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"not valid YAML: {error}", source=source) from None
    documents = [document for document in documents if document is not None]
    if len(documents) > 1:
        raise InputError(f"expected one document, found {len(documents)}", source=source)
    return documents[0] if documents else None
