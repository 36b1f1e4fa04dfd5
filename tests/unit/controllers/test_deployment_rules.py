"""The rules of a rollout that show only in odd states: by hand, and as their functions say."""

import json

import pytest

from pykube_core.api.apps import DEPLOYMENTS, REPLICA_SETS
from pykube_core.api.core import PODS
from pykube_core.controllers import DeploymentController, ReplicaSetController, rollout
from pykube_core.controllers.rollout import DESIRED_REPLICAS, MAX_REPLICAS, REVISION, ROLLBACK_TO

LABELS = {"app": "web"}
HISTORY = "deployment.kubernetes.io/revision-history"


@pytest.fixture
def world(new_world):
    return new_world(DeploymentController, ReplicaSetController)


@pytest.fixture
def alone(new_world):
    """A world where nobody looks after replica sets: what they show is said by the test."""
    return new_world(DeploymentController)


def template(image="httpd:1", **spec):
    containers = [{"name": "c", "image": image}]
    return {"metadata": {"labels": LABELS}, "spec": {"containers": containers} | spec}


def create(world, surge="25%", unavailable="25%", **spec):
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    base = {"selector": {"matchLabels": LABELS}, "template": template(), "strategy": strategy}
    obj = {"metadata": {"name": "web"}, "spec": base | spec}
    return world.server.create(DEPLOYMENTS, obj, "default")


def patch(world, annotations=None, **spec):
    change = {"spec": spec} | ({"metadata": {"annotations": annotations}} if annotations else {})
    return world.server.patch(DEPLOYMENTS, change, "web", "default")


def owned(world):
    """Return the replica sets by their images."""
    found = [item.decode() for item in world.server.list(REPLICA_SETS, "default").items]
    return {r["spec"]["template"]["spec"]["containers"][0]["image"]: r for r in found}


def sizes(world):
    return [owned(world)[image]["spec"]["replicas"] for image in sorted(owned(world))]


def annotate(world, image, **annotations):
    name = owned(world)[image]["metadata"]["name"]
    world.server.patch(REPLICA_SETS, {"metadata": {"annotations": annotations}}, name, "default")


def show(world, image, replicas, available):
    """Let the replica set of an image show so many pods."""
    held = world.server.get(REPLICA_SETS, owned(world)[image]["metadata"]["name"], "default")
    status = {
        "replicas": replicas,
        "readyReplicas": available,
        "availableReplicas": available,
        "observedGeneration": held.decode()["metadata"]["generation"],
    }
    world.server.batch.patch_status(REPLICA_SETS, [(held, json.dumps(status).encode())])


def settle(world, good=lambda image: True, rounds=30):
    """Let kubelets start the pods of good images, and end pods, until nothing changes."""
    for _ in range(rounds):
        before = world.store.revision
        world.run()
        pods = [p for p in world.pods() if good(p.decode()["spec"]["containers"][0]["image"])]
        world.set_running(pods)
        world.end()
        if world.store.revision == before:
            return
    raise AssertionError("no rest")


@pytest.mark.parametrize(
    ("start", "end", "surge", "unavailable", "want"),
    [
        (10, 5, 3, 2, [3, 5]), (10, 4, 3, 2, [2, 4]), (20, 8, 3, 2, [6, 5]),
        (10, 5, "25%", "25%", [4, 3]), (4, 1, 1, 0, [1, 1]),
    ],
)  # fmt: skip
def test_scaling_a_stuck_rollout_keeps_what_may_not_be_missing(
    world, start, end, surge, unavailable, want
):
    create(world, surge, unavailable, replicas=start)
    settle(world)
    patch(world, template=template("bad:1"))

    def good(image):
        return image == "httpd:1"

    settle(world, good)
    patch(world, replicas=end)
    lowest = start
    for _ in range(20):
        world.run(0.2)
        world.set_running([p for p in world.pods() if b"httpd:1" in p.data])
        world.end()
        serving = [p for p in world.live() if p["status"].get("phase") == "Running"]
        lowest = min(lowest, len(serving))
    missing = rollout.share_of(unavailable, end, up=False)
    assert lowest >= end - missing
    got = sizes(world)
    assert [got[1], got[0]] == want


