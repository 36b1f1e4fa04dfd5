import pytest

from pykube_core.api.apps import DEPLOYMENTS, REPLICA_SETS
from pykube_core.api.core import CONFIG_MAPS, NAMESPACES, NODES, PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.scheduling import PRIORITY_CLASSES
from pykube_core.controllers import DeploymentController, GarbageCollector, ReplicaSetController


@pytest.fixture
def world(new_world):
    return new_world(GarbageCollector)


def reference(owner, **more):
    metadata = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"], "kind": owner["kind"],
        "name": metadata["name"], "uid": metadata["uid"],
    } | more  # fmt: skip


def thing(world, name, *owners, resource=CONFIG_MAPS, namespace="default", **more):
    metadata = {"name": name, "ownerReferences": [reference(owner) for owner in owners]} | more
    if resource is PRIORITY_CLASSES:
        return world.server.create(resource, {"metadata": metadata, "value": 1}).decode()
    return world.server.create(resource, {"metadata": metadata}, namespace).decode()


def names(world, namespace="default"):
    return [item.name for item in world.server.list(CONFIG_MAPS, namespace).items]


def delete(world, name, propagation="Background"):
    world.server.delete(CONFIG_MAPS, name, "default", propagation=propagation)


def block(world, name, owner):
    patch = {"metadata": {"ownerReferences": [reference(owner, blockOwnerDeletion=True)]}}
    world.server.patch(CONFIG_MAPS, patch, name, "default")


def test_dependents_go_after_their_owner(world, assert_rests):
    a = thing(world, "a")
    b = thing(world, "b", a)
    thing(world, "c", b)
    thing(world, "other")
    world.run()
    assert names(world) == ["a", "b", "c", "other"]
    delete(world, "a")
    world.run()
    assert names(world) == ["other"]
    assert_rests(world)


def test_dependents_go_in_transactions(world):
    a = thing(world, "a")
    metadata = {"generateName": "b-", "ownerReferences": [reference(a)]}
    world.server.batch.create(CONFIG_MAPS, {"metadata": metadata}, "default", count=300)
    world.run()
    delete(world, "a")
    before = world.store.revision
    world.run()
    assert names(world) == []
    assert world.store.revision == before + 3


def test_one_that_may_not_be_deleted_stops_no_other_and_is_tried_more_and_more_rarely(world):
    a = thing(world, "a")
    gone = thing(world, "gone")
    world.server.delete(CONFIG_MAPS, "gone", "default")
    thing(world, "b", gone)
    owners = [reference(world.node("n1").decode())]
    world.server.patch(NAMESPACES, {"metadata": {"ownerReferences": owners}}, "default")
    world.server.delete(NODES, "n1")
    world.run(0)
    assert names(world) == [a["metadata"]["name"]]
    before = world.failing.write_count
    world.run(1)
    assert 5 <= world.failing.write_count - before <= 10


def test_object_whose_owner_never_was_goes(world):
    a = thing(world, "a")
    a["metadata"]["uid"] = "6a0f7405-9a37-4d0d-851e-3b98d57fef15"
    thing(world, "b", a)
    world.run()
    assert names(world) == ["a"]


def test_one_owner_that_is_left_is_enough(world):
    a, b = thing(world, "a"), thing(world, "b")
    thing(world, "c", a, b)
    delete(world, "a")
    world.run()
    (left,) = world.get(CONFIG_MAPS, "c")["metadata"]["ownerReferences"]
    assert left["name"] == "b"


def test_foreground_deletion_takes_blocking_dependents_first(world):
    a = thing(world, "a")
    thing(world, "b", a, finalizers=["example.com/hold"])
    thing(world, "c", a)
    block(world, "b", a)
    delete(world, "a", "Foreground")
    world.run()
    # b is held by somebody else, and holds a.
    assert names(world) == ["a", "b"]
    world.server.patch(CONFIG_MAPS, {"metadata": {"finalizers": None}}, "b", "default")
    world.run()
    assert names(world) == []


def test_foreground_deletion_does_not_wait_for_what_does_not_block(world):
    a = thing(world, "a")
    thing(world, "b", a, finalizers=["example.com/hold"])
    delete(world, "a", "Foreground")
    world.run()
    assert names(world) == ["b"]
    assert "deletionTimestamp" in world.get(CONFIG_MAPS, "b")["metadata"]


def test_orphans_lose_their_owner_and_stay(world, assert_rests):
    a, z = thing(world, "a"), thing(world, "z")
    thing(world, "b", a)
    thing(world, "c", a, z)
    delete(world, "a", "Orphan")
    world.run()
    assert names(world) == ["b", "c", "z"]
    assert not world.get(CONFIG_MAPS, "b")["metadata"].get("ownerReferences")
    assert len(world.get(CONFIG_MAPS, "c")["metadata"]["ownerReferences"]) == 1
    assert_rests(world)


def test_circle_of_owners_goes(world):
    a = thing(world, "a")
    b = thing(world, "b", a)
    block(world, "a", b)
    block(world, "b", a)
    delete(world, "a", "Foreground")
    world.run()
    assert names(world) == []


def test_owner_in_another_namespace_is_none_and_told(world):
    world.server.create(NAMESPACES, {"metadata": {"name": "far"}})
    a = thing(world, "a", namespace="far")
    uid = a["metadata"]["uid"]
    thing(world, "b", a)
    world.run()
    assert names(world) == []
    assert world.messages("OwnerRefInvalidNamespace") == [
        f"ownerRef [v1/ConfigMap, namespace: default, name: a, uid: {uid}] "
        'does not exist in namespace "default"'
    ]


