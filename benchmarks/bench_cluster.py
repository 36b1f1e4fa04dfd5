"""The whole way of a pod: create, watch, schedule, bind, run; every write stored, every event read.

python -m pytest benchmarks/bench_cluster.py --benchmark-enable --benchmark-only

A `Cluster` whose nodes are ready is given twenty replica sets, four pods a node, and runs in
virtual time until it is quiescent. Figures are of CPU time, of the best round. A stage is the steps
of one component, its writes to the store with them; "apply" creates the replica sets; "log" reads
for all components what they asked for. "watch" is a client beside them, a watch of the store on the
whole registry: after each step it copies every event there is out of the store, with key and value,
those of Event objects too. It counts them and decodes none. The engine alone is `Scheduler.place`
on the same pods and nodes, as the cluster's scheduler has it and by the library's defaults
(`ENGINES`).
"""

import time
from collections import Counter, defaultdict
from ipaddress import ip_address, ip_network

import numpy as np
import pytest
from measure import machine
from workload import SET_COUNT, replica_sets

from pykube_core import Cluster
from pykube_core.api.machinery.registry import STORE_PREFIX
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import policy
from pykube_core.store import prefix_end

NODE_COUNTS = (100, 5_000)
PODS_PER_NODE = 4
PODS_PER_NODE_MAX = 8
"""Of 500m on the four cores of a node."""
REQUESTS = {"cpu": "500m", "memory": "1Gi"}
ROUNDS = 7
"""A shared machine is a third slower from one minute to the next."""
EVENTS_A_READ = 512
WRITES_OF_A_POD = 4
"""Its creation and its binding, and its status when it is accepted and when it runs."""
REASONS = ("Scheduled", "Pulling", "Pulled", "Created", "Started")
CREATIONS_TOLD = 10
"""Of a replica set: client-go combines the tenth Event of a kind and those behind it."""
SMOKE_HASH = "273529588f82b1144067c99a480db1b6"
ENGINES = {
    "as in the cluster": {"tie_break": "random", "percentage_of_nodes_to_score": 0},
    "by its defaults": {},
}
"""In the cluster it draws among the best of a sample; by default it takes the first best of all."""
REGISTRY = STORE_PREFIX.encode(), prefix_end(STORE_PREFIX.encode())


