"""Snapshots of a cluster, as ``kubectl get nodes,pods,... -A -o json`` (or yaml) writes them."""

from __future__ import annotations

import functools
import re
from typing import Final

import msgspec

from pykube_core.api.errors import InputError
from pykube_core.api.json_faults import NOT_DECODED, TOO_DEEP, json_fault
from pykube_core.api.objects import DONE_PHASES, KubeObject, label_of, name_of
from pykube_core.api.times import parse_time
from pykube_core.api.yaml_documents import read_documents
from pykube_core.lab.read import _shape
from pykube_core.lab.read._check import (
    check_fields,
    check_object,
    complete_priority,
    complete_template,
    lacks_class,
    read_by_hand,
)
from pykube_core.lab.read._table import TableBuilder

# Kinds that scheduling reads besides Node and Pod: API group, and the name in Workload.objects.
KINDS: Final = {
    "Namespace": ("", "namespaces"),
    "Service": ("", "services"),
    "ReplicationController": ("", "replicationControllers"),
    "PersistentVolume": ("", "persistentVolumes"),
    "PersistentVolumeClaim": ("", "persistentVolumeClaims"),
    "ReplicaSet": ("apps", "replicaSets"),
    "StatefulSet": ("apps", "statefulSets"),
    "StorageClass": ("storage.k8s.io", "storageClasses"),
    "CSINode": ("storage.k8s.io", "csiNodes"),
    "CSIDriver": ("storage.k8s.io", "csiDrivers"),
    "CSIStorageCapacity": ("storage.k8s.io", "csiStorageCapacities"),
    "VolumeAttachment": ("storage.k8s.io", "volumeAttachments"),
    "PodDisruptionBudget": ("policy", "podDisruptionBudgets"),
    "PriorityClass": ("scheduling.k8s.io", "priorityClasses"),
}

_GROUPS: Final = {"Node": "", "Pod": ""} | {kind: group for kind, (group, _) in KINDS.items()}
_LIST_DEPTH_MAX: Final = 4


_NO_ITEMS: Final = msgspec.Raw()


class _Head(msgspec.Struct):
    """What tells a list from an object, and what kind it is."""

    apiVersion: str | None = None
    kind: str | None = None
    items: msgspec.Raw = _NO_ITEMS


class _List(msgspec.Struct):
    """A list, as `_HEAD` and `_ITEMS` read it one after the other."""

    items: list[msgspec.Raw] | None = None


