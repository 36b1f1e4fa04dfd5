import pytest

from pykube_core.api.apps import REPLICA_SETS
from pykube_core.api.builtin import BUILTIN
from pykube_core.api.core import CONFIG_MAPS, EVENTS, PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver import ApiServer
from pykube_core.cluster import VirtualClock
from pykube_core.cluster.timeline import FieldChange, field_changes, read_timeline
from pykube_core.store import Store

START = 1_795_407_362 * 10**9
SECOND = 10**9


class World:
    def __init__(self):
        self.store = Store(salt=1)
        self.clock = VirtualClock(START)
        self.server = ApiServer(self.store, clock=self.clock, seed=7)
        self.server.bootstrap()

    def wait(self, seconds):
        self.clock.pass_until(self.clock() + seconds * SECOND, lambda seconds: False)

    def replica_set(self):
        template = {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "httpd"}]},
        }
        spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
        return self.server.create(REPLICA_SETS, {"metadata": {"name": "web"}, "spec": spec})

    def pod(self, owner):
        reference = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": owner.name,
            "uid": owner.decode()["metadata"]["uid"],
            "controller": True,
        }
        metadata = {"name": "web-1", "ownerReferences": [reference]}
        spec = {"containers": [{"name": "c", "image": "httpd"}]}
        return self.server.create(PODS, {"metadata": metadata, "spec": spec})

    def event(self, pod):
        about = {
            "kind": "Pod",
            "name": pod.name,
            "namespace": "default",
            "uid": pod.decode()["metadata"]["uid"],
        }
        event = {
            "metadata": {"name": "web-1.1"},
            "involvedObject": about,
            "reason": "Pulled",
            "message": "done",
        }
        self.server.create(EVENTS, event)

    def timeline(self, resource, name):
        return read_timeline(self.store, BUILTIN, resource, name, "default")


@pytest.fixture
def world():
    world = World()
    with world.store:
        yield world
        world.store.validate()


def told(timeline):
    return [(entry.verb, entry.resource.kind, entry.name) for entry in timeline.entries]


def test_an_object_is_told_with_what_it_owns_and_their_events(world):
    world.server.create(CONFIG_MAPS, {"metadata": {"name": "other"}})
    pod = world.pod(world.replica_set())
    world.wait(2)
    world.server.bind("web-1", "default", "n1")
    world.event(pod)
    world.server.delete(PODS, "web-1", "default", grace_period_seconds=0)
    assert told(world.timeline(REPLICA_SETS, "web")) == [
        ("created", "ReplicaSet", "web"),
        ("created", "Pod", "web-1"),
        ("changed", "Pod", "web-1"),
        ("event", "Pod", "web-1"),
        ("deleted", "Pod", "web-1"),
    ]


def test_changes_name_fields_and_times_pass(world):
    world.pod(world.replica_set())
    world.wait(2)
    world.server.bind("web-1", "default", "n1")
    created, bound = world.timeline(PODS, "web-1").entries
    assert FieldChange("spec.nodeName", None, "n1") in bound.changes
    assert (created.time_ns, bound.time_ns) == (START, START + 2 * SECOND)


def test_what_was_deleted_is_told_and_what_never_was_is_not_found(world):
    world.pod(world.replica_set())
    world.server.delete(PODS, "web-1", "default", grace_period_seconds=0)
    assert [entry.verb for entry in world.timeline(PODS, "web-1").entries] == ["created", "deleted"]
    with pytest.raises(StatusError, match='pods "web-2" not found'):
        world.timeline(PODS, "web-2")


def test_of_two_of_a_name_the_last_is_told(world):
    owner = world.replica_set()
    world.pod(owner)
    world.server.delete(PODS, "web-1", "default", grace_period_seconds=0)
    world.pod(owner)
    assert [entry.verb for entry in world.timeline(PODS, "web-1").entries] == ["created"]


def test_a_compacted_history_begins_with_what_was_there(world):
    pod = world.pod(world.replica_set())
    world.store.compact(pod.revision)
    world.server.bind("web-1", "default", "n1")
    timeline = world.timeline(REPLICA_SETS, "web")
    assert timeline.first_revision == pod.revision + 1
    assert told(timeline) == [
        ("found", "ReplicaSet", "web"),
        ("found", "Pod", "web-1"),
        ("changed", "Pod", "web-1"),
    ]


def test_items_of_lists_are_told_apart_by_their_key():
    old = {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "a"}]}
    new = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "b"}]}
    assert list(field_changes(old, new)) == [
        FieldChange("conditions[Ready].status", "False", "True")
    ]


def test_plain_lists_change_as_a_whole():
    assert list(field_changes({"a": [1]}, {"a": [1, 2]})) == [FieldChange("a", [1], [1, 2])]
