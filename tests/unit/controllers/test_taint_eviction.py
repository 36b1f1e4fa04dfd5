import pytest

from pykube_core.api.core import EVENTS, NODES, PODS
from pykube_core.controllers import TaintEvictionController

UNREACHABLE = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}
MINE = {"key": "mine", "value": "v", "effect": "NoExecute"}


@pytest.fixture
def world(new_world):
    return new_world(TaintEvictionController)


def pod(world, name, node="n1", tolerations=()):
    containers = [{"name": "c", "image": "httpd"}]
    spec = {"nodeName": node, "containers": containers, "tolerations": list(tolerations)}
    world.server.create(PODS, {"metadata": {"name": name}, "spec": spec}, "default")


def taint(world, *taints, node="n1"):
    world.server.patch(NODES, {"spec": {"taints": list(taints)}}, node)


def ending(world):
    pods = [item.decode() for item in world.pods()]
    return [p["metadata"]["name"] for p in pods if "deletionTimestamp" in p["metadata"]]


def test_pod_that_tolerates_nothing_goes_at_once_and_says_why(world, assert_rests):
    world.node("n1")
    world.node("n2")
    pod(world, "a")
    pod(world, "b", node="n2")
    world.run()
    taint(world, MINE)
    world.run(0)
    assert ending(world) == ["a"]
    (condition,) = world.get(PODS, "a")["status"]["conditions"]
    assert condition == {
        "type": "DisruptionTarget", "observedGeneration": 1, "status": "True",
        "lastProbeTime": None, "lastTransitionTime": "2026-11-23T04:16:03Z",
        "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint",
    }  # fmt: skip
    assert world.messages("TaintManagerEviction") == ["Marking for deletion Pod default/a"]
    assert_rests(world)


def test_a_pod_is_evicted_once(world):
    world.node("n1")
    pod(world, "a")
    world.run()
    history = world.server.watch(PODS, resource_version=str(world.store.revision))
    taint(world, MINE)
    world.run(60)
    marked, ending = (event.object.decode() for event in history.read())
    assert "deletionTimestamp" not in marked["metadata"]
    assert "deletionTimestamp" in ending["metadata"]
    (event,) = (item.decode() for item in world.server.list(EVENTS).items)
    assert (event["message"], event["count"]) == ("Marking for deletion Pod default/a", 1)


def test_default_tolerations_give_five_minutes(world):
    world.node("n1")
    pod(world, "a")
    taint(world, UNREACHABLE)
    world.run(299)
    assert ending(world) == []
    world.run(2)
    assert ending(world) == ["a"]


def test_toleration_without_seconds_is_for_ever_and_the_least_of_several_counts(world):
    world.node("n1")
    forever = {"key": "mine", "operator": "Exists"}
    pod(world, "stays", tolerations=[forever, UNREACHABLE | {"operator": "Exists"}])
    short = {"key": "mine", "operator": "Equal", "value": "v", "effect": "NoExecute"}
    pod(world, "leaves", tolerations=[short | {"tolerationSeconds": 20}])
    taint(world, MINE, UNREACHABLE)
    world.run(19)
    assert ending(world) == []
    world.run(2)
    assert ending(world) == ["leaves"]
    world.run(400)
    assert ending(world) == ["leaves"]


def test_taint_that_goes_in_time_cancels(world):
    world.node("n1")
    pod(world, "a")
    taint(world, UNREACHABLE)
    world.run(100)
    taint(world)
    world.run(300)
    assert ending(world) == []
    assert world.messages("TaintManagerEviction") == ["Cancelling deletion of Pod default/a"]


def test_pod_bound_to_a_tainted_node_is_seen(world):
    world.node("n1", taints=[MINE])
    world.run()
    spec = {"containers": [{"name": "c", "image": "httpd"}]}
    world.server.create(PODS, {"metadata": {"name": "late"}, "spec": spec}, "default")
    world.run()
    assert ending(world) == []
    world.server.bind("late", "default", "n1")
    world.run()
    assert ending(world) == ["late"]


def test_statuses_are_no_news(world):
    world.node("n1")
    pod(world, "a")
    taint(world, UNREACHABLE)
    world.run()
    world.set_running()
    world.set_ready("n1", "False")
    assert world.log.pull() == 2
    assert not world.controllers[0].cursor.has_news


def test_no_other_effect_evicts(world):
    world.node("n1", taints=[{"key": "k", "effect": "NoSchedule"}])
    pod(world, "a")
    world.run(10)
    assert ending(world) == []


def script(world):
    world.node("n1")
    pod(world, "a")
    short = {"key": "mine", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 20}
    pod(world, "b", tolerations=[short])
    pod(world, "c", tolerations=[{"operator": "Exists"}])
    world.run()
    taint(world, MINE)
    world.run(60)


def test_crash_around_any_write_converges_to_the_same_end(assert_crash_safe):
    assert_crash_safe([TaintEvictionController], script, ending)


@pytest.mark.parametrize("seconds", [0, -1, 10, 1000])
def test_eviction_that_is_due_keeps_its_time_when_the_seconds_change(world, seconds):
    world.node("n1")
    short = {"key": "mine", "operator": "Exists", "effect": "NoExecute"}
    pod(world, "a", tolerations=[short | {"tolerationSeconds": 100}])
    taint(world, MINE)
    world.run(5)
    # The first toleration that fits is the one that counts.
    first = MINE | {"operator": "Equal", "tolerationSeconds": seconds}
    obj = world.get(PODS, "a")
    obj["spec"]["tolerations"].insert(0, first)
    world.server.update(PODS, obj)
    world.run(94)
    assert ending(world) == []
    world.run(2)
    assert ending(world) == ["a"]


def test_toleration_for_ever_calls_an_eviction_off_and_losing_it_evicts_at_once(world):
    world.node("n1")
    pod(world, "a")
    taint(world, UNREACHABLE)
    world.run(100)
    tolerations = [UNREACHABLE | {"operator": "Exists"}]
    held = world.server.get(PODS, "a", "default")
    for given, gone in ((tolerations, []), ([], ["a"])):
        obj = held.decode()
        obj["spec"]["tolerations"] = given
        new = held.changed_to(obj)
        (held,) = world.server.batch.put([new])
        world.run(1)
        assert ending(world) == gone
    assert world.messages("TaintManagerEviction") == [
        "Cancelling deletion of Pod default/a", "Marking for deletion Pod default/a",
    ]  # fmt: skip


def test_second_taint_with_less_time_leaves_an_eviction_that_is_due(world):
    world.node("n1")
    short = {"key": "mine", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 20}
    pod(world, "a", tolerations=[short])
    taint(world, UNREACHABLE)
    world.run(10)
    taint(world, UNREACHABLE, MINE)
    world.run(250)
    assert ending(world) == []
    world.run(41)
    assert ending(world) == ["a"]


def test_pod_that_is_being_deleted_is_told_once_and_keeps_its_time(world, assert_rests):
    world.node("n1")
    pod(world, "a")
    world.run()
    world.server.delete(PODS, "a", "default")
    before = world.get(PODS, "a")["metadata"]["deletionTimestamp"]
    taint(world, MINE)
    world.run()
    held = world.get(PODS, "a")
    assert held["metadata"]["deletionTimestamp"] == before
    assert [c["type"] for c in held["status"]["conditions"]] == ["DisruptionTarget"]
    assert world.messages("TaintManagerEviction") == ["Marking for deletion Pod default/a"]
    assert_rests(world)
