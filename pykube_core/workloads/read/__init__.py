"""Readers: every format of input becomes a Workload."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import msgspec

from pykube_core.api.machinery.errors import InputError
from pykube_core.workloads.collector import TableBuilder
from pykube_core.workloads.model import PodTable, Workload
from pykube_core.workloads.read._blocks import NotSplit, read_blocks
from pykube_core.workloads.read._lacks import check_strict, complete, pod_warnings
from pykube_core.workloads.read._shape import (
    CREATED_ANNOTATION,
    DELETED_ANNOTATION,
    MIRROR_ANNOTATION,
)
from pykube_core.workloads.read._source import STDIN, is_large, read_inputs
from pykube_core.workloads.read.snapshot import Snapshot
from pykube_core.workloads.traces import trace_file

__all__ = [
    "CREATED_ANNOTATION",
    "DELETED_ANNOTATION",
    "MIRROR_ANNOTATION",
    "STDIN",
    "pod_warnings",
    "read_inputs",
    "read_workload",
]

_Path = str | os.PathLike[str]


def read_workload(*paths: _Path, strict: Collection[str] = ()) -> Workload:
    """Read a cluster and its pods from files and folders, in any format known here.

    The format is detected by content:

    - objects as ``kubectl get nodes,pods,... -A -o json`` writes them (a list of mixed kinds, a
      NodeList, a PodList, one object), as JSON or YAML, one document or many: one behind the
      other, one a line (``jq -c``), or between ``---`` (``kwokctl snapshot export``);
    - ``kubectl cluster-info dump``, its output or its folder; folders of manifests; a velero
      backup, its folder or its tar;
    - the CSV files of the openb trace, nodes and pods.

    Everything may be packed with gzip, zstd or tar.

    Parameters
    ----------
    *paths : str or path
        Files or folders, or "-" for standard input; the objects of all are taken together. An
        object that comes twice with the same uid, or word for word, is taken once: the first.
    strict : collection of str
        Objects that a snapshot may not lack, named as in `pykube_core.workloads.contents.LACKS`,
        such as ``missing-nodes`` and ``missing-claims``.

    Returns
    -------
    Workload
        Pods in phase Succeeded or Failed are left out, and those on nodes that are not there; bound
        pods keep their node. The earliest creation time of a snapshot is virtual time 0. Objects
        that the snapshot lacks are among the warnings.

    Raises
    ------
    InputError
        Naming file, object and field of the first thing that is wrong; nothing is half-loaded. Or
        something lacks that is in ``strict``.
    ValueError
        A name in ``strict`` is not known.
    """
    names = list(dict.fromkeys(os.fspath(path) for path in paths))
    if not names:
        raise TypeError("read_workload needs a path")
    check_strict(strict)
    with _no_collection():
        return _read_all(names, strict)


def _read_all(names: Sequence[str], strict: Collection[str]) -> Workload:
    large = {name for name in names if is_large(name)} if STDIN not in names else set()
    if large:
        try:
            return _read(names, large, strict)
        except (InputError, NotSplit, msgspec.MsgspecError):
            pass  # The files read as wholes, the error is told, or there is none.
    return _read(names, set(), strict)


def _read(names: Sequence[str], in_blocks: Collection[str], strict: Collection[str]) -> Workload:
    """Read a workload, and some of its files block by block."""
    table = TableBuilder()
    snapshot = Snapshot(table)
    filters: set[str] = set()
    dated = False
    for name in names:
        if name in in_blocks:
            with Path(name).open("rb", buffering=0) as file:
                snapshot.read_blocks(name, read_blocks(file))
            continue
        for source, data in read_inputs(name):
            trace = trace_file(data)
            if trace is None:
                snapshot.read(source, data)
            else:
                trace.read(source, data, snapshot.nodes, table)
                filters.update(trace.filters)
                dated |= trace.dated
    sources = ["<stdin>" if name == STDIN else name for name in names]
    if not snapshot.nodes:
        raise InputError("no Node objects", source=sources[0])
    unranked, rows = snapshot.set_priorities(), snapshot.node_rows()
    pods, left_out = table.build(rows)
    is_whole, start_ns = dated or snapshot.dated, 0
    if not is_whole and len(pods):
        start_ns = int(pods.created_ns.min())
        pods = _from_zero(pods)
    workload = Workload(
        snapshot.nodes,
        pods,
        " + ".join(sources),
        snapshot.objects,
        start_ns=start_ns,
        left_out=left_out,
        filters=tuple(sorted(filters)),
    )
    return complete(
        workload,
        nodes_gone=set(table.node_names) - rows.keys() - {""},
        unranked=unranked,
        is_whole=is_whole,
        strict=strict,
    )


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Look for no garbage meanwhile: there is none, and all that was read would be gone through."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _from_zero(pods: PodTable) -> PodTable:
    """Move all times so that the first pod is created at 0."""
    start = pods.created_ns.min()
    deleted_ns = pods.deleted_ns.copy()
    deleted_ns[deleted_ns >= 0] -= start
    return dataclasses.replace(pods, created_ns=pods.created_ns - start, deleted_ns=deleted_ns)
