import json

import pytest

from pykube_core.api.builtin import PODS, REPLICA_SETS
from pykube_core.apiserver import ApiServer
from pykube_core.apiserver.log import ObjectLog
from pykube_core.cluster import EventLoop, VirtualClock
from pykube_core.controllers import ReplicaSetController
from pykube_core.store import Store

START = 1_795_407_362 * 10**9
LABELS = {"app": "web"}


class Crash(Exception):
    """The controller dies."""


class FailingServer:
    """Passes everything on, but dies before or after one of the writes."""

    WRITES = ("create_copies", "delete", "patch", "replace_status_many")

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
    def __init__(self, path=None):
        self.store = Store(path, salt=1)
        self.clock = VirtualClock(START)
        self.server = ApiServer(self.store, clock=self.clock, seed=7)
        self.server.bootstrap()
        self.start()

    def start(self, fatal=-1, after=False):
        self.log = ObjectLog(self.store, self.server.registry)
        self.loop = EventLoop(self.log, self.clock)
        self.failing = FailingServer(self.server, fatal, after)
        self.controller = ReplicaSetController(self.failing, self.log)
        self.loop.add(self.controller)

    def set(self, name="web", **spec):
        template = {
            "metadata": {"labels": LABELS},
            "spec": {"containers": [{"name": "c", "image": "httpd"}]},
        }
        spec = {"selector": {"matchLabels": LABELS}, "template": template} | spec
        obj = {"metadata": {"name": name}, "spec": spec}
        return self.server.create(REPLICA_SETS, obj, "default")

    def scale(self, count):
        patch = {"spec": {"replicas": count}}
        self.server.patch(REPLICA_SETS, patch, "web", "default", subresource="scale")

    def pods(self):
        return self.server.list(PODS).items

    def status(self):
        return self.server.get(REPLICA_SETS, "web", "default").decode()["status"]

    def close(self):
        self.log.close()
        self.store.validate()
        self.store.close()


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def ready(world, pods, at="2026-11-23T04:16:02Z"):
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": at}
    status = json.dumps({"phase": "Running", "conditions": [condition]}).encode()
    world.server.replace_status_many(PODS, [(pod, status) for pod in pods])


