"""The way of a pod through the control plane, every write in the store, every event from its log.

python -m pytest benchmarks/bench_cluster.py --benchmark-enable --benchmark-only

Twenty replica sets of pods, four a node; stages: the ReplicaSet controller creates and counts them;
the engine places them by kube-scheduler's default profile; they are bound; their statuses become
Running and ready, as a kubelet would write them; the controller counts again. The scheduler's queue
and the kubelet's own work are not in it.
"""

import time

import msgspec
import numpy as np
import pytest
from measure import machine

from pykube_core.api.builtin import NODES, PODS, REPLICA_SETS
from pykube_core.apiserver import ApiServer, Binding
from pykube_core.apiserver.log import ObjectLog
from pykube_core.cluster import EventLoop, VirtualClock
from pykube_core.controllers import ReplicaSetController
from pykube_core.scheduler.policies import policy
from pykube_core.scheduler.scheduler import Scheduler
from pykube_core.store import Store

NODE_COUNTS = (100, 5_000)
PODS_PER_NODE = 4
SET_COUNT = 20
START_NS = 1_795_407_362 * 10**9
HASHES = {100: 4236965901, 5_000: 1721565156}
CAPACITY = {"cpu": "8", "memory": "32Gi", "pods": "110"}
REQUESTS = {"cpu": "500m", "memory": "1Gi"}
READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-23T04:16:02Z"}
STATUS = msgspec.json.encode({"phase": "Running", "conditions": [READY]})


class World:
    """Nodes and replica sets in a store, nothing run yet."""

    def __init__(self, node_count: int) -> None:
        self.store = Store(salt=1)
        clock = VirtualClock(START_NS)
        self.server = ApiServer(self.store, clock=clock)
        self.server.bootstrap()
        node = {"metadata": {"name": "n"}, "status": {"capacity": CAPACITY}}
        names = [f"node-{index:05}" for index in range(node_count)]
        self.server.create_copies(NODES, node, names=names)
        for index in range(SET_COUNT):
            labels = {"app": f"web-{index}"}
            container = {"name": "c", "image": "httpd", "resources": {"requests": REQUESTS}}
            spec = {
                "replicas": node_count * PODS_PER_NODE // SET_COUNT,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            }
            obj = {"metadata": {"name": f"web-{index}"}, "spec": spec}
            self.server.create(REPLICA_SETS, obj, "default")
        self.log = ObjectLog(self.store, self.server.registry)
        self.loop = EventLoop(self.log, clock)
        self.loop.add(ReplicaSetController(self.server, self.log))
        self.unbound = self.log.cursor(PODS)
        nodes = [node.decode() for node in self.log.all(NODES)]
        for node in nodes:
            node["spec"].pop("taints")
        self.scheduler = Scheduler(nodes, policy("default"))

    def place(self) -> list[Binding]:
        """Place the pods that are new; like pods are compiled once."""
        pods = [change.new for change in self.unbound.read() if change.old is None]
        classes: dict[bytes, int] = {}
        found = np.empty(len(pods), np.int32)
        for index, pod in enumerate(pods):
            # All but name and uid: what copies share.
            template = pod.data[pod.data.index(b'"uid"') + 44 :]
            if template not in classes:
                classes[template] = int(self.scheduler.compile([pod.decode()])[0])
            found[index] = classes[template]
        rows, _ = self.scheduler.place(found)
        names = self.scheduler.node_names
        return [
            Binding(pod.namespace, pod.name, names[row])
            for pod, row in zip(pods, rows.tolist(), strict=True)
        ]

    def run(self) -> dict[str, float]:
        """Take every pod to Running; return the seconds of each stage."""
        marks = [time.perf_counter()]

        def mark() -> None:
            marks.append(time.perf_counter())

        self.loop.run()
        mark()
        bindings = self.place()
        mark()
        bound = self.server.bind_many(bindings)
        self.log.pull()
        mark()
        self.server.replace_status_many(PODS, [(pod, STATUS) for pod in bound])
        self.log.pull()
        mark()
        self.loop.run()
        mark()
        stages = ("created and counted", "placed", "bound", "running", "counted again")
        return dict(zip(stages, np.diff(marks).tolist(), strict=True))

    def close(self) -> None:
        """Free everything."""
        self.scheduler.close()
        self.log.close()
        self.store.close()


@pytest.mark.benchmark(group="cluster")
def bench_take_pods_from_replica_sets_to_running(benchmark, report, node_count):
    """Every pod is bound, running and counted; the history is the same each time."""
    world = World(node_count)
    stages = benchmark.pedantic(world.run, rounds=1, iterations=1)
    count = node_count * PODS_PER_NODE
    held = [replica_set.decode()["status"] for replica_set in world.log.all(REPLICA_SETS)]
    assert sum(status["availableReplicas"] for status in held) == count
    assert all(b"nodeName" in pod.data for pod in world.log.all(PODS))
    assert world.store.hash()[0] == HASHES[node_count]
    world.close()
    seconds = sum(stages.values())
    parts = ", ".join(f"{name} {1e6 * took / count:.1f}" for name, took in stages.items())
    report(
        f"{node_count} nodes: {count / seconds:,.0f} pods/s; us a pod: {parts}",
        pods_per_second=count / seconds,
        stages=stages,
        machine=machine(),
    )
