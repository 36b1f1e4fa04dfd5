import json

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, sampled_from, text, tuples

from pykube_core.api.core import EVENTS, NODES, PODS
from pykube_core.apiserver import ApiServer
from pykube_core.client.recorder import EventRecorder, EventText, Reference
from pykube_core.store import REQUEST_BYTES_MAX, Store, prefix_end

START = 1_795_407_362 * 10**9
SECOND = 10**9
COMBINED = "(combined from similar events): "


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

    def tell(self, recorder, message="text", reason="Started", *, host="", **more):
        text = EventText("Normal", reason, message, **more)
        recorder.record(self.node, text, host=host)
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
        recorder.record(world.node, EventText("Normal", reason, "text"))
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
    text = EventText("Normal", "TaintManagerEviction", "text")
    recorder.record(Reference(NODES, "", "host1", ""), text)
    recorder.flush(world.now_ns)
    (event,) = world.events()
    assert event["involvedObject"] == {"kind": "Node", "name": "host1", "apiVersion": "v1"}


def test_objects_of_one_name_without_uids_are_told_of_each_by_itself(world):
    recorder = EventRecorder(world.server, "taint-eviction-controller")
    for namespace in ("default", "kube-system"):
        text = EventText("Normal", "TaintManagerEviction", "text")
        recorder.record(Reference(PODS, namespace, "a", ""), text)
    recorder.flush(world.now_ns)
    assert len(world.events("default")) == len(world.events("kube-system")) == 1


def test_events_of_one_step_that_are_many_and_large_are_all_written(world):
    recorder = EventRecorder(world.server, "kubelet")
    for index in range(300):
        about = Reference(PODS, "default", f"pod-{index}", f"uid-{index}")
        recorder.record(about, EventText("Normal", "Started", "\u00e9\n" * 5000), index)
    recorder.flush(world.now_ns)
    events = world.events()
    assert len(events) == 300
    assert {event["message"] for event in events} == {"\u00e9\n" * 5000}
    versions = {event["involvedObject"].get("resourceVersion") for event in events}
    assert versions == {None, *map(str, range(1, 300))}


def test_an_event_that_is_too_large_is_forgotten_alone(world):
    recorder = EventRecorder(world.server, "kubelet")
    for message in ("a", "x" * REQUEST_BYTES_MAX, "b"):
        recorder.record(world.node, EventText("Normal", "Started", message))
    recorder.flush(world.now_ns)
    assert [event["message"] for event in world.events()] == ["a", "b"]


TELLINGS = lists(
    tuples(
        sampled_from(("a", "b")),
        sampled_from(("", "Binding")),
        sampled_from(("", "spec.containers{c}")),
        text(max_size=20),
        integers(0, 3),
    ),
    max_size=20,
)


@given(TELLINGS, sampled_from(("", "scheduler-1")), sampled_from(("", "host1")))
def test_events_are_as_an_encoder_would_write_them(tellings, instance, host):
    world = World()
    recorder = EventRecorder(world.server, "component", instance=instance)
    told = set()
    for name, action, path, message, version in tellings:
        about = Reference(PODS, "default", name, f"uid-{name}")
        recorder.record(about, EventText("Normal", "Told", message, action, path), version, host)
        recorder.flush(world.now_ns)
        told.add((name, action if instance else "", path, message, version))
    for kv in world.store.range(EVENTS.prefix, prefix_end(EVENTS.prefix)).kvs:
        event = json.loads(kv.value)
        assert kv.value == json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        about, source = event["involvedObject"], event["source"]
        assert about["uid"] == f"uid-{about['name']}"
        teller = {"component": "component"} | ({"host": host} if host else {})
        assert source == ({} if instance else teller)
        message = event["message"].removeprefix(COMBINED)
        version = int(about.get("resourceVersion", 0))
        shown = about["name"], event.get("action", ""), about.get("fieldPath", ""), message, version
        assert shown in told
    world.store.close()
