import numpy as np
import pytest

from pykube_core.experiments.experiment import Experiment
from pykube_core.experiments.metrics import typical_classes
from pykube_core.experiments.simulate import Settings
from pykube_core.scheduler.policies import policy
from tests.unit.experiments.cluster import node, template, workload

GPU = "nvidia.com/gpu"


def values(work, name="first-fit", **settings):
    return Experiment(work, (policy(name),), Settings(**settings)).run(0, 0).values


def test_typical_classes_cover_95_percent_by_frequency():
    classes = np.array([0] * 4 + [1] * 60 + [2] * 35 + [3], dtype=np.int32)
    found, share = typical_classes(classes)
    assert found.tolist() == [1, 2]
    assert share.tolist() == [60 / 95, 35 / 95]


def test_typical_classes_of_nothing_are_none():
    found, share = typical_classes(np.zeros(0, dtype=np.int32))
    assert len(found) == len(share) == 0


def test_fragmentation_is_what_typical_pods_cannot_use():
    # Both pods land on a, which keeps 1 core: too little for the pod of 2, enough for that of 1.
    # b keeps 4, which both can use. So of 5 free cores, half the pods cannot use 1.
    templates = [template("1"), template("2")]
    work = workload([node("a"), node("b")], templates, [(0, 0, None), (1, 0, None)])
    found = values(work)
    assert found["allocation.cpu"] == 3 / 8
    assert found["fragmentation_rate.cpu"] == pytest.approx(0.5 * 1 / 5)
    assert found["fragmentation_share.cpu"] == pytest.approx(0.5 * 1 / 8)


def test_pods_that_request_no_gpu_cannot_use_any():
    nodes = [node("a", **{GPU: "4"})]
    work = workload(
        nodes,
        [template("1"), template("1", **{GPU: "1"})],
        [(0, 0, None), (0, 0, None), (0, 0, None), (1, 0, None)],
    )
    found = values(work)
    # Nothing fits any more: the cores are taken.
    assert found[f"fragmentation_rate.{GPU}"] == 1.0
    assert found[f"fragmentation_share.{GPU}"] == 0.75
    assert found[f"allocation.{GPU}"] == 0.25


def test_only_requested_resources_are_reported():
    nodes = [node("a", **{GPU: "4"})]
    found = values(workload(nodes, [template("1")], [(0, 0, None)]))
    resources = {name.partition(".")[2] for name in found if "." in name}
    assert resources == {"cpu", "memory"}


def test_replay_allocation_is_the_mean_over_time():
    # 2 of 4 cores for 5 of the 10 seconds between first and last creation; the last pod adds none.
    work = workload([node("a")], [template("2")], [(0, 0, 5), (0, 10, 20)])
    found = values(work, replay=True)
    assert found["allocation.cpu"] == pytest.approx(0.25)


def test_waiting_times_are_in_seconds():
    pods = [(0, 0, 10), *((0, 1, 11 + i) for i in range(3))]
    work = workload([node("a", cpu="2")], [template("2")], pods)
    found = values(work, replay=True)
    # Placed at 0, 10, 11, 12 after creation at 0, 1, 1, 1.
    assert (found["placed"], found["unplaced"]) == (4, 0)
    assert (found["wait_p50_s"], found["wait_p99_s"]) == (9, 11)


def test_nobody_placed_means_no_waiting_time():
    work = workload([node("a", cpu="1")], [template("2")], [(0, 0, 10)])
    assert values(work, replay=True)["wait_p50_s"] is None


def test_nodes_with_pinned_pods_only_are_not_in_use():
    nodes = [node("a"), node("b")]
    work = workload(
        nodes, [template("1")], [(0, 0, None, 0, True), (0, 0, None, 1, True), (0, 1, None)]
    )
    found = values(work)
    assert (found["nodes_used"], found["placed"]) == (1, 1)


def test_utilisation_is_that_of_the_fullest_moment():
    work = workload([node("a")], [template("1")], [(0, 0, 3), (0, 1, 3), (0, 5, None)])
    measured = Experiment(work, (policy("first-fit"),), Settings(replay=True)).run(0, 0)
    assert measured.utilisation[0].tolist() == [0.5]


def test_a_cluster_without_pods_measures_nothing():
    found = values(workload([node("a")], [], []))
    assert found == {"placed": 0, "unplaced": 0, "nodes_used": 0.0}
