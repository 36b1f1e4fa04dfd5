import json

import pytest

from pykube_core.api.core import CONFIG_MAPS, NAMESPACES, PODS
from pykube_core.apiserver import ApiServer, Binding
from pykube_core.objects import encode
from tests.unit.apiserver.manifests import config_map, pod, refused


def test_pod_that_never_ran_goes_at_once(server):
    server.create(PODS, pod(), "default")
    assert server.delete(PODS, "p", "default").gone
    refused(404, server.get, PODS, "p", "default")


def test_pod_that_goes_at_once_is_marked_first(server):
    created = server.create(PODS, pod(), "default")
    watch = server.watch(PODS, "default", resource_version=str(created.revision))
    last = server.delete(PODS, "p", "default").object
    marked, gone = watch.read()
    assert (marked.type, gone.type) == ("MODIFIED", "DELETED")
    assert gone.object.revision == last.revision == marked.object.revision + 1
    metadata = last.decode()["metadata"]
    assert (metadata["deletionGracePeriodSeconds"], metadata["generation"]) == (0, 2)
    assert "deletionTimestamp" in metadata
    watch.close()


def test_pod_on_a_node_gets_its_grace_and_only_a_shorter_one_later(server, clock):
    server.create(PODS, pod(terminationGracePeriodSeconds=20), "default")
    server.bind("p", "default", "n1")
    marked = server.delete(PODS, "p", "default")
    metadata = marked.object.decode()["metadata"]
    assert not marked.gone
    assert metadata["deletionGracePeriodSeconds"] == 20
    assert metadata["deletionTimestamp"] == "2026-11-23T04:16:22Z"
    assert metadata["generation"] == 2
    clock.advance(3)
    assert server.delete(PODS, "p", "default").object == marked.object
    assert server.delete(PODS, "p", "default", grace_period_seconds=30).object == marked.object
    sooner = server.delete(PODS, "p", "default", grace_period_seconds=5).object.decode()
    assert sooner["metadata"]["deletionTimestamp"] == "2026-11-23T04:16:07Z"
    assert server.delete(PODS, "p", "default", grace_period_seconds=0).gone


def test_finalizers_hold_an_object_until_the_last_is_gone(server):
    server.create(CONFIG_MAPS, config_map(finalizers=["a.io/x", "a.io/y"]), "default")
    assert not server.delete(CONFIG_MAPS, "c", "default").gone
    held = server.get(CONFIG_MAPS, "c", "default").decode()
    held["metadata"]["finalizers"] = ["a.io/x", "a.io/z"]
    refused(422, server.update, CONFIG_MAPS, held)
    held["metadata"]["finalizers"] = ["a.io/x"]
    server.update(CONFIG_MAPS, held | {"metadata": held["metadata"] | {"resourceVersion": ""}})
    watch = server.watch(CONFIG_MAPS, resource_version=str(server.revision))
    server.patch(CONFIG_MAPS, {"metadata": {"finalizers": None}}, "c", "default")
    refused(404, server.get, CONFIG_MAPS, "c", "default")
    assert [event.type for event in watch.read()] == ["DELETED"]


def test_propagation_is_a_finalizer_for_the_garbage_collector(server):
    for name, propagation in (("o", "Orphan"), ("f", "Foreground")):
        server.create(CONFIG_MAPS, config_map(name), "default")
        server.delete(CONFIG_MAPS, name, "default", propagation=propagation)
    found = {
        name: server.get(CONFIG_MAPS, name, "default").decode()["metadata"]["finalizers"]
        for name in "of"
    }
    assert found == {"o": ["orphan"], "f": ["foregroundDeletion"]}
    server.create(CONFIG_MAPS, config_map("b"), "default")
    assert server.delete(CONFIG_MAPS, "b", "default", propagation="Background").gone


def test_an_unknown_propagation_deletes_nothing(server):
    server.create(CONFIG_MAPS, config_map(), "default")
    error = refused(422, server.delete, CONFIG_MAPS, "c", "default", propagation="foreground")
    assert error.message == (
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: '
        '"foreground": supported values: "Foreground", "Background", "Orphan", "nil"'
    )
    assert server.get(CONFIG_MAPS, "c", "default")


