"""The kubelets of all nodes: pods that are bound come to run, and idle nodes live on.

python -m pytest benchmarks/bench_kubelet.py --benchmark-enable --benchmark-only

Four like pods a node are pulled, started and written to Running, with all their events. Then ten
minutes of heartbeats: a lease each 10 s and a status each 5 minutes of every node. The kubelet's
time, its events' correlation and encoding with it, is told apart from the API server and the log.
"""

import time
from collections.abc import Callable

import pytest
from measure import machine

from pykube_core.api.core import NODES, PODS
from pykube_core.apiserver import ApiServer, Binding
from pykube_core.client.informers import SharedInformer
from pykube_core.cluster import EventLoop, VirtualClock
from pykube_core.node import Behavior, Kubelet, Machine, PodNetwork, Runtime, node_of
from pykube_core.store import Store

NODE_COUNTS = (100, 5_000)
PODS_PER_NODE = 4
START_NS = 1_795_407_362 * 10**9
SECOND_NS = 10**9
REQUESTS = {"cpu": "500m", "memory": "1Gi"}
POD = {
    "metadata": {"generateName": "web-", "labels": {"app": "web"}},
    "spec": {"containers": [{"name": "c", "image": "httpd", "resources": {"requests": REQUESTS}}]},
}


class Timed:
    """An object whose methods' time is added up; an API server's batches count with it."""

    def __init__(self, wrapped: object) -> None:
        self._wrapped = wrapped
        self.seconds = 0.0
        if isinstance(wrapped, ApiServer):
            self.batch = _TimedBatch(self, wrapped.batch)

    def __getattr__(self, name: str) -> object:
        value = getattr(self._wrapped, name)
        return self.timed(value) if callable(value) else value

    def timed(self, method: Callable[..., object]) -> Callable[..., object]:
        """Return a method whose time is added up."""

        def call(*args: object, **options: object) -> object:
            began = time.perf_counter()
            try:
                return method(*args, **options)
            finally:
                self.seconds += time.perf_counter() - began

        return call


class _TimedBatch:
    def __init__(self, timed: Timed, batch: object) -> None:
        self._timed = timed
        self._batch = batch

    def __getattr__(self, name: str) -> Callable[..., object]:
        return self._timed.timed(getattr(self._batch, name))


class World:
    """Nodes in a store, their kubelets on a loop."""

    def __init__(self, node_count: int) -> None:
        self.store = Store(salt=1)
        self.clock = VirtualClock(START_NS)
        server = ApiServer(self.store, clock=self.clock)
        server.bootstrap()
        self.server = Timed(server)
        self.names = [f"node-{index:05}" for index in range(node_count)]
        node = node_of(Machine(name="n", address="172.16.0.1", cpu="8", memory="32Gi"), START_NS)
        # One subnet for all, so that they are copies: each node would have one of its own.
        node |= {"metadata": {"name": "n"}, "spec": {"podCIDR": "10.0.0.0/8"}}
        server.batch.create(NODES, node, names=self.names)
        self.log = SharedInformer(self.store, server.registry, server.written)
        self.loop = EventLoop(self.log, self.clock)
        runtime = Runtime(default=Behavior(pull_seconds=2, start_seconds=1))
        kubelet = Kubelet(self.server, self.log, runtime=runtime, network=PodNetwork())
        self.kubelet = Timed(kubelet)
        self.kubelet.name, self.kubelet.cursor = kubelet.name, kubelet.cursor
        self.loop.add(self.kubelet)
        self.run(0)

    def bind(self) -> None:
        """Create pods and give them their nodes in turn."""
        server, count = self.server, len(self.names)
        pods = server.batch.create(PODS, POD, "default", count=count * PODS_PER_NODE)
        turns = [self.names[at % count] for at in range(len(pods))]
        bindings = [
            Binding("default", pod.name, node) for pod, node in zip(pods, turns, strict=True)
        ]
        server.batch.bind(bindings)

    def run(self, seconds: int) -> None:
        """Let so many seconds pass."""
        self.loop.run(until_ns=self.clock() + seconds * SECOND_NS)

    def timed(self, seconds: int) -> tuple[float, float]:
        """Return what so many seconds took, and what of it was the kubelet's own."""
        for part in (self.server, self.kubelet):
            part.seconds = 0.0
        began = time.perf_counter()
        self.run(seconds)
        took = time.perf_counter() - began
        return took, self.kubelet.seconds - self.server.seconds

    def close(self) -> None:
        """Free everything."""
        self.log.close()
        self.store.close()


@pytest.mark.benchmark(group="kubelet")
def bench_bring_bound_pods_to_running(benchmark, report, node_count):
    """Every pod runs, with two writes of its status and four events."""
    world = World(node_count)
    world.bind()
    took, own = benchmark.pedantic(world.timed, (4,), rounds=1, iterations=1)
    count = node_count * PODS_PER_NODE
    assert sum(b'"phase":"Running"' in pod.data for pod in world.log.all(PODS)) == count
    report(
        f"{node_count} nodes: {1e6 * took / count:.1f} us a pod in all, kubelet and events "
        f"{1e6 * own / count:.1f}",
        us_a_pod=1e6 * took / count,
        machine=machine(),
    )
    world.close()


@pytest.mark.benchmark(group="kubelet")
def bench_renew_leases_for_ten_minutes(benchmark, report, node_count):
    """Every lease is renewed 60 times, every status written twice."""
    world = World(node_count)
    before = world.store.revision
    took, own = benchmark.pedantic(world.timed, (600,), rounds=1, iterations=1)
    count = node_count * 60
    assert world.store.revision > before
    report(
        f"{node_count} nodes: {1e6 * took / count:.2f} us a renewal in all, kubelet "
        f"{1e6 * own / count:.2f}",
        us_a_renewal=1e6 * took / count,
        machine=machine(),
    )
    world.close()
