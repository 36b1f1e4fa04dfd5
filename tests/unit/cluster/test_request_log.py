import pytest

from pykube_core.api.core import CONFIG_MAPS, NODES, PODS
from pykube_core.apiserver import ApiServer
from pykube_core.client.informers import SharedInformer
from pykube_core.cluster import EventLoop, VirtualClock
from pykube_core.cluster.request_log import CLIENT, RequestLog
from pykube_core.store import Store

POD = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}


class World:
    def __init__(self):
        self.clock = VirtualClock(1_795_407_362 * 10**9)
        self.store = Store()
        self.server = ApiServer(self.store, clock=self.clock)
        self.server.bootstrap()
        self.log = SharedInformer(self.store, self.server.registry)
        self.loop = EventLoop(self.log, self.clock)
        self.request_log = RequestLog(self.log, self.loop, [PODS, NODES, CONFIG_MAPS])

    def told(self):
        self.log.pull()
        self.request_log.look(self.clock())
        return [(r.client, r.node, r.verb, r.path) for r in self.request_log.requests]


@pytest.fixture
def world():
    world = World()
    yield world
    world.log.close()
    world.store.close()


def test_the_object_before_and_after_says_which_request_it_was(world):
    pods = "/api/v1/namespaces/default/pods"
    world.server.create(PODS, POD, "default")
    world.server.bind("p", "default", "n")
    status = {"metadata": {"name": "p"}, "status": {"phase": "Running"}}
    world.server.patch(PODS, status, "p", "default", subresource="status")
    world.server.patch(PODS, {"metadata": {"labels": {"a": "b"}}}, "p", "default")
    world.server.delete(PODS, "p", "default")
    world.server.delete(PODS, "p", "default", grace_period_seconds=0)
    world.server.create(NODES, {"metadata": {"name": "n"}})
    assert world.told() == [
        (CLIENT, "", "POST", pods),
        (CLIENT, "", "POST", f"{pods}/p/binding"),
        (CLIENT, "", "PATCH", f"{pods}/p/status"),
        (CLIENT, "", "PATCH", f"{pods}/p"),
        (CLIENT, "", "DELETE", f"{pods}/p"),
        (CLIENT, "", "DELETE", f"{pods}/p"),
        (CLIENT, "", "POST", "/api/v1/nodes"),
    ]


class Writer:
    name = "writer"

    def __init__(self, world):
        self.cursor = world.log.cursor()
        self._world = world

    def step(self, now_ns):
        self._world.server.create(CONFIG_MAPS, {"metadata": {"name": "c"}}, "default")


def test_a_change_is_the_components_that_stepped_before_it(world):
    world.server.create(CONFIG_MAPS, {"metadata": {"name": "b"}}, "default")
    world.loop.add(Writer(world))
    world.loop.run(condition=lambda: world.request_log.look(world.clock()))
    assert [(r.client, r.change.object.name) for r in world.request_log.requests] == [
        (CLIENT, "b"), ("writer", "c"),
    ]  # fmt: skip
