import json

import pytest

from pykube_core.api.builtin import EVENTS, NODES, PODS
from pykube_core.apiserver import ApiServer
from pykube_core.apiserver.log import ObjectLog
from pykube_core.cluster import EventLoop, VirtualClock
from pykube_core.scheduler.component import SchedulerComponent
from pykube_core.store import Store

START = 1_795_407_362 * 10**9
SECOND = 10**9
READY = [{"type": "Ready", "status": "True"}]


class Crash(Exception):
    """The scheduler dies."""


class FailingServer:
    """Passes everything on, but dies before or after one of the writes."""

    WRITES = ("bind_many", "delete_many", "replace_status_many", "write_encoded")

    def __init__(self, server, fatal=-1, after=False):
        self._server = server
        self._fatal = fatal
        self._after = after
        self.write_count = 0

    def __getattr__(self, name):
        method = getattr(self._server, name)
        return self._dying(method) if name in self.WRITES else method

    def _dying(self, method):
        def call(*args, **options):
            self.write_count += 1
            dies = self.write_count == self._fatal
            if dies and not self._after:
                raise Crash
            done = method(*args, **options)
            if dies:
                raise Crash
            return done

        return call


class World:
    def __init__(self, **options):
        self.store = Store(salt=1)
        self.clock = VirtualClock(START)
        self.server = ApiServer(self.store, clock=self.clock, seed=7)
        self.server.bootstrap()
        self.options = options
        self.start()

    def start(self, fatal=-1, after=False):
        self.log = ObjectLog(self.store, self.server.registry)
        self.loop = EventLoop(self.log, self.clock)
        self.failing = FailingServer(self.server, fatal, after)
        self.scheduler = SchedulerComponent(self.failing, self.log, **self.options)
        self.loop.add(self.scheduler)

    def stop(self):
        self.scheduler._scheduler.validate()
        self.scheduler.close()
        self.log.close()

    def run(self, seconds=0):
        self.loop.run(until_ns=self.clock() + seconds * SECOND)

    def node(self, name, cpu="4", taints=(), labels=None):
        self.server.create(NODES, {"metadata": {"name": name, "labels": labels or {}}})
        capacity = {"cpu": cpu, "memory": "32Gi", "pods": "110"}
        patch = {"capacity": capacity, "allocatable": capacity, "conditions": READY}
        self.server.patch(NODES, {"status": patch}, name, subresource="status")
        self.server.patch(NODES, {"spec": {"taints": list(taints)}}, name)

    def pod(self, name, cpu="1", **spec):
        return self.server.create(PODS, pod(name, cpu, **spec), "default")

    def held(self, name):
        return self.server.get(PODS, name, "default").decode()

    def node_of(self, name):
        return self.held(name)["spec"].get("nodeName")

    def condition(self, name, type="PodScheduled"):
        conditions = self.held(name)["status"].get("conditions", [])
        return next((c for c in conditions if c["type"] == type), None)

    def events(self, name):
        found = [event.decode() for event in self.server.list(EVENTS).items]
        return [
            (event["type"], event["reason"], event["action"], event["message"])
            for event in found
            if event["involvedObject"]["name"] == name
        ]

    def close(self):
        self.stop()
        self.store.validate()
        self.store.close()


def pod(name, cpu="1", labels=None, **spec):
    container = {"name": "c", "image": "httpd", "resources": {"requests": {"cpu": cpu}}}
    metadata = {"name": name, "labels": labels or {"app": "web"}}
    return {"metadata": metadata, "spec": {"containers": [container]} | spec}


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def status(world, name, **members):
    obj = world.server.get(PODS, name, "default")
    new = obj.decode()["status"] | members
    world.server.replace_status_many(PODS, [(obj, json.dumps(new).encode())])


def test_pods_are_bound_and_told(world):
    world.node("n1")
    world.pod("a")
    world.pod("b", schedulerName="other")
    world.run()
    assert world.node_of("a") == "n1"
    assert world.node_of("b") is None
    assert world.condition("a")["status"] == "True"
    assert world.events("a") == [
        ("Normal", "Scheduled", "Binding", "Successfully assigned default/a to n1")
    ]


def test_what_fits_nowhere_says_so_and_waits_for_a_node(world):
    world.node("n1", cpu="1")
    world.pod("a", cpu="2")
    world.run(2)
    text = (
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )
    condition = world.condition("a")
    assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
    assert condition["message"] == text
    assert world.events("a") == [("Warning", "FailedScheduling", "Scheduling", text)]
    before = world.store.revision
    world.run(3)
    assert world.store.revision == before
    world.node("n2", cpu="2")
    world.run(2)
    assert world.node_of("a") == "n2"
