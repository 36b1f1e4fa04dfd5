"""kube-scheduler's component: its own Python a pod, and the writes that it makes.

python -m pytest benchmarks/bench_scheduler.py --benchmark-enable --benchmark-only

Pods of twenty replica sets, four a node, wait on ready nodes; one step queues, places and binds all
of them and writes their events. Its work beside these writes, the engine included, is its own.
"""

import time

import msgspec
import pytest
from measure import machine
from workload import replica_sets

from pykube_core.api.apps import REPLICA_SETS
from pykube_core.api.core import NODES, PODS
from pykube_core.apiserver import ApiServer
from pykube_core.client.informers import SharedInformer
from pykube_core.cluster import EventLoop, VirtualClock
from pykube_core.controllers import ReplicaSetController
from pykube_core.scheduler.component.component import SchedulerComponent
from pykube_core.store import Store

NODE_COUNTS = (100, 5_000)
PODS_PER_NODE = 4
START_NS = 1_795_407_362 * 10**9
CAPACITY = {"cpu": "8", "memory": "32Gi", "pods": "110"}
REQUESTS = {"cpu": "500m", "memory": "1Gi"}
READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-23T04:16:02Z"}
STATUS = msgspec.json.encode({"phase": "Running", "conditions": [READY]})


class Timed:
    """An API server that knows how long it took."""

    def __init__(self, server, seconds=None):
        self._server = server
        self.seconds = {} if seconds is None else seconds
        if seconds is None:
            self.batch = Timed(server.batch, self.seconds)

    def __getattr__(self, name):
        method = getattr(self._server, name)
        if not callable(method):
            return method

        def call(*args, **options):
            start = time.process_time()
            done = method(*args, **options)
            self.seconds[name] = self.seconds.get(name, 0) + time.process_time() - start
            return done

        return call


class Waiting:
    """Pods made, none of them bound; the scheduler knows the nodes."""

    def __init__(self, node_count):
        self.store = Store(salt=1)
        clock = VirtualClock(START_NS)
        self.server = server = ApiServer(self.store, clock=clock)
        server.bootstrap()
        node = {"metadata": {"name": "n"}, "status": {"capacity": CAPACITY}}
        names = [f"node-{index:05}" for index in range(node_count)]
        server.batch.create(NODES, node, names=names)
        for name in names:
            server.patch(NODES, {"spec": {"taints": None}}, name)
        self.timed = Timed(server)
        self.seen = SharedInformer(self.store, server.registry, server.written)
        self.component = SchedulerComponent(self.timed, self.seen)
        self.component.step(0)
        for replica_set in replica_sets(node_count * PODS_PER_NODE, REQUESTS):
            server.create(REPLICA_SETS, replica_set, "default")
        with SharedInformer(self.store, server.registry, server.written) as log:
            loop = EventLoop(log, clock)
            loop.add(ReplicaSetController(server, log))
            loop.run()
        self.seen.pull()

    def close(self):
        """Free everything."""
        self.component.close()
        self.seen.close()
        self.store.close()


@pytest.mark.benchmark(group="scheduler")
def bench_schedule_waiting_pods(benchmark, report, node_count):
    """Every pod is bound in one step; then its binding and its running are news, and no work."""
    world = Waiting(node_count)
    count = node_count * PODS_PER_NODE
    took = {}

    def step(name):
        start = time.process_time()
        world.component.step(0)
        took[name] = 1e6 * (time.process_time() - start) / count

    benchmark.pedantic(step, ("step",), rounds=1, iterations=1)
    writes = {name: 1e6 * seconds / count for name, seconds in world.timed.seconds.items()}
    world.seen.pull()
    bound = list(world.seen.all(PODS))
    assert all(b"nodeName" in pod.data for pod in bound)
    step("bindings read")
    world.server.batch.patch_status(PODS, [(pod, STATUS) for pod in bound])
    world.seen.pull()
    step("statuses read")
    assert world.timed.seconds.keys() == writes.keys()
    world.close()
    own = took["step"] - sum(writes.values())
    parts = ", ".join(f"{name} {each:.1f}" for name, each in (writes | took).items())
    report(
        f"{node_count} nodes: us of processor time a pod: own {own:.1f}; {parts}",
        own_us=own,
        took_us=took,
        writes_us=writes,
        machine=machine(),
    )
