import pytest

from pykube_core.api.builtin import EVENTS, NODES, PODS
from pykube_core.apiserver import ApiServer
from pykube_core.apiserver.recorder import EventRecorder, Reference
from pykube_core.store import Store

START = 1_795_407_362 * 10**9
SECOND = 10**9


class World:
    def __init__(self):
        self.now_ns = START
        self.store = Store(salt=1, clock=lambda: self.now_ns)
        self.server = ApiServer(self.store, clock=lambda: self.now_ns)
        self.server.bootstrap()
        node = self.server.create(NODES, {"metadata": {"name": "host1"}})
        self.node = Reference.of(node)

    def events(self, namespace="default"):
        return [event.decode() for event in self.server.list(EVENTS, namespace).items]

    def tell(self, recorder, message="text", reason="Started", **more):
        recorder.record(self.node, "Normal", reason, message, **more)
        recorder.flush(self.now_ns)


@pytest.fixture
def world():
    world = World()
    yield world
    world.store.close()


def test_an_event_is_one_that_the_api_would_take(world):
    world.tell(EventRecorder(world.server, "kubelet"), 'a "quoted" text', host="host1")
    (event,) = world.events()
    assert event["metadata"]["name"] == f"host1.{START:x}"
    assert event["involvedObject"]["uid"] == world.node.uid
    assert event["source"] == {"component": "kubelet", "host": "host1"}
    assert (event["count"], event["message"]) == (1, 'a "quoted" text')
    metadata = {"name": "copy"}
    world.server.create(EVENTS, {key: value for key, value in event.items() if key != "metadata"}
                        | {"metadata": metadata}, "default")  # fmt: skip


def test_the_same_again_is_counted(world):
    recorder = EventRecorder(world.server, "kubelet")
    world.tell(recorder)
    world.now_ns += 10 * SECOND
    world.tell(recorder)
    (event,) = world.events()
    assert event["count"] == 2
    assert event["firstTimestamp"] < event["lastTimestamp"]


def test_an_instance_has_series(world):
    recorder = EventRecorder(world.server, "default-scheduler", instance="default-scheduler-ken")
    world.tell(recorder, action="Binding")
    (event,) = world.events()
    assert event["eventTime"].endswith(".000000Z")
    assert "series" not in event
    assert (event["source"], event["action"]) == ({}, "Binding")
    world.tell(recorder, action="Binding")
    (event,) = world.events()
    assert event["series"]["count"] == 2


def test_many_similar_ones_are_combined(world):
    recorder = EventRecorder(world.server, "kubelet")
    for index in range(15):
        world.tell(recorder, f"text {index}")
    events = world.events()
    assert len(events) == 10
    (combined,) = (e for e in events if e["count"] > 1)
    assert combined["message"] == "(combined from similar events): text 14"
    assert combined["count"] == 6


def test_a_flood_is_cut_off_and_slowly_let_in_again(world):
    recorder = EventRecorder(world.server, "kubelet")
    for _ in range(40):
        world.tell(recorder)
    (event,) = world.events()
    assert event["count"] == 25
    world.now_ns += 300 * SECOND
    world.tell(recorder)
    (event,) = world.events()
    assert event["count"] == 41


def test_events_go_after_an_hour(world):
    world.tell(EventRecorder(world.server, "kubelet"))
    world.now_ns += 3590 * SECOND
    world.store.expire_leases()
    assert world.events()
    world.now_ns += 100 * SECOND
    world.store.expire_leases()
    assert not world.events()


def test_what_several_tell_at_one_time_keeps_its_order(world):
    world.tell(EventRecorder(world.server, "node-controller"))
    recorder = EventRecorder(world.server, "kubelet")
    for reason in ("Pulling", "Pulled"):
        recorder.record(world.node, "Normal", reason, "text")
    recorder.flush(world.now_ns)
    assert [event["reason"] for event in world.events()] == ["Started", "Pulling", "Pulled"]


def test_a_name_that_another_server_gave_is_no_hindrance(world):
    other = ApiServer(world.store, clock=lambda: world.now_ns)
    for server in (world.server, other):
        world.tell(EventRecorder(server, "kubelet"))
    assert len(world.events()) == 2


def test_an_event_that_has_gone_is_told_anew(world):
    recorder = EventRecorder(world.server, "kubelet")
    world.tell(recorder)
    (event,) = world.events()
    world.server.delete(EVENTS, event["metadata"]["name"], "default")
    world.tell(recorder)
    (event,) = world.events()
    assert event["count"] == 2


def test_an_object_without_a_uid_is_named_without_one(world):
    recorder = EventRecorder(world.server, "taint-eviction-controller")
    recorder.record(Reference(NODES, "", "host1", ""), "Normal", "TaintManagerEviction", "text")
    recorder.flush(world.now_ns)
    (event,) = world.events()
    assert event["involvedObject"] == {"kind": "Node", "name": "host1", "apiVersion": "v1"}


def test_objects_of_one_name_without_uids_are_told_of_each_by_itself(world):
    recorder = EventRecorder(world.server, "taint-eviction-controller")
    for namespace in ("default", "kube-system"):
        about = Reference(PODS, namespace, "a", "")
        recorder.record(about, "Normal", "TaintManagerEviction", "text")
    recorder.flush(world.now_ns)
    assert len(world.events("default")) == len(world.events("kube-system")) == 1
