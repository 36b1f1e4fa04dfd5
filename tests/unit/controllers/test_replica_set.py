import json

import pytest

from pykube_core.api.apps import REPLICA_SETS
from pykube_core.api.core import PODS
from pykube_core.api.machinery.status import too_large
from pykube_core.apiserver import Binding
from pykube_core.controllers import ReplicaSetController
from pykube_core.store import prefix_end

LABELS = {"app": "web"}


@pytest.fixture
def world(new_world):
    return new_world(ReplicaSetController)


def create(world, **spec):
    template = {
        "metadata": {"labels": LABELS},
        "spec": {"containers": [{"name": "c", "image": "httpd"}]},
    }
    spec = {"selector": {"matchLabels": LABELS}, "template": template} | spec
    obj = {"metadata": {"name": "web"}, "spec": spec}
    return world.server.create(REPLICA_SETS, obj, "default")


def scale(world, count):
    patch = {"spec": {"replicas": count}}
    world.server.patch(REPLICA_SETS, patch, "web", "default", subresource="scale")


def status(world):
    return world.get(REPLICA_SETS, "web")["status"]


def ready(world, pods, at="2026-11-23T04:16:02Z"):
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": at}
    status = json.dumps({"phase": "Running", "conditions": [condition]}).encode()
    world.server.batch.patch_status(PODS, [(pod, status) for pod in pods])


