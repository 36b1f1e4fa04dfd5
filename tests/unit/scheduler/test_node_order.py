import pytest

from _pykube_hotcore.native import Engine
from _pykube_hotcore.slow import SlowEngine
from pykube_core.scheduler.cycle.cycle import SchedulingCycle
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import policy
from pykube_core.scheduler.tables.node_order import NodeTree

ZONE = "topology.kubernetes.io/zone"


def node(name, **labels):
    allocatable = {"cpu": "8", "memory": "8Gi", "pods": "110"}
    return {"metadata": {"name": name, "labels": labels}, "status": {"allocatable": allocatable}}


def pod(name):
    requests = {"cpu": "1", "memory": "1Gi"}
    containers = [{"name": "c", "resources": {"requests": requests}}]
    return {"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": containers}}


def in_turn(nodes):
    tree = NodeTree()
    for row, each in enumerate(nodes):
        tree.add(row, each)
    return tree.in_turn()


def test_nodes_come_one_of_each_zone_in_turn():
    zones = ["b", "b", "a", "b", "", "a"]
    nodes = [node(f"n{i}", **({ZONE: zone} if zone else {})) for i, zone in enumerate(zones)]
    assert in_turn(nodes) == [0, 2, 4, 1, 5, 3]


def test_a_beta_label_counts_before_its_successor():
    beta = {"failure-domain.beta.kubernetes.io/zone": "x"}
    nodes = [node("a", **beta, **{ZONE: "y"}), node("b", **{ZONE: "y"}), node("c", **beta)]
    assert in_turn(nodes) == [0, 1, 2]


def test_zones_keep_their_turn_while_they_have_a_node():
    tree = NodeTree()
    for row, zone in enumerate("aba"):
        tree.add(row, node("n", **{ZONE: zone}))
    tree.remove(0)
    assert tree.in_turn() == [2, 1]
    assert not tree.add(2, node("n", **{ZONE: "a"}))
    assert tree.add(2, node("n", **{ZONE: "b"}))
    assert tree.in_turn() == [1, 2]
    tree.add(3, node("n", **{ZONE: "a"}))
    assert tree.in_turn() == [1, 3, 2]
    tree.remove(7)


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
