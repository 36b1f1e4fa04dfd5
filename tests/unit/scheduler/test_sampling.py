import numpy as np
import pytest

from _pykube_hotcore.native import Engine
from _pykube_hotcore.slow import SlowEngine
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import policy
from pykube_core.scheduler.tables.node_order import NodeTree

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


@pytest.mark.parametrize("tie_break", ["random", "first"])
def test_scores_over_a_sample_are_those_of_the_twin(tie_break):
    nodes = cluster(260)
    for index, each in enumerate(nodes):
        if index % 5 == 0:
            each["spec"] = {"taints": [{"key": "k", "effect": "PreferNoSchedule"}]}
        if index % 7:
            each["metadata"]["labels"] |= {"kubernetes.io/hostname": each["metadata"]["name"]}
    selector = {"matchLabels": {"app": "web"}}
    near = {"labelSelector": selector, "topologyKey": ZONE}
    soft = "ScheduleAnyway"
    spread = [
        {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": soft, "labelSelector": selector}
        for key in (ZONE, "kubernetes.io/hostname")
    ]
    term = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["z1"]}]}
    specs = [
        {"topologySpreadConstraints": spread},
        {
            "affinity": {
                "podAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 5, "podAffinityTerm": near}
                    ]
                },
                "nodeAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 3, "preference": term}
                    ]
                },
            }
        },
        {"nodeSelector": {ZONE: "z2"}, "topologySpreadConstraints": spread[:1]},
    ]
    pods = [
        {
            "metadata": {"namespace": "default", "labels": {"app": "web"}},
            "spec": POD["spec"] | more,
        }
        for more in specs
    ]
    found = []
    for engine in (Engine, SlowEngine):
        with Scheduler(
            nodes,
            policy("default"),
            engine=engine,
            tie_break=tie_break,
            seed=5,
            percentage_of_nodes_to_score=0,
        ) as scheduler:
            classes = scheduler.compile(pods)[np.arange(60) % 3]
            found.append(scheduler.place(classes)[0].tolist())
    assert found[0] == found[1]
    assert len(set(found[0])) > 20


@pytest.mark.parametrize("engine", [Engine, SlowEngine])
def test_placing_stops_at_the_first_pod_that_fits_nowhere(engine):
    with Scheduler(cluster(2, zones=1), policy("default"), engine=engine) as scheduler:
        large = POD["spec"]["containers"][0] | {"resources": {"requests": {"cpu": "200"}}}
        small, huge = scheduler.compile([POD, POD | {"spec": {"containers": [large]}}])
        rows, handles = scheduler.place_plain(np.array([small, huge, small]))
        assert rows.tolist() == [0, -1, -1]
        assert (handles >= 0).tolist() == [True, False, False]
        assert scheduler.pod_count().tolist() == [1, 0]