@pytest.mark.parametrize("name", ["default", "kube-public", "kube-system"])
def test_namespaces_that_a_cluster_is_never_without_stay(server, name):
    for options in ({}, {"dry_run": True}, {"grace_period_seconds": 0}):
        error = refused(403, server.delete, NAMESPACES, name, **options)
        why = "this namespace may not be deleted"
        assert error.message == f'namespaces "{name}" is forbidden: {why}'
    assert server.get(NAMESPACES, name).decode()["status"] == {"phase": "Active"}


def test_namespace_is_terminating_until_it_is_finalized(server):
    server.create(NAMESPACES, {"metadata": {"name": "team"}})
    gone = server.delete(NAMESPACES, "team")
    assert gone.object.decode()["status"] == {"phase": "Terminating"}
    error = refused(403, server.create, CONFIG_MAPS, config_map(), "team")
    assert error.details["causes"][0]["reason"] == "NamespaceTerminating"
    server.patch(NAMESPACES, {"spec": {"finalizers": None}}, "team")
    assert server.get(NAMESPACES, "team").decode()["spec"] == {"finalizers": ["kubernetes"]}
    server.patch(NAMESPACES, {"spec": {"finalizers": None}}, "team", subresource="finalize")
    refused(404, server.get, NAMESPACES, "team")


def test_preconditions_of_a_deletion(server):
    created = server.create(CONFIG_MAPS, config_map(), "default")
    refused(409, server.delete, CONFIG_MAPS, "c", "default", resource_version="1")
    uid = created.decode()["metadata"]["uid"]
    version = str(created.revision)
    assert server.delete(CONFIG_MAPS, "c", "default", uid=uid, resource_version=version).gone


def test_collection_is_deleted_by_selector(server):
    for index in range(5):
        obj = config_map(f"c{index}", labels={"odd": str(index % 2)})
        server.create(CONFIG_MAPS, obj, "default")
    assert len(server.delete_collection(CONFIG_MAPS, "default", label_selector="odd=1")) == 2
    assert [o.name for o in server.list(CONFIG_MAPS).items] == ["c0", "c2", "c4"]


def test_many_are_deleted_at_once_but_for_those_that_are_held(server):
    for name, finalizers in (("a", []), ("b", ["example.com/x"]), ("c", [])):
        obj = {"metadata": {"name": name, "finalizers": finalizers}}
        server.create(CONFIG_MAPS, obj, "default")
    targets = [("default", name, "") for name in ("a", "b", "missing", "a")]
    targets.append(("default", "c", "another-uid"))
    before = server.revision
    gone, held, missing, twice, other = server.batch.delete(
        CONFIG_MAPS, targets, grace_period_seconds=0
    )
    assert (gone.gone, gone.object.revision) == (True, before + 1)
    assert not held.gone
    assert [outcome.code for outcome in (missing, twice, other)] == [404, 404, 409]
    assert [obj.name for obj in server.list(CONFIG_MAPS, "default").items] == ["b", "c"]


class Interrupted:
    """A store in which somebody else writes before the first call of one method."""

    def __init__(self, store, method, write):
        self._store, self._method, self._write = store, method, write

    def __getattr__(self, name):
        if name == self._method and self._write is not None:
            write, self._write = self._write, None
            write()
        return getattr(self._store, name)


def test_a_member_of_a_batch_that_was_written_meanwhile_goes_too(server, store, clock):
    server.batch.create(CONFIG_MAPS, {"metadata": {}}, "default", names=["a", "b", "c"])

    def write():
        server.patch(CONFIG_MAPS, {"data": {"x": "y"}}, "b", "default")

    other = ApiServer(Interrupted(store, "delete_if", write), clock=clock)
    targets = [("default", name, "") for name in ("a", "b", "c")]
    before = server.revision
    a, b, c = other.batch.delete(CONFIG_MAPS, targets, grace_period_seconds=0)
    assert [outcome.object.revision - before for outcome in (a, b, c)] == [2, 4, 3]
    assert b.object.decode()["data"] == {"x": "y"}
    assert server.list(CONFIG_MAPS, "default").items == []


