"""Snapshots of a cluster, as ``kubectl get nodes,pods,... -A -o json`` (or yaml) writes them."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from pykube_core.api.builtin import SCHEDULED
from pykube_core.api.core import NODES, PODS
from pykube_core.api.intake import label_of
from pykube_core.api.machinery.documents import json_syntax_error, read_texts
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.json_faults import NOT_DECODED, TOO_DEEP, json_fault
from pykube_core.api.machinery.objects import DONE_PHASES, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource
from pykube_core.workloads.collector import TableBuilder
from pykube_core.workloads.read._blocks import Block
from pykube_core.workloads.read._check import (
    check_object,
    complete_priority,
    complete_template,
    lacks_class,
    read_by_hand,
)
from pykube_core.workloads.read._dump import without_logs
from pykube_core.workloads.read._pods import PodReader, decode_pod
from pykube_core.workloads.read._shape import Cut, CutMetadata, Shape

_LIST_DEPTH_MAX: Final = 4


_NO_ITEMS: Final = msgspec.Raw()


class _Head(msgspec.Struct):
    """The fields that tell a list from an object, and its kind."""

    apiVersion: str | None = None
    kind: str | None = None
    items: msgspec.Raw = _NO_ITEMS


class _List(msgspec.Struct):
    """A list whose items are found in the same pass, which a `_Head` leaves for a second one."""

    kind: str
    items: list[msgspec.Raw]


class _AnyList(msgspec.Struct):
    """A list, as `_HEAD` and `_ITEMS` read it one after the other."""

    items: list[msgspec.Raw] | None = None


_HEAD = msgspec.json.Decoder(_Head)
_FAULTY_LIST: Final = msgspec.json.Decoder(_AnyList)
_FAULTY_POD: Final = msgspec.json.Decoder(Shape)
_LIST = msgspec.json.Decoder(_List)
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw] | None)
_ANY = msgspec.json.Decoder()


_Text = bytes | memoryview | msgspec.Raw
_LINE: Final = "line "


class Snapshot:
    """Objects collected from one or more sources.

    Attributes
    ----------
    nodes : list of dict
        Node objects in the order read.
    objects : dict of str to list of dict
        The other kinds that scheduling reads, by plural; kinds that are absent have no key.
    table : TableBuilder
        The pods.
    """

    def __init__(self, table: TableBuilder) -> None:
        self.nodes: list[KubeObject] = []
        self.objects: dict[str, list[KubeObject]] = {}
        self.table = table
        self._named: dict[tuple[str, str], tuple[KubeObject, str]] = {}
        self._pods = PodReader(table, self._complete, self._refuse_pod)
        self._after_pod = False
        self._sources: list[tuple[int, str]] = []
        self._first_of_template: list[tuple[str, str]] = []

    @property
    def dated(self) -> bool:
        """Whether pods carry exact virtual times, as `write_snapshot` writes them."""
        return self._pods.dated

    def read(self, source: str, data: bytes) -> None:
        """Add all objects of all documents, JSON or YAML.

        Raises
        ------
        InputError
            Naming file, object and field of the first thing that is wrong.
        """
        self._start(source)
        listed = _one_list(data)
        if listed is not None:  # The form of nearly all is read in one pass.
            self._add_items(source, *listed, "", 0)
            return
        documents = list(read_texts(source, without_logs(data)))
        for document in documents:
            if document.text[:1] != b"{":
                where = f"line {document.line}"
                raise InputError("expected a Kubernetes object", source=source, object=where)
        if len(documents) == 1:
            self._add(source, documents[0].text, None, "", 0)
            return
        texts, lines = [d.text for d in documents], [d.line for d in documents]
        self._add_items(source, texts, None, "", 0, lines)

    def read_blocks(self, source: str, blocks: Iterator[Block]) -> None:
        """Add the items of a list, some at a time; errors are those of `read`, or of the blocks."""
        self._start(source)
        for items, of_items in blocks:
            self._add_items(source, items, of_items, "", 0)

    def set_priorities(self) -> set[int]:
        """Set the priorities that no server has set, now that all classes are known.

        Returns
        -------
        set of int
            Templates that name a class where there are no classes at all: their priority stays 0.
        """
        classes = self.objects.get("priorityClasses", [])
        unranked = set()
        for index, (template, (source, label)) in enumerate(
            zip(self.table.templates, self._first_of_template, strict=False)
        ):
            if not classes and lacks_class(template):
                unranked.add(index)
                continue
            try:
                complete_priority(template, classes, label)
            except InputError as error:
                raise error.within(source) from None
        return unranked

    def _start(self, source: str) -> None:
        self._sources.append((len(self.table.names), source))

    def _source_of(self, row: int) -> str:
        starts = [start for start, _ in self._sources]
        return self._sources[bisect.bisect_right(starts, row) - 1][1]

    def node_rows(self) -> dict[str, int]:
        """Return the row of each node by its name."""
        return {name_of(node): row for row, node in enumerate(self.nodes)}

    def _add(self, source: str, raw: _Text, kind: str | None, where: str, depth: int) -> None:
        """Add one object, or all items of a list; ``kind`` is what its list says of its items."""
        try:
            listed = self._items_of(raw, kind, depth)
            if listed is not None:
                self._add_items(source, *listed, where, depth)
                return
            head = _HEAD.decode(raw)
            api_version, kind = head.apiVersion, head.kind or kind
            if kind is None:
                raise InputError("Required value", object=where, field="kind")
            group = (api_version or "").rpartition("/")[0]
            resource = SCHEDULED.get(kind)
            if resource is not None and (api_version is None or group == resource.group):
                self._after_pod = kind == "Pod"
                self._add_object(resource, raw)
        except InputError as error:
            raise error.within(source, where) from None
        except NOT_DECODED as error:
            raise _json_error(source, where, kind, raw, error) from None

    def _add_items(
        self,
        source: str,
        items: Sequence[_Text],
        of_items: str | None,
        where: str,
        depth: int,
        lines: Sequence[int] = (),
    ) -> None:
        """Add items of a list, or documents that begin on these lines of their file."""
        index = 0
        while index < len(items):
            if self._after_pod:  # Pods come in long runs.
                index = self._pods.add_run(items, index, of_items)
            self._after_pod = False
            if index < len(items):
                inner = f"{where}.items[{index}]".lstrip(".")
                if lines:
                    inner = f"{_LINE}{lines[index]}"
                self._add(source, items[index], of_items, inner, depth + 1)
                index += 1

    def _items_of(
        self, raw: _Text, kind: str | None, depth: int
    ) -> tuple[list[msgspec.Raw], str | None] | None:
        """Return the items of a list and the kind that it says they are of; None of an object."""
        listed = _one_list(raw)
        if listed is None:
            head = _HEAD.decode(raw)
            kind = head.kind or kind
            if kind is None or not kind.endswith("List") or head.items is _NO_ITEMS:
                return None
            listed = _ITEMS.decode(head.items) or [], kind.removesuffix("List") or None
        if depth >= _LIST_DEPTH_MAX:
            raise InputError("lists are nested too deep")
        return listed

    def _add_object(self, resource: Resource, raw: _Text) -> None:
        if resource is PODS:
            self._add_pod(decode_pod(raw), raw)
            return
        kind, obj = resource.kind, _ANY.decode(raw)
        label = label_of(kind, obj)
        checked = check_object(resource, obj, raw, label)
        if not self._is_new(kind, checked, label):
            return
        checked = {"apiVersion": resource.api_version, "kind": kind} | checked
        if resource is NODES:
            self.nodes.append(checked)
        else:
            self.objects.setdefault(resource.lister, []).append(checked)

    def _add_pod(self, pod: Cut, raw: _Text) -> None:
        metadata = pod.metadata or CutMetadata()
        ended = pod.status is not None and pod.status.phase in DONE_PHASES
        if not metadata.uid and not ended:
            label = f"Pod {metadata.namespace or 'default'}/{metadata.name or ''}"
            pod = decode_pod(msgspec.json.encode(read_by_hand(bytes(raw), label)))
        self._pods.add(pod)

    def _complete(self, template: int, full: str) -> None:
        """Check a template that is new, and give it defaults."""
        label, name = f"Pod {full}", full.partition("/")[2]
        templates = self.table.templates
        templates[template] = complete_template(templates[template], name, label)
        self._first_of_template.append((self._sources[-1][1], label))

    def _is_new(self, kind: str, obj: KubeObject, label: str) -> bool:
        """Say whether no object of this name was read before; of one that comes again, False.

        Raises
        ------
        InputError
            Another object has the name.
        """
        metadata = obj["metadata"]
        full = kind, f"{metadata.get('namespace', '')}/{metadata['name']}"
        source = self._sources[-1][1]
        before, where = self._named.setdefault(full, (obj, source))
        if before is obj:
            return True
        uid = metadata.get("uid")
        if obj == before if not uid else uid == before["metadata"].get("uid"):
            return False
        raise _duplicate(label, metadata["name"], where, source)

    def _refuse_pod(self, row: int, full: str) -> InputError:
        """Return what is wrong with a pod whose name another has."""
        name = full.partition("/")[2]
        return _duplicate(f"Pod {full}", name, self._source_of(row), self._sources[-1][1])


def _duplicate(label: str, name: str, where: str, source: str) -> InputError:
    reason = f'Duplicate value: "{name}"'
    if where != source:
        reason += f": another object of this name is in {where}"
    return InputError(reason, object=label, field="metadata.name")


def _one_list(raw: _Text) -> tuple[list[msgspec.Raw], str | None] | None:
    """Return the items of a list, and the kind that it says they are of; None of anything else."""
    try:
        found = _LIST.decode(raw)
    except NOT_DECODED:
        return None
    if not found.kind.endswith("List"):
        return None
    return found.items, found.kind.removesuffix("List") or None


def _json_error(
    source: str, where: str, kind: str | None, raw: _Text, error: Exception
) -> InputError:
    """Say where in the file, or in which object, decoding failed."""
    if isinstance(error, RecursionError):
        return InputError(TOO_DEEP, source=source, object=where)
    if isinstance(error, msgspec.ValidationError):
        fault = json_fault(
            bytes(raw), _HEAD, _FAULTY_LIST if _says_list(raw, kind) else _FAULTY_POD
        )
        return fault.within(source, _name(raw, kind) or where)
    first = int(where.removeprefix(_LINE)) if where.startswith(_LINE) else 1
    found = json_syntax_error(source, bytes(raw), first)
    if where and not where.startswith(_LINE):
        return InputError(found.reason, source=source, object=where)
    return found


def _says_list(raw: _Text, kind: str | None) -> bool:
    """Say whether what does not decode says that it is a list, or its own list says so."""
    try:
        return (_HEAD.decode(raw).kind or kind or "").endswith("List")
    except NOT_DECODED:
        return False


def _name(raw: _Text, kind: str | None) -> str:
    """Return what names an object that does not decode as its kind, or ""."""
    try:
        label = label_of(kind or "object", _ANY.decode(raw))
    except NOT_DECODED:
        return ""
    return label if " " in label else ""
