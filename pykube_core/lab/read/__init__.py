"""Readers: every format of input becomes a Workload."""

from __future__ import annotations

import dataclasses
import os

from pykube_core.api.errors import InputError
from pykube_core.lab.read import openb
from pykube_core.lab.read._source import detect, read_bytes
from pykube_core.lab.read._table import TableBuilder
from pykube_core.lab.read.snapshot import Snapshot
from pykube_core.lab.workload import PodTable, Workload

__all__ = ["read_workload"]

_Path = str | os.PathLike[str]


def read_workload(nodes_path: _Path, pods_path: _Path | None = None) -> Workload:
    """Read a cluster and its pods from one or two files, in any format known here.

    The format is detected by content: the CSV files of the openb trace; or objects as
    ``kubectl get nodes,pods -A -o json`` writes them (a list of mixed kinds, a NodeList, a PodList,
    one object), also as YAML of one or more documents. Either may be packed with gzip.

    Parameters
    ----------
    nodes_path, pods_path : str or path
        Files, or "-" for standard input. A snapshot may hold everything in one file; of two files
        all objects of both are taken.

    Returns
    -------
    Workload
        Pods in phase Succeeded or Failed are left out; bound pods keep their node. The earliest
        creation time of a snapshot is virtual time 0.

    Raises
    ------
    InputError
        Naming file, object and field of the first thing that is wrong; nothing is half-loaded.
    """
    paths = [os.fspath(nodes_path)]
    if pods_path is not None and os.fspath(pods_path) != paths[0]:
        paths.append(os.fspath(pods_path))
    table = TableBuilder()
    snapshot = Snapshot(table)
    sources, dated = [], False
    for path in paths:
        source, data = read_bytes(path)
        sources.append(source)
        match detect(data):
            case "objects":
                snapshot.read(source, data)
            case "openb-nodes":
                snapshot.nodes += openb.read_nodes(source, data)
            case "openb-pods":
                openb.read_pods(source, data, table)
                dated = True
    if not snapshot.nodes:
        raise InputError("no Node objects", source=sources[0])
    snapshot.set_priorities()
    pods = table.build(snapshot.check_nodes())
    if not (dated or snapshot.dated):
        pods = _from_zero(pods)
    return Workload(snapshot.nodes, pods, " + ".join(sources), snapshot.objects)


def _from_zero(pods: PodTable) -> PodTable:
    """Move all times so that the first pod is created at 0."""
    if not len(pods):
        return pods
    start = pods.created_ns.min()
    deleted_ns = pods.deleted_ns.copy()
    deleted_ns[deleted_ns >= 0] -= start
    return dataclasses.replace(pods, created_ns=pods.created_ns - start, deleted_ns=deleted_ns)
