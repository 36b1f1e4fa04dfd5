"""Rolling updates of daemon sets whose pods fail, end, or should run nowhere any more."""

import json

import pytest

from pykube_core.api.apps import DAEMON_SETS
from pykube_core.api.core import NODES, PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.controllers import DaemonSetController

LABELS = {"app": "proxy"}
HASH = "controller-revision-hash"


@pytest.fixture
def world(new_world):
    return new_world(DaemonSetController)


def template(image="proxy:1", **spec):
    containers = [{"name": "c", "image": image}]
    return {"metadata": {"labels": LABELS}, "spec": {"containers": containers} | spec}


def create(world, strategy=None, **spec):
    spec = {"selector": {"matchLabels": LABELS}, "template": template()} | spec
    if strategy is not None:
        spec["updateStrategy"] = {"rollingUpdate": strategy}
    return world.server.create(
        DAEMON_SETS, {"metadata": {"name": "proxy"}, "spec": spec}, "default"
    )


def patch(world, **spec):
    world.server.patch(DAEMON_SETS, {"spec": spec}, "proxy", "default")


def status(world):
    return world.get(DAEMON_SETS, "proxy")["status"]


def target(pod):
    affinity = pod["spec"]["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    return term["matchFields"][0]["values"][0]


def bind(world):
    for pod in world.pods():
        obj = pod.decode()
        if "nodeName" not in obj["spec"] and "affinity" in obj["spec"]:
            world.server.bind(pod.name, "default", target(obj))


def round_(world, *, good=lambda pod: True):
    """Let the scheduler bind, and kubelets end pods and bring the good ones up."""
    world.run()
    bind(world)
    world.set_running([pod for pod in world.pods() if good(pod.decode())])
    world.end()
    world.run()


def image(pod):
    return pod["spec"]["containers"][0]["image"]


def images(world):
    """Return the image on every node, several joined, and "!" behind those that serve."""
    found = {}
    for pod in world.live():
        mark = "!" if pod["status"].get("conditions", [{}])[0].get("type") == "Ready" else ""
        found.setdefault(pod["spec"].get("nodeName", target(pod)), []).append(image(pod) + mark)
    return [" ".join(sorted(found[name])) for name in sorted(found)]


def nodes(world, count):
    for index in range(count):
        world.node(f"n{index}")


def set_not_ready(world, name):
    """Let a kubelet report the pods of a node as not ready."""
    status = json.dumps({"phase": "Running", "conditions": []}).encode()
    held = [pod for pod in world.pods() if pod.decode()["spec"].get("nodeName") == name]
    world.server.batch.patch_status(PODS, [(pod, status) for pod in held])


def test_old_pod_that_is_not_available_counts_against_what_may_be(world):
    nodes(world, 3)
    create(world, {"maxUnavailable": 1})
    round_(world)

    def good(pod):
        return image(pod) == "proxy:1"

    for bad in ("bad:1", "bad:2", "bad:3"):
        patch(world, template=template(bad))
        for _ in range(5):
            round_(world, good=good)
        assert sorted(images(world)) == [bad, "proxy:1!", "proxy:1!"]


@pytest.mark.parametrize(
    ("most", "down", "left"),
    [
        (1, 0, 4), (2, 0, 3), (2, 1, 3), (2, 2, 3), (2, 3, 2), (1, 4, 1), ("50%", 1, 2),
        ("1%", 0, 4), ("100%", 2, 0),
    ],
)  # fmt: skip
def test_failing_old_pods_go_at_once_and_use_up_what_may_be_unavailable(world, most, down, left):
    nodes(world, 5)
    create(world, {"maxUnavailable": most})
    round_(world)
    for index in range(down):
        set_not_ready(world, f"n{index}")
    world.run()
    patch(world, template=template("proxy:2"))
    world.run()
    held = images(world)
    assert held == ["proxy:1!"] * left


def test_failing_new_pods_use_up_what_may_be_unavailable_too(world):
    nodes(world, 5)
    create(world, {"maxUnavailable": 2})
    round_(world)
    patch(world, template=template("bad:1"))
    for _ in range(4):
        round_(world, good=lambda pod: image(pod) == "proxy:1")
    assert sorted(images(world)) == ["bad:1"] * 2 + ["proxy:1!"] * 3
    patch(world, template=template("proxy:2"))
    world.run()
    # Both bad ones are replaced; no good one has to go for that.
    assert images(world) == ["proxy:1!"] * 3


def test_percentage_of_surge_rounds_up(world):
    nodes(world, 5)
    create(world, {"maxUnavailable": 0, "maxSurge": "30%"})
    round_(world)
    patch(world, template=template("proxy:2"))
    world.run()
    assert sorted(images(world)) == ["proxy:1!"] * 3 + ["proxy:1! proxy:2"] * 2


def test_surge_replaces_failing_old_pods_beside_those_it_is_allowed(world):
    nodes(world, 4)
    create(world, {"maxUnavailable": 0, "maxSurge": 1})
    round_(world)
    set_not_ready(world, "n0")
    set_not_ready(world, "n1")
    world.run()
    patch(world, template=template("proxy:2"))
    world.run()
    # The failing ones do not stay beside those that come for them.
    assert images(world) == ["proxy:2", "proxy:2", "proxy:1! proxy:2", "proxy:1!"]


def taint(world, name):
    soft = {"key": "k", "effect": "NoSchedule"}
    world.server.patch(NODES, {"spec": {"taints": [soft]}}, name)


def test_surge_deletes_a_failing_old_pod_where_none_should_run_any_more(world):
    nodes(world, 3)
    create(world, {"maxUnavailable": 0, "maxSurge": 1})
    round_(world)
    taint(world, "n0")
    set_not_ready(world, "n0")
    patch(world, template=template("proxy:2"))
    for _ in range(6):
        round_(world)
    assert images(world) == ["proxy:2!", "proxy:2!"]


def test_surge_keeps_a_serving_old_pod_where_none_should_run_until_enough_others_serve(world):
    nodes(world, 3)
    create(world, {"maxUnavailable": 0, "maxSurge": 1})
    round_(world)
    taint(world, "n0")
    set_not_ready(world, "n1")
    patch(world, template=template("proxy:2"))
    world.run()
    # Two should serve: n0's may not go while it is one of only two that do.
    assert images(world)[0] == "proxy:1!"
    for _ in range(6):
        round_(world)
    assert images(world) == ["proxy:2!", "proxy:2!"]


def test_ended_pod_that_is_being_deleted_holds_its_node_no_longer(world):
    nodes(world, 1)
    held = {"metadata": {"labels": LABELS, "finalizers": ["example.com/hold"]}}
    create(world, template=template() | held)
    round_(world)
    (pod,) = world.pods()
    world.server.delete(PODS, pod.name, "default")
    world.run()
    assert world.live() == []
    (pod,) = world.pods()
    world.server.batch.patch_status(PODS, [(pod, b'{"phase":"Succeeded"}')])
    world.run()
    assert len(world.live()) == 1
    assert status(world)["currentNumberScheduled"] == 1


def test_pod_for_no_node_that_can_be_named_is_left_alone(world, assert_rests):
    nodes(world, 1)
    obj = {"metadata": {"name": "stray", "labels": LABELS}, "spec": template()["spec"]}
    world.server.create(PODS, obj, "default")
    create(world)
    round_(world)
    owners = world.get(PODS, "stray")["metadata"]["ownerReferences"]
    assert [owner["kind"] for owner in owners] == ["DaemonSet"]
    assert len(world.live()) == 2
    assert_rests(world)


def orphan(name, node="n0"):
    spec = template()["spec"] | {"nodeName": node}
    return {"metadata": {"name": name, "labels": LABELS}, "spec": spec}


def test_ended_orphan_is_adopted_and_replaced(world):
    nodes(world, 1)
    made = world.server.create(PODS, orphan("stray"), "default")
    world.server.batch.patch_status(PODS, [(made, b'{"phase":"Failed"}')])
    create(world)
    world.run()
    assert world.messages("FailedDaemonPod") == [
        "Found failed daemon pod default/stray on node n0, will try to kill it"
    ]


def test_pod_that_is_being_deleted_is_released_but_not_adopted(world):
    nodes(world, 1)
    create(world)
    round_(world)
    (pod,) = world.pods()
    world.server.delete(PODS, pod.name, "default")
    world.server.patch(PODS, {"metadata": {"labels": {"app": "other"}}}, pod.name, "default")
    world.run()
    assert not world.get(PODS, pod.name)["metadata"].get("ownerReferences")
    world.server.patch(PODS, {"metadata": {"labels": LABELS}}, pod.name, "default")
    world.run()
    assert not world.get(PODS, pod.name)["metadata"].get("ownerReferences")


def test_oldest_bound_pod_stays_where_there_are_several(world):
    nodes(world, 1)
    for name in ("z-first", "a-second"):
        world.server.create(PODS, orphan(name), "default")
        world.run(2)
    create(world, updateStrategy={"type": "OnDelete"})
    world.run()
    assert [pod["metadata"]["name"] for pod in world.live()] == ["z-first"]


def test_waits_for_failing_pods_begin_anew_with_a_new_generation(world):
    nodes(world, 1)
    create(world)

    def fail():
        """Let the pod fail; return its name if it is not deleted for that."""
        world.run(0.1)
        bind(world)
        (pod,) = world.pods()
        world.server.batch.patch_status(PODS, [(pod, b'{"phase":"Failed"}')])
        world.run(0.1)
        return [held.name for held in world.pods() if held.name == pod.name]

    assert not fail()
    held = fail()
    assert held
    patch(world, minReadySeconds=1)
    world.run(0.1)
    assert held != [pod.name for pod in world.pods()]


def test_pod_that_does_not_say_since_when_it_is_ready_is_never_available_in_time(world):
    nodes(world, 1)
    create(world, minReadySeconds=5)
    world.run()
    bind(world)
    (pod,) = world.pods()
    ready = b'{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}'
    world.server.batch.patch_status(PODS, [(pod, ready)])
    world.run(60)
    assert status(world)["numberReady"] == 1
    assert "numberAvailable" not in status(world)
    patch(world, minReadySeconds=0)
    world.run()
    assert status(world)["numberAvailable"] == 1


def test_empty_fields_of_a_template_make_no_other_revision(world):
    nodes(world, 2)
    create(world)
    round_(world)
    before = [pod.name for pod in world.pods()]
    patch(world, template=template(nodeSelector={}, tolerations=[]))
    for _ in range(3):
        round_(world)
    assert [pod.name for pod in world.pods()] == before


@pytest.mark.parametrize(
    ("strategy", "field", "detail"),
    [
        ({"maxSurge": 1}, "maxSurge", "may not be set when maxUnavailable is non-zero"),
        ({"maxSurge": 0, "maxUnavailable": "0%"}, "maxUnavailable", "cannot be 0 when maxSurge is"),
        ({"maxSurge": "101%", "maxUnavailable": 0}, "maxSurge", "must not be greater than 100%"),
    ],
)
def test_daemon_set_either_deletes_or_surges(world, strategy, field, detail):
    with pytest.raises(StatusError, match=rf"rollingUpdate\.{field}: .*{detail}"):
        create(world, strategy)