def test_nothing_goes_while_a_status_shows_more_than_is_asked_for(alone):
    create(alone, 3, 2, replicas=10)
    alone.run()
    show(alone, "httpd:1", 10, 10)
    patch(alone, template=template("i:2"))
    alone.run()
    assert sizes(alone) == [8, 5]
    # Its pods have not gone yet: eight are asked for and ten are shown.
    show(alone, "i:2", 5, 0)
    alone.run()
    assert sizes(alone) == [8, 5]
    show(alone, "httpd:1", 8, 8)
    alone.run()
    assert sizes(alone) == [8, 5]
    show(alone, "i:2", 5, 2)
    alone.run()
    assert sizes(alone) == [6, 7]


def test_pods_of_a_replica_set_that_is_asked_for_none_are_no_longer_counted_on(alone):
    create(alone, 0, 1, replicas=3)
    alone.run()
    for image in ("i:1", "i:2"):
        patch(alone, template=template(image))
        alone.run()
    name = {image: owned(alone)[image]["metadata"]["name"] for image in owned(alone)}
    for image, count in (("httpd:1", 0), ("i:1", 2), ("i:2", 1)):
        change = {"spec": {"replicas": count}}
        alone.server.patch(REPLICA_SETS, change, name[image], "default")
        show(alone, image, 3 if image == "httpd:1" else count, 3 if image == "httpd:1" else count)
    alone.run()
    # Only i:1 and i:2 count, three available: one of i:1 may go, not both.
    assert sizes(alone) == [0, 1, 2]


@pytest.mark.parametrize(
    ("surge", "unavailable", "replicas", "most", "missing"),
    [
        (0, "1%", 2, 0, 1), (0, "1%", 1, 0, 1), ("1%", "25%", 2, 1, 0), ("1%", "25%", 1, 1, 0),
        ("1%", 0, 2, 1, 0), ("200%", "25%", 2, 4, 0), ("25%", "100%", 2, 1, 2), (3, 10, 2, 3, 2),
        ("25%", "25%", 0, 0, 0), ("0%", "1%", 10, 0, 1),
    ],
)  # fmt: skip
def test_surge_rounds_up_and_unavailability_down_and_one_of_them_is_left(
    surge, unavailable, replicas, most, missing, alone
):
    held = rollout.read_deployment(create(alone, surge, unavailable, replicas=replicas))
    assert (held.max_surge, held.max_unavailable) == (most, missing)


@pytest.mark.parametrize(
    ("text", "want"),
    [("10", [18, 2]), ("0010", [18, 2]), ("20", [19, 1]), ("+10", None), ("-10", None),
     (" 10", None), ("1_0", None), ("", None), ("2147483648", None), ("0", None),
     ("\u0661\u0660", None)],
)  # fmt: skip
def test_sizes_in_annotations_are_read_as_upstream_reads_them(alone, text, want):
    create(alone, 0, 1, replicas=10)
    alone.run()
    show(alone, "httpd:1", 10, 10)
    patch(alone, template=template("i:2"))
    alone.run()
    show(alone, "httpd:1", 9, 9)
    alone.run()
    assert sizes(alone) == [9, 1]
    show(alone, "i:2", 31, 0)
    for image in ("httpd:1", "i:2"):
        annotate(alone, image, **{MAX_REPLICAS: text})
    alone.run()
    patch(alone, replicas=20)
    alone.run()
    # What is no size at all gives way to the 40 pods that there are.
    assert sizes(alone) == (want or [19, 1])