def test_pods_are_made_with_their_owner_and_counted(world):
    held = create(world, replicas=3).decode()
    world.run()
    pods = [pod.decode() for pod in world.pods()]
    assert len(pods) == 3
    for pod in pods:
        (owner,) = pod["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == (held["metadata"]["uid"], True)
        assert pod["metadata"]["labels"] == LABELS
        assert pod["metadata"]["name"].startswith("web-")
    assert status(world) == {
        "replicas": 3, "terminatingReplicas": 0, "fullyLabeledReplicas": 3,
        "observedGeneration": 1,
    }  # fmt: skip
    ready(world, world.pods()[:2])
    world.run()
    assert status(world)["readyReplicas"] == status(world)["availableReplicas"] == 2


def test_second_pass_at_quiescence_writes_nothing(world, assert_rests):
    create(world, replicas=3)
    world.run()
    assert_rests(world)


def test_events_tell_of_pods_made_and_deleted_and_of_failures(world):
    create(world, replicas=2)
    world.run()
    scale(world, 1)
    before = {pod.name for pod in world.pods()}
    world.run()
    (left,) = {pod.name for pod in world.pods()}
    (gone,) = before - {left}
    assert sorted(world.messages("SuccessfulCreate")) == sorted(
        f"Created pod: {name}" for name in before
    )
    assert world.messages("SuccessfulDelete") == [f"Deleted pod: {gone}"]


def revisions(world, since, prefix=b"/registry/pods/"):
    """Return the revisions at which something was written below a prefix."""
    watch = world.store.watch(prefix, prefix_end(prefix), start_revision=since + 1)
    return sorted({event.kv.mod_revision for event in watch.read(10_000).events})


@pytest.mark.parametrize("left", [0, 10])
def test_pods_are_deleted_in_transactions(world, left):
    create(world, replicas=300)
    world.run()
    pods = [pod.decode()["metadata"]["name"] for pod in world.pods()]
    world.server.batch.bind([Binding("default", name, "n") for name in pods])
    before = world.store.revision
    scale(world, left)
    world.run()
    assert len(world.live()) == left
    assert len(world.pods()) == 300
    assert len(revisions(world, before)) == 3


def test_a_pod_that_cannot_be_deleted_is_told_and_tried_again(world, monkeypatch):
    create(world, replicas=3)
    world.run()
    delete = world.server.batch.delete
    refused = []

    def refuse_one(resource, targets):
        outcomes = delete(resource, targets[1:])
        refused.append(targets[0][1])
        return [too_large(), *outcomes]

    monkeypatch.setattr(world.server.batch, "delete", refuse_one)
    scale(world, 0)
    world.run(0)
    assert [pod.name for pod in world.pods()] == refused[:1]
    assert world.messages("FailedDelete") == [f"Error deleting: {too_large().message}"]
    assert len(world.messages("SuccessfulDelete")) == 2
    monkeypatch.undo()
    world.run()
    assert world.pods() == []


def test_object_that_cannot_be_read_stops_nothing(world):
    spec = {"containers": [{"name": "c", "image": "httpd"}]}
    bad = world.server.create(PODS, {"metadata": {"name": "bad"}, "spec": spec}, "default")
    world.server.batch.patch_status(PODS, [(bad, b'{"phase":7,"conditions":"x"}')])
    create(world, replicas=2)
    world.run()
    assert len(world.pods()) == 3


def test_more_than_a_burst_is_made_in_several_steps(world):
    create(world, replicas=1200)
    world.run()
    assert len(world.pods()) == 1200
    assert status(world)["replicas"] == 1200


def test_pods_without_a_node_go_first_and_the_longest_ready_stay(world):
    create(world, replicas=4)
    world.run()
    for pod in world.pods()[1:]:
        world.server.bind(pod.name, "default", "n1")
    unbound, pending, old, young = world.pods()
    ready(world, [old], "2026-11-23T04:00:00Z")
    ready(world, [young], "2026-11-23T04:10:00Z")
    scale(world, 3)
    world.run()
    assert unbound.name not in {pod.name for pod in world.pods()}
    scale(world, 1)
    world.run()
    ending = {p.name for p in world.pods() if "deletionTimestamp" in p.decode()["metadata"]}
    assert ending == {pending.name, young.name}
    assert status(world)["replicas"] == 1


def test_pods_that_are_ending_are_counted_until_they_have_ended(world):
    create(world, replicas=2)
    world.run()
    for pod in world.pods():
        world.server.bind(pod.name, "default", "n1")
    scale(world, 0)
    world.run()
    assert (status(world)["replicas"], status(world)["terminatingReplicas"]) == (0, 2)
    first, second = world.pods()
    world.server.batch.patch_status(PODS, [(first, b'{"phase":"Succeeded"}')])
    world.run()
    assert status(world)["terminatingReplicas"] == 1
    world.server.delete(PODS, second.name, "default", grace_period_seconds=0)
    world.run()
    assert status(world)["terminatingReplicas"] == 0


def test_pod_that_ends_or_goes_is_replaced(world):
    create(world, replicas=2)
    world.run()
    first, second = world.pods()
    world.server.delete(PODS, first.name, "default")
    world.server.batch.patch_status(PODS, [(second, b'{"phase":"Failed"}')])
    world.run()
    assert len(world.pods()) == 3
    assert status(world)["replicas"] == 2


def test_orphans_are_adopted_and_strangers_released(world):
    spec = {"containers": [{"name": "c", "image": "httpd"}]}
    orphan = {"metadata": {"name": "orphan", "labels": LABELS}, "spec": spec}
    world.server.create(PODS, orphan, "default")
    held = create(world, replicas=2).decode()["metadata"]["uid"]
    world.run()
    assert len(world.pods()) == 2
    adopted = world.server.get(PODS, "orphan", "default").decode()["metadata"]
    assert adopted["ownerReferences"][0]["uid"] == held
    world.server.patch(PODS, {"metadata": {"labels": {"app": "x"}}}, "orphan", "default")
    world.run()
    released = world.server.get(PODS, "orphan", "default").decode()["metadata"]
    assert not released.get("ownerReferences")
    assert len(world.pods()) == 3


def test_availability_comes_after_its_seconds(world):
    create(world, replicas=1, minReadySeconds=30)
    world.run()
    ready(world, world.pods())
    world.run(27)
    assert "availableReplicas" not in status(world)
    world.run(3)
    assert status(world)["availableReplicas"] == 1


def test_what_cannot_be_created_is_a_condition_and_tried_again(world):
    held = create(world, replicas=1).decode()
    held["spec"]["template"]["spec"]["priorityClassName"] = "none-yet"
    world.server.update(REPLICA_SETS, held)
    world.run()
    (condition,) = status(world)["conditions"]
    assert (condition["type"], condition["reason"]) == ("ReplicaFailure", "FailedCreate")
    assert "no PriorityClass with name none-yet was found" in condition["message"]
    assert world.loop.step_count < 20
    held = world.server.get(REPLICA_SETS, "web", "default").decode()
    del held["spec"]["template"]["spec"]["priorityClassName"]
    world.server.update(REPLICA_SETS, held)
    world.run()
    assert "conditions" not in status(world)
    assert len(world.pods()) == 1


def test_first_failure_is_told_until_there_is_none(world, monkeypatch):
    create(world, replicas=2)
    world.run()
    refuse = [too_large()] * 2

    def fail(resource, targets):
        return refuse[: len(targets)]

    monkeypatch.setattr(world.failing.batch, "delete", fail, raising=False)
    scale(world, 0)
    world.run(0.1)
    (first,) = status(world)["conditions"]
    assert (first["reason"], first["message"]) == (
        "FailedDelete", f"unable to delete pods: {refuse[0].message}"
    )  # fmt: skip
    monkeypatch.setattr(
        world.failing.batch, "create", lambda *args, **options: refuse, raising=False
    )
    scale(world, 5)
    world.run(0.1)
    assert status(world)["conditions"] == [first]
    monkeypatch.undo()
    scale(world, 1)
    world.run(2000)
    assert "conditions" not in status(world)


def test_pods_without_labels_are_not_made(world):
    selector = {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}
    template = {"spec": {"containers": [{"name": "c", "image": "httpd"}]}}
    create(world, selector=selector, template=template)
    world.run(0.1)
    (failure,) = status(world)["conditions"]
    assert (failure["reason"], failure["message"]) == (
        "FailedCreate", "unable to create pods, no labels"
    )  # fmt: skip
    assert world.pods() == []


def test_ending_pod_counts_only_while_it_is_the_sets_own(world):
    create(world, replicas=1)
    world.run()
    (pod,) = world.pods()
    world.server.bind(pod.name, "default", "n1")
    world.set_running()
    world.server.delete(PODS, pod.name, "default")
    world.run()
    assert status(world)["terminatingReplicas"] == 1
    other = {"metadata": {"labels": {"app": "other"}}}
    world.server.patch(PODS, other, pod.name, "default")
    world.run()
    assert status(world)["terminatingReplicas"] == 0
    # Unlike one that runs it is not released.
    assert world.get(PODS, pod.name)["metadata"]["ownerReferences"]


def test_ready_pod_that_does_not_say_since_when_is_available_only_without_a_wait(world):
    create(world, replicas=1, minReadySeconds=5)
    world.run()
    shown = b'{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}'
    world.server.batch.patch_status(PODS, [(pod, shown) for pod in world.pods()])
    world.run(60)
    assert status(world)["readyReplicas"] == 1
    assert "availableReplicas" not in status(world)
    world.server.patch(REPLICA_SETS, {"spec": {"minReadySeconds": 0}}, "web", "default")
    world.run()
    assert status(world)["availableReplicas"] == 1


def test_orphans_that_end_or_have_ended_are_not_adopted(world):
    spec = {"containers": [{"name": "c", "image": "httpd"}], "nodeName": "n1"}
    for name in ("ended", "ending"):
        obj = {"metadata": {"name": name, "labels": LABELS}, "spec": spec}
        made = world.server.create(PODS, obj, "default")
        phase = b"Failed" if name == "ended" else b"Running"
        world.server.batch.patch_status(PODS, [(made, b'{"phase":"%b"}' % phase)])
    world.server.delete(PODS, "ending", "default")
    create(world, replicas=1)
    world.run()
    for name in ("ended", "ending"):
        assert "ownerReferences" not in world.get(PODS, name)["metadata"]
    assert len(world.pods()) == 3


def test_set_that_is_gone_makes_nothing(world):
    create(world, replicas=1)
    world.run()
    world.server.delete(REPLICA_SETS, "web", "default", propagation="Orphan")
    world.server.delete(PODS, world.pods()[0].name, "default")
    world.run()
    assert world.pods() == []


def script(world):
    orphan = {"metadata": {"name": "orphan", "labels": LABELS}}
    orphan["spec"] = {"containers": [{"name": "c", "image": "httpd"}]}
    world.server.create(PODS, orphan, "default")
    create(world, replicas=3)
    world.run()
    world.server.delete(PODS, world.pods()[-1].name, "default")
    world.run()
    scale(world, 2)
    world.run()


def end_state(world):
    owned = [len(pod.decode()["metadata"]["ownerReferences"]) for pod in world.pods()]
    return owned, status(world)


def test_crash_around_any_write_converges_to_the_same_end(assert_crash_safe):
    assert_crash_safe([ReplicaSetController], script, end_state)


def test_one_seed_is_one_history_in_memory_and_on_disk(new_world, tmp_path):
    def history(path=None):
        world = new_world(ReplicaSetController, path=path)
        script(world)
        return world.store.hash()

    assert history() == history() == history(tmp_path / "store")
