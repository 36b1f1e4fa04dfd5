"""Writes a workload as a snapshot that ``kubectl``-shaped tools, and `read_workload`, can read."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from pykube_core.api.builtin import SCHEDULED
from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.files import write_file
from pykube_core.workloads.model import Workload
from pykube_core.workloads.read import CREATED_ANNOTATION, DELETED_ANNOTATION, MIRROR_ANNOTATION

_ENCODER: Final = msgspec.json.Encoder()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def write_snapshot(workload: Workload, path: str | os.PathLike[str]) -> None:
    """Write a ``List`` of all objects as JSON, one object a line; packed if the name ends ".gz".

    Virtual time 0 is written as 1970-01-01; as Kubernetes' times are whole seconds, annotations
    hold the nanoseconds, and the deletion that is to come. The same workload gives the same bytes.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    pieces = _pieces(workload)
    write_file(path, _packed(pieces) if os.fspath(path).endswith(".gz") else pieces)


def _packed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the pieces as a gzip file, without its name and time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    yield from map(packer.compress, pieces)
    yield packer.flush()


def _pieces(workload: Workload) -> Iterator[bytes]:
    separator = b'{"apiVersion":"v1","kind":"List","items":[\n'
    for obj in _objects(workload):
        yield separator + _ENCODER.encode(obj)
        separator = b",\n"
    if separator != b",\n":
        yield separator
    yield b"\n]}\n"


def _objects(workload: Workload) -> Iterator[KubeObject]:
    for kind, resource in SCHEDULED.items():
        head = {"apiVersion": resource.api_version, "kind": kind}
        for obj in workload.objects.get(resource.lister, ()):
            yield head | obj
    for node in workload.nodes:
        yield {"apiVersion": "v1", "kind": "Node"} | node
    for row in range(len(workload.pods)):
        yield _pod(workload, row)


def _pod(workload: Workload, row: int) -> KubeObject:
    """Return pod ``row`` with its times; shares with the template what it does not change."""
    pods = workload.pods
    template = pods.templates[int(pods.template[row])]
    namespace, _, name = pods.names[row].partition("/")
    created_ns, deleted_ns = int(pods.created_ns[row]), int(pods.deleted_ns[row])
    created = _EPOCH + timedelta(seconds=created_ns // 10**9)
    shape = template.get("metadata", {})
    annotations = shape.get("annotations", {}) | {CREATED_ANNOTATION: str(created_ns)}
    if deleted_ns >= 0:
        annotations[DELETED_ANNOTATION] = str(deleted_ns)
    owners = shape.get("ownerReferences", ())
    if pods.pinned[row] and not any(owner.get("kind") == "DaemonSet" for owner in owners):
        annotations[MIRROR_ANNOTATION] = "pinned"
    metadata = {
        "name": name,
        **shape,
        "namespace": namespace,
        "uid": shape.get("uid") or f"00000000-0000-0000-0000-{row:012x}",
        "creationTimestamp": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "annotations": annotations,
    }
    spec = dict(template.get("spec", {}))
    phase = "Pending"
    if pods.node[row] >= 0:
        spec["nodeName"] = name_of(workload.nodes[int(pods.node[row])])
        phase = "Running"
    status = template.get("status", {}) | {"phase": phase}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}
