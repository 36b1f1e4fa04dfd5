import json
from datetime import UTC, datetime

import pytest

from pykube_core.api.coordination import LEASES
from pykube_core.api.core import NODES, PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.controllers import NodeLifecycleController

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"


@pytest.fixture
def world(new_world):
    return new_world(NodeLifecycleController)


def renew(world, *names):
    """Let kubelets renew their leases."""
    now = datetime.fromtimestamp(world.clock() / 10**9, UTC)
    spec = {"holderIdentity": "x", "renewTime": now.strftime("%Y-%m-%dT%H:%M:%S.000000Z")}
    for name in names:
        obj = {"metadata": {"name": name}, "spec": spec}
        try:
            held = world.server.get(LEASES, name, "kube-node-lease").decode()
        except StatusError:
            world.server.create(LEASES, obj, "kube-node-lease")
        else:
            world.server.update(LEASES, held | {"spec": spec}, name, "kube-node-lease")


def live(world, seconds, *names):
    """Let time pass while the kubelets of some nodes renew their leases."""
    for _ in range(0, seconds, 10):
        renew(world, *names)
        world.run(10)


def taints(world, name):
    spec = world.get(NODES, name, "")["spec"]
    return [(t["key"], t["effect"]) for t in spec.get("taints", [])]


def ready(world, name):
    (found,) = [
        c for c in world.get(NODES, name, "")["status"]["conditions"] if c["type"] == "Ready"
    ]
    return found["status"], found["reason"]


def bound(world, name, node):
    spec = {"nodeName": node, "containers": [{"name": "c", "image": "httpd"}]}
    world.server.create(PODS, {"metadata": {"name": name}, "spec": spec}, "default")
    world.set_running()


