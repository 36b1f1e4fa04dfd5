"""Deletion, and pods that a node does not take on."""

import json

import pytest

from pykube_core.api.core import NODES, PODS
from pykube_core.apiserver import Binding
from pykube_core.node import Behavior, Machine, node_of
from tests.unit.node.node_world import START, World


def begin(world, **behavior):
    world.runtime.set("httpd", Behavior(pull_seconds=0, start_seconds=0, **behavior))
    world.node()


def test_pod_is_stopped_gracefully_and_deleted(world):
    begin(world, stop_seconds=3)
    world.pod()
    world.run(1)
    world.server.delete(PODS, "web", "default")
    world.run(2)
    assert world.status()["phase"] == "Running"
    assert world.container()["ready"]
    assert ("Normal", "Killing", "Stopping container c", 1) in world.events()
    history = world.server.watch(PODS, resource_version=str(world.store.revision))
    world.run(1.5)
    assert not world.is_there()
    last = history.read()[-1]
    assert last.type == "DELETED"
    status = last.object.decode()["status"]
    assert status["phase"] == "Succeeded"
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


def test_copies_on_two_nodes_have_one_spec_and_it_stays_when_they_are_marked(world):
    copy = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "httpd"}]}}
    world.server.batch.create(PODS, copy, "default", names=["a", "b"])
    world.server.batch.bind([Binding("default", name, f"on-{name}") for name in ("a", "b")])
    a, b = (world.server.get(PODS, name, "default") for name in ("a", "b"))
    assert a.body.spec == b.body.spec
    assert json.loads(a.body.spec) | {"nodeName": "on-a"} == a.decode()["spec"]
    assert world.server.delete(PODS, "a", "default").object.body.spec == a.body.spec
    placed = world.pod("c", node="on-c")
    assert json.loads(placed.body.spec)["nodeName"] == "on-c"


def test_container_that_does_not_end_in_time_is_killed(world):
    begin(world, stop_seconds=100)
    world.pod(terminationGracePeriodSeconds=5)
    world.run(1)
    history = world.server.watch(PODS, resource_version=str(world.store.revision))
    world.server.delete(PODS, "web", "default")
    world.run(4)
    assert world.is_there()
    world.run(1.5)
    assert not world.is_there()
    status = history.read()[-1].object.decode()["status"]
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137
    assert status["phase"] == "Failed"


def test_grace_is_whole_also_where_a_deletion_comes_between_two_seconds(world):
    begin(world, stop_seconds=0.9)
    world.pod(terminationGracePeriodSeconds=1)
    world.run(1.7)
    history = world.server.watch(PODS, resource_version=str(world.store.revision))
    world.server.delete(PODS, "web", "default")
    world.run(2)
    status = history.read()[-1].object.decode()["status"]
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


def test_shorter_grace_ends_a_pod_earlier(world):
    begin(world, stop_seconds=100)
    world.pod()
    world.run(1)
    world.server.delete(PODS, "web", "default")
    world.run(1)
    world.server.delete(PODS, "web", "default", grace_period_seconds=4)
    world.run(2)
    assert world.is_there()
    world.run(2)
    assert not world.is_there()


def test_pod_that_is_deleted_while_it_is_created_goes_at_once(world):
    world.node()
    world.pod()
    world.run(1)
    world.server.delete(PODS, "web", "default")
    world.run(0)
    assert not world.is_there()


def test_pod_in_a_crash_loop_goes_at_once(world):
    begin(world, run_seconds=0, exit_code=1)
    world.pod()
    world.run(1)
    world.server.delete(PODS, "web", "default")
    world.run(0)
    assert not world.is_there()


def test_pod_that_was_deleted_by_force_leaves_its_room(world):
    begin(world)
    world.pod()
    world.run(1)
    world.server.delete(PODS, "web", "default", grace_period_seconds=0)
    world.pod("next")
    world.run(1)
    assert world.status("next")["podIP"] == "10.244.1.3"
    assert ("Normal", "Killing", "Stopping container c", 1) in world.events()


def test_pod_of_the_same_name_is_another(world):
    begin(world)
    world.pod()
    world.run(1)
    first = world.container()["containerID"]
    world.server.delete(PODS, "web", "default", grace_period_seconds=0)
    world.pod()
    world.run(1)
    assert world.container()["containerID"] != first
    assert world.status()["podIP"] == "10.244.1.3"


def test_pod_with_a_finalizer_ends_and_stays(world):
    begin(world)
    world.pod()
    world.server.patch(PODS, {"metadata": {"finalizers": ["a.b/c"]}}, "web", "default")
    world.run(1)
    world.server.delete(PODS, "web", "default")
    world.run(1)
    assert world.status()["phase"] == "Succeeded"
    steps = world.loop.step_count
    world.run(5)
    assert world.loop.step_count - steps < 5
    world.server.patch(PODS, {"metadata": {"finalizers": None}}, "web", "default")
    world.run(1)
    assert not world.is_there()


