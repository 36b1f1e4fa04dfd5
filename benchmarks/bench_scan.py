"""Filter and score of one pod on every node: C by kernel, Numba, NumPy, beside a memcpy.

    python -m pytest benchmarks/bench_scan.py --benchmark-enable --benchmark-only

The memcpy copies 72 bytes a node, as many as the kernel reads.
"""

import numpy as np
import pytest
from measure import best_times, digest, machine

from _pykube_hotcore.kernels.scan import scan as numba_scan
from _pykube_hotcore.native import Engine, kernels
from _pykube_hotcore.program import CPU, MEMORY, EngineProfile, NodeRow, Plugin, PodClass
from _pykube_hotcore.slow.scan import COLUMN_COUNT, Asked, columns_of
from _pykube_hotcore.slow.scan import scan as numpy_scan

NODE_COUNTS = (1_000, 5_000, 15_000, 100_000)
HASHES = {
    1_000: "a7c8ed74ade8cd68",
    5_000: "7dee9803aebd9241",
    15_000: "415fe467d67004a8",
    100_000: "da379e70e2e17f20",
}
PROFILE = EngineProfile(
    (Plugin.NODE_RESOURCES_FIT,),
    ((Plugin.NODE_RESOURCES_FIT, 1), (Plugin.BALANCED_ALLOCATION, 1)),
)
GIB = 1 << 30
ASKED = ((CPU, 250), (MEMORY, GIB // 2))
LARGE = ((CPU, 1000), (MEMORY, 3 * GIB))
SIZES = ((4000, 16 * GIB), (8000, 32 * GIB), (16_000, 64 * GIB), (32_000, 64 * GIB))


def cluster(kernel: str, count: int) -> tuple[Engine, int]:
    """Nodes of four sizes with a few large pods; some have no room left."""
    random = np.random.default_rng(1)
    engine = Engine(kernel)
    engine.add_profile(PROFILE)
    small, large = (
        engine.add_class(PodClass(0, a, None, a, (a[0][1], a[1][1]))) for a in (ASKED, LARGE)
    )
    sizes = random.integers(0, len(SIZES), count).tolist()
    engine.add_nodes([NodeRow(SIZES[size], 110) for size in sizes])
    engine.bind(np.full(count * 3, large), random.integers(0, count, count * 3))
    return engine, small


def columns(engine: Engine) -> np.ndarray:
    """Return the columns of the twins, from the engine's own."""
    amounts = [engine.column(field) for field in (4, 6, 5, 7)]
    return columns_of(np.array(amounts[:2]), np.array(amounts[2:]))


@pytest.mark.parametrize("kernel", kernels())
def bench_scan_of_every_node(benchmark, report, kernel, node_count):
    """C through the Python border, Numba, NumPy and a memcpy, in turn."""
    engine, c = cluster(kernel, node_count)
    table, asked = columns(engine), Asked(*(float(amount) for _, amount in ASKED * 2))
    found = {name: np.empty(node_count) for name in ("C", "Numba", "NumPy")}
    copy = np.empty_like(table)
    assert table.shape == (COLUMN_COUNT, node_count)
    functions = {
        "C": lambda: engine.scan(c, found["C"]),
        "Numba": lambda: numba_scan(table, asked, found["Numba"]),
        "NumPy": lambda: numpy_scan(table, asked, found["NumPy"]),
        "memcpy": lambda: np.copyto(copy, table),
    }
    for function in functions.values():
        function()
    assert len({digest(totals) for totals in found.values()}) == 1
    assert digest(found["C"]) == HASHES[node_count]
    benchmark(functions["C"])
    times = best_times(functions, 0.4 if benchmark.enabled else 0.0)
    ns = {name: seconds / node_count * 1e9 for name, seconds in times.items()}
    report(
        f"{kernel:8} {node_count:7,} nodes, ns a node: C {ns['C']:.2f} "
        f"({ns['C'] / ns['memcpy']:.2f} x memcpy {ns['memcpy']:.2f}), "
        f"Numba {ns['Numba'] / ns['C']:.2f} x C, NumPy {ns['NumPy'] / ns['C']:.1f} x C",
        machine=machine(),
        kernel=kernel,
        ns_per_node=ns,
    )
