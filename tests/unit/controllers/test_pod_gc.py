from functools import partial

import pytest

from pykube_core.api.core import NODES, PODS
from pykube_core.controllers import PodGcController


@pytest.fixture
def world(new_world):
    return new_world(PodGcController)


def pod(world, name, node="", **metadata):
    spec = {"containers": [{"name": "c", "image": "httpd"}]}
    if node:
        spec["nodeName"] = node
    obj = {"metadata": {"name": name} | metadata, "spec": spec}
    return world.server.create(PODS, obj, "default")


def end(world, name, status=b'{"phase":"Succeeded"}'):
    world.server.batch.patch_status(PODS, [(world.server.get(PODS, name, "default"), status)])


def names(world):
    return [item.name for item in world.pods()]


def test_pods_of_a_node_that_is_gone_go_after_its_quarantine(world, assert_rests):
    world.node("n1")
    world.node("n2")
    pod(world, "a", "n1", finalizers=["example.com/hold"])
    pod(world, "b", "n1")
    pod(world, "c", "n2")
    world.run()
    world.server.delete(NODES, "n1")
    world.run(38)
    assert names(world) == ["a", "b", "c"]
    world.run(25)
    assert names(world) == ["a", "c"]
    status = world.get(PODS, "a")["status"]
    assert (status["phase"], status["observedGeneration"]) == ("Failed", 1)
    (condition,) = status["conditions"]
    assert condition["observedGeneration"] == 1
    assert (condition["type"], condition["reason"], condition["message"]) == (
        "DisruptionTarget", "DeletionByPodGC", "PodGC: node no longer exists",
    )  # fmt: skip
    assert_rests(world, 100)


def test_node_that_comes_back_keeps_its_pods(world):
    world.node("n1")
    pod(world, "a", "n1")
    world.run()
    world.server.delete(NODES, "n1")
    world.run(30)
    world.node("n1")
    world.run(100)
    assert names(world) == ["a"]
    assert world.get(PODS, "a")["status"]["phase"] == "Pending"


def test_pod_bound_to_a_node_that_never_was_goes_too(world):
    pod(world, "a", "nowhere")
    world.run(70)
    assert names(world) == []


def test_oldest_ended_pods_beyond_the_threshold_go_evicted_ones_first(new_world):
    world = new_world(partial(PodGcController, terminated_pod_threshold=2))
    world.node("n1")
    for name in "abcd":
        pod(world, name, "n1")
        world.run(1)
        end(world, name)
    pod(world, "e", "n1")
    end(world, "e", b'{"phase":"Failed","reason":"Evicted"}')
    pod(world, "f", "n1")
    world.run(30)
    assert names(world) == ["c", "d", "f"]


def test_a_pod_that_runs_again_has_not_ended(new_world):
    world = new_world(partial(PodGcController, terminated_pod_threshold=1))
    world.node("n1")
    for name in "ab":
        pod(world, name, "n1")
    end(world, "a")
    world.run(1)
    end(world, "a", b'{"phase":"Running"}')
    world.run(1)
    end(world, "b")
    world.run(30)
    assert names(world) == ["a", "b"]


def test_unbound_pod_that_is_held_while_being_deleted_is_marked_failed(world):
    pod(world, "a", finalizers=["example.com/hold"])
    world.server.delete(PODS, "a", "default")
    world.run(30)
    assert world.get(PODS, "a")["status"]["phase"] == "Failed"


def test_a_pod_that_cannot_be_read_holds_up_no_other(world):
    for name in "ab":
        pod(world, name, finalizers=["example.com/hold"])
        world.server.delete(PODS, name, "default")
    world.run(1)
    end(world, "a", b'{"phase":7}')
    world.run(30)
    assert world.get(PODS, "b")["status"]["phase"] == "Failed"


def test_node_out_of_service_lets_its_ending_pods_go_at_once(world):
    world.node("n1")
    pod(world, "a", "n1")
    pod(world, "b", "n1")
    world.server.delete(PODS, "a", "default")
    world.run(60)
    assert names(world) == ["a", "b"]
    taint = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}
    world.server.patch(NODES, {"spec": {"taints": [taint]}}, "n1")
    world.run(30)
    assert names(world) == ["a", "b"]
    world.set_ready("n1", "Unknown")
    world.run(30)
    assert names(world) == ["b"]
    world.server.delete(PODS, "b", "default")
    world.run(30)
    assert names(world) == []


def test_node_back_in_service_ends_its_pods_itself(world):
    world.node("n1")
    pod(world, "a", "n1")
    taint = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}
    world.server.patch(NODES, {"spec": {"taints": [taint]}}, "n1")
    world.set_ready("n1", "Unknown")
    world.run(30)
    world.server.delete(PODS, "a", "default")
    world.run(1)
    world.server.patch(NODES, {"spec": {"taints": []}}, "n1")
    world.run(60)
    assert names(world) == ["a"]


def script(world):
    world.node("n1")
    for name in "abc":
        pod(world, name, "n1")
    world.run()
    world.server.delete(NODES, "n1")
    pod(world, "d", finalizers=["example.com/hold"])
    world.server.delete(PODS, "d", "default")
    world.run(200)


def end_state(world):
    return names(world), world.get(PODS, "d")["status"]["phase"]


def test_crash_around_any_write_converges_to_the_same_end(assert_crash_safe):
    assert_crash_safe([PodGcController], script, end_state)
