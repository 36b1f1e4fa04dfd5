"""Tables and objects as ``kubectl`` prints them, byte for byte.

Source: ``k8s.io/cli-runtime/pkg/printers/tableprinter.go`` and
``k8s.io/kubectl/pkg/cmd/get/get.go`` v0.32.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple, TextIO

from pykube_core.api.machinery.columns import NONE
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.yaml_text import json_text, yaml_text
from pykube_core.cli.resource_arguments import printed_kind

_WIDTH_MIN: Final = 6
_PADDING: Final = 3
_BREAK_RE: Final = re.compile("[\f\n\r]")


class TableOptions(NamedTuple):
    """How a table is printed; the names are those of ``kubectl get``'s options."""

    wide: bool = False
    with_kind: bool = False
    with_namespace: bool = False
    show_labels: bool = False
    label_columns: tuple[str, ...] = ()
    no_headers: bool = False


def table_lines(
    resource: Resource, objects: Sequence[KubeObject], now_ns: int, options: TableOptions
) -> list[str]:
    """Return the lines of a table of objects of one resource; ages are as of ``now_ns``."""
    shown = [
        at for at, column in enumerate(resource.columns) if options.wide or not column.priority
    ]
    namespaced = options.with_namespace and resource.namespaced
    rows: list[list[str]] = []
    if not options.no_headers:
        header = ["NAMESPACE"] if namespaced else []
        header += [resource.columns[at].name.upper() for at in shown]
        header += [label.rpartition("/")[2].upper() for label in options.label_columns]
        rows.append([*header, "LABELS"] if options.show_labels else header)
    for obj in objects:
        cells = resource.cells(obj, now_ns)
        row = [obj["metadata"].get("namespace", "")] if namespaced else []
        for at in shown:
            text = _cell(cells[at])
            if options.with_kind and resource.columns[at].format == "name":
                text = f"{printed_kind(resource)}/{text}"
            row.append(text)
        labels = obj["metadata"].get("labels") or {}
        row += [labels.get(label, "") for label in options.label_columns]
        if options.show_labels:
            row.append(",".join(f"{k}={v}" for k, v in sorted(labels.items())) or NONE)
        rows.append(row)
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines: each column as wide as its widest cell and three spaces, at least six.

    All rows have the same number of cells; the last of a row is not padded.
    """
    if not rows:
        return []
    columns = zip(*(row[:-1] for row in rows), strict=True)
    widths = [max(_WIDTH_MIN, max(map(len, column)) + _PADDING) for column in columns]
    return [
        "".join([cell.ljust(width) for cell, width in zip(row, widths, strict=False)] + [row[-1]])
        for row in rows
    ]


def _cell(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    broken = _BREAK_RE.search(text)
    return text if broken is None else text[: broken.start()] + "..."


def object_text(resource: Resource, obj: KubeObject, output: str) -> str:
    """Return one object in an output format, without a line break at its end."""
    match output:
        case "json":
            return json_text(obj)
        case "yaml":
            return yaml_text(obj).removesuffix("\n")
    return f"{printed_kind(resource)}/{obj['metadata'].get('name', '')}"


def list_text(objects: Sequence[KubeObject], output: str) -> str:
    """Return objects as one ``List``, as "json" or "yaml"."""
    document = {
        "apiVersion": "v1",
        "items": list(objects),
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    }
    return json_text(document) if output == "json" else yaml_text(document).removesuffix("\n")


class ObjectPrinter:
    """Prints what a changing command did: a line such as ``pod/web created``, or the object.

    Parameters
    ----------
    output : str
        "", "name", "json" or "yaml"; several YAML documents are parted by ``---``.
    dry_run : str
        "none", "client" or "server"; a line says so.
    """

    def __init__(self, out: TextIO, output: str = "", dry_run: str = "none") -> None:
        self._out = out
        self._output = output
        notes = {"client": " (dry run)", "server": " (server dry run)"}
        self._note = notes.get(dry_run, "")
        self._count = 0

    def __call__(self, resource: Resource, obj: KubeObject, done: str) -> None:
        """Print one object, of which ``done`` says what happened."""
        if self._output == "yaml" and self._count:
            print("---", file=self._out)
        self._count += 1
        if self._output:
            print(object_text(resource, obj, self._output), file=self._out)
        else:
            name = object_text(resource, obj, "name")
            print(f"{name} {done}{self._note}", file=self._out)
