"""The text of a configuration, YAML or JSON, to plain objects; no key may come twice."""

import json
from typing import Any

from pykube_core.api.errors import InputError


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
    from pykube_core.api.yaml_documents import read_documents

    documents = list(read_documents(source or "", text.encode()))
    if len(documents) > 1:
        raise InputError(f"expected one document, found {len(documents)}", source=source)
    return documents[0] if documents else None
