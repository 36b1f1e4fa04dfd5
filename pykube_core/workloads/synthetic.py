"""A seeded generator of clusters and pods, for demonstrations and tests that need no file."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.workloads.model import PodTable, Workload

GPU: Final = "nvidia.com/gpu"

# name, weight, cores, GiB, pods, GPUs
_NODE_TYPES: Final = (
    ("small", 0.3, 4, 16, 58, 0),
    ("medium", 0.5, 8, 32, 110, 0),
    ("large", 0.2, 16, 64, 110, 0),
)
_GPU_NODE_TYPE: Final = ("gpu", 0.0, 32, 128, 110, 4)
_RESERVED_MILLI: Final = 100
_RESERVED_MIB: Final = 1024

# GPUs that a GPU pod asks for, and how often.
_GPU_CHOICES: Final = ((1, 0.7), (2, 0.2), (4, 0.1))
_GPU_POD_MILLI: Final = 4000
_GPU_POD_MIB: Final = 16384
_GPU_PODS_SHARE_MAX: Final = 0.5

_MILLI_STEP: Final = 10
_MIB_STEP: Final = 16
_MILLI_MAX: Final = 12000
_MIB_MAX: Final = 49152
_SCALE_ROUNDS: Final = 30
_CPU_SIGMA: Final = 1.4
_RATIO_SIGMA: Final = 0.8
_NAMESPACES: Final = 8

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


def synthetic(
    nodes: int = 5000,
    pods: int = 20000,
    seed: int = 0,
    *,
    classes: int = 100,
    zones: int = 3,
    gpu_nodes: float = 0.1,
    load: float = 0.95,
    duration_s: int = 86400,
    lifetime_s: int = 7200,
    never_deleted: float = 0.3,
) -> Workload:
    """Return a cluster and pending pods; the same arguments give the same bytes everywhere.

    Distributions:

    - Node types small, medium and large (4, 8, 16 cores; 4 GiB a core) with weights 0.3, 0.5, 0.2;
      0.1 core and 1 GiB of each are not allocatable. A share ``gpu_nodes`` of the nodes has
      32 cores and 4 GPUs instead. Zones in turn.
    - Pod classes (one namespace and application each) of Zipf popularity 1/rank. A class's cpu is
      lognormal with sigma 1.4 bits, scaled so that the requests of all pods are ``load`` times the
      allocatable cpu; memory is cpu times a lognormal ratio, median 4 GiB a core, sigma 0.8 bits.
      At most 12 cores and 48 GiB.
    - GPU pods (1, 2 or 4 GPUs with weights 0.7, 0.2, 0.1; 4 cores and 16 GiB for each) until they
      ask for ``load`` times the GPUs, but at most half of the pods.
    - Arrivals are a Poisson process over ``duration_s`` given its count. A share
      ``never_deleted`` of the pods stays; the others live for a lognormal time of median
      ``lifetime_s``, sigma 2 bits.

    Parameters
    ----------
    nodes, pods, classes, zones : int
        Counts; 1 or more, pods 0 or more.
    seed : int
        0 or more.
    gpu_nodes, never_deleted : float
        Shares from 0 to 1.
    load : float
        Demand over capacity, above 0.
    duration_s, lifetime_s : int
        Seconds, 1 or more.

    Raises
    ------
    ValueError
        When an argument is out of its range.
    """
    if min(nodes, classes, zones, duration_s, lifetime_s) < 1 or pods < 0 or seed < 0:
        raise ValueError("counts and seconds must be 1 or more, pods and seed 0 or more")
    if not (0 <= gpu_nodes <= 1 and 0 <= never_deleted <= 1 and 0 < load < 1e6):
        raise ValueError("shares must be from 0 to 1, and load above 0")
    draws = _Draws(seed)
    node_objects, capacity_milli, gpus = _nodes(draws, nodes, zones, gpu_nodes)
    templates, template = _pods(draws, pods, classes, load, capacity_milli, gpus)
    created_ns = np.sort(draws.integers(pods, duration_s * 10**9))
    life_ns = (draws.lognormal(pods, lifetime_s, 2.0) * 1e9).astype(np.int64)
    stays = draws.uniform(pods) < never_deleted
    apps = [template["metadata"]["labels"]["app"] for template in templates]
    spaces = [template["metadata"]["namespace"] for template in templates]
    table = PodTable(
        names=[f"{spaces[t]}/{apps[t]}-{row:06d}" for row, t in enumerate(template.tolist())],
        templates=templates,
        template=template.astype(np.int32),
        created_ns=created_ns,
        deleted_ns=np.where(stays, np.int64(-1), created_ns + life_ns),
        node=np.full(pods, -1, np.int32),
        pinned=np.zeros(pods, np.bool_),
    )
    return Workload(node_objects, table, f"synthetic(nodes={nodes}, pods={pods}, seed={seed})")


class _Draws:
    """Random numbers that are the same on every machine and with every version of NumPy.

    PCG64's raw output is fixed by NumPy's compatibility policy (NEP 19), which the distributions
    of Generator are not, nor the last bit of the C library's exp and log.
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def uniform(self, count: int) -> _Floats:
        """Return floats in [0, 1), multiples of 2^-53."""
        raw = np.asarray(self._bits.random_raw(count), dtype=np.uint64)
        return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def integers(self, count: int, end: int) -> _Ints:
        """Return integers in [0, end)."""
        return (self.uniform(count) * end).astype(np.int64)

    def choice(self, count: int, weights: _Floats) -> _Ints:
        """Return indices, each as often as its weight says."""
        edges = np.cumsum(weights)
        drawn = np.searchsorted(edges, self.uniform(count) * edges[-1], side="right")
        return np.asarray(np.minimum(drawn, len(weights) - 1), dtype=np.int64)

    def lognormal(self, count: int, median: float, sigma_bits: float) -> _Floats:
        """Return median * 2**(sigma_bits * z), z normal as the sum of 12 uniforms less 6."""
        z = np.full(count, -6.0)
        for _ in range(12):
            z = z + self.uniform(count)
        return median * _exp2(sigma_bits * z)


