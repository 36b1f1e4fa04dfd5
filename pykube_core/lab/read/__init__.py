"""Readers: every format of input becomes a Workload."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection

from pykube_core.api.errors import InputError
from pykube_core.lab.read import openb
from pykube_core.lab.read._lacks import check_strict, complete
from pykube_core.lab.read._source import detect, read_bytes
from pykube_core.lab.read._table import TableBuilder
from pykube_core.lab.read.snapshot import Snapshot
from pykube_core.lab.workload import PodTable, Workload

__all__ = ["read_workload"]

_Path = str | os.PathLike[str]


def read_workload(
    nodes_path: _Path, pods_path: _Path | None = None, *, strict: Collection[str] = ()
) -> Workload:
    """Read a cluster and its pods from one or two files, in any format known here.

    The format is detected by content: the CSV files of the openb trace; or objects as
    ``kubectl get nodes,pods -A -o json`` writes them (a list of mixed kinds, a NodeList, a PodList,
    one object), also as YAML of one or more documents. Either may be packed with gzip.

    Parameters
    ----------
    nodes_path, pods_path : str or path
        Files, or "-" for standard input. A snapshot may hold everything in one file; of two files
        all objects of both are taken.
    strict : collection of str
        What a snapshot may not lack, of the names in `pykube_core.lab.contents.LACKS`, such as
        ``missing-nodes`` and ``missing-claims``.

    Returns
    -------
    Workload
        Pods in phase Succeeded or Failed are left out, and those on nodes that are not there; bound
        pods keep their node. The earliest creation time of a snapshot is virtual time 0. What the
        snapshot lacks is among the warnings.

    Raises
    ------
    InputError
        Naming file, object and field of the first thing that is wrong; nothing is half-loaded. Or
        something lacks that is in ``strict``.
    ValueError
        A name in ``strict`` is not known.
    """
    check_strict(strict)
    paths = [os.fspath(nodes_path)]
    if pods_path is not None and os.fspath(pods_path) != paths[0]:
        paths.append(os.fspath(pods_path))
    table = TableBuilder()
    snapshot = Snapshot(table)
    sources, filters = [], set()
    for path in paths:
        source, data = read_bytes(path)
        sources.append(source)
        match detect(data):
            case "json":
                snapshot.read_json(source, data)
            case "yaml":
                snapshot.read_yaml(source, data)
            case "openb-nodes":
                snapshot.nodes += openb.read_nodes(source, data)
                filters.add(openb.FILTER)
            case "openb-pods":
                openb.read_pods(source, data, table)
                snapshot.dated = True
                filters.add(openb.FILTER)
    if not snapshot.nodes:
        raise InputError("no Node objects", source=sources[0])
    unranked, rows = snapshot.set_priorities(), snapshot.node_rows()
    pods, left_out = table.build(rows)
    start_ns = 0
    if not snapshot.dated and len(pods):
        start_ns = int(pods.created_ns.min())
        pods = _from_zero(pods)
    workload = Workload(
        snapshot.nodes,
        pods,
        " + ".join(sources),
        snapshot.objects,
        start_ns=start_ns,
        left_out=left_out,
        filters=tuple(filters),
    )
    return complete(
        workload,
        nodes_gone=set(table.node_names) - rows.keys() - {""},
        unranked=unranked,
        is_whole=snapshot.dated,
        strict=strict,
    )


def _from_zero(pods: PodTable) -> PodTable:
    """Move all times so that the first pod is created at 0."""
    start = pods.created_ns.min()
    deleted_ns = pods.deleted_ns.copy()
    deleted_ns[deleted_ns >= 0] -= start
    return dataclasses.replace(pods, created_ns=pods.created_ns - start, deleted_ns=deleted_ns)