_HEAD = msgspec.json.Decoder(_Head)
_LIST = msgspec.json.Decoder(_List)
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw] | None)
_POD = msgspec.json.Decoder(_shape.Pod)
_ANY = msgspec.json.Decoder()


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
    dated : bool
        True when pods carry exact virtual times, as `write_snapshot` writes them.
    """

    def __init__(self, table: TableBuilder) -> None:
        self.nodes: list[KubeObject] = []
        self.objects: dict[str, list[KubeObject]] = {}
        self.table = table
        self.dated = False
        self._names: set[tuple[str, str]] = set()
        self._source = ""
        self._first_of_template: list[tuple[str, str]] = []

    def read_json(self, source: str, data: bytes) -> None:
        """Add all objects of a JSON document.

        Raises
        ------
        InputError
            Naming file, object and field of the first thing that is wrong.
        """
        self._source = source
        self._add(source, data, None, "", 0)

    def read_yaml(self, source: str, data: bytes) -> None:
        """Add all objects of all YAML documents; errors are those of `read_json`."""
        self._source = source
        for index, document in enumerate(read_documents(source, data)):
            if not isinstance(document, dict):
                raise InputError("expected a Kubernetes object", source=source, object="line 1")
            self._add(source, msgspec.json.encode(document), None, f"document {index + 1}", 0)

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

    def node_rows(self) -> dict[str, int]:
        """Return the row of each node by its name."""
        return {name_of(node): row for row, node in enumerate(self.nodes)}

    def _add(
        self, source: str, raw: bytes | msgspec.Raw, kind: str | None, where: str, depth: int
    ) -> None:
        """Add one object, or all items of a list; ``kind`` is what its list says of its items."""
        try:
            head = _HEAD.decode(raw)
            api_version, kind = head.apiVersion, head.kind or kind
            if kind is None:
                raise InputError("Required value", object=where, field="kind")
            if kind.endswith("List") and head.items is not _NO_ITEMS:
                items = _ITEMS.decode(head.items) or ()
                if depth >= _LIST_DEPTH_MAX:
                    raise InputError("lists are nested too deep", object=where)
                of_items = kind.removesuffix("List") or None
                for index, item in enumerate(items):
                    self._add(
                        source, item, of_items, f"{where}.items[{index}]".lstrip("."), depth + 1
                    )
                return
            group = (api_version or "").rpartition("/")[0]
            if api_version is None or group == _GROUPS.get(kind):
                self._add_object(kind, raw)
        except InputError as error:
            raise error.within(source, where) from None
        except NOT_DECODED as error:
            raise _json_error(source, where, kind, raw, error) from None

    def _add_object(self, kind: str, raw: bytes | msgspec.Raw) -> None:
        if kind == "Pod":
            self._add_pod(_POD.decode(raw), raw)
        elif kind == "Node" or kind in KINDS:
            obj = _ANY.decode(raw)
            label = label_of(kind, obj)
            checked = check_object(kind, obj, label)
            metadata = checked["metadata"]
            if not metadata.get("uid"):
                check_fields(kind, bytes(raw), label)
            self._claim_name(kind, metadata.get("namespace", ""), metadata["name"], label)
            checked = {"apiVersion": _api_version(kind), "kind": kind} | checked
            if kind == "Node":
                self.nodes.append(checked)
            else:
                self.objects.setdefault(KINDS[kind][1], []).append(checked)

    def _add_pod(self, pod: _shape.Pod, raw: bytes | msgspec.Raw) -> None:
        metadata = pod.metadata or _shape.Metadata()
        spec, status = pod.spec or _shape.PodSpec(), pod.status or _shape.PodStatus()
        if status.phase in DONE_PHASES:
            return
        namespace, name = metadata.namespace or "default", metadata.name or ""
        label = f"Pod {namespace}/{name}"
        self._claim_name("Pod", namespace, name, label)
        if not metadata.uid:
            pod = msgspec.convert(read_by_hand(bytes(raw), label), _shape.Pod)
            metadata, spec = pod.metadata or metadata, pod.spec or spec
        annotations = metadata.annotations or {}
        created_ns = _time_ns(annotations, _shape.CREATED_ANNOTATION, label)
        deleted_ns = _time_ns(annotations, _shape.DELETED_ANNOTATION, label)
        if created_ns is None:
            created_ns = _timestamp_ns(metadata.creationTimestamp, label)
        else:
            self.dated = True
        node_name, pinned = spec.nodeName or "", _is_pinned(metadata)
        known = len(self.table.templates)
        template = self.table.intern(_shape.reduce_to_template(metadata, spec, status))
        if template == known:
            shape = self.table.templates[template]
            self.table.templates[template] = complete_template(shape, name, label)
            self._first_of_template.append((self._source, label))
        self.table.add(
            f"{namespace}/{name}",
            template,
            created_ns,
            -1 if deleted_ns is None else deleted_ns,
            node_name,
            pinned and bool(node_name),
        )

    def _claim_name(self, kind: str, namespace: str, name: str, label: str) -> None:
        if not name:
            raise InputError("Required value", field="metadata.name")
        full = (kind, f"{namespace}/{name}")
        if full in self._names:
            raise InputError(f'Duplicate value: "{name}"', object=label, field="metadata.name")
        self._names.add(full)


def _api_version(kind: str) -> str:
    group = _GROUPS[kind]
    return f"{group}/v1" if group else "v1"


def _is_pinned(metadata: _shape.Metadata) -> bool:
    if _shape.MIRROR_ANNOTATION in (metadata.annotations or {}):
        return True
    owners = metadata.ownerReferences or ()
    return any(owner.controller and owner.kind in ("DaemonSet", "Node") for owner in owners)


def _time_ns(annotations: dict[str, str], key: str, label: str) -> int | None:
    text = annotations.get(key)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise InputError(
            f"expected nanoseconds: {text!r}", object=label, field=f"metadata.annotations[{key}]"
        )
    return int(text)


_parse_time: Final = functools.lru_cache(maxsize=65536)(parse_time)


def _timestamp_ns(text: str | None, label: str) -> int:
    try:
        return _parse_time(text) if text else 0
    except ValueError:
        reason = f"Invalid value: {text!r}: expected a time in RFC 3339"
        raise InputError(reason, object=label, field="metadata.creationTimestamp") from None


def _json_error(
    source: str, where: str, kind: str | None, raw: bytes | msgspec.Raw, error: Exception
) -> InputError:
    """Say where in the file, or in which object, decoding failed."""
    if isinstance(error, RecursionError):
        return InputError(TOO_DEEP, source=source, object=where)
    fault = json_fault(bytes(raw), _HEAD, _LIST if (kind or "").endswith("List") else _POD)
    found = _name(raw, kind) if isinstance(error, msgspec.ValidationError) else ""
    return fault.within(source, found or where)


def _name(raw: bytes | msgspec.Raw, kind: str | None) -> str:
    """Return what names an object that does not decode as its kind, or ""."""
    try:
        label = label_of(kind or "object", _ANY.decode(raw))
    except NOT_DECODED:
        return ""
    return label if " " in label else ""
