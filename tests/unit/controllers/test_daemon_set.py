import pytest

from pykube_core.api.apps import DAEMON_SETS
from pykube_core.api.core import NODES, PODS
from pykube_core.controllers import DaemonSetController

LABELS = {"app": "proxy"}


@pytest.fixture
def world(new_world):
    return new_world(DaemonSetController)


def template(image="proxy:1", **spec):
    containers = [{"name": "c", "image": image}]
    return {"metadata": {"labels": LABELS}, "spec": {"containers": containers} | spec}


def create(world, name="proxy", **spec):
    spec = {"selector": {"matchLabels": LABELS}, "template": template()} | spec
    obj = {"metadata": {"name": name}, "spec": spec}
    return world.server.create(DAEMON_SETS, obj, "kube-system")


def patch(world, **spec):
    world.server.patch(DAEMON_SETS, {"spec": spec}, "proxy", "kube-system")


def status(world):
    return world.get(DAEMON_SETS, "proxy", "kube-system")["status"]


def target(pod):
    affinity = pod["spec"]["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    (field,) = term["matchFields"]
    assert (field["key"], field["operator"]) == ("metadata.name", "In")
    return field["values"][0]


def places(world):
    return sorted(target(pod) for pod in world.live("kube-system"))


def bind(world):
    """Do what the scheduler does: every pod goes where its affinity says."""
    for pod in world.pods("kube-system"):
        obj = pod.decode()
        if "nodeName" not in obj["spec"]:
            world.server.bind(pod.name, "kube-system", target(obj))


def round_(world):
    world.run()
    bind(world)
    world.set_running(world.pods("kube-system"))
    for pod in world.pods("kube-system"):
        if "deletionTimestamp" in pod.decode()["metadata"]:
            world.server.delete(PODS, pod.name, "kube-system", grace_period_seconds=0)


def settle(world, rounds=20):
    for _ in range(rounds):
        before = world.store.revision
        round_(world)
        if world.store.revision == before:
            return
    raise AssertionError("no rest")


def images(world):
    return sorted(pod["spec"]["containers"][0]["image"] for pod in world.live("kube-system"))


def test_every_node_gets_a_pod_that_only_the_scheduler_binds(world, assert_rests):
    held = create(world).decode()["metadata"]
    for name in ("n1", "n2"):
        world.node(name)
    world.run()
    assert places(world) == ["n1", "n2"]
    pod = world.live("kube-system")[0]
    assert "nodeName" not in pod["spec"]
    assert pod["metadata"]["ownerReferences"][0]["uid"] == held["uid"]
    assert set(pod["metadata"]["labels"]) == {"app", "controller-revision-hash"}
    keys = [(t["key"].partition("/")[2], t["effect"]) for t in pod["spec"]["tolerations"]]
    assert keys == [
        ("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"), ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    ]  # fmt: skip
    assert status(world) == {
        "desiredNumberScheduled": 2, "currentNumberScheduled": 2, "numberMisscheduled": 0,
        "numberReady": 0, "updatedNumberScheduled": 2, "numberUnavailable": 2,
        "observedGeneration": 1,
    }  # fmt: skip
    settle(world)
    assert (status(world)["numberReady"], status(world)["numberAvailable"]) == (2, 2)
    assert "numberUnavailable" not in status(world)
    assert len(world.messages("SuccessfulCreate", "kube-system")) == 2
    assert_rests(world)
    world.node("n3")
    world.run()
    assert places(world) == ["n1", "n2", "n3"]


def test_selectors_and_taints_say_where_pods_run(world):
    taint = {"key": "gpu", "value": "x", "effect": "NoSchedule"}
    world.node("plain", labels={"disk": "ssd"})
    world.node("tainted", labels={"disk": "ssd"}, taints=[taint])
    world.node("slow", labels={"disk": "hdd"})
    new = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    world.node("new", labels={"disk": "ssd"}, taints=[new])
    create(world, template=template(nodeSelector={"disk": "ssd"}))
    world.run()
    # Upstream too leaves a node alone until it is ready, unless the template tolerates that.
    assert places(world) == ["plain"]
    tolerations = [{"key": "gpu", "operator": "Exists"}, new | {"operator": "Exists"}]
    patch(world, template=template(nodeSelector={"disk": "ssd"}, tolerations=tolerations))
    settle(world)
    assert places(world) == ["new", "plain", "tainted"]


def test_pod_leaves_a_node_that_it_may_not_stay_on(world):
    world.node("n1")
    world.node("n2")
    create(world)
    settle(world)
    soft = {"key": "k", "effect": "NoSchedule"}
    world.server.patch(NODES, {"spec": {"taints": [soft]}}, "n1")
    world.run()
    assert places(world) == ["n1", "n2"]
    assert (status(world)["desiredNumberScheduled"], status(world)["numberMisscheduled"]) == (1, 1)
    hard = {"key": "k", "effect": "NoExecute"}
    world.server.patch(NODES, {"spec": {"taints": [hard]}}, "n1")
    settle(world)
    assert places(world) == ["n2"]
    assert status(world)["numberMisscheduled"] == 0


def test_pod_for_a_node_that_is_gone_is_deleted_while_it_is_unbound(world):
    world.node("n1")
    create(world)
    world.run()
    world.server.delete(NODES, "n1")
    world.run()
    assert world.pods("kube-system") == []
    assert status(world)["desiredNumberScheduled"] == 0


def test_failed_pods_are_replaced_ever_more_slowly(world):
    world.node("n1")
    create(world)
    times = []
    for _ in range(4):
        world.run(0)
        bind(world)
        (pod,) = world.pods("kube-system")
        world.server.batch.patch_status(PODS, [(pod, b'{"phase":"Failed"}')])
        began = world.clock()
        while any(p.name == pod.name for p in world.pods("kube-system")):
            world.run(0.25)
            world.end()
            for p in world.pods("kube-system"):
                if "deletionTimestamp" in p.decode()["metadata"]:
                    world.server.delete(PODS, p.name, "kube-system", grace_period_seconds=0)
        times.append(round((world.clock() - began) / 10**9))
    assert times == [0, 1, 2, 4]
    message = world.messages("FailedDaemonPod", "kube-system")[0]
    assert message.startswith("Found failed daemon pod kube-system/proxy-")
    assert message.endswith(" on node n1, will try to kill it")


def test_rolling_update_replaces_as_many_at_once_as_may_be_unavailable(world):
    for index in range(5):
        world.node(f"n{index}")
    create(world, updateStrategy={"rollingUpdate": {"maxUnavailable": 2}})
    settle(world)
    patch(world, template=template("proxy:2"))
    world.run()
    assert images(world) == ["proxy:1"] * 3
    assert "updatedNumberScheduled" not in status(world)
    round_(world)
    assert images(world)[:3] == ["proxy:1"] * 3
    settle(world)
    assert images(world) == ["proxy:2"] * 5
    assert status(world)["updatedNumberScheduled"] == 5


def test_surge_starts_the_new_pod_before_the_old_one_goes(world):
    for index in range(3):
        world.node(f"n{index}")
    create(world, updateStrategy={"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}})
    settle(world)
    patch(world, template=template("proxy:2"))
    world.run()
    assert images(world) == ["proxy:1"] * 3 + ["proxy:2"]
    for _ in range(20):
        assert len([p for p in world.live("kube-system") if p["status"].get("conditions")]) >= 3
        round_(world)
    assert images(world) == ["proxy:2"] * 3


def test_on_delete_leaves_old_pods_until_somebody_deletes_them(world):
    world.node("n1")
    world.node("n2")
    create(world, updateStrategy={"type": "OnDelete"})
    settle(world)
    patch(world, template=template("proxy:2"))
    settle(world)
    assert images(world) == ["proxy:1"] * 2
    world.server.delete(PODS, world.pods("kube-system")[0].name, "kube-system")
    settle(world)
    assert images(world) == ["proxy:1", "proxy:2"]


def test_availability_comes_after_its_seconds(world):
    world.node("n1")
    create(world, minReadySeconds=30)
    world.run()
    bind(world)
    world.set_running(world.pods("kube-system"))
    world.run(25)
    assert "numberAvailable" not in status(world)
    world.run(10)
    assert status(world)["numberAvailable"] == 1


def test_heartbeat_of_a_node_makes_no_work(world, monkeypatch):
    for index in range(3):
        world.node(f"n{index}")
    create(world)
    settle(world)
    looked = []
    monkeypatch.setattr(world.controllers[0], "_sync", lambda key, now: looked.append(key) or True)
    world.set_ready("n1", "True")
    world.run()
    assert looked == []


def test_pods_of_many_nodes_are_written_in_one_batch(world):
    for index in range(20):
        world.node(f"n{index:02}")
    create(world)
    world.run()
    # The check of the first one, all pods, their events, the status and what it counts then.
    assert world.failing.write_count <= 5
    assert places(world) == [f"n{index:02}" for index in range(20)]
    assert len({pod["metadata"]["uid"] for pod in world.live("kube-system")}) == 20


def test_pods_are_right_where_the_template_speaks_of_node_names_itself(world):
    requirement = {"key": "metadata.name", "operator": "In", "values": ["n1"]}
    preferred = [{"weight": 1, "preference": {"matchFields": [requirement]}}]
    preferred = {"preferredDuringSchedulingIgnoredDuringExecution": preferred}
    for name in ("n1", "n2"):
        world.node(name)
    create(world, template=template(affinity={"nodeAffinity": preferred}))
    world.run()
    assert places(world) == ["n1", "n2"]
    for pod in world.live("kube-system"):
        held = pod["spec"]["affinity"]["nodeAffinity"]
        assert held["preferredDuringSchedulingIgnoredDuringExecution"][0]["weight"] == 1


def test_template_that_is_refused_is_told_and_tried_again(world):
    world.node("n1")
    world.node("n2")
    create(world, template=template(priorityClassName="none-yet"))
    world.run()
    message = world.messages("FailedCreate", "kube-system")[0]
    assert message.startswith("Error creating: ")
    assert world.pods("kube-system") == []
    assert world.loop.step_count < 20
    patch(world, template=template(priorityClassName=None))
    world.run()
    assert places(world) == ["n1", "n2"]


def script(world):
    for index in range(2):
        world.node(f"n{index}")
    create(world)
    settle(world)
    patch(world, template=template("proxy:2"))
    settle(world)
    world.server.delete(NODES, "n0")
    settle(world)


def end_state(world):
    return images(world), places(world), status(world)


def test_crash_around_any_write_converges_to_the_same_end(assert_crash_safe):
    assert_crash_safe([DaemonSetController], script, end_state)


def test_a_pod_that_can_be_read_again_is_not_made_twice(world, assert_rests):
    create(world)
    world.node("n1")
    world.run()
    (pod,) = world.pods("kube-system")
    world.server.batch.patch_status(PODS, [(pod, b'{"phase":7}')])
    world.server.delete(NODES, "n1")
    world.run()
    (pod,) = world.pods("kube-system")
    world.server.batch.patch_status(PODS, [(pod, b'{"phase":"Pending"}')])
    world.node("n1")
    world.run()
    assert places(world) == ["n1"]
    assert status(world)["currentNumberScheduled"] == 1
    assert_rests(world)


def test_a_set_that_can_be_read_again_finds_its_pods(world, assert_rests):
    created = create(world)
    world.node("n1")
    world.run()
    held = world.server.get(DAEMON_SETS, created.name, "kube-system")
    good = held.status
    world.server.batch.patch_status(DAEMON_SETS, [(held, b'{"conditions":7}')])
    world.start()
    world.run()
    held = world.server.get(DAEMON_SETS, created.name, "kube-system")
    world.server.batch.patch_status(DAEMON_SETS, [(held, good)])
    world.run()
    assert places(world) == ["n1"]
    assert_rests(world)
