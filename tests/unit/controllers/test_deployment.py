import pytest

from pykube_core.api.apps import DEPLOYMENTS, REPLICA_SETS
from pykube_core.api.core import PODS
from pykube_core.controllers import DeploymentController, ReplicaSetController
from pykube_core.controllers.rollout import REVISION, share_of
from pykube_core.controllers.template_hash import hash_of

LABELS = {"app": "web"}
BOTH = (DeploymentController, ReplicaSetController)


@pytest.fixture
def world(new_world):
    return new_world(*BOTH)


def template(image="httpd:1", **spec):
    containers = [{"name": "c", "image": image}]
    return {"metadata": {"labels": LABELS}, "spec": {"containers": containers} | spec}


def create(world, **spec):
    spec = {"selector": {"matchLabels": LABELS}, "template": template()} | spec
    obj = {"metadata": {"name": "web", "annotations": {"team": "a"}}, "spec": spec}
    return world.server.create(DEPLOYMENTS, obj, "default")


def patch(world, **spec):
    world.server.patch(DEPLOYMENTS, {"spec": spec}, "web", "default")


def status(world):
    return world.get(DEPLOYMENTS, "web")["status"]


def condition(world, type):
    found = [c for c in status(world)["conditions"] if c["type"] == type]
    return (found[0]["status"], found[0]["reason"], found[0]["message"]) if found else None


def sets(world):
    """Return name, wanted replicas and revision of every replica set, by revision."""
    found = [item.decode() for item in world.server.list(REPLICA_SETS, "default").items]
    rows = [
        (
            r["metadata"]["name"],
            r["spec"]["replicas"],
            r["metadata"].get("annotations", {}).get(REVISION),
        )
        for r in found
    ]
    return sorted(rows, key=lambda row: int(row[2] or 0))


def settle(world, rounds=20):
    """Let kubelets start and end pods until nothing changes any more."""
    for _ in range(rounds):
        before = world.store.revision
        world.run()
        world.set_running()
        world.end()
        if world.store.revision == before:
            return
    raise AssertionError("no rest")


