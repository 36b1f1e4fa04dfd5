"""kube-scheduler's component: its own Python a pod, and the writes that it makes.

python -m pytest benchmarks/bench_scheduler.py --benchmark-enable --benchmark-only

Pods of twenty replica sets, four a node, wait on ready nodes; one step queues, places and binds all
of them and writes their events. Then the same placed by the engine alone, for comparison.
"""

import time

import pytest
from bench_cluster import PODS_PER_NODE, World
from measure import machine

from pykube_core.api.builtin import NODES, PODS
from pykube_core.apiserver.log import ObjectLog
from pykube_core.scheduler.component import SchedulerComponent

NODE_COUNTS = (100, 5_000)


class Timed:
    """An API server that knows how long it took."""

    def __init__(self, server):
        self._server = server
        self.seconds = {}

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


class Waiting(World):
    """Pods made, none of them bound; the scheduler knows the nodes."""

    def __init__(self, node_count):
        super().__init__(node_count)
        for node in list(self.log.all(NODES)):
            self.server.patch(NODES, {"spec": {"taints": None}}, node.name)
        self.timed = Timed(self.server)
        self.seen = ObjectLog(self.store, self.server.registry)
        self.component = SchedulerComponent(self.timed, self.seen)
        self.component.step(0)
        self.loop.run()
        self.seen.pull()

    def close(self):
        """Free everything."""
        self.component.close()
        self.seen.close()
        super().close()


@pytest.mark.benchmark(group="scheduler")
def bench_schedule_waiting_pods(benchmark, report, node_count):
    """Every pod is bound in one step, and a second step does nothing."""
    world = Waiting(node_count)
    count = node_count * PODS_PER_NODE
    benchmark.pedantic(world.component.step, (0,), rounds=1, iterations=1)
    world.seen.pull()
    start = time.process_time()
    world.component.step(0)
    echo = time.process_time() - start
    assert all(b"nodeName" in pod.data for pod in world.seen.all(PODS))
    start = time.process_time()
    world.place()
    alone = time.process_time() - start
    took = benchmark.stats.stats.max
    writes = world.timed.seconds
    own = took - sum(writes.values())
    parts = ", ".join(f"{name} {1e6 * seconds / count:.1f}" for name, seconds in writes.items())
    report(
        f"{node_count} nodes: us a pod: own {1e6 * own / count:.1f}, {parts}, "
        f"echo {1e6 * echo / count:.1f}; engine alone {1e6 * alone / count:.1f}",
        machine=machine(),
    )
    world.close()
