"""The openb CSV files: the Alibaba trace cluster-trace-gpu-v2023, nodes and pods.

Source: the trace as published with "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
Fragmentation Gradient Descent" (USENIX ATC 2023). The mapping to objects follows its authors'
simulator, with two differences: GPU milli stands in the requests as an extended resource, so that
a scheduler that knows no devices still sees the sum; and nodes take 10,000 pods, because the trace
has no limit.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.plugins import gpu_share
from pykube_core.workloads.collector import TableBuilder
from pykube_core.workloads.traces.csv_rows import columns_of, read_rows
from pykube_core.workloads.traces.trace import TraceFile

GPU_MODEL: Final = "alibabacloud.com/gpu-card-model"
NODE_PODS: Final = "10000"

_NODE_COLUMNS: Final = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
# Some of the published pod lists end after these.
_POD_COLUMNS: Final = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli")
# One amount is enough to tell a file: its reader names the columns that are not there.
_AMOUNTS: Final = frozenset({b"cpu_milli", b"memory_mib", b"gpu", b"num_gpu", b"gpu_milli"})


def is_node_list(start: bytes) -> bool:
    """Say whether a file begins with the columns of nodes."""
    columns = columns_of(start)
    return b"sn" in columns and bool(columns & _AMOUNTS)


def is_pod_list(start: bytes) -> bool:
    """Say whether a file begins with the columns of pods."""
    columns = columns_of(start)
    return b"name" in columns and b"sn" not in columns and bool(columns & _AMOUNTS)


def read_nodes(source: str, data: bytes, nodes: list[KubeObject], table: TableBuilder) -> None:
    """Add one Node object for each line.

    Allocatable holds cpu, memory, pods ("10000") and, where there are GPUs, their count and 1,000
    milli for each; labels hold the host name and the GPU model.

    Raises
    ------
    InputError
        Naming line and column of the first cell that is wrong.
    """
    taken: set[str] = set()
    for row in read_rows(source, data, _NODE_COLUMNS):
        name, gpus = row.name(taken), row.count("gpu", 0)
        labels = {"kubernetes.io/hostname": name}
        if row.text("model"):
            labels[GPU_MODEL] = row.text("model")
        resources = {
            "cpu": f"{row.count('cpu_milli')}m",
            "memory": f"{row.count('memory_mib')}Mi",
            "pods": NODE_PODS,
        }
        if gpus:
            resources |= {gpu_share.COUNT: str(gpus), gpu_share.MILLI: str(gpus * 1000)}
        nodes.append(
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": labels},
                "status": {"capacity": resources, "allocatable": dict(resources)},
            }
        )


def read_pods(source: str, data: bytes, nodes: list[KubeObject], table: TableBuilder) -> None:
    """Add one pending pod for each line; times are seconds in the file.

    A GPU pod requests ``num_gpu * gpu_milli`` and carries the count and the milli for one device
    as annotations; the models that it accepts are a required node affinity.

    Raises
    ------
    InputError
        Naming line and column of the first cell that is wrong.
    """
    taken: set[str] = set()
    template_of = functools.cache(_interner(table))
    for row in read_rows(source, data, _POD_COLUMNS):
        created, deleted = row.count("creation_time", 0), row.count("deletion_time", -1)
        if created > 2**33 or deleted > 2**33:
            raise row.error("creation_time", "expected seconds below 2^33")
        if 0 <= deleted < created:
            raise row.error("deletion_time", f"{deleted} is before creation_time, {created}")
        gpus = row.count("num_gpu", 0)
        template = template_of(
            row.count("cpu_milli"),
            row.count("memory_mib"),
            gpus,
            row.count("gpu_milli") if gpus else 0,
            row.text("gpu_spec") if gpus else "",
        )
        deleted_ns = deleted * 10**9 if deleted >= 0 else -1
        table.add(f"default/{row.name(taken)}", template, created * 10**9, deleted_ns)


def _interner(table: TableBuilder) -> Callable[[int, int, int, int, str], int]:
    def intern(cpu_milli: int, memory_mib: int, gpus: int, gpu_milli: int, models: str) -> int:
        return table.intern(_pod(cpu_milli, memory_mib, gpus, gpu_milli, models))

    return intern


def _pod(cpu_milli: int, memory_mib: int, gpus: int, gpu_milli: int, models: str) -> KubeObject:
    requests = {"cpu": f"{cpu_milli}m", "memory": f"{memory_mib}Mi"}
    metadata: KubeObject = {"namespace": "default"}
    resources: KubeObject = {"requests": requests}
    spec: KubeObject = {"containers": [{"name": "main", "resources": resources}]}
    if gpus:
        requests[gpu_share.MILLI] = str(gpus * gpu_milli)
        resources["limits"] = {
            gpu_share.MILLI: requests[gpu_share.MILLI]
        }  # Kubernetes wants them equal
        metadata["annotations"] = {gpu_share.COUNT: str(gpus), gpu_share.MILLI: str(gpu_milli)}
    if models:
        values = sorted({model.strip() for model in models.split("|")} - {""})
        expression = {"key": GPU_MODEL, "operator": "In", "values": values}
        terms = [{"matchExpressions": [expression]}]
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        spec["affinity"] = {"nodeAffinity": required}
    return {"metadata": metadata, "spec": spec}


FILES: Final = (
    TraceFile("openb nodes", is_node_list, read_nodes, filters=(gpu_share.PLUGIN.name,)),
    TraceFile("openb pods", is_pod_list, read_pods, dated=True, filters=(gpu_share.PLUGIN.name,)),
)
