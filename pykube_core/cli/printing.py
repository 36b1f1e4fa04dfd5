"""Tables and objects as ``kubectl`` prints them, byte for byte.

Source: ``k8s.io/cli-runtime/pkg/printers/tableprinter.go`` and
``k8s.io/kubectl/pkg/cmd/get/get.go`` v0.32.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Final, NamedTuple, TextIO

from pykube_core.api.machinery.columns import NONE
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.cli.resource_arguments import printed_kind

_WIDTH_MIN: Final = 6
_PADDING: Final = 3
_EVENT_WIDTH: Final = len("MODIFIED") + 2
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
    resource: Resource,
    objects: Sequence[KubeObject],
    now_ns: int,
    options: TableOptions,
    *,
    event: str = "",
    widths: list[int] | None = None,
) -> list[str]:
    """Return the lines of a table of objects of one resource; ages are as of ``now_ns``.

    Parameters
    ----------
    event : str
        How the objects changed, for a first column; "" for none.
    widths : list of int, optional
        Widths of the columns of lines before, which these widen.
    """
    shown = [
        at for at, column in enumerate(resource.columns) if options.wide or not column.priority
    ]
    namespaced = options.with_namespace and resource.namespaced
    rows: list[list[str]] = []
    if not options.no_headers:
        header = [*(["EVENT"] if event else []), *(["NAMESPACE"] if namespaced else [])]
        header += [resource.columns[at].name.upper() for at in shown]
        header += [label.rpartition("/")[2].upper() for label in options.label_columns]
        rows.append([*header, "LABELS"] if options.show_labels else header)
    for obj in objects:
        cells = resource.cells(obj, now_ns)
        row = [event.ljust(_EVENT_WIDTH)] if event else []
        row += [obj["metadata"].get("namespace", "")] if namespaced else []
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
    return aligned(rows, widths)


def aligned(rows: Sequence[Sequence[str]], widths: list[int] | None = None) -> list[str]:
    """Return rows as lines: each column as wide as its widest cell and three spaces, at least six.

    All rows have the same number of cells; the last of a row is not padded.

    Parameters
    ----------
    widths : list of int, optional
        Widths that columns have at least; they grow with the rows.
    """
    if not rows:
        return []
    least = [] if widths is None else widths
    columns = list(zip(*(row[:-1] for row in rows), strict=True))
    least += [_WIDTH_MIN] * (len(columns) - len(least))
    for at, column in enumerate(columns):
        least[at] = max(least[at], max(map(len, column)) + _PADDING)
    return [
        "".join([cell.ljust(width) for cell, width in zip(row, least, strict=False)] + [row[-1]])
        for row in rows
    ]


def _cell(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    broken = _BREAK_RE.search(text)
    return text if broken is None else text[: broken.start()] + "..."


def as_list(objects: Sequence[KubeObject]) -> KubeObject:
    """Return objects as one ``List``."""
    return {
        "apiVersion": "v1",
        "items": list(objects),
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    }


class ObjectPrinter:
    """Prints what a changing command did: a line such as ``pod/web created``, or the object.

    Parameters
    ----------
    options : Namespace
        Its ``output`` is "" for a line, else a format; a line says so when its ``dry_run`` is
        "client" or "server".

    Raises
    ------
    CommandError
        There is no such format, or its template is none.
    """

    def __init__(self, out: TextIO, options: argparse.Namespace) -> None:
        from pykube_core.cli.output.formats import object_format

        self._out = out
        self._format = object_format(options)
        notes = {"client": " (dry run)", "server": " (server dry run)"}
        self._note = notes.get(getattr(options, "dry_run", "none"), "")

    def __call__(self, resource: Resource, obj: KubeObject, done: str) -> None:
        """Print one object, of which ``done`` says what happened."""
        if self._format is not None:
            self._out.write(self._format(obj))
        else:
            name = f"{printed_kind(resource)}/{obj['metadata'].get('name', '')}"
            print(f"{name} {done}{self._note}", file=self._out)
