"""Answers in other shapes than the object's own: tables, and metadata alone.

Source: ``k8s.io/apiserver/pkg/endpoints/handlers/response.go`` v0.37.2. Column descriptions are our
own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from pykube_core.api.machinery.columns import Column
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import bad_request
from pykube_core.objects import ApiObject

_INCLUDED: Final = ("", "Metadata", "None", "Object")


def table(
    resource: Resource,
    objects: Iterable[ApiObject],
    now_ns: int,
    *,
    version: str,
    included: str,
    metadata: KubeObject,
    with_columns: bool = True,
) -> KubeObject:
    """Return objects as a ``Table``.

    Parameters
    ----------
    version : str
        Of ``meta.k8s.io``.
    included : str
        "Metadata", "None" or "Object": what each row carries of its object.
    metadata : dict
        Of the table.
    with_columns : bool
        A watch sends the columns with its first event alone.

    Raises
    ------
    StatusError
        400: there is no such inclusion.
    """
    if included not in _INCLUDED:
        text = "must be 'Metadata', 'Object', 'None', or empty"
        raise bad_request(f'includeObject: Invalid value: "{included}": {text}')
    rows = []
    for obj in objects:
        decoded = obj.decode()
        row: KubeObject = {"cells": resource.cells(decoded, now_ns)}
        if included != "None":
            whole = included == "Object"
            row["object"] = decoded if whole else partial_metadata(decoded, version)
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": metadata,
        "columnDefinitions": _definitions(resource.columns) if with_columns else None,
        "rows": rows,
    }


def partial_metadata(obj: KubeObject, version: str) -> KubeObject:
    """Return an object's metadata as ``PartialObjectMetadata``."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": obj["metadata"],
    }


def _definitions(columns: Sequence[Column]) -> list[Json]:
    return [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": f"{column.name} of the object",
            "priority": column.priority,
        }
        for column in columns
    ]