class Slice:
    """A cluster whose nodes are ready, and what the time of its pods goes into.

    Attributes
    ----------
    stages : dict
        Seconds of CPU time, by stage.
    seen_count : int
        Events that the watch has read.
    """

    def __init__(self, node_count):
        self.cluster = Cluster(nodes=node_count)
        self.cluster.run()
        self.sets = replica_sets(node_count * PODS_PER_NODE, REQUESTS)
        self.stages = defaultdict(float)
        self.seen_count = 0
        self.start = self.cluster.store.revision
        self.watch = self.cluster.store.watch(*REGISTRY, start_revision=self.start + 1)
        self._pull, self.cluster.log.pull = self.cluster.log.pull, self._timed_pull
        self._marked = 0.0

    def _charge(self, stage):
        """Give the time since the last call to a stage."""
        now = time.process_time()
        self.stages[stage] += now - self._marked
        self._marked = now

    def _timed_pull(self):
        self._charge(self.cluster.loop.stepped or "loop")
        self._pull()
        self._charge("log")

    def _stepped(self):
        """Read what the watch has; return whether the cluster is quiescent."""
        self._charge("loop")
        while packed := self.watch.read_packed(EVENTS_A_READ):
            self.seen_count += len(packed)
        self._charge("watch")
        return not self.cluster.loop.working

    def run(self):
        """Take every pod to Running; return this."""
        self._marked = time.process_time()
        self.cluster.apply(self.sets)
        self._charge("apply")
        self.cluster.run(until=self._stepped)
        return self

    def check(self):
        """Every pod runs at an address of its node, and all was written, told and seen once."""
        cluster, pods, nodes = self.cluster, self.cluster.list("pods"), self.cluster.list("nodes")
        count = len(nodes) * PODS_PER_NODE
        assert [pod["status"]["phase"] for pod in pods] == ["Running"] * count
        subnets = {node["metadata"]["name"]: ip_network(node["spec"]["podCIDR"]) for node in nodes}
        for pod in pods:
            assert ip_address(pod["status"]["podIP"]) in subnets[pod["spec"]["nodeName"]]
        assert len({pod["status"]["podIP"] for pod in pods}) == count
        assert max(Counter(pod["spec"]["nodeName"] for pod in pods).values()) <= PODS_PER_NODE_MAX
        ready = [held["status"]["readyReplicas"] for held in cluster.list("replicasets")]
        assert ready == [count // SET_COUNT] * SET_COUNT
        reasons = Counter(event["reason"] for event in cluster.list("events"))
        assert {reason: reasons[reason] for reason in REASONS} == dict.fromkeys(REASONS, count)
        writes = Counter()
        for kv in cluster.store.range(*REGISTRY).kvs:
            if kv.mod_revision > self.start:
                writes[kv.key.split(b"/")[2]] += kv.version
        assert writes[b"pods"] == count * WRITES_OF_A_POD
        assert writes[b"events"] == count * len(REASONS) + SET_COUNT * CREATIONS_TOLD
        assert writes.keys() == {b"pods", b"events", b"replicasets"}
        assert self.seen_count == writes.total()
        assert self.watch.revision == cluster.store.revision

    def engine_seconds(self, options):
        """Return what the engine alone takes to place these pods on these nodes."""
        pods = {pod["metadata"]["labels"]["app"]: pod for pod in self.cluster.list("pods")}
        for pod in pods.values():
            del pod["spec"]["nodeName"]
        nodes, sets = self.cluster.list("nodes"), self.cluster.list("replicasets")
        objects = {"replicaSets": sets}
        with Scheduler(nodes, policy("default"), objects=objects, **options) as scheduler:
            classes = scheduler.compile(list(pods.values()))
            wanted = np.repeat(classes, self.sets[0]["spec"]["replicas"])
            began = time.process_time()
            rows, _ = scheduler.place(wanted)
            took = time.process_time() - began
        assert rows.min() >= 0
        return took

    def close(self):
        """Free everything."""
        self.watch.close()
        self.cluster.close()


def table(stages, count):
    """Return the microseconds a pod of each stage, and its share, the longest first."""
    seconds = sum(stages.values())
    rows = [f"{'stage':32} us/pod  share"]
    for stage, took in sorted(stages.items(), key=lambda item: -item[1]):
        rows.append(f"{stage:32} {1e6 * took / count:6.1f} {took / seconds:6.1%}")
    return rows


@pytest.mark.benchmark(group="cluster")
def bench_take_pods_from_replica_sets_to_running(benchmark, report, node_count):
    """Every pod is created, bound, running and told of; the history is the same each time."""
    rounds, hashes = [], set()
    engines = {name: [] for name in ENGINES}

    def ready():
        return (Slice(node_count),), {}

    def finish(made):
        made.check()
        hashes.add(made.cluster.history_hash)
        rounds.append(made.stages)
        for name, options in ENGINES.items():
            engines[name].append(made.engine_seconds(options))
        made.close()

    round_count = ROUNDS if benchmark.enabled else 1
    last = benchmark.pedantic(Slice.run, setup=ready, teardown=finish, rounds=round_count)
    if not benchmark.enabled:
        finish(last)  # Without measuring, nothing is torn down.
    assert len(hashes) == 1
    if node_count == NODE_COUNTS[0]:
        assert hashes == {SMOKE_HASH}
    count = node_count * PODS_PER_NODE
    rounds.sort(key=lambda stages: sum(stages.values()))
    stages = rounds[0]
    speed, slowest = (count / sum(each.values()) for each in (stages, rounds[-1]))
    speeds = {name: count / min(times) for name, times in engines.items()}
    rows = table(stages, count)
    rows.append(f"{node_count:,} nodes, whole: {1e6 / speed:.1f} us/pod, {speed:,.0f} pods/s")
    rows.append(f"the slowest of {len(rounds)} rounds: {slowest:,.0f} pods/s")
    for name, own in speeds.items():
        rows.append(f"engine alone, {name}: {own:,.0f} pods/s, {own / speed:,.0f} times the whole")
    report(
        "\n    ".join(rows),
        pods_per_second=speed,
        engine_pods_per_second=speeds,
        stages=stages,
        machine=machine(),
    )
