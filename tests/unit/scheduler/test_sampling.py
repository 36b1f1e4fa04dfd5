import numpy as np
import pytest

from pykube_core.scheduler.node_order import NodeTree
from pykube_core.scheduler.policies import policy
from pykube_core.scheduler.scheduler import Scheduler

ZONE = "topology.kubernetes.io/zone"


def cluster(count, zones=3):
    return [
        {
            "metadata": {"name": f"n{i:04}", "labels": {ZONE: f"z{i % zones}"}},
            "status": {"allocatable": {"cpu": "100", "memory": "100Gi", "pods": "110"}},
        }
        for i in range(count)
    ]


POD = {
    "metadata": {"namespace": "default"},
    "spec": {"containers": [{"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]},
}


def places(nodes, count, **settings):
    with Scheduler(nodes, policy("default"), **settings) as scheduler:
        classes = np.repeat(scheduler.compile([POD]), count)
        found, _ = scheduler.place(classes)
        scheduler.validate()
        return found


def test_a_search_begins_where_the_one_before_ended():
    # 1,000 nodes at 20 %: each pod sees 200 nodes; empty ones score best, so each pod takes the
    # first node of its own search.
    found = places(cluster(1000, zones=1), 6, percentage_of_nodes_to_score=20)
    assert found.tolist() == [0, 200, 400, 600, 800, 1]


def test_fewer_than_a_hundred_nodes_are_all_scored():
    assert places(cluster(99), 99, percentage_of_nodes_to_score=1).tolist() == list(range(99))


def test_the_adaptive_rule_sees_a_tenth_of_five_thousand_nodes():
    found = places(cluster(5000, zones=1), 3, percentage_of_nodes_to_score=0)
    assert found.tolist() == [0, 500, 1000]


def test_a_search_goes_round_the_zones():
    nodes = cluster(1000)
    found = places(nodes, 10, percentage_of_nodes_to_score=10)
    tree = NodeTree()
    for row, each in enumerate(nodes):
        tree.add(row, each)
    assert found.tolist() == [tree.in_turn()[i] for i in range(0, 1000, 100)]


def test_nodes_that_do_not_fit_are_passed_over():
    nodes = cluster(300, zones=1)
    for node in nodes[:150]:
        node["spec"] = {"unschedulable": True}
    # The second search starts at 250, comes round to 150 and may take any of 100 nodes from there.
    found = places(nodes, 2, percentage_of_nodes_to_score=1)
    assert found.tolist() == [150, 151]


@pytest.mark.parametrize("percentage", [-1, 101])
def test_a_percentage_out_of_range_is_refused(percentage):
    with pytest.raises(ValueError, match="percentage_of_nodes_to_score"):
        places(cluster(1), 1, percentage_of_nodes_to_score=percentage)