def test_owners_of_the_cluster_may_be_owners_everywhere_but_not_the_reverse(world):
    node = world.node("n1").decode()
    thing(world, "a", node)
    b = thing(world, "b")
    thing(world, "p", b, resource=PRIORITY_CLASSES)
    delete(world, "b")
    world.run()
    assert names(world) == ["a"]
    assert world.get(PRIORITY_CLASSES, "p", "")
    world.server.delete(NODES, "n1")
    world.run()
    assert names(world) == []


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "Pod"}, {"kind": "Node"}, {"name": "other"}, {"name": "z"},
     {"apiVersion": "apps/v1", "kind": "Deployment"}],
)  # fmt: skip
def test_owner_that_is_another_than_the_object_says_is_none(world, wrong):
    a = thing(world, "a")
    thing(world, "z")
    thing(world, "b", ownerReferences=[reference(a) | wrong])
    thing(world, "c", ownerReferences=[reference(a)])
    world.run()
    assert names(world) == ["a", "c", "z"]
    world.server.patch(
        CONFIG_MAPS, {"metadata": {"ownerReferences": [reference(a) | wrong]}}, "c", "default"
    )
    world.run()
    assert names(world) == ["a", "z"]
    assert world.messages("OwnerRefInvalidNamespace") == []


@pytest.mark.parametrize(
    "wrong",
    [{"apiVersion": "v2"}, {"apiVersion": "apps/v1beta1", "kind": "Deployment"},
     {"apiVersion": "apps/v1"}],
)  # fmt: skip
def test_object_with_an_owner_of_what_is_not_served_is_left_as_it_is(world, wrong, assert_rests):
    a, gone = thing(world, "a"), thing(world, "gone")
    thing(world, "b", ownerReferences=[reference(a) | wrong, reference(gone)])
    delete(world, "gone")
    world.run()
    assert names(world) == ["a", "b"]
    assert len(world.get(CONFIG_MAPS, "b")["metadata"]["ownerReferences"]) == 2
    assert_rests(world)


def test_wrong_owner_beside_a_right_one_is_taken_away(world):
    a, z = thing(world, "a"), thing(world, "z")
    thing(world, "b", ownerReferences=[reference(a), reference(z, kind="Pod")])
    world.run()
    (left,) = world.get(CONFIG_MAPS, "b")["metadata"]["ownerReferences"]
    assert left["name"] == "a"


def test_dependent_that_blocks_no_more_lets_its_owner_go(world):
    a = thing(world, "a")
    thing(world, "b", a, finalizers=["example.com/hold"])
    block(world, "b", a)
    delete(world, "a", "Foreground")
    world.run()
    assert names(world) == ["a", "b"]
    patch = {"metadata": {"ownerReferences": [reference(a, blockOwnerDeletion=False)]}}
    world.server.patch(CONFIG_MAPS, patch, "b", "default")
    world.run()
    assert names(world) == ["b"]


def test_owner_of_a_kind_that_is_not_served_counts_as_there(world):
    owner = {"apiVersion": "example.com/v1", "kind": "Thing"}
    owner["metadata"] = {"name": "x", "uid": "6a0f7405-9a37-4d0d-851e-3b98d57fef15"}
    thing(world, "a", owner)
    world.run()
    assert names(world) == ["a"]


def deploy(world):
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "httpd"}]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    world.server.create(DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec}, "default")
    world.run()


@pytest.mark.parametrize("propagation", ["Background", "Foreground", "Orphan"])
def test_deployment_goes_with_all_below_it_unless_it_leaves_orphans(new_world, propagation):
    world = new_world(DeploymentController, ReplicaSetController, GarbageCollector)
    deploy(world)
    assert len(world.pods()) == 2
    world.server.delete(DEPLOYMENTS, "web", "default", propagation=propagation)
    world.run()
    left = len(world.server.list(REPLICA_SETS, "default").items), len(world.pods())
    assert left == ((1, 2) if propagation == "Orphan" else (0, 0))
    with pytest.raises(StatusError):
        world.get(DEPLOYMENTS, "web")


def test_statuses_are_no_news(world):
    world.node("n1")
    pod = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    world.server.create(PODS, pod, "default")
    world.run()
    world.set_running()
    world.set_ready("n1", "False")
    assert world.log.pull() == 2
    assert not world.controllers[0].cursor.has_news


def test_pods_whose_owner_is_there_are_not_looked_at(world, monkeypatch):
    owner = thing(world, "a")
    world.run()
    looked = []
    monkeypatch.setattr(world.controllers[0], "_sync", lambda key, now: looked.append(key) or True)
    spec = {"containers": [{"name": "c", "image": "httpd"}]}
    pod = {"metadata": {"generateName": "p-", "ownerReferences": [reference(owner)]}, "spec": spec}
    world.server.batch.create(PODS, pod, "default", count=5)
    world.run()
    world.set_running()
    world.run()
    assert looked == []


def script(world):
    a = thing(world, "a")
    b = thing(world, "b", a)
    thing(world, "c", b)
    block(world, "b", a)
    delete(world, "a", "Foreground")
    world.run()
    d = thing(world, "d")
    thing(world, "e", d)
    thing(world, "f", d)
    delete(world, "d", "Orphan")
    world.run()
    g, h = thing(world, "g"), thing(world, "h")
    thing(world, "i", g, h)
    delete(world, "g")
    world.run()


def end_state(world):
    items = [world.get(CONFIG_MAPS, name)["metadata"] for name in names(world)]
    return [(m["name"], len(m.get("ownerReferences", ()))) for m in items]


def test_crash_around_any_write_converges_to_the_same_end(assert_crash_safe):
    assert_crash_safe([GarbageCollector], script, end_state)