def test_pods_are_made_with_their_owner_and_counted(world):
    held = world.set(replicas=3).decode()
    assert world.loop.run()
    pods = [pod.decode() for pod in world.pods()]
    assert len(pods) == 3
    for pod in pods:
        (owner,) = pod["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == (held["metadata"]["uid"], True)
        assert pod["metadata"]["labels"] == LABELS
        assert pod["metadata"]["name"].startswith("web-")
    assert world.status() == {
        "replicas": 3, "fullyLabeledReplicas": 3, "observedGeneration": 1,
    }  # fmt: skip
    ready(world, world.pods()[:2])
    world.loop.run()
    assert world.status()["readyReplicas"] == world.status()["availableReplicas"] == 2


def test_second_pass_at_quiescence_writes_nothing(world):
    world.set(replicas=3)
    world.loop.run()
    before = world.store.revision
    world.loop.run()
    world.log.close()
    world.start()
    world.loop.run()
    assert world.store.revision == before


def test_more_than_a_burst_is_made_in_several_steps(world):
    world.set(replicas=1200)
    world.loop.run()
    assert len(world.pods()) == 1200
    assert world.status()["replicas"] == 1200


def test_pods_without_a_node_go_first_and_the_longest_ready_stay(world):
    world.set(replicas=4)
    world.loop.run()
    for pod in world.pods()[1:]:
        world.server.bind(pod.name, "default", "n1")
    unbound, pending, old, young = world.pods()
    ready(world, [old], "2026-11-23T04:00:00Z")
    ready(world, [young], "2026-11-23T04:10:00Z")
    world.scale(3)
    world.loop.run()
    assert unbound.name not in {pod.name for pod in world.pods()}
    world.scale(1)
    world.loop.run()
    ending = {p.name for p in world.pods() if "deletionTimestamp" in p.decode()["metadata"]}
    assert ending == {pending.name, young.name}
    assert world.status()["replicas"] == 1


def test_pod_that_ends_or_goes_is_replaced(world):
    world.set(replicas=2)
    world.loop.run()
    first, second = world.pods()
    world.server.delete(PODS, first.name, "default")
    world.server.replace_status_many(PODS, [(second, b'{"phase":"Failed"}')])
    world.loop.run()
    assert len(world.pods()) == 3
    assert world.status()["replicas"] == 2


def test_orphans_are_adopted_and_strangers_released(world):
    spec = {"containers": [{"name": "c", "image": "httpd"}]}
    orphan = {"metadata": {"name": "orphan", "labels": LABELS}, "spec": spec}
    world.server.create(PODS, orphan, "default")
    held = world.set(replicas=2).decode()["metadata"]["uid"]
    world.loop.run()
    assert len(world.pods()) == 2
    adopted = world.server.get(PODS, "orphan", "default").decode()["metadata"]
    assert adopted["ownerReferences"][0]["uid"] == held
    world.server.patch(PODS, {"metadata": {"labels": {"app": "x"}}}, "orphan", "default")
    world.loop.run()
    released = world.server.get(PODS, "orphan", "default").decode()["metadata"]
    assert not released.get("ownerReferences")
    assert len(world.pods()) == 3


def test_availability_comes_after_its_seconds(world):
    world.set(replicas=1, minReadySeconds=30)
    world.loop.run()
    ready(world, world.pods())
    world.loop.run(until_ns=START + 29 * 10**9)
    assert "availableReplicas" not in world.status()
    world.loop.run(until_ns=START + 31 * 10**9)
    assert world.status()["availableReplicas"] == 1


def test_what_cannot_be_created_is_a_condition_and_tried_again(world):
    held = world.set(replicas=1).decode()
    held["spec"]["template"]["spec"]["priorityClassName"] = "none-yet"
    world.server.update(REPLICA_SETS, held)
    world.loop.run(until_ns=START + 10**9)
    (condition,) = world.status()["conditions"]
    assert (condition["type"], condition["reason"]) == ("ReplicaFailure", "FailedCreate")
    assert "no PriorityClass with name none-yet was found" in condition["message"]
    assert world.loop.step_count < 20
    held = world.server.get(REPLICA_SETS, "web", "default").decode()
    del held["spec"]["template"]["spec"]["priorityClassName"]
    world.server.update(REPLICA_SETS, held)
    world.loop.run()
    assert "conditions" not in world.status()
    assert len(world.pods()) == 1


def test_set_that_is_gone_makes_nothing(world):
    world.set(replicas=1)
    world.loop.run()
    world.server.delete(REPLICA_SETS, "web", "default", propagation="Orphan")
    world.server.delete(PODS, world.pods()[0].name, "default")
    world.loop.run()
    assert world.pods() == []


def script(world, fatal=-1, after=False):
    """Live through a scale-up, a loss, an adoption and a scale-down; start anew after a crash."""
    world.log.close()
    world.start(fatal, after)
    crashes = 0

    def settle():
        nonlocal crashes
        try:
            world.loop.run()
        except Crash:
            crashes += 1
            world.log.close()
            world.start()
            world.loop.run()

    orphan = {"metadata": {"name": "orphan", "labels": LABELS}}
    orphan["spec"] = {"containers": [{"name": "c", "image": "httpd"}]}
    world.server.create(PODS, orphan, "default")
    world.set(replicas=3)
    settle()
    world.server.delete(PODS, world.pods()[-1].name, "default")
    settle()
    world.scale(2)
    settle()
    return crashes


def end_state(world):
    owned = [len(pod.decode()["metadata"]["ownerReferences"]) for pod in world.pods()]
    return owned, world.status()


def test_crash_around_any_write_converges_to_the_same_end():
    calm = World()
    script(calm)
    expected = end_state(calm)
    writes = calm.failing.write_count
    calm.close()
    assert writes >= 5
    for fatal in range(1, writes + 1):
        for after in (False, True):
            world = World()
            assert script(world, fatal, after) == 1
            assert end_state(world) == expected
            before = world.store.revision
            world.log.close()
            world.start()
            world.loop.run()
            assert world.store.revision == before
            world.close()


def test_one_seed_is_one_history_in_memory_and_on_disk(tmp_path):
    def history(path=None):
        world = World(path)
        script(world)
        found = world.store.hash()
        world.close()
        return found

    assert history() == history() == history(tmp_path / "store")