def test_new_node_keeps_its_taint_until_it_is_ready(world, assert_rests):
    world.server.create(NODES, {"metadata": {"name": "n1"}})
    world.set_ready("n1", "False", "KubeletNotReady")
    world.node("other")
    world.run()
    assert taints(world, "n1") == [(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]
    assert world.messages("RegisteredNode")[0] == (
        "Node n1 event: Registered Node n1 in Controller"
    )
    world.set_ready("n1", "True")
    world.run()
    assert taints(world, "n1") == []
    live(world, 70, "n1", "other")
    assert_rests(world)


def test_conditions_and_cordon_become_taints_beside_others(world):
    mine = {"key": "mine", "value": "v", "effect": "NoSchedule"}
    held = world.node("n1", taints=[mine], labels={"kubernetes.io/os": "linux"})
    status = held.decode()["status"]
    status["conditions"].append({"type": "MemoryPressure", "status": "True"})
    world.server.batch.patch_status(NODES, [(held, json.dumps(status).encode())])
    world.server.patch(NODES, {"spec": {"unschedulable": True}}, "n1")
    world.run()
    assert taints(world, "n1") == [
        ("mine", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ]
    node = world.get(NODES, "n1", "")
    assert node["spec"]["taints"][0] == mine
    assert node["spec"]["taints"][1]["timeAdded"] == "2026-11-23T04:16:02Z"
    assert node["metadata"]["labels"]["beta.kubernetes.io/os"] == "linux"
    world.server.patch(NODES, {"spec": {"unschedulable": None}}, "n1")
    world.run()
    assert ("node.kubernetes.io/unschedulable", "NoSchedule") not in taints(world, "n1")


def test_node_that_renews_its_lease_stays_ready_and_a_silent_one_becomes_unknown(world):
    world.node("n1")
    world.node("n2")
    bound(world, "web", "n2")
    live(world, 40, "n1", "n2")
    live(world, 40, "n1")
    assert ready(world, "n2")[0] == "True"
    live(world, 20, "n1")
    assert ready(world, "n1") == ("True", "KubeletReady")
    assert ready(world, "n2") == ("Unknown", "NodeStatusUnknown")
    conditions = {c["type"]: c for c in world.get(NODES, "n2", "")["status"]["conditions"]}
    assert conditions["Ready"]["message"] == "Kubelet stopped posting node status."
    assert conditions["DiskPressure"]["reason"] == "NodeStatusNeverUpdated"
    assert taints(world, "n2") == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]
    assert world.messages("NodeNotReady") == [
        "Node n2 status is now: NodeNotReady", "Node is not ready",
    ]  # fmt: skip
    (pod,) = world.live()
    assert pod["status"]["conditions"][0]["status"] == "False"
    world.set_ready("n2", "True")
    world.run()
    assert taints(world, "n2") == []


def test_node_that_never_said_anything_gets_a_minute(world):
    world.node("n1")
    world.node("mute", ready=False)
    live(world, 60, "n1")
    assert "conditions" not in world.get(NODES, "mute", "").get("status", {})
    live(world, 10, "n1")
    assert ready(world, "mute") == ("Unknown", "NodeStatusNeverUpdated")


def test_nodes_are_evicted_from_one_after_the_other(world):
    names = [f"n{index}" for index in range(6)]
    for name in names:
        world.node(name)
    world.run()
    for name in names[:2]:
        world.set_ready(name, "False", "KubeletNotReady")
    world.run(5)
    assert [len(taints(world, name)) for name in names[:2]] == [2, 1]
    world.run(10)
    assert [len(taints(world, name)) for name in names[:2]] == [2, 2]


def test_zone_that_mostly_fails_is_not_evicted_from_until_it_is_better(world):
    names = [f"n{index}" for index in range(5)]
    for name in names:
        world.node(name)
    world.run()
    for name in names[:4]:
        world.set_ready(name, "False", "KubeletNotReady")
    world.run(45)
    assert all((NOT_READY, "NoExecute") not in taints(world, name) for name in names)
    world.set_ready("n0", "True")
    world.set_ready("n1", "True")
    world.run(1)
    assert [len(taints(world, name)) for name in names] == [0, 0, 2, 1, 0]


def test_nobody_is_evicted_while_no_node_at_all_is_ready(world):
    world.node("n1")
    world.node("n2")
    world.run()
    for name in ("n1", "n2"):
        world.set_ready(name, "False", "KubeletNotReady")
    world.run(30)
    assert taints(world, "n1") == taints(world, "n2") == [(NOT_READY, "NoSchedule")]


def test_nodes_that_are_excluded_say_nothing_about_the_others(world):
    excluded = {"node.kubernetes.io/exclude-disruption": ""}
    world.node("n1", labels=excluded)
    world.run()
    world.set_ready("n1", "False", "KubeletNotReady")
    world.run()
    assert taints(world, "n1") == [(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]


def test_change_of_the_last_ready_node_gives_the_others_no_more_time(world):
    world.node("n1")
    world.node("n2")
    world.run()
    world.set_ready("n2", "False", "KubeletNotReady")
    for second in range(0, 70, 10):
        renew(world, "n1")
        world.server.patch(NODES, {"spec": {"unschedulable": second % 20 == 0}}, "n1")
        world.run(10)
    assert ready(world, "n2")[0] == "Unknown"


def test_idle_nodes_cost_no_writes(world):
    for index in range(3):
        world.node(f"n{index}")
    world.run()
    before = world.failing.write_count
    live(world, 600, "n0", "n1", "n2")
    assert world.failing.write_count == before


def script(world):
    for name in ("n1", "n2", "n3"):
        world.node(name)
    bound(world, "a", "n1")
    bound(world, "b", "n1")
    for _ in range(16):
        world.set_ready("n2", "True")
        world.set_ready("n3", "True")
        world.run(10)


def end_state(world):
    pods = [pod["status"]["conditions"][0]["status"] for pod in world.live()]
    return [(ready(world, n), sorted(taints(world, n))) for n in ("n1", "n2", "n3")], pods


def test_crash_around_any_write_converges_to_the_same_end(assert_crash_safe):
    assert_crash_safe([NodeLifecycleController], script, end_state)