def requests(**amounts):
    return {"container": {"resources": {"requests": amounts}}}


@pytest.mark.parametrize(
    ("spec", "reason", "message"),
    [
        (
            requests(cpu="3"),
            "OutOfcpu",
            "Node didn't have enough resource: cpu, requested: 3000, used: 1500, capacity: 4000",
        ),
        (
            requests(memory="8Gi"),
            "OutOfmemory",
            "Node didn't have enough resource: memory, requested: 8589934592, used: 0, "
            "capacity: 1073741824",
        ),
        (
            {"nodeSelector": {"disk": "ssd"}},
            "NodeAffinity",
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        ),
        (
            {"container": {"ports": [{"containerPort": 80, "hostPort": 80}]}},
            "NodePorts",
            "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod "
            "ports",
        ),
        (
            {"os": {"name": "windows"}},
            "PodOSNotSupported",
            "Failed to admit pod as the OS field doesn't match node OS",
        ),
    ],
)
def test_node_refuses_what_does_not_fit(world, spec, reason, message):
    world.node(memory="1Gi")
    world.pod(
        "first",
        container={
            "resources": {"requests": {"cpu": "1500m"}},
            "ports": [{"containerPort": 80, "hostPort": 80}],
        },
    )
    world.pod(**spec)
    world.run(5)
    status = world.status()
    assert (status["phase"], status["reason"]) == ("Failed", reason)
    assert status["message"] == f"Pod was rejected: {message}"
    assert status["startTime"]
    assert "containerStatuses" not in status
    assert world.events() == [("Warning", reason, message, 1)]
    assert world.status("first")["phase"] == "Running"


def test_node_has_so_many_places_until_one_is_left(world):
    world.node(pods=1)
    world.runtime.set("httpd", Behavior(pull_seconds=0, start_seconds=0, run_seconds=2))
    world.pod("first", restartPolicy="Never")
    world.pod("second")
    world.run(1)
    assert world.status("second")["reason"] == "OutOfpods"
    assert world.status("second")["message"].endswith("pods, requested: 1, used: 1, capacity: 1")
    world.run(2)
    world.pod("third")
    world.run(1)
    assert world.status("third")["phase"] == "Running"


def test_node_refuses_pods_that_do_not_tolerate_its_taint(world):
    world.node()
    taint = {"key": "gone", "effect": "NoExecute"}
    world.server.patch(NODES, {"spec": {"taints": [taint]}}, "n1")
    world.pod()
    world.pod("tough", tolerations=[{"operator": "Exists"}])
    world.run(5)
    assert world.status()["reason"] == "TaintToleration"
    assert world.status("tough")["phase"] == "Running"


def test_affinity_is_asked_too(world):
    world.node(labels={"zone": "a"})

    def affinity(zone):
        term = {"matchExpressions": [{"key": "zone", "operator": "In", "values": [zone]}]}
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
        return {"nodeAffinity": required}

    world.pod("a", affinity=affinity("a"))
    world.pod("b", affinity=affinity("b"))
    world.run(5)
    assert world.status("a")["phase"] == "Running"
    assert world.status("b")["reason"] == "NodeAffinity"


def test_node_that_goes_takes_its_pods_with_it(world):
    begin(world)
    world.pod()
    world.run(1)
    ended = []
    world.runtime.on_run(lambda event: None)
    world.runtime.on_exit(ended.append)
    world.server.delete(NODES, "n1")
    world.run(60)
    assert world.status()["phase"] == "Running"  # Nobody is there to say otherwise.
    world.server.delete(PODS, "web", "default", grace_period_seconds=0)
    begin(world)
    world.pod()
    world.run(1)
    assert world.status()["phase"] == "Running"


def test_machine_registers_like_a_kubelet():
    machine = Machine(name="n1", address="10.0.0.1", extended={"example.com/gpu": "2"})
    node = node_of(machine, START)
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "n1"
    assert node["status"]["capacity"]["example.com/gpu"] == "2"
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.34.1"
    world = World()
    world.server.create(NODES, node)
    world.run(0)
    held = world.server.get(NODES, "n1").decode()["status"]
    assert held["allocatable"] == node["status"]["allocatable"]
    world.close()


def test_one_seed_is_one_history_in_memory_and_on_disk(tmp_path):
    def history(path=None):
        world = World(path)
        begin(world, run_seconds=5, exit_code=1)
        world.pod()
        world.pod("other", restartPolicy="Never")
        world.run(60)
        world.server.delete(PODS, "web", "default")
        world.run(60)
        found = world.store.hash()
        world.close()
        return found

    assert history() == history() == history(tmp_path / "store")
