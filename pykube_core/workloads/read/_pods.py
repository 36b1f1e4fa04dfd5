"""Pods as a snapshot's text has them, told apart by the text of what scheduling reads.

Replicas of one controller are the same bytes but for what only one pod has. So a pod is cut down to
a text in which values are written as they were, and only a text that is new is decoded, checked and
reduced to a template (`_shape.py`). Two texts may make one template, as the same can be written in
more than one way; two templates never make one text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.json_faults import NOT_DECODED
from pykube_core.api.machinery.objects import DONE_PHASES
from pykube_core.api.machinery.times import parse_time
from pykube_core.workloads.collector import TableBuilder
from pykube_core.workloads.read._shape import (
    ABSENT,
    CREATED_ANNOTATION,
    DELETED_ANNOTATION,
    Cut,
    CutAnnotations,
    CutMetadata,
    CutSpec,
    CutStatus,
    Shape,
    ShapeMetadata,
    ShapeSpec,
    ShapeStatus,
    Volume,
    is_pinned_by,
    reduce_to_template,
)

# Stands where a bound pod names its node: whether a pod is bound is part of its shape.
_BOUND: Final = "-"
_NO_VOLUME: Final = Volume[msgspec.Raw]()

_V1: Final = (None, "v1")
_NO_ANNOTATIONS: Final = CutAnnotations()
_is_count: Final = re.compile(r"[0-9]{1,18}").fullmatch
decode_pod: Final = msgspec.json.Decoder(Cut).decode
_encode: Final = msgspec.json.Encoder().encode
_decode_shape: Final = msgspec.json.Decoder(Shape).decode


Row = tuple[str, int, int, int, str, bool]
"""Full name, template, creation, deletion, node and whether it is pinned: `TableBuilder.add`."""


class PodReader:
    """Reads pods into the rows of a table.

    Parameters
    ----------
    table : TableBuilder
        The table that pods are added to.
    complete : callable
        Takes the row of a template that is new and the pod, as "namespace/name", that brought it.
    refuse : callable
        Takes the row of a pod and the full name that another pod has, too; returns the error.
    """

    def __init__(
        self,
        table: TableBuilder,
        complete: Callable[[int, str], None],
        refuse: Callable[[int, str], InputError],
    ) -> None:
        self.dated = False
        self._table = table
        self._complete = complete
        self._refuse = refuse
        self._uids: dict[str, str] = {}
        self._known: dict[bytes, tuple[int, bool]] = {}
        self._times: dict[str | None, int] = {None: 0, "": 0}

    def add_run(
        self,
        items: Sequence[bytes | memoryview | msgspec.Raw],
        start: int,
        of_items: str | None,
    ) -> int:
        """Add the pods from a server that a list has from an item on.

        Returns
        -------
        int
            The first item that is something else, or wrong: its own way tells what it is.
        """
        add, index = self._table.add, start
        try:
            for index in range(start, len(items)):
                pod = decode_pod(items[index])
                if pod.kind != "Pod" and (pod.kind or of_items) != "Pod":
                    break
                if pod.apiVersion not in _V1 or pod.metadata is None or not pod.metadata.uid:
                    break
                row = self._read(pod, pod.metadata)
                if row is not None:
                    add(*row)
            else:
                index = len(items)
        except (InputError, *NOT_DECODED):
            pass
        return index

    def add(self, pod: Cut) -> None:
        """Add a pod, unless it has ended; the pod is taken apart by this.

        Raises
        ------
        InputError
            Naming the pod and its field.
        msgspec.ValidationError
            Something is not of its type.
        """
        row = self._read(pod, pod.metadata or CutMetadata())
        if row is not None:
            self._table.add(*row)

    def _read(self, pod: Cut, metadata: CutMetadata) -> Row | None:
        """Return the row of a pod; None of one that has ended, or comes again."""
        spec, status = pod.spec, pod.status
        if status is not None and status.phase in DONE_PHASES:
            return None
        name, uid = metadata.name, metadata.uid or ""
        node_name, deleted_ns, is_mirror = "", -1, False
        full = f"{metadata.namespace or 'default'}/{name or ''}"
        created_ns = self._times.get(metadata.creationTimestamp)
        if created_ns is None:
            created_ns = self._read_time(metadata.creationTimestamp, full)
        annotations = metadata.annotations
        if annotations is not None:
            if annotations == _NO_ANNOTATIONS:
                metadata.annotations = None
            else:
                is_mirror = annotations.mirror is not None
                created_ns, deleted_ns = self._exact_times(annotations, created_ns, full)
                annotations.mirror = annotations.created = annotations.deleted = None
        if spec is not None:
            node_name = spec.nodeName or ""
            spec.nodeName = _BOUND if node_name else None
            if spec.volumes is not None:
                spec.volumes = _mattering(spec.volumes)
        if status is not None:
            if not node_name:
                pod.status = CutStatus(nominatedNodeName=status.nominatedNodeName)
            else:
                status.phase = None
                if status.conditions is not None and b"PodResize" not in bytes(status.conditions):
                    status.conditions = ABSENT
        pod.apiVersion = pod.kind = None
        metadata.creationTimestamp = None
        if not _has_own_claims(spec):  # They bear its name and are owned by its uid.
            metadata.name = metadata.uid = None
        text = _encode(pod)
        template, owner_pins = self._known.get(text) or self._learn(text, full)
        if not name:
            raise InputError("Required value", field="metadata.name")
        pinned = (owner_pins or is_mirror) and bool(node_name)
        row = full, template, created_ns, deleted_ns, node_name, pinned
        count = len(self._uids)
        before = self._uids.setdefault(full, uid)
        if len(self._uids) > count:
            return row
        first = self._table.names.index(full)
        if uid == before and (uid or row == self._table.row(first)):
            return None  # It is the same pod once more.
        raise self._refuse(first, full)

    def _learn(self, text: bytes, full: str) -> tuple[int, bool]:
        """Return the row of the template that a new cut makes, and whether its owner pins it."""
        shape, owner_pins = _shape_of(text)
        count = len(self._table.templates)
        template = self._table.intern(shape)
        if template == count:
            self._complete(template, full)
        self._known[text] = template, owner_pins
        return template, owner_pins

    def _read_time(self, text: str | None, full: str) -> int:
        try:
            time_ns = self._times[text] = parse_time(text or "")
        except ValueError:
            reason = f"Invalid value: {text!r}: expected a time in RFC 3339"
            field = "metadata.creationTimestamp"
            raise InputError(reason, object=f"Pod {full}", field=field) from None
        return time_ns

    def _exact_times(
        self, annotations: CutAnnotations, created_ns: int, full: str
    ) -> tuple[int, int]:
        """Return when a pod is created and deleted."""
        deleted_ns = -1
        if annotations.deleted is not None:
            deleted_ns = _nanoseconds(annotations.deleted, DELETED_ANNOTATION, full)
        if annotations.created is not None:
            self.dated = True
            created_ns = _nanoseconds(annotations.created, CREATED_ANNOTATION, full)
        return created_ns, deleted_ns


def _shape_of(text: bytes) -> tuple[Shape, bool]:
    """Return the template of a cut, and whether its owner ties it to its node.

    Raises
    ------
    msgspec.ValidationError
        Something is not of its type.
    """
    pod = _decode_shape(text)
    metadata, spec = pod.metadata or ShapeMetadata(), pod.spec or ShapeSpec()
    shape = reduce_to_template(metadata, spec, pod.status or ShapeStatus())
    return shape, is_pinned_by(metadata.ownerReferences or [])


def _mattering(volumes: list[Volume[msgspec.Raw]]) -> list[Volume[msgspec.Raw]] | None:
    """Return the volumes of kinds that can refuse a node, as far as their text tells."""
    kept = None
    for volume in volumes:
        name, volume.name = volume.name, None
        if volume != _NO_VOLUME:
            volume.name = name
            kept = [*kept, volume] if kept else [volume]
    return kept


def _has_own_claims(spec: CutSpec | None) -> bool:
    """Say whether a pod may have generic ephemeral volumes, as far as its text tells."""
    volumes = spec.volumes if spec is not None else None
    return any(volume.ephemeral is not None for volume in volumes or ())


def _nanoseconds(text: str, annotation: str, full: str) -> int:
    if not _is_count(text):
        reason, field = f"expected nanoseconds: {text!r}", f"metadata.annotations[{annotation}]"
        raise InputError(reason, object=f"Pod {full}", field=field)
    return int(text)