def test_replica_set_without_size_is_not_scaled_in_proportion(alone):
    create(alone, 0, 1, replicas=10)
    alone.run()
    show(alone, "httpd:1", 10, 10)
    patch(alone, template=template("i:2"))
    alone.run()
    assert sizes(alone) == [9, 1]
    for image in ("httpd:1", "i:2"):
        annotate(alone, image, **{MAX_REPLICAS: None})
        show(alone, image, 0, 0)
    alone.run()
    patch(alone, replicas=20)
    alone.run()
    # Neither knows of what it is a part: the larger gets all.
    assert sizes(alone) == [19, 1]


def test_broken_revision_of_a_replica_set_is_left_as_it_is(alone):
    create(alone)
    alone.run()
    annotate(alone, "httpd:1", **{REVISION: "x"})
    patch(alone, annotations={"team": "b"})
    alone.run()
    held = owned(alone)["httpd:1"]["metadata"]["annotations"]
    assert (held[REVISION], held.get("team")) == ("x", None)
    assert alone.get(DEPLOYMENTS, "web")["metadata"]["annotations"][REVISION] == "x"


def test_history_of_revisions_forgets_the_oldest(alone):
    held = ",".join(str(number) for number in range(1000, 1400))  # 1999 characters
    assert rollout._history(held, "9") == held.split(",", 1)[1] + ",9"
    assert rollout._history("", "9") == "9"
    assert rollout._history("7", "9") == "7,9"


def test_template_that_gains_nothing_but_empty_fields_is_no_new_revision(world):
    create(world)
    settle(world)
    containers = [{"name": "c", "image": "httpd:1", "env": [], "resources": {"limits": {}}}]
    patch(world, template={"spec": {"containers": containers, "nodeSelector": {}}})
    settle(world)
    assert len(owned(world)) == 1
    patch(world, template={"spec": {"affinity": {}}})
    settle(world)
    assert len(world.server.list(REPLICA_SETS, "default").items) == 2


def test_template_without_labels_finds_its_replica_set_again(alone):
    expression = {"key": "a", "operator": "DoesNotExist"}
    bare = {"spec": template()["spec"]}
    create(alone, selector={"matchExpressions": [expression]}, template=bare)
    alone.run()
    assert len(owned(alone)) == 1
    assert "collisionCount" not in alone.get(DEPLOYMENTS, "web")["status"]


def test_long_name_is_cut_in_the_name_of_the_replica_set(alone):
    long = "w" * 253
    spec = {"selector": {"matchLabels": LABELS}, "template": template()}
    alone.server.create(DEPLOYMENTS, {"metadata": {"name": long}, "spec": spec}, "default")
    alone.run()
    name = owned(alone)["httpd:1"]["metadata"]["name"]
    digest = name.rpartition("-")[2]
    assert (len(name), name[: -len(digest) - 1]) == (253, "w" * (252 - len(digest)))


def test_recreate_waits_for_the_status_of_old_replica_sets(alone):
    create(alone, strategy={"type": "Recreate"}, replicas=2)
    alone.run()
    show(alone, "httpd:1", 2, 2)
    patch(alone, template=template("i:2"))
    alone.run()
    # There are no pods at all, but the old set still says that there are.
    assert sizes(alone) == [0]
    show(alone, "httpd:1", 0, 0)
    alone.run()
    assert sizes(alone) == [0, 2]


def test_size_of_a_deployment_that_recreates_is_not_told_to_a_set_that_has_it(alone):
    create(alone, replicas=2)
    alone.run()
    show(alone, "httpd:1", 2, 2)
    patch(alone, strategy={"type": "Recreate", "rollingUpdate": None})
    alone.run()
    held = owned(alone)["httpd:1"]["metadata"]["annotations"]
    assert (held[DESIRED_REPLICAS], held[MAX_REPLICAS]) == ("2", "3")


