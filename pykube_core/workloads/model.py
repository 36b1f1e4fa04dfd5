"""A workload: the nodes and pods that every reader and generator produces, and every policy takes.

Pods are columns over *templates*, so that a million pods of a hundred shapes cost a hundred
objects.
"""

from __future__ import annotations

import copy
import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.words import counted

IntArray = NDArray[np.int32] | NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PodTable:
    """Pods as columns; row i of every column is pod i. Nothing in it is changed after creation.

    Attributes
    ----------
    names : sequence of str
        "namespace/name", unique.
    templates : sequence of dict
        Distinct Pod objects with a namespace and without name, uid, node and whatever else the
        scheduler does not read; ``apiVersion`` and ``kind`` may be absent.
    template : ndarray of int32
        Index into `templates`.
    created_ns, deleted_ns : ndarray of int64
        Virtual time in nanoseconds; ``deleted_ns`` is -1 for a pod that is never deleted.
    node : ndarray of int32
        Index into the workload's nodes where the input has the pod bound, -1 where it is pending.
    pinned : ndarray of bool
        True where the pod must stay on its node: owned by a DaemonSet, or a mirror of a static pod.

    Raises
    ------
    ValueError
        When a column has another length, dtype or range.
    """

    names: Sequence[str]
    templates: Sequence[KubeObject]
    template: NDArray[np.int32]
    created_ns: NDArray[np.int64]
    deleted_ns: NDArray[np.int64]
    node: NDArray[np.int32]
    pinned: NDArray[np.bool_]

    def __post_init__(self) -> None:
        count = len(self.names)
        dtypes = {
            "template": np.int32,
            "created_ns": np.int64,
            "deleted_ns": np.int64,
            "node": np.int32,
            "pinned": np.bool_,
        }
        for column, dtype in dtypes.items():
            array: NDArray[Any] = getattr(self, column)
            if array.shape != (count,) or array.dtype != dtype:
                raise ValueError(
                    f"{column}: expected {np.dtype(dtype)} of shape ({count},), "
                    f"got {array.dtype} of shape {array.shape}"
                )
        if count == 0:
            return
        if self.template.min() < 0 or self.template.max() >= len(self.templates):
            raise ValueError(f"template: indices must be 0 to {len(self.templates) - 1}")
        if self.node.min() < -1:
            raise ValueError("node: indices must be -1 or more")
        if np.any(self.pinned & (self.node < 0)):
            raise ValueError("pinned: a pinned pod must have a node")
        if np.any((self.deleted_ns != -1) & (self.deleted_ns < self.created_ns)):
            raise ValueError("deleted_ns: a pod is deleted before it is created")

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        shapes = counted(len(self.templates), "template")
        return f"<PodTable: {counted(len(self), 'pod')} of {shapes}>"

    def take(self, rows: IntArray) -> PodTable:
        """Return the table of these rows, in this order.

        A row that comes a second time is a pod of its own, with "-r1", "-r2" after its name.
        """
        names = [self.names[row] for row in rows.tolist()]
        return dataclasses.replace(
            self,
            names=_distinct(names) if len(set(names)) < len(names) else names,
            template=self.template[rows],
            created_ns=self.created_ns[rows],
            deleted_ns=self.deleted_ns[rows],
            node=self.node[rows],
            pinned=self.pinned[rows],
        )

    def followed_by(self, other: PodTable) -> PodTable:
        """Return the rows of two tables over the same templates."""
        return dataclasses.replace(
            self,
            names=[*self.names, *other.names],
            template=np.concatenate((self.template, other.template)),
            created_ns=np.concatenate((self.created_ns, other.created_ns)),
            deleted_ns=np.concatenate((self.deleted_ns, other.deleted_ns)),
            node=np.concatenate((self.node, other.node)),
            pinned=np.concatenate((self.pinned, other.pinned)),
        )

    def shuffled(self, seed: int) -> PodTable:
        """Return the rows in an order drawn from PCG64 with this seed."""
        return self.take(np.random.Generator(np.random.PCG64(seed)).permutation(len(self)))

    def released(self) -> PodTable:
        """Return the table with every pod pending that is not pinned: the cluster, placed anew."""
        node = np.where(self.pinned, self.node, np.int32(-1)).astype(np.int32)
        return dataclasses.replace(self, node=node)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Workload:
    """A cluster and what is to run on it.

    Attributes
    ----------
    nodes : sequence of dict
        Kubernetes Node objects with distinct names.
    pods : PodTable
        The pods, bound and pending.
    source : str
        The files that it was read from, for reports.
    objects : mapping of str to sequence of dict
        The other kinds that scheduling reads, by plural: ``namespaces``, ``services``,
        ``replicaSets``, ``persistentVolumes`` and so on; a kind that is absent has no key.
    start_ns : int
        Virtual time 0 in nanoseconds since 1970, 0 where that means nothing.
    left_out : PodTable or None
        Pods on nodes that are not there: no policy sees them, and they have no node here.
    warnings : tuple of str
        The objects that the input lacks, and what that means.
    filters : tuple of str
        Filter plugins that the input asks for, whatever the policy: ``GpuShare`` for the openb
        trace.

    Raises
    ------
    ValueError
        When a pod points past the nodes, or two nodes share a name.
    """

    nodes: Sequence[KubeObject]
    pods: PodTable
    source: str
    objects: Mapping[str, Sequence[KubeObject]] = field(default_factory=dict)
    start_ns: int = 0
    left_out: PodTable | None = None
    warnings: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.pods) and self.pods.node.max() >= len(self.nodes):
            raise ValueError(f"pods.node: indices must be below {len(self.nodes)}")
        if len({name_of(node) for node in self.nodes}) < len(self.nodes):
            raise ValueError("nodes: two nodes have the same name")

    def __repr__(self) -> str:
        nodes, pods = counted(len(self.nodes), "node"), counted(len(self.pods), "pod")
        bound = int((self.pods.node >= 0).sum())
        return f"<Workload {self.source}: {nodes}, {pods}, {bound:,} of them on a node>"

    def pod(self, row: int) -> KubeObject:
        """Return pod ``row`` as a full Pod object, a deep copy that the caller owns."""
        pods = self.pods
        template = copy.deepcopy(pods.templates[int(pods.template[row])])
        namespace, _, name = pods.names[row].partition("/")
        metadata = {**template.pop("metadata", {}), "name": name, "namespace": namespace}
        spec = template.pop("spec", {})
        if pods.node[row] >= 0:
            spec["nodeName"] = name_of(self.nodes[int(pods.node[row])])
        head = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        return head | {key: value for key, value in template.items() if key not in head}

    def with_left_out(self) -> Workload:
        """Return the cluster with the pods on nodes that are not there as pending ones, first."""
        if self.left_out is None or not len(self.left_out):
            return self
        pods = self.left_out.followed_by(self.pods)
        return dataclasses.replace(self, pods=pods, left_out=None)

    def with_pods(self, pods: PodTable) -> Workload:
        """Return the same cluster with other pods."""
        return dataclasses.replace(self, pods=pods)


def _distinct(names: list[str]) -> list[str]:
    taken = set(names)
    seen: Counter[str] = Counter()
    out = []
    for name in names:
        fresh = name
        while seen[name] and fresh in taken:
            fresh = f"{name}-r{seen[name]}"
            seen[name] += fresh in taken
        seen[name] += 1
        taken.add(fresh)
        out.append(fresh)
    return out
