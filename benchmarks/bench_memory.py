"""Memory of a cluster of many pods, by owner.

python -m pytest benchmarks/bench_memory.py --benchmark-enable --benchmark-only

Twenty replica sets of thirty pods a node come to run on nodes that are ready, and the cluster lives
on until the store has been compacted. It has a process of its own, as a peak belongs to a process.
In a second one, at most `TRACED_NODES` nodes large, Python says who allocated what is there at the
end (tracemalloc makes it slow, and takes memory itself).
"""

import json
import resource
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from measure import machine
from workload import SET_COUNT, replica_sets

from pykube_core import Cluster
from pykube_core.node import Machine

NODE_COUNTS = (20, 5_000)
TRACED_NODES = 300
PODS_PER_NODE = 30
UNTIL_COMPACTED_SECONDS = 700
PEAK_BYTES_MAX = 16 * 10**8
"""Of 150,000 pods on 5,000 nodes."""
REQUESTS = {"cpu": "100m", "memory": "128Mi"}
OWNERS = {
    "client/recorder.py": "events",
    "client/informers.py": "log",
    "/scheduler/": "scheduler",
    "/controllers/": "controllers",
    "/node/": "kubelet",
}


def fill(cluster: Cluster, node_count: int) -> None:
    """Let every pod come to run and be counted as ready."""
    count = node_count * PODS_PER_NODE
    cluster.apply(replica_sets(count, REQUESTS))
    cluster.run()
    statuses = [held["status"] for held in cluster.list("ReplicaSet")]
    assert [status["readyReplicas"] for status in statuses] == [count // SET_COUNT] * SET_COUNT


def ready_cluster(node_count: int) -> Cluster:
    """Return a cluster whose nodes are ready."""
    names = [f"node-{index:05}" for index in range(node_count)]
    cluster = Cluster(nodes=[Machine(name=name, cpu="8", memory="32Gi") for name in names])
    cluster.run()
    return cluster


def resident_bytes() -> tuple[int, int]:
    """Return what of the process is in memory now, and the most that was."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize(), peak


def measure(node_count: int) -> dict[str, int]:
    """Return bytes: resident when all pods run and when the store is compacted, peaks, the store's.

    "store" is all of the store when all pods run, "data" the keys and values in it.
    """
    with ready_cluster(node_count) as cluster:
        fill(cluster, node_count)
        running, peak_running = resident_bytes()
        status = cluster.store.status()
        cluster.run(seconds=UNTIL_COMPACTED_SECONDS)
        compacted, peak = resident_bytes()
    return {
        "running": running,
        "peak_running": peak_running,
        "store": status.memory_bytes,
        "data": status.data_bytes,
        "compacted": compacted,
        "peak": peak,
    }


def owner_of(frames: tracemalloc.Traceback) -> str:
    """Return who allocated: the innermost frame of somebody in `OWNERS`."""
    for frame in reversed(frames):
        for part, owner in OWNERS.items():
            if part in frame.filename:
                return owner
    return "other"


def trace(node_count: int) -> dict[str, int]:
    """Return the bytes of Python's objects that came with the pods, by owner."""
    with ready_cluster(node_count) as cluster:
        tracemalloc.start(12)
        fill(cluster, node_count)
        held: dict[str, int] = {}
        for stat in tracemalloc.take_snapshot().statistics("traceback"):
            owner = owner_of(stat.traceback)
            held[owner] = held.get(owner, 0) + stat.size
    return held


def in_a_process(what: str, node_count: int) -> dict[str, int]:
    """Return what this file prints for `measure` or `trace`."""
    command = [sys.executable, __file__, what, str(node_count)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


@pytest.mark.benchmark(group="memory")
def bench_hold_running_pods(benchmark, report, node_count):
    """Every pod runs; 150,000 take less than 1.6 GB at any time."""
    sizes = benchmark.pedantic(in_a_process, ("measure", node_count), rounds=1, iterations=1)
    traced_count = min(node_count, TRACED_NODES)
    owners = in_a_process("trace", traced_count)
    assert sizes["peak"] < PEAK_BYTES_MAX
    count, traced = node_count * PODS_PER_NODE, traced_count * PODS_PER_NODE
    parts = {owner: size / traced for owner, size in sorted(owners.items())}
    parts |= {"store": sizes["store"] / count, "all": sizes["running"] / count}
    names = ("running", "peak_running", "compacted", "peak")
    totals = ", ".join(f"{name} {sizes[name] / 1e9:.2f}" for name in names)
    each = ", ".join(f"{owner} {size:,.0f}" for owner, size in parts.items())
    report(
        f"{count} pods on {node_count} nodes: GB {totals}; bytes a pod: {each}",
        bytes=sizes,
        bytes_a_pod=parts,
        machine=machine(),
    )


if __name__ == "__main__":
    print(json.dumps({"measure": measure, "trace": trace}[sys.argv[1]](int(sys.argv[2]))))
