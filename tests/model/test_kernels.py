from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _pykube_hotcore.native import Engine, kernels
from _pykube_hotcore.program import (
    CPU,
    MEMORY,
    EngineProfile,
    NodeRow,
    Plugin,
    PodClass,
    Strategy,
)
from _pykube_hotcore.slow import SlowEngine

EDGE = 1 << 42  # the float64 columns end here
EXTREMES = (0, 1, 2, 99, 100, 101, EDGE - 1, EDGE, EDGE + 1, 2**53 - 1, 2**53 + 1, 2**61)
FIT, BALANCED = Plugin.NODE_RESOURCES_FIT, Plugin.BALANCED_ALLOCATION
PROFILES = (
    EngineProfile((FIT,), ((FIT, 1), (BALANCED, 1))),
    EngineProfile((FIT,), ((FIT, 1),), Strategy.MOST_ALLOCATED),
    EngineProfile((FIT,), ((FIT, 3), (BALANCED, 7)), fit_resources=((CPU, 2), (MEMORY, 5))),
    EngineProfile((FIT,), ((BALANCED, 1),)),
)


def random_amount(random: Random) -> int:
    if random.random() < 0.3:
        return random.choice(EXTREMES)
    return random.randrange(1, 1 << random.randint(1, 43))


def fill(engine, random: Random, rows: int) -> list[int]:
    """Random nodes with pods on them; return the classes."""
    for profile in PROFILES:
        engine.add_profile(profile)
    engine.add_nodes(
        [
            NodeRow((random_amount(random), random_amount(random)), random.choice((0, 1, 110)))
            for _ in range(rows)
        ]
    )
    classes = []
    for _ in range(12):
        cpu, memory = random_amount(random), random_amount(random)
        asked = ((CPU, cpu), (MEMORY, memory))
        shown = ((CPU, cpu or 100), (MEMORY, memory or 200 << 20))
        spec = PodClass(random.randrange(4), asked, None, shown, (shown[0][1], shown[1][1]))
        classes.append(engine.add_class(spec))
    engine.bind([random.choice(classes[:3]) for _ in range(rows)], list(range(rows)))
    return classes


def totals(engine, classes: list[int]) -> list[bytes]:
    """The totals of every class, bit for bit."""
    out = np.zeros(engine.row_count)
    found = []
    for c in classes:
        engine.scan(c, out)
        found.append((out + 0.0).tobytes())
    return found


@pytest.mark.parametrize("kernel", kernels())
@pytest.mark.parametrize("rows", [1, 7, 64, 65, 131])
def test_every_kernel_gives_the_bits_of_baseline_and_of_the_twin(kernel, rows):
    for seed in range(3):
        engines = [Engine(kernel), Engine("baseline"), SlowEngine()]
        found = [totals(engine, fill(engine, Random(seed), rows)) for engine in engines]
        assert found[0] == found[1], f"{kernel} is not baseline, seed {seed}"
        assert found[0] == found[2], f"{kernel} is not the twin, seed {seed}"


def near_whole_percents(asked: int) -> list[int]:
    """Capacities of which the request leaves, or takes, almost a whole number of percent."""
    near = {asked * 100 // (100 - k) + d for k in range(100) for d in (-1, 0, 1)}
    near |= {asked * 100 // k + d for k in range(1, 101) for d in (-1, 0, 1)}
    return sorted(c for c in near if asked <= c <= EDGE and c > 0)


@pytest.mark.parametrize("strategy", [Strategy.LEAST_ALLOCATED, Strategy.MOST_ALLOCATED])
@settings(max_examples=60, deadline=None)
@given(asked=st.one_of(st.integers(1, EDGE), st.sampled_from([1, 99, 100, EDGE - 1, EDGE])))
def test_percent_of_the_kernels_is_the_quotient_of_integers(strategy, asked):
    capacities = near_whole_percents(asked)
    rows = [NodeRow((c, c), 110) for c in capacities]
    amounts = ((CPU, asked), (MEMORY, asked))
    out = np.zeros(len(rows))
    for kernel in kernels():
        with Engine(kernel) as engine:
            engine.add_profile(EngineProfile((FIT,), ((FIT, 1),), strategy))
            engine.add_nodes(rows)
            engine.scan(engine.add_class(PodClass(0, amounts, None, amounts)), out)
        part = asked if strategy == Strategy.MOST_ALLOCATED else None
        wanted = [(c - asked if part is None else part) * 100 // c for c in capacities]
        assert out.tolist() == wanted, kernel
