"""The openb CSV files: the Alibaba trace cluster-trace-gpu-v2023, nodes and pods.

Source: the trace as published with "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
Fragmentation Gradient Descent" (USENIX ATC 2023). The mapping to objects follows its authors'
simulator, with two differences: GPU milli stands in the requests as an extended resource, so that
a scheduler that knows no devices still sees the sum; and nodes take 10,000 pods, because the trace
has no limit.
"""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Callable, Iterator
from typing import Final

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.workloads.collector import TableBuilder

GPU_COUNT: Final = "alibabacloud.com/gpu-count"
GPU_MILLI: Final = "alibabacloud.com/gpu-milli"
GPU_MODEL: Final = "alibabacloud.com/gpu-card-model"
FILTER: Final = "GpuShare"
"""The plugin that these GPUs are for."""
NODE_PODS: Final = "10000"

_NODE_COLUMNS: Final = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
# Some of the published pod lists end after these.
_POD_COLUMNS: Final = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli")
_INT_MAX: Final = 2**43  # memory in MiB then stays within int64 bytes
_DIGITS_SAFE: Final = 12  # below _INT_MAX, whatever they are


class _Row:
    """One line of a CSV file, whose fields know where they stand."""

    def __init__(self, source: str, line: int, cells: dict[str, str]) -> None:
        self._source = source
        self._line = line
        self._cells = cells

    def text(self, column: str) -> str:
        return self._cells.get(column, "").strip()

    def name(self, column: str, taken: set[str]) -> str:
        """Return the name, and take it; a name that is taken is an error."""
        name = self.text(column)
        if not name:
            raise self.error(column, "Required value")
        if name in taken:
            raise self.error(column, f'Duplicate value: "{name}"')
        taken.add(name)
        return name

    def count(self, column: str, default: int | None = None) -> int:
        """Return a whole number from 0; an empty cell is the default if there is one."""
        text = self._cells.get(column, "")
        if len(text) <= _DIGITS_SAFE and text.isascii() and text.isdigit():
            return int(text)
        text = text.strip()
        if not text and default is not None:
            return default
        if text.endswith(".0"):  # what a data frame with gaps writes for a whole number
            text = text[:-2]
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < _INT_MAX):
            raise self.error(column, f"expected a whole number from 0 to {_INT_MAX - 1}: {text!r}")
        return int(text)

    def error(self, column: str, reason: str) -> InputError:
        name = self._cells.get("sn") or self._cells.get("name") or ""
        where = f"line {self._line}" + (f" ({name})" if name else "")
        return InputError(reason, source=self._source, object=where, field=column)


def _rows(source: str, data: bytes, required: tuple[str, ...]) -> Iterator[_Row]:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8 text", source=source, object=f"line {line}") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader)]
        missing = [column for column in required if column not in header]
        if missing:
            reason = f"expected the columns {', '.join(required)}"
            raise InputError(reason, source=source, object="line 1", field=missing[0])
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                reason = f"expected {len(header)} cells, got {len(cells)}"
                raise InputError(reason, source=source, object=f"line {reader.line_num}")
            yield _Row(source, reader.line_num, dict(zip(header, cells, strict=True)))
    except csv.Error:
        reason = "not valid CSV: a quote that is not closed, or a cell that is too long"
        raise InputError(reason, source=source, object=f"line {reader.line_num}") from None


def read_nodes(source: str, data: bytes) -> list[KubeObject]:
    """Return one Node object for each line.

    Allocatable holds cpu, memory, pods ("10000") and, where there are GPUs, their count and 1,000
    milli for each; labels hold the host name and the GPU model.

    Raises
    ------
    InputError
        Naming line and column of the first cell that is wrong.
    """
    nodes = []
    taken: set[str] = set()
    for row in _rows(source, data, _NODE_COLUMNS):
        name, gpus = row.name("sn", taken), row.count("gpu", 0)
        labels = {"kubernetes.io/hostname": name}
        if row.text("model"):
            labels[GPU_MODEL] = row.text("model")
        resources = {
            "cpu": f"{row.count('cpu_milli')}m",
            "memory": f"{row.count('memory_mib')}Mi",
            "pods": NODE_PODS,
        }
        if gpus:
            resources |= {GPU_COUNT: str(gpus), GPU_MILLI: str(gpus * 1000)}
        nodes.append(
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": labels},
                "status": {"capacity": resources, "allocatable": dict(resources)},
            }
        )
    return nodes


def read_pods(source: str, data: bytes, table: TableBuilder) -> None:
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
    for row in _rows(source, data, _POD_COLUMNS):
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
        table.add(f"default/{row.name('name', taken)}", template, created * 10**9, deleted_ns)


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
        requests[GPU_MILLI] = str(gpus * gpu_milli)
        resources["limits"] = {GPU_MILLI: requests[GPU_MILLI]}  # Kubernetes wants them equal
        metadata["annotations"] = {GPU_COUNT: str(gpus), GPU_MILLI: str(gpu_milli)}
    if models:
        values = sorted({model.strip() for model in models.split("|")} - {""})
        expression = {"key": GPU_MODEL, "operator": "In", "values": values}
        terms = [{"matchExpressions": [expression]}]
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        spec["affinity"] = {"nodeAffinity": required}
    return {"metadata": metadata, "spec": spec}
