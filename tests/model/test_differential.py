from random import Random

import pytest
from differential import STEPS, run_seed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pairs import Pair, run_history
from policies import compiled

from _pykube_hotcore.native import Engine, NativeError, Survey, kernels
from _pykube_hotcore.program import (
    CPU,
    FIELD_POD_COUNT,
    FIELD_POD_SLOTS,
    MEMORY,
    EngineProfile,
    NodeRow,
    Plugin,
    PodClass,
    field_allocatable,
    field_requested,
)

FULL = EngineProfile(
    (Plugin.NODE_RESOURCES_FIT, Plugin.GPU_SHARE),
    ((Plugin.NODE_RESOURCES_FIT, 1), (Plugin.BALANCED_ALLOCATION, 1)),
)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_engine_and_twin_agree_on_any_history(random, steps):
    run_history(random, steps)


def test_engine_and_twin_agree_on_hundreds_of_seeded_states():
    for seed in range(30):
        found = run_seed(seed)
        assert found is None, f"seed {seed} of {STEPS} steps: {found}"


@pytest.mark.parametrize("kernel", kernels())
def test_every_kernel_agrees_with_the_twin_alone(kernel):
    for seed in range(3):
        run_history(Random(1000 + seed), STEPS, kernel)


def test_agreement_survives_a_log_that_wraps_around():
    pair = Pair(Random(5))
    pair.both("add_nodes", [pair.world.node() for _ in range(70)])
    pair.place()
    first = pair.live()[0]
    rows = [row for row in pair.live() if row % 7 == 0 or row == first]
    for _ in range(16384 // len(rows) // 2 + 2):
        slots = pair.both("bind", [0] * len(rows), rows)
        pair.both("remove", slots)
    pair.place()
    pair.compare()
    pair.close()


def test_a_survey_survives_a_log_that_wraps_around_and_nodes_that_come_and_go():
    pair = Pair(Random(6))
    pair.surveys = [Survey(range(len(pair.classes)), (CPU, MEMORY)) for _ in pair.native]
    pair.both("add_nodes", [pair.world.node() for _ in range(70)])
    pair.compare_surveys()
    rows = pair.live()[::3]
    for _ in range(16384 // len(rows) // 2 + 2):
        slots = pair.both("bind", [0] * len(rows), rows)
        pair.both("remove", slots)
    pair.place()
    pair.compare_surveys()
    pair.remove_node()
    pair.compare_surveys()
    pair.add_nodes()
    pair.compare_surveys()
    pair.close()


def test_a_survey_of_what_is_not_known_is_refused():
    with Engine() as engine:
        for survey in (Survey([0], [CPU]), Survey([], [3])):
            with pytest.raises(NativeError, match="survey"):
                engine.survey(survey)


def test_place_never_puts_a_node_over_its_allocatable_and_loses_no_pod():
    for seed in range(15):
        random = Random(seed)
        pair = Pair(random)
        pair.both("remove", sorted(pair.pods))
        profile = pair.both("add_profile", FULL)
        pair.both("add_nodes", [pair.world.node() for _ in range(8)])
        classes = [pair.world.pod_class(profile + 1, 0) for _ in range(4)]
        indices = [
            pair.both(
                "add_class", PodClass(profile, c.request, devices=c.devices, nonzero=c.nonzero)
            )
            for c in classes
        ]
        wanted = [random.choice(indices) for _ in range(60)]
        rows, slots = pair.both("place", wanted)
        placed = slots[slots >= 0]
        assert len(set(placed.tolist())) == len(placed) == pair.twin.pod_count
        assert ((rows >= 0) == (slots >= 0)).all()
        for engine in pair.native:
            engine.validate()
            assert (engine.column(FIELD_POD_COUNT) <= engine.column(FIELD_POD_SLOTS)).all()
            for resource in range(pair.twin.cluster.resource_count):
                used, room = (
                    engine.column(f(resource)) for f in (field_requested, field_allocatable)
                )
                assert (used <= room).all()
        pair.close()


def test_packing_scores_forget_a_node_that_is_gone():
    pair = Pair(Random(0))
    profile = pair.both(
        "add_profile",
        EngineProfile((Plugin.NODE_RESOURCES_FIT,), ((Plugin.BEST_FIT, 1),)),
    )
    small = [NodeRow((1000 * i, 1 << 30), 110, rank=i) for i in (2, 3)]
    big = pair.both("add_nodes", [NodeRow((10**9, 1 << 40), 110)])
    pair.both("add_nodes", small)
    c = pair.both("add_class", PodClass(profile, ((CPU, 100), (MEMORY, 1 << 20))))
    pair.both("place", [c])
    pair.both("remove_node", big)
    pair.both("place", [c, c])
    pair.compare_evaluation(pair.native[0].evaluate(c), pair.twin.evaluate(c), 0)
    pair.close()


def test_a_dry_run_changes_nothing_not_even_the_slots_to_come():
    def slots(dry: bool) -> list[int]:
        with Engine() as engine:
            engine.add_profile(FULL)
            low = [engine.add_class(PodClass(priority=p)) for p in (3, 1, 2)]
            high = engine.add_class(PodClass(priority=9))
            engine.add_nodes([NodeRow((1000, 1 << 30), 110)] * 2)
            engine.bind(low, [0, 0, 0])
            if dry:
                engine.dry_run(high, [0])
            engine.remove_node(0)
            return engine.bind(low, [1, 1, 1]).tolist()

    assert slots(dry=True) == slots(dry=False)


def test_evaluate_counts_the_policy_of_the_users_own():
    pair = Pair(Random(1))
    index = pair.both(
        "add_profile",
        EngineProfile((), ((Plugin.POLICY, 2), (Plugin.NODE_RESOURCES_FIT, 1))),
        compiled("counting"),
    )
    pair.both("add_nodes", [NodeRow((1000, 1 << 30), 110)] * 2)
    spec = PodClass(index, ((CPU, 100), (MEMORY, 0)))
    c = pair.both("add_class", spec)
    pair.both("bind", [c], [pair.twin.row_count - 1])
    total = pair.native[0].evaluate(c).total
    assert total[-1] - total[-2] == 2 * 0.5
    pair.close()