def _exp2(x: _Floats) -> _Floats:
    """Return 2**x to 1e-9, by operations that IEEE 754 fixes to the bit."""
    whole = np.floor(x)
    power = (x - whole) * 0.6931471805599453
    term = np.ones_like(x)
    total = np.ones_like(x)
    for n in range(1, 13):
        term = term * power / n
        total = total + term
    return np.asarray(np.ldexp(total, whole.astype(np.int32)), dtype=np.float64)


def _nodes(
    draws: _Draws, count: int, zones: int, gpu_share: float
) -> tuple[list[KubeObject], int, int]:
    """Return the nodes, their allocatable millicores and their GPUs."""
    kinds = draws.choice(count, np.array([weight for _, weight, *_ in _NODE_TYPES]))
    has_gpu = draws.uniform(count) < gpu_share
    objects: list[KubeObject] = []
    milli = gpu_count = 0
    for index in range(count):
        node_type = _GPU_NODE_TYPE if has_gpu[index] else _NODE_TYPES[kinds[index]]
        objects.append(_node(index, node_type, index % zones))
        milli += node_type[2] * 1000 - _RESERVED_MILLI
        gpu_count += node_type[5]
    return objects, milli, gpu_count


def _node(index: int, node_type: tuple[str, float, int, int, int, int], zone: int) -> KubeObject:
    kind, _, cores, gib, pod_count, gpus = node_type
    name = f"node-{index:06d}"
    extended = {GPU: str(gpus)} if gpus else {}
    common = {"pods": str(pod_count), **extended}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "node.kubernetes.io/instance-type": kind,
                "topology.kubernetes.io/region": "region-1",
                "topology.kubernetes.io/zone": f"zone-{zone + 1}",
            },
        },
        "status": {
            "capacity": {"cpu": str(cores), "memory": f"{gib}Gi", **common},
            "allocatable": {
                "cpu": f"{cores * 1000 - _RESERVED_MILLI}m",
                "memory": f"{gib * 1024 - _RESERVED_MIB}Mi",
                **common,
            },
        },
    }


def _pods(
    draws: _Draws, count: int, classes: int, load: float, capacity_milli: int, gpus: int
) -> tuple[list[KubeObject], _Ints]:
    """Return the templates, and the template of each pod."""
    sizes = np.array([size for size, _ in _GPU_CHOICES])
    weights = np.array([weight for _, weight in _GPU_CHOICES])
    mean = float(sizes @ weights)
    gpu_pods = min(int(load * gpus / mean), int(count * _GPU_PODS_SHARE_MAX))
    is_gpu = np.zeros(count, np.bool_)
    is_gpu[np.argsort(draws.uniform(count), kind="stable")[:gpu_pods]] = True
    gpu_class = draws.choice(count, weights)
    app = draws.choice(count, 1.0 / np.arange(1, classes + 1))
    demand = load * capacity_milli - int(sizes[gpu_class[is_gpu]].sum()) * _GPU_POD_MILLI
    popularity = np.bincount(app[~is_gpu], minlength=classes)
    milli = _requests_milli(draws.lognormal(classes, 1.0, _CPU_SIGMA), popularity, demand)
    ratio = draws.lognormal(classes, 4096.0, _RATIO_SIGMA)
    mib = np.rint(milli / 1000 * ratio / _MIB_STEP) * _MIB_STEP
    mib = np.clip(mib, _MIB_STEP, _MIB_MAX)
    templates = [
        _template(f"app-{index:03d}", index, int(milli[index]), int(mib[index]), 0)
        for index in range(classes)
    ]
    for size, _ in _GPU_CHOICES:
        request = (size * _GPU_POD_MILLI, size * _GPU_POD_MIB)
        templates.append(_template(f"train-{size}", size, *request, size))
    return templates, np.where(is_gpu, classes + gpu_class, app)


def _requests_milli(cpu: _Floats, popularity: _Ints, demand: float) -> _Ints:
    """Return cpu scaled and rounded so that all pods together come near the demand."""
    milli = np.full(len(cpu), _MILLI_STEP, np.int64)
    scale = 1.0
    for _ in range(_SCALE_ROUNDS):  # the limits of a request make the sum bend
        steps = np.rint(np.minimum(cpu * scale, _MILLI_MAX) / _MILLI_STEP).astype(np.int64)
        milli = np.maximum(steps, 1) * _MILLI_STEP
        scale = scale * max(demand, 0.0) / max(int(milli @ popularity), 1)
    return milli


def _template(app: str, index: int, milli: int, mib: int, gpus: int) -> KubeObject:
    requests = {"cpu": f"{milli}m", "memory": f"{mib}Mi"}
    resources: KubeObject = {"requests": requests}
    if gpus:
        requests[GPU] = str(gpus)
        resources["limits"] = {GPU: str(gpus)}
    return {
        "metadata": {"namespace": f"team-{index % _NAMESPACES + 1}", "labels": {"app": app}},
        "spec": {"containers": [{"name": "main", "image": f"{app}:1", "resources": resources}]},
    }
