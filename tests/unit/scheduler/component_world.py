"""A scheduler over an API server of its own, which can be made to die at a write."""

import json

from pykube_core.api.core import EVENTS, NODES, PODS
from pykube_core.api.scheduling import PRIORITY_CLASSES
from pykube_core.apiserver import ApiServer
from pykube_core.client.informers import SharedInformer
from pykube_core.cluster import EventLoop, VirtualClock
from pykube_core.scheduler.component.component import SchedulerComponent
from pykube_core.store import Store
from tests.unit.failing_client import FailingClient

START = 1_795_407_362 * 10**9
SECOND = 10**9
READY = [{"type": "Ready", "status": "True"}]


class World:
    def __init__(self, **options):
        self.store = Store(salt=1)
        self.clock = VirtualClock(START)
        self.server = ApiServer(self.store, clock=self.clock, seed=7)
        self.server.bootstrap()
        self.options = options
        self.start()

    def start(self, fatal=-1, after=False):
        self.log = SharedInformer(self.store, self.server.registry)
        self.loop = EventLoop(self.log, self.clock)
        self.failing = FailingClient(self.server, fatal, after)
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


def status(world, name, **members):
    obj = world.server.get(PODS, name, "default")
    new = obj.decode()["status"] | members
    world.server.batch.patch_status(PODS, [(obj, json.dumps(new).encode())])


PRIORITY = {"high": 1000, "mid": 500}


def important(world):
    for name, value in PRIORITY.items():
        world.server.create(PRIORITY_CLASSES, {"metadata": {"name": name}, "value": value})