def bound_pods(server, *names):
    server.batch.create(PODS, pod(), "default", names=names)
    server.batch.bind([Binding("default", name, "n") for name in names])


def test_pods_that_get_time_to_end_are_marked_in_one_transaction(server, clock):
    server.create(PODS, pod("waiting"), "default")
    bound_pods(server, "a", "b", "c")
    server.delete(PODS, "c", "default")
    before = server.revision
    targets = [("default", name, "") for name in ("a", "waiting", "b", "missing", "c")]
    a, waiting, b, missing, c = server.batch.delete(PODS, targets)
    assert [outcome.gone for outcome in (a, waiting, b, c)] == [False, True, False, False]
    assert missing.code == 404
    assert server.revision == before + 2  # The one that goes, and those that are marked.
    assert a.object.revision == b.object.revision
    assert c.object.revision <= before  # It is marked already: nothing is written.
    assert a.object == server.get(PODS, "a", "default")
    metadata = a.object.decode()["metadata"]
    assert metadata["deletionTimestamp"] == "2026-11-23T04:16:32Z"
    assert metadata["deletionGracePeriodSeconds"] == 30
    assert metadata["generation"] == 2
    clock.advance(60)
    (again,) = server.batch.delete(PODS, [("default", "a", "")])
    assert not again.gone
    assert server.get(PODS, "a", "default") == a.object


def test_a_pod_that_was_written_before_its_batch_is_marked_as_it_is_now(server, store, clock):
    bound_pods(server, "a", "b", "c")

    def write():
        server.patch(PODS, {"metadata": {"labels": {"x": "y"}}}, "b", "default")
        server.delete(PODS, "c", "default", grace_period_seconds=0)

    other = ApiServer(Interrupted(store, "put_if", write), clock=clock)
    targets = [("default", name, "") for name in ("a", "b", "c", "a")]
    a, b, c, twice = other.batch.delete(PODS, targets)
    assert b.object.decode()["metadata"]["labels"] == {"x": "y"}
    assert c.code == 404
    assert (a.object, b.object) == (twice.object, server.get(PODS, "b", "default"))
    assert all("deletionTimestamp" in o.object.decode()["metadata"] for o in (a, b))


def test_a_batch_of_deletions_says_what_becomes_of_dependents(server):
    server.batch.create(CONFIG_MAPS, {"metadata": {}}, "default", names=["a", "b"])
    targets = [("default", name, "") for name in ("a", "b")]
    for outcome in server.batch.delete(CONFIG_MAPS, targets, propagation="Foreground"):
        assert outcome.object.decode()["metadata"]["finalizers"] == ["foregroundDeletion"]
    refused(422, server.batch.delete, CONFIG_MAPS, targets, propagation="Sideways")
    assert all(o.gone for o in server.batch.delete(CONFIG_MAPS, targets, propagation="Background"))


@pytest.mark.parametrize("grace", [None, 0, 5])
def test_an_object_marked_by_splice_is_encoded_as_any_other(server, grace):
    metadata = {"finalizers": ["example.com/x"], "annotations": {"a": '"}é'}}
    for resource, obj in (
        (PODS, pod() | {"metadata": metadata | {"name": "p"}}),
        (CONFIG_MAPS, {"metadata": metadata | {"name": "c"}, "data": {"metadata": "{}"}}),
        (NAMESPACES, {"metadata": metadata | {"name": "n"}}),
    ):
        server.create(resource, obj, "" if resource is NAMESPACES else "default")
        name = obj["metadata"]["name"]
        held = server.delete(resource, name, "default", grace_period_seconds=grace).object
        assert held.data == encode(resource, json.loads(held.data))
        assert held.decode()["metadata"]["finalizers"] == ["example.com/x"]