def test_pods_that_end_are_counted_unless_a_replica_set_does_not_know(alone):
    create(alone)
    alone.run()
    # The new set is not seen by anybody yet, so nothing of it ends.
    assert alone.get(DEPLOYMENTS, "web")["status"]["terminatingReplicas"] == 0
    show(alone, "httpd:1", 1, 1)
    alone.run()
    assert "terminatingReplicas" not in alone.get(DEPLOYMENTS, "web")["status"]


def roll(world, *names):
    for name in names:
        patch(world, annotations={"why": name}, template=template(name))
        settle(world)


def test_rollback_annotation_takes_template_and_annotations_of_the_last_revision(world):
    create(world, replicas=2)
    settle(world)
    roll(world, "i:2", "i:3")
    patch(world, annotations={ROLLBACK_TO: "0"})
    settle(world)
    held = world.get(DEPLOYMENTS, "web")
    assert held["spec"]["template"]["spec"]["containers"][0]["image"] == "i:2"
    assert held["metadata"]["annotations"] == {REVISION: "4", "why": "i:2"}
    assert owned(world)["i:2"]["metadata"]["annotations"][HISTORY] == "2"
    assert world.messages("DeploymentRollback") == ['Rolled back deployment "web" to revision 2']
    assert sizes(world) == [0, 2, 0]


@pytest.mark.parametrize(
    ("wanted", "reason", "message"),
    [
        ("7", "RevisionNotFound", "Unable to find the revision to rollback to."),
        ("0", "RevisionNotFound", "Unable to find last revision."),
        (
            "1",
            "TemplateUnchanged",
            'The rollback revision contains the same template as current deployment "web"',
        ),
    ],
)
def test_rollback_that_cannot_be_is_told_and_forgotten(world, wanted, reason, message):
    create(world)
    settle(world)
    patch(world, annotations={ROLLBACK_TO: wanted})
    settle(world)
    assert world.messages("DeploymentRollback" + reason) == [message]
    assert world.get(DEPLOYMENTS, "web")["metadata"]["annotations"] == {REVISION: "1"}


def test_broken_rollback_annotation_is_ignored_and_a_paused_deployment_waits_with_it(world):
    create(world)
    settle(world)
    roll(world, "i:2")
    patch(world, annotations={ROLLBACK_TO: "one"})
    settle(world)
    assert world.messages("DeploymentRollback") == []
    patch(world, annotations={ROLLBACK_TO: "1"}, paused=True)
    settle(world)
    assert world.messages("DeploymentRollback") == []
    patch(world, paused=False)
    settle(world)
    assert sizes(world) == [1, 0]


def test_oldest_replica_sets_go_by_revision_and_those_without_a_number_by_age(world):
    create(world, revisionHistoryLimit=10)
    settle(world)
    roll(world, "i:2", "i:3", "i:4")
    annotate(world, "i:2", **{REVISION: "x"})
    settle(world)
    patch(world, revisionHistoryLimit=2)
    settle(world)
    assert sorted(owned(world)) == ["i:2", "i:3", "i:4"]


def test_replica_set_is_released_while_it_is_being_deleted_but_not_adopted(alone):
    create(alone)
    alone.run()
    name = owned(alone)["httpd:1"]["metadata"]["name"]
    hold = {"metadata": {"finalizers": ["example.com/hold"]}}
    alone.server.patch(REPLICA_SETS, hold, name, "default")
    alone.server.delete(REPLICA_SETS, name, "default")
    other = {"metadata": {"labels": {"app": "other"}}}
    alone.server.patch(REPLICA_SETS, other, name, "default")
    alone.run()
    assert not alone.get(REPLICA_SETS, name)["metadata"].get("ownerReferences")


def test_deployment_that_is_being_deleted_changes_no_pods(world):
    create(world, replicas=2)
    settle(world)
    world.server.delete(DEPLOYMENTS, "web", "default", propagation="Foreground")
    patch(world, replicas=5)
    settle(world)
    assert sizes(world) == [2]
    assert len(world.server.list(PODS, "default").items) == 2
