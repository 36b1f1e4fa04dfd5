"""Pods a second through the Python border, and a policy of the user's own beside the same in C.

python -m pytest benchmarks/bench_place.py --benchmark-enable --benchmark-only
"""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from measure import best_times, digest, machine

from _pykube_hotcore.kernels.policy import PolicyKernel
from _pykube_hotcore.native import Engine
from _pykube_hotcore.program import (
    CPU,
    MEMORY,
    EngineProfile,
    NodeRow,
    Plugin,
    PodClass,
)

NODE_COUNTS = (500, 5_000)
PODS_PER_NODE = 4
CLASS_COUNTS = (1, 15, 100)
HASHES = {
    (500, 1): "06ac8c073ab0793b",
    (500, 15): "1dae550744f5893d",
    (500, 100): "21a70c2b7ea6b8eb",
    (5_000, 1): "625f68abc1315d44",
    (5_000, 15): "b939d0b32211f384",
    (5_000, 100): "90bd30856b2245c8",
}
POLICY_HASHES = {500: "f7a8e87b5d67c759", 5_000: "53c92b72a67f53aa"}
GIB = 1 << 30
FIT = Plugin.NODE_RESOURCES_FIT
PROFILE = EngineProfile((FIT,), ((FIT, 1), (Plugin.BALANCED_ALLOCATION, 1)))
OWN = EngineProfile((FIT,), ((Plugin.POLICY, 1),))
SIZES = ((4000, 16 * GIB), (8000, 32 * GIB), (16_000, 64 * GIB), (32_000, 64 * GIB))
C_RULE = """
#include <stdint.h>
void kernel(const int64_t *nodes, int64_t stride, int64_t row_count, const int64_t *request,
            int64_t resource_count, double *score_out) {
    const int64_t *cpu = nodes + 4 * stride, *used_cpu = nodes + 5 * stride;
    const int64_t *memory = nodes + 6 * stride, *used_memory = nodes + 7 * stride;
    (void)resource_count;
    for (int64_t i = 0; i < row_count; i++) {
        score_out[i] = (double)(cpu[i] - used_cpu[i] - request[0]) / (double)cpu[i] -
                       (double)(memory[i] - used_memory[i] - request[1]) / (double)memory[i];
    }
}
"""


def leaning(node, pod):
    """Share of cpu left less the share of memory left."""
    return (node.free_cpu - pod.cpu) / node.allocatable_cpu - (
        node.free_memory - pod.memory
    ) / node.allocatable_memory


class Compiled:
    """A kernel of a shared library."""

    def __init__(self, library: Path) -> None:
        self.library = ctypes.CDLL(str(library))
        address = ctypes.cast(self.library.kernel, ctypes.c_void_p).value
        assert address is not None
        self.address = address


def cluster(profile: EngineProfile, count: int, classes: int, policy=None) -> Engine:
    """Empty nodes of four sizes; classes that differ in what they ask for."""
    random = np.random.default_rng(2)
    engine = Engine()
    engine.add_profile(profile, policy)
    for i in range(classes):
        asked = ((CPU, 100 + 10 * i), (MEMORY, GIB // 4 + i * (GIB // 64)))
        engine.add_class(PodClass(0, asked, None, asked, (asked[0][1], asked[1][1])))
    sizes = random.integers(0, len(SIZES), count).tolist()
    engine.add_nodes([NodeRow(SIZES[size], 110, rank=i) for i, size in enumerate(sizes)])
    return engine


@pytest.mark.parametrize("class_count", CLASS_COUNTS)
def bench_place_pods_on_nodes(benchmark, report, class_count, node_count):
    """Pods a second through the Python border."""
    pods = node_count * PODS_PER_NODE
    wanted = np.random.default_rng(3).integers(0, class_count, pods)

    def fresh():
        return (cluster(PROFILE, node_count, class_count), wanted), {}

    def place(engine, classes):
        rows, _ = engine.place(classes)
        engine.validate()
        return rows

    rows = benchmark.pedantic(place, setup=fresh, rounds=3 if benchmark.enabled else 1)
    assert digest(rows) == HASHES[node_count, class_count]
    seconds = benchmark.stats.stats.min if benchmark.enabled else float("nan")
    report(
        f"{pods:,} pods of {class_count} classes on {node_count:,} nodes: "
        f"{pods / seconds:,.0f} pods/s",
        machine=machine(),
        pods_per_second=pods / seconds,
    )


@pytest.fixture
def compiled_rule(tmp_path):
    """Compile the rule in C."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler to compare with")
    source, library = tmp_path / "rule.c", tmp_path / "rule.so"
    source.write_text(C_RULE, encoding="utf-8")
    subprocess.run(
        [compiler, "-O3", "-shared", "-fPIC", str(source), "-o", str(library)], check=True
    )
    return Compiled(library)


def bench_scan_by_a_policy_of_the_users_own(benchmark, report, compiled_rule, node_count):
    """Scan by a policy that Numba compiled, beside the same rule in C."""
    own = PolicyKernel(leaning, {"cpu": CPU, "memory": MEMORY})
    policies = {"Numba": own, "C": compiled_rule}
    engines = {name: cluster(OWN, node_count, 1, policy) for name, policy in policies.items()}
    totals = {name: np.empty(node_count) for name in engines}
    placed = {
        name: engine.place(np.zeros(node_count, np.int32)) for name, engine in engines.items()
    }
    functions = {name: lambda n=name: engines[n].scan(0, totals[n]) for name in engines}
    for function in functions.values():
        function()
    assert digest(totals["Numba"]) == digest(totals["C"])
    assert digest(placed["Numba"][0]) == digest(placed["C"][0]) == POLICY_HASHES[node_count]
    benchmark(functions["Numba"])
    times = best_times(functions, 0.4 if benchmark.enabled else 0.0)
    ratio = times["Numba"] / times["C"]
    report(
        f"policy on {node_count:,} nodes: Numba {times['Numba'] / node_count * 1e9:.2f} ns a node, "
        f"{ratio:.2f} x the same rule in C",
        machine=machine(),
        numba_over_c=ratio,
    )
