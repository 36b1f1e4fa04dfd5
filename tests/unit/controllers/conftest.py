import json

import pytest

from pykube_core.api.core import EVENTS, NODES, PODS
from pykube_core.apiserver import ApiServer
from pykube_core.client.informers import SharedInformer
from pykube_core.cluster import EventLoop, VirtualClock
from pykube_core.store import Store
from tests.unit.failing_client import Crash, FailingClient

START = 1_795_407_362 * 10**9
SECOND = 10**9


class World:
    """A store, an API server, and controllers over them that may die."""

    def __init__(self, *factories, path=None):
        self._factories = factories
        self.store = Store(path, salt=1)
        self.clock = VirtualClock(START)
        self.server = ApiServer(self.store, clock=self.clock, seed=7)
        self.server.bootstrap()
        self.crashes = 0
        self.log = None
        self.start()

    def start(self, fatal=-1, after=False):
        """Start the controllers anew, from the log alone."""
        if self.log is not None:
            self.log.close()
        self.log = SharedInformer(self.store, self.server.registry)
        self.loop = EventLoop(self.log, self.clock)
        self.failing = FailingClient(self.server, fatal, after)
        self.controllers = []
        for factory in self._factories:
            made = factory(self.failing, self.log)
            self.controllers += made if isinstance(made, list) else [made]
        for controller in self.controllers:
            self.loop.add(controller, 20)

    def run(self, seconds=1):
        """Run so many seconds; start anew after a crash."""
        until = self.clock() + int(seconds * SECOND)
        try:
            self.loop.run(until_ns=until)
        except Crash:
            self.crashes += 1
            self.start()
            self.loop.run(until_ns=until)

    def node(self, name, labels=None, taints=(), ready=True, **spec):
        """Create a node without the taint of a new one."""
        obj = {"metadata": {"name": name, "labels": labels or {}}, "spec": spec}
        self.server.create(NODES, obj)
        patch = {"spec": {"taints": list(taints)}}
        self.server.patch(NODES, patch, name)
        if ready:
            self.set_ready(name, "True")
        return self.server.get(NODES, name)

    def set_ready(self, name, status, reason="KubeletReady"):
        """Let a node's kubelet report its condition Ready."""
        obj = self.server.get(NODES, name)
        now = f"{self.clock() // SECOND}"
        condition = {
            "type": "Ready",
            "status": status,
            "reason": reason,
            "lastHeartbeatTime": _time(int(now)),
            "lastTransitionTime": _time(int(now)),
        }
        old = obj.decode().get("status", {})
        kept = [c for c in old.get("conditions", []) if c["type"] != "Ready"]
        new = json.dumps(old | {"conditions": [*kept, condition]}).encode()
        self.server.batch.patch_status(NODES, [(obj, new)])

    def pods(self, namespace="default"):
        return self.server.list(PODS, namespace).items

    def live(self, namespace="default"):
        """Return the pods that are not being deleted, decoded."""
        pods = [pod.decode() for pod in self.pods(namespace)]
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def set_running(self, pods=None, at=None):
        """Let kubelets report pods as running and ready."""
        since = at or _time(self.clock() // SECOND)
        condition = {"type": "Ready", "status": "True", "lastTransitionTime": since}
        status = json.dumps({"phase": "Running", "conditions": [condition]}).encode()
        items = []
        for pod in self.pods() if pods is None else pods:
            if b'"Running"' not in pod.data:
                items.append((pod, status))
        self.server.batch.patch_status(PODS, items)

    def end(self):
        """Let kubelets end the pods that are being deleted."""
        for pod in self.pods():
            if "deletionTimestamp" in pod.decode()["metadata"]:
                self.server.delete(PODS, pod.name, pod.namespace, grace_period_seconds=0)

    def get(self, resource, name, namespace="default"):
        return self.server.get(resource, name, namespace).decode()

    def messages(self, reason, namespace="default"):
        """Return the messages of the events of a reason."""
        events = [event.decode() for event in self.server.list(EVENTS, namespace).items]
        return [event["message"] for event in events if event["reason"] == reason]

    def close(self):
        self.log.close()
        self.store.validate()
        self.store.close()


def _time(seconds):
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def new_world():
    worlds = []

    def make(*factories, path=None):
        worlds.append(World(*factories, path=path))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def assert_crash_safe():
    """Assert that a crash before or after any write ends where no crash does, and rests there.

    ``script(world)`` lives through something, with ``world.run`` in between; ``end_state(world)``
    says where it ended. ``every`` tries one write of so many.
    """

    def check(factories, script, end_state, seconds=0, every=1):
        def live(fatal=-1, after=False):
            world = World(*factories)
            world.start(fatal, after)
            script(world)
            return world

        calm = live()
        expected, count = end_state(calm), calm.failing.write_count
        calm.close()
        assert count
        for fatal in range(1, count + 1, every):
            for after in (False, True):
                world = live(fatal, after)
                assert world.crashes == 1
                assert end_state(world) == expected, (fatal, after)
                before = world.store.revision
                world.start()
                world.run(seconds)
                assert world.store.revision == before, (fatal, after)
                world.close()

    return check


@pytest.fixture
def assert_rests():
    """Assert that controllers made anew write nothing."""

    def check(world, seconds=0):
        before = world.store.revision
        world.run(seconds)
        world.start()
        world.run(seconds)
        assert world.store.revision == before

    return check
