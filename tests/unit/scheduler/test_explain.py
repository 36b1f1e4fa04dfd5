import copy
import gzip
import json
from pathlib import Path

import pytest

from pykube_core.api.machinery.quantity import Quantity, parse_quantity
from pykube_core.scheduler.config import profile_from_dict
from pykube_core.scheduler.cycle.cycle import SchedulingCycle
from pykube_core.scheduler.cycle.explain import explain
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import Policy, policy

VECTORS = Path(__file__).parents[2] / "conformance" / "kube-scheduler-v1.34.1"
ZONE = "topology.kubernetes.io/zone"


def node(name, cpu="4", memory="8Gi", pods="10", labels=None, **spec):
    allocatable = {"cpu": cpu, "memory": memory, "pods": pods}
    labels = {"kubernetes.io/hostname": name, **(labels or {})}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {"allocatable": allocatable},
    }


def pod(name="p", cpu="1", labels=None, node=None, port=None, **spec):
    container = {"name": "c", "resources": {"requests": {"cpu": cpu}}}
    if port:
        container["ports"] = [{"containerPort": port, "hostPort": port}]
    if node:
        spec["nodeName"] = node
    return {
        "metadata": {"name": name, "namespace": "default", "labels": labels or {}},
        "spec": {"containers": [container], **spec},
    }


def explained(nodes, wanted, bound=()):
    with Scheduler(nodes, policy("default")) as scheduler:
        cycle = SchedulingCycle(scheduler)
        cycle.add_bound(bound)
        return explain(cycle, wanted)


def changes(explanation, name="n1"):
    (view,) = [v for v in explanation.nodes if v.name == name]
    return [change.text for change in view.changes]


def test_a_shortage_says_how_much_of_what_and_so_much_is_enough():
    nodes, running = [node("n1", cpu="2")], [pod("a", cpu="1500m", node="n1")]
    found = explained(nodes, pod(cpu="1"), running)
    assert changes(found) == ["500m more cpu (asks for 1, 500m of 2 is free)"]
    (change,) = found.nodes[0].changes
    assert (change.resource, change.amount, change.size) == ("cpu", 500, 0.5)
    nodes[0]["status"]["allocatable"]["cpu"] = "2500m"
    assert explained(nodes, pod(cpu="1"), running).decision.candidates == ("n1",)


def test_a_request_beyond_the_whole_node_says_so():
    assert changes(explained([node("n1")], pod(cpu="5"))) == [
        "1 more cpu (asks for 5, the whole node has 4)"
    ]


def test_every_plugin_is_asked_though_the_first_refuses():
    taints = [
        {"key": "a", "value": "1", "effect": "NoSchedule"},
        {"key": "b", "effect": "NoExecute"},
    ]
    nodes = [node("n1", cpu="500m", taints=taints, unschedulable=True)]
    found = explained(nodes, pod(nodeSelector={"disk": "ssd"}))
    assert found.nodes[0].rejection.plugin == "NodeUnschedulable"
    assert changes(found) == [
        "uncordon the node (spec.unschedulable)",
        "tolerate the taint a=1:NoSchedule, or remove it",
        "tolerate the taint b:NoExecute, or remove it",
        "label the node disk=ssd (it has no such label), or drop it from nodeSelector",
        "500m more cpu (asks for 1, the whole node has 500m)",
    ]


def test_nearest_nodes_come_first():
    nodes = [
        node("far", cpu="500m", unschedulable=True),
        node("near", cpu="900m"),
        node("middle", cpu="100m"),
    ]
    found = explained(nodes, pod())
    assert [view.name for view in found.nearest] == ["near", "middle", "far"]
    assert found.summary.startswith("0/3 nodes are available: 1 node(s) were unschedulable, 2 Insu")


def test_of_several_terms_the_one_that_fails_least_is_told():
    def expression(key, operator="Exists", *values):
        return {"key": key, "operator": operator, "values": list(values)}

    terms = [
        {"matchExpressions": [expression("a"), expression("b")]},
        {"matchExpressions": [expression("disk", "In", "ssd", "nvme"), expression("zone")]},
    ]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    found = explained(
        [node("n1", labels={"zone": "x", "disk": "hdd"})],
        pod(affinity={"nodeAffinity": required}),
    )
    assert changes(found) == [
        "label disk must be one of nvme, ssd, it has hdd (required node affinity)"
    ]


def test_ports_and_pods_in_the_way_are_named():
    term = {"topologyKey": ZONE, "labelSelector": {"matchLabels": {"app": "web"}}}
    far = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    running = [pod("a", labels={"app": "web"}, node="n1", port=80, affinity=far)]
    nodes = [node("n1", labels={ZONE: "z"})]
    found = explained(nodes, pod(labels={"app": "web"}, port=80, affinity=far), running)
    assert changes(found) == [
        "host port 80/TCP is taken by default/a",
        f"no pod that matches app=web in {ZONE}=z, where default/a does",
        "default/a must go: anti-affinity keeps this pod off",
    ]