def test_new_deployment_makes_one_replica_set_and_tells_how_far_it_is(world, assert_rests):
    made = create(world, replicas=2).decode()["metadata"]
    world.run()
    ((name, count, revision),) = sets(world)
    held = world.get(REPLICA_SETS, name)
    digest = held["metadata"]["labels"]["pod-template-hash"]
    assert (name, count, revision) == (f"web-{digest}", 2, "1")
    assert held["spec"]["selector"]["matchLabels"] == LABELS | {"pod-template-hash": digest}
    assert held["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] == digest
    assert held["metadata"]["annotations"] == {
        "team": "a",
        "deployment.kubernetes.io/revision": "1",
        "deployment.kubernetes.io/desired-replicas": "2",
        "deployment.kubernetes.io/max-replicas": "3",
    }
    (owner,) = held["metadata"]["ownerReferences"]
    assert (owner["uid"], owner["controller"]) == (made["uid"], True)
    assert condition(world, "Available") == (
        "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.",
    )  # fmt: skip
    # Its pods have been counted since, which is progress.
    assert condition(world, "Progressing") == (
        "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.',
    )  # fmt: skip
    assert world.messages("ScalingReplicaSet") == [f"Scaled up replica set {name} from 0 to 2"]
    settle(world)
    assert condition(world, "Available") == (
        "True", "MinimumReplicasAvailable", "Deployment has minimum availability.",
    )  # fmt: skip
    assert condition(world, "Progressing") == (
        "True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.',
    )  # fmt: skip
    counts = {k: v for k, v in status(world).items() if k != "conditions"}
    assert counts == {
        "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2,
        "readyReplicas": 2, "availableReplicas": 2, "terminatingReplicas": 0,
    }  # fmt: skip
    metadata = world.get(DEPLOYMENTS, "web")["metadata"]
    assert (metadata["annotations"][REVISION], metadata["generation"]) == ("1", 1)
    assert_rests(world)


def test_rolling_update_keeps_within_surge_and_unavailability(world):
    create(world, replicas=10)
    settle(world)
    patch(world, template=template("httpd:2"))
    for _ in range(40):
        world.run()
        live = world.live()
        ready = [p for p in live if p["status"].get("conditions")]
        assert len(live) <= 13
        assert len(ready) >= 8
        # One pod at a time gets ready, the slowest of kubelets.
        coming = [p for p in world.pods() if b'"Running"' not in p.data]
        world.set_running(coming[:1])
        world.end()
    (_, old, _), (name, new, revision) = sets(world)
    assert (old, new, revision) == (0, 10, "2")
    assert condition(world, "Progressing")[2] == f'ReplicaSet "{name}" has successfully progressed.'
    assert world.get(DEPLOYMENTS, "web")["metadata"]["annotations"][REVISION] == "2"
    messages = world.messages("ScalingReplicaSet")
    assert f"Scaled up replica set {name} from 0 to 3" in messages


def test_going_back_reuses_the_old_replica_set_with_a_new_revision(world):
    create(world, replicas=1)
    settle(world)
    patch(world, template=template("httpd:2"))
    settle(world)
    first, second = sets(world)
    patch(world, template=template())
    settle(world)
    assert sets(world) == [(second[0], 0, "2"), (first[0], 1, "3")]
    annotations = world.get(REPLICA_SETS, first[0])["metadata"]["annotations"]
    assert annotations["deployment.kubernetes.io/revision-history"] == "1"


def test_recreate_waits_until_the_last_old_pod_has_ended(world):
    create(world, replicas=2, strategy={"type": "Recreate"})
    settle(world)
    for pod in world.pods():
        world.server.bind(pod.name, "default", "n1")
    patch(world, template=template("httpd:2"))
    world.run()
    assert [count for _, count, _ in sets(world)] == [0]
    assert len(world.pods()) == 2
    first, second = world.pods()
    world.server.delete(PODS, first.name, "default", grace_period_seconds=0)
    world.run()
    assert len(sets(world)) == 1
    world.server.delete(PODS, second.name, "default", grace_period_seconds=0)
    settle(world)
    assert [count for _, count, _ in sets(world)] == [0, 2]
    assert status(world)["availableReplicas"] == 2


def test_recreate_is_not_held_up_by_a_pod_that_cannot_be_read(world):
    create(world, replicas=1, strategy={"type": "Recreate"})
    settle(world)
    other = {"metadata": {"name": "other"}, "spec": template()["spec"]}
    made = world.server.create(PODS, other, "default")
    world.server.batch.patch_status(PODS, [(made, b'{"phase":7,"reason":"Running"}')])
    patch(world, template=template("httpd:2"))
    settle(world)
    assert [count for _, count, _ in sets(world)] == [0, 1]


def test_scaling_during_a_rollout_is_shared_in_proportion(world):
    create(world, replicas=10, strategy={"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}})
    settle(world)
    patch(world, template=template("httpd:none"))
    world.run()
    world.end()
    world.run()
    assert [count for _, count, _ in sets(world)] == [8, 5]
    world.server.patch(DEPLOYMENTS, {"spec": {"replicas": 15}}, "web", "default")
    world.run()
    # 5 more of 13: 8 * 18 / 13 = 11, 5 * 18 / 13 = 7.
    assert [count for _, count, _ in sets(world)] == [11, 7]


def test_paused_deployment_scales_but_does_not_roll(world, assert_rests):
    create(world, replicas=2)
    settle(world)
    patch(world, paused=True, template=template("httpd:2"), replicas=4)
    settle(world)
    assert [count for _, count, _ in sets(world)] == [4]
    assert condition(world, "Progressing") == (
        "Unknown", "DeploymentPaused", "Deployment is paused",
    )  # fmt: skip
    assert_rests(world)
    patch(world, paused=False)
    settle(world)
    assert [count for _, count, _ in sets(world)] == [0, 4]


def test_history_keeps_as_many_old_replica_sets_as_its_limit(world):
    create(world, replicas=1, revisionHistoryLimit=2)
    for version in range(2, 7):
        settle(world)
        patch(world, template=template(f"httpd:{version}"))
    settle(world)
    assert [revision for _, _, revision in sets(world)] == ["4", "5", "6"]


def test_rollout_without_progress_times_out(world):
    create(world, replicas=1, progressDeadlineSeconds=60)
    world.run(59)
    assert condition(world, "Progressing")[1] == "ReplicaSetUpdated"
    world.run(5)
    ((name, _, _),) = sets(world)
    assert condition(world, "Progressing") == (
        "False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.',
    )  # fmt: skip
    settle(world)
    assert condition(world, "Progressing")[1] == "NewReplicaSetAvailable"


def test_pods_lost_long_after_the_rollout_are_no_reason_to_look_again_and_again(world):
    create(world, replicas=1, progressDeadlineSeconds=60)
    settle(world)
    world.run(300)
    (pod,) = world.server.list(PODS, "default").items
    world.server.delete(PODS, pod.name, "default", grace_period_seconds=0)
    before = world.loop.step_count
    assert world.loop.run(until_ns=world.clock() + 100 * 10**9, step_count_max=100)
    assert world.loop.step_count < before + 20


def test_availability_waits_for_min_ready_seconds(world):
    create(world, replicas=1, minReadySeconds=30)
    world.run(1)
    world.set_running()
    world.run(20)
    assert condition(world, "Available")[0] == "False"
    world.run(20)
    assert condition(world, "Available")[0] == "True"


def test_matching_replica_set_without_owner_is_adopted(world):
    labels = LABELS | {"pod-template-hash": "x"}
    mould = template()
    mould["metadata"] = {"labels": labels}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": mould}
    obj = {"metadata": {"name": "old", "labels": labels}, "spec": spec}
    world.server.create(REPLICA_SETS, obj, "default")
    made = create(world, replicas=1).decode()["metadata"]
    settle(world)
    assert [name for name, _, _ in sets(world)] == ["old"]
    adopted = world.get(REPLICA_SETS, "old")["metadata"]
    assert adopted["ownerReferences"][0]["uid"] == made["uid"]


def test_name_that_is_taken_changes_the_hash(world):
    create(world, replicas=1)
    world.run()
    ((name, _, _),) = sets(world)
    world.server.delete(DEPLOYMENTS, "web", "default")
    world.server.delete(REPLICA_SETS, name, "default")
    foreign = {"selector": {"matchLabels": {"a": "b"}}, "template": template()}
    foreign["template"]["metadata"] = {"labels": {"a": "b"}}
    world.server.create(REPLICA_SETS, {"metadata": {"name": name}, "spec": foreign}, "default")
    create(world, replicas=1)
    world.run(1)
    assert status(world)["collisionCount"] == 1
    assert len(sets(world)) == 2


def test_replica_set_that_is_refused_is_told_and_tried_again(world):
    # Beside the annotations of its own there is no room for what a replica set gets.
    long = {"note": "w" * (256 * 1024 - 100)}
    spec = {"selector": {"matchLabels": LABELS}, "template": template()}
    obj = {"metadata": {"name": "web", "annotations": long}, "spec": spec}
    world.server.create(DEPLOYMENTS, obj, "default")
    world.run(0.1)
    (found,) = status(world)["conditions"]
    assert (found["status"], found["reason"]) == ("False", "ReplicaSetCreateError")
    assert found["message"].startswith('Failed to create new replica set "web-')
    world.server.patch(DEPLOYMENTS, {"metadata": {"annotations": {"note": ""}}}, "web", "default")
    world.run()
    assert len(sets(world)) == 1


def test_counts_and_percentages_round_as_upstream():
    assert [share_of(v, 10, up=True) for v in ("25%", "0%", 2)] == [3, 0, 2]
    assert [share_of(v, 10, up=False) for v in ("25%", "99%", 2)] == [2, 9, 2]


def test_hash_depends_on_collisions_and_uses_safe_letters():
    digests = {hash_of(b"{}", None), hash_of(b"{}", 0), hash_of(b"{}", 1)}
    assert len(digests) == 3
    assert all(set(digest) <= set("bcdfghjklmnpqrstvwxz2456789") for digest in digests)


def test_pods_on_the_node_with_most_of_the_deployment_go_first(world):
    create(world, replicas=4)
    world.run()
    for pod, node in zip(world.pods(), ("n1", "n2", "n2", "n3"), strict=True):
        world.server.bind(pod.name, "default", node)
    settle(world)
    patch(world, replicas=3)
    world.run()
    assert sorted(pod["spec"]["nodeName"] for pod in world.live()) == ["n1", "n2", "n3"]


def script(world):
    create(world, replicas=3, revisionHistoryLimit=0)
    settle(world)
    patch(world, template=template("httpd:2"))
    settle(world)
    patch(world, replicas=2)
    settle(world)


def end_state(world):
    held = status(world)
    conditions = [(c["type"], c["status"], c["reason"]) for c in held.pop("conditions")]
    return sets(world), held, sorted(conditions), len(world.pods())


def test_crash_around_any_write_converges_to_the_same_end(assert_crash_safe):
    assert_crash_safe(BOTH, script, end_state)
