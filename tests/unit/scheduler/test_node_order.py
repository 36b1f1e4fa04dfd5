import pytest

from _pykube_hotcore.native import Engine
from _pykube_hotcore.slow import SlowEngine
from pykube_core.scheduler.cycle import SchedulingCycle
from pykube_core.scheduler.node_order import in_turn
from pykube_core.scheduler.policies import policy
from pykube_core.scheduler.scheduler import Scheduler

ZONE = "topology.kubernetes.io/zone"


def node(name, **labels):
    allocatable = {"cpu": "8", "memory": "8Gi", "pods": "110"}
    return {"metadata": {"name": name, "labels": labels}, "status": {"allocatable": allocatable}}


def pod(name):
    requests = {"cpu": "1", "memory": "1Gi"}
    containers = [{"name": "c", "resources": {"requests": requests}}]
    return {"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": containers}}


def test_nodes_come_one_of_each_zone_in_turn():
    zones = ["b", "b", "a", "b", "", "a"]
    nodes = [node(f"n{i}", **({ZONE: zone} if zone else {})) for i, zone in enumerate(zones)]
    assert in_turn(nodes) == [0, 2, 4, 1, 5, 3]


def test_a_beta_label_counts_before_its_successor():
    beta = {"failure-domain.beta.kubernetes.io/zone": "x"}
    nodes = [node("a", **beta, **{ZONE: "y"}), node("b", **{ZONE: "y"}), node("c", **beta)]
    assert in_turn(nodes) == [0, 1, 2]


@pytest.mark.parametrize("engine", [Engine, SlowEngine])
def test_a_search_stops_when_enough_nodes_fit_and_goes_on_from_there(engine):
    nodes = [node(f"n{i:03}", **{ZONE: f"z{i % 3}"}) for i in range(240)]
    order = [f"n{i:03}" for i in in_turn(nodes)]
    with Scheduler(
        nodes, policy("default"), percentage_of_nodes_to_score=0, engine=engine
    ) as scheduler:
        cycle = SchedulingCycle(scheduler)
        placed = [cycle.schedule(pod(f"p{i}")).placed for i in range(3)]
    # 50 - 240 / 125 = 49 percent are 117 nodes; all of them are equally good, the first is taken.
    assert placed[0] == min(order[:117]) == "n000"
    assert placed[1] == min(order[117:234])
    assert placed[2] in [*order[234:], *order[:111]]
