import pytest

from pykube_core.api.apps import DEPLOYMENTS
from pykube_core.api.coordination import LEASES
from pykube_core.api.core import CONFIG_MAPS, EVENTS, NAMESPACES, PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.controllers import DeploymentController, NamespaceController, ReplicaSetController


@pytest.fixture
def world(new_world):
    return new_world(NamespaceController)


def create(world, *, finalizers=(), pod=False):
    world.server.create(NAMESPACES, {"metadata": {"name": "deleting"}})
    for name in ("a", "b"):
        metadata = {"name": name, "finalizers": list(finalizers)}
        world.server.create(CONFIG_MAPS, {"metadata": metadata}, "deleting")
    world.server.create(LEASES, {"metadata": {"name": "l"}}, "deleting")
    if pod:
        spec = {"nodeName": "n1", "containers": [{"name": "c", "image": "httpd"}]}
        world.server.create(PODS, {"metadata": {"name": "p"}, "spec": spec}, "deleting")


def conditions(world):
    found = world.get(NAMESPACES, "deleting", "")["status"]["conditions"]
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in found}


def is_gone(world):
    try:
        world.get(NAMESPACES, "deleting", "")
    except StatusError as error:
        return error.code == 404
    return False


def test_namespace_goes_with_all_that_is_in_it(world, assert_rests):
    create(world)
    world.server.create(CONFIG_MAPS, {"metadata": {"name": "a"}}, "default")
    world.server.delete(NAMESPACES, "deleting")
    world.run(4)
    assert not is_gone(world)
    world.run(4)
    assert is_gone(world)
    for resource in (CONFIG_MAPS, LEASES, EVENTS):
        assert world.server.list(resource, "deleting").items == []
    assert world.get(CONFIG_MAPS, "a")
    assert_rests(world, 20)


@pytest.mark.parametrize("finalizer", ["orphan", "foregroundDeletion"])
def test_content_that_waits_for_its_dependents_goes_without_them(world, finalizer):
    create(world, finalizers=[finalizer])
    world.server.delete(NAMESPACES, "deleting")
    world.run(10)
    assert is_gone(world)


def test_namespace_that_nobody_deletes_is_left_alone(world):
    create(world)
    before = world.store.revision
    world.run(20)
    assert world.store.revision == before


def test_pods_end_before_anything_else_goes(world):
    create(world, pod=True)
    world.server.delete(NAMESPACES, "deleting")
    world.run(6)
    assert len(world.server.list(CONFIG_MAPS, "deleting").items) == 2
    assert "deletionTimestamp" in world.pods("deleting")[0].decode()["metadata"]
    assert conditions(world)["NamespaceContentRemaining"] == (
        "True", "SomeResourcesRemain",
        "Some resources are remaining: pods. has 1 resource instances",
    )  # fmt: skip
    assert conditions(world)["NamespaceDeletionContentFailure"] == (
        "False", "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    )  # fmt: skip
    world.server.delete(PODS, "p", "deleting", grace_period_seconds=0)
    world.run(20)
    assert is_gone(world)


def test_pod_that_never_ends_is_a_failure(world):
    create(world, pod=True)
    world.server.delete(NAMESPACES, "deleting")
    world.run(60)
    status, reason, message = conditions(world)["NamespaceDeletionContentFailure"]
    assert (status, reason) == ("True", "ContentDeletionFailed")
    assert message == (
        "Failed to delete all resource types, 1 remaining: unexpected items still remain in "
        "namespace: deleting for gvr: /v1, Resource=pods"
    )


def test_finalizers_of_the_content_are_waited_for_and_told(world):
    create(world, finalizers=["example.com/hold"])
    world.server.delete(NAMESPACES, "deleting")
    world.run(10)
    assert conditions(world)["NamespaceFinalizersRemaining"] == (
        "True", "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: "
        "example.com/hold in 2 resource instances",
    )  # fmt: skip
    for name in ("a", "b"):
        world.server.patch(CONFIG_MAPS, {"metadata": {"finalizers": None}}, name, "deleting")
    world.run(20)
    assert is_gone(world)


def test_other_finalizers_of_the_namespace_keep_it(world):
    create(world)
    patch = {"spec": {"finalizers": ["kubernetes", "example.com/hold"]}}
    world.server.patch(NAMESPACES, patch, "deleting", subresource="finalize")
    world.server.delete(NAMESPACES, "deleting")
    world.run(20)
    assert world.get(NAMESPACES, "deleting", "")["spec"]["finalizers"] == ["example.com/hold"]
    assert world.server.list(CONFIG_MAPS, "deleting").items == []


def test_controllers_do_not_fill_what_is_being_emptied(new_world):
    world = new_world(NamespaceController, DeploymentController, ReplicaSetController)
    world.server.create(NAMESPACES, {"metadata": {"name": "deleting"}})
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}}
    template["spec"] = {"containers": [{"name": "c", "image": "httpd"}]}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    world.server.create(DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec}, "deleting")
    world.run()
    assert len(world.pods("deleting")) == 3
    world.server.delete(NAMESPACES, "deleting")
    world.server.delete(PODS, world.pods("deleting")[0].name, "deleting")
    world.run(1)
    assert len(world.pods("deleting")) == 2
    assert world.messages("FailedCreate", "deleting") == []
    world.run(60)
    assert is_gone(world)


def script(world):
    create(world, finalizers=["example.com/hold"])
    world.server.delete(NAMESPACES, "deleting")
    world.run(30)
    for name in ("a", "b"):
        world.server.patch(CONFIG_MAPS, {"metadata": {"finalizers": None}}, name, "deleting")
    world.run(60)


def test_crash_around_any_write_converges_to_the_same_end(assert_crash_safe):
    assert_crash_safe([NamespaceController], script, is_gone)
