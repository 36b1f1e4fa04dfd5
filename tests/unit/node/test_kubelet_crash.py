"""A kubelet made anew between any two writes goes on from what the log says."""

import pytest

from pykube_core.api.coordination import LEASES
from pykube_core.api.core import NODES, PODS
from pykube_core.node import Behavior
from tests.unit.failing_client import Crash
from tests.unit.node.node_world import World

AGENT = {"app": "flannel"}
STATIC = {
    "metadata": {"name": "etcd", "namespace": "kube-system"},
    "spec": {"hostNetwork": True, "containers": [{"name": "etcd", "image": "etcd:3"}]},
}


class Script:
    """Lives through starts, crash loops, completions, deletions and a lost mirror."""

    def __init__(self, world):
        self.world = world
        self.crashes = 0

    def settle(self, seconds):
        until_ns = self.world.clock() + seconds * 10**9
        try:
            self.world.loop.run(until_ns=until_ns)
        except Crash:
            self.crashes += 1
            self.world.restart()
            self.world.loop.run(until_ns=until_ns)

    def run(self):
        world = self.world
        world.node()
        agent = {"namespace": "kube-system", "labels": AGENT, "hostNetwork": True}
        world.pod("flannel", image="agent", **agent)
        world.pod("web", terminationGracePeriodSeconds=8)
        world.pod("loop", image="loop")
        inits = [{"name": "init", "image": "done"}]
        world.pod("job", image="done", restartPolicy="Never", initContainers=inits)
        world.pod("large", container={"resources": {"requests": {"cpu": "50"}}})
        self.settle(12)
        world.server.delete(PODS, "web", "default")
        world.server.delete(PODS, "etcd-n1", "kube-system")
        self.settle(15)
        world.pod("late", container={"imagePullPolicy": "IfNotPresent"})
        self.settle(40)


@pytest.fixture
def make():
    made = []

    def make(fatal=-1, after=False):
        world = World(agent=AGENT, static_pods={"n1": [STATIC]})
        world.behaviors = {
            "loop": Behavior(run_seconds=2, exit_code=1),
            "done": Behavior(run_seconds=2),
            "httpd": Behavior(stop_seconds=5),
        }
        world.restart(fatal, after)
        made.append(world)
        return world

    yield make
    for world in made:
        world.close()


def container_state(status):
    (kind,) = status["state"]
    reason = status["state"][kind].get("reason")
    return status["name"], kind, reason, status["ready"], status["started"], status["restartCount"]


def end_state(world):
    """Return what must be the same; which pod of one moment has which address may not be."""
    pods, addresses = {}, {}
    for obj in world.server.list(PODS).items:
        status = obj.decode()["status"]
        containers = (
            *status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())
        )  # fmt: skip
        if not obj.decode()["spec"].get("hostNetwork"):
            addresses[obj.name] = status.get("podIP", "")
        pods[obj.name] = (
            status["phase"],
            status.get("reason"),
            {c["type"]: (c["status"], c.get("reason")) for c in status["conditions"]},
            [container_state(c) for c in containers],
        )
    node = world.server.get(NODES, "n1").decode()["status"]
    ready = {c["type"]: c["status"] for c in node["conditions"]}
    leases = [lease.name for lease in world.server.list(LEASES).items]
    images = sorted(image["names"][-1] for image in node.get("images", ()))
    distinct = len(dict.fromkeys(addresses.values()))
    return pods, addresses["late"], distinct, ready, leases, images


def test_crash_around_any_write_converges_to_the_same_end(make):
    calm = make()
    Script(calm).run()
    expected = end_state(calm)
    assert expected[0].keys() == {"flannel", "loop", "job", "large", "late", "etcd-n1"}
    writes = calm.failing.write_count
    assert writes >= 20
    for fatal in range(1, writes + 1):
        for after in (False, True):
            world = make(fatal, after)
            script = Script(world)
            script.run()
            assert script.crashes == 1
            assert end_state(world) == expected
            before = world.store.revision
            world.restart()
            world.loop.run(until_ns=world.clock())
            assert world.store.revision == before


def test_containers_run_on_while_no_kubelet_looks(make):
    world = make()
    world.behaviors["httpd"] = Behavior(pull_seconds=0, start_seconds=0, run_seconds=60)
    world.restart()
    world.node()
    agent = {"namespace": "kube-system", "labels": AGENT, "hostNetwork": True}
    world.pod("flannel", image="agent", **agent)
    world.pod(restartPolicy="Never")
    world.run(10)
    began = world.container()["state"]["running"]["startedAt"]
    world.log.close()
    world.clock.pass_until(world.clock() + 20 * 10**9, None)
    world.start()
    world.run(1)
    assert world.container()["state"]["running"]["startedAt"] == began
    world.run(59)
    terminated = world.container()["state"]["terminated"]
    assert terminated["startedAt"] == began
    assert world.status()["phase"] == "Succeeded"


def test_addresses_are_remembered(make):
    world = make()
    world.agent = None
    world.restart()
    world.node()
    for name in ("a", "b", "c"):
        world.pod(name)
    world.run(5)
    world.server.delete(PODS, "a", "default", grace_period_seconds=0)
    world.restart()
    world.pod("d")
    world.run(5)
    assert world.status("d")["podIP"] == "10.244.1.5"