def test_a_skew_says_how_wide_it_would_have_to_be():
    constraint = {
        "maxSkew": 1,
        "topologyKey": ZONE,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    nodes = [node("n1", labels={ZONE: "z1"}), node("n2", labels={ZONE: "z2"}), node("n3")]
    running = [pod(f"a{i}", labels={"app": "web"}, node="n1") for i in range(3)]
    wanted = pod(labels={"app": "web"}, topologySpreadConstraints=[constraint])
    found = explained(nodes, wanted, running)
    assert changes(found, "n1") == [
        f"maxSkew 4 instead of 1 over {ZONE}, or 3 fewer matching pods in {ZONE}=z1"
    ]
    assert changes(found, "n3") == [f"label the node with {ZONE}"]
    assert found.decision.candidates == ("n2",)


def test_scores_are_raw_normalised_and_weighted():
    taints = [{"key": "a", "effect": "PreferNoSchedule"}]
    found = explained([node("n1", taints=taints), node("n2")], pod())
    first, second = (view.scores["TaintToleration"] for view in found.nodes)
    assert (first.raw, first.normalized, first.weighted) == (1, 0, 0)
    assert (second.raw, second.normalized, second.weighted) == (0, 100, 300)
    assert found.nodes[1].total == sum(s.weighted for s in found.nodes[1].scores.values())
    assert found.summary == "goes to n2, the best of 2 nodes that fit"
    json.dumps(found.to_dict())


def test_victims_are_told_and_stay():
    running = [pod("low", cpu="4", node="n1")]
    with Scheduler([node("n1")], policy("default")) as scheduler:
        cycle = SchedulingCycle(scheduler)
        cycle.add_bound(running)
        found = explain(cycle, pod(priority=10))
        assert found.decision.preemption.victims == ("default/low",)
        assert len(cycle.pods) == 1
        assert explain(cycle, pod(priority=10)) == found


def test_gates_are_the_summary():
    found = explained([node("n1")], pod(schedulingGates=[{"name": "x/y"}]))
    assert found.summary == "not scheduled: waiting for scheduling gates: [x/y]"


def scenarios(family):
    for path in sorted((VECTORS / family).glob("*.json.gz")):
        yield json.loads(gzip.decompress(path.read_bytes()))


@pytest.mark.parametrize(
    "family", ["inter-pod-affinity", "topology-spread", "taints-tolerations", "volumes"]
)
def test_a_node_fits_exactly_if_nothing_would_have_to_change(family):
    for scenario in scenarios(family):
        objects = {k: v for k, v in scenario["objects"].items() if k not in ("nodes", "pods")}
        with Scheduler(scenario["objects"]["nodes"], policy("default"), objects=objects) as s:
            cycle = SchedulingCycle(s)
            cycle.add_bound(scenario["objects"]["pods"])
            for wanted in scenario["pending"][::5]:
                found = explain(cycle, copy.deepcopy(wanted))
                if found.decision.pre_filter is None:
                    assert [v.fits for v in found.nodes] == [not v.changes for v in found.nodes]


def test_enough_of_every_missing_resource_lets_the_pod_in():
    for scenario in scenarios("resources-fit"):
        nodes = scenario["objects"]["nodes"]
        for wanted in scenario["pending"][::4]:
            found = explained(nodes, wanted, scenario["objects"]["pods"])
            near = [v for v in found.nearest if all(c.resource for c in v.changes)]
            if not near:
                continue
            larger = copy.deepcopy(nodes)
            (there,) = [n for n in larger if n["metadata"]["name"] == near[0].name]
            given = there["status"]["allocatable"]
            for change in near[0].changes:
                unit = 10**6 if change.resource == "cpu" else 10**9
                has = parse_quantity(given.get(change.resource))
                given[change.resource] = str(has + Quantity(change.amount * unit))
            again = explained(larger, wanted, scenario["objects"]["pods"])
            assert near[0].name in again.decision.feasible


def test_names_narrow_the_search_though_the_filter_is_off():
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n2"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    plugins = {"filter": {"disabled": [{"name": "NodeAffinity"}]}}
    chosen = Policy("x", "x", profile_from_dict({"plugins": plugins}))
    with Scheduler([node("n1"), node("n2")], chosen) as scheduler:
        found = explain(SchedulingCycle(scheduler), pod(affinity={"nodeAffinity": required}))
    assert changes(found) == ["the node's name must be n2 (required node affinity)"]
    assert changes(found, "n2") == []
