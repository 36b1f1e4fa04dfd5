"""A day of idle nodes: heartbeats, node lifecycle, compaction.

python -m pytest benchmarks/bench_day.py --benchmark-enable --benchmark-only

Every node renews its lease each 10 s, a write that names the revision of the last one, and posts
its status each 5 minutes; a reader of such objects reads each change from the log. Figures are of
CPU time. A stage is the step of one component, without the store's writes; "log" is the reading of
all that was written, "store" the writes of all components.
"""

import time
from collections import defaultdict

import pytest
from measure import machine

from pykube_core.api.coordination import LEASES
from pykube_core.api.core import NODES
from pykube_core.cluster.cluster import Cluster
from pykube_core.node.heartbeats import LEASE_NAMESPACE, RENEWAL_NS, REPORT_NS

NODE_COUNTS = (20, 1_000)
SECONDS = {20: 1_200, 1_000: 86_400}
NANO = 10**9


class Day:
    """An idle cluster, and what its time goes into.

    Attributes
    ----------
    stages : dict
        Seconds of CPU time, by stage.
    """

    def __init__(self, node_count):
        self.cluster = Cluster(nodes=node_count)
        self.cluster.run()
        self.stages = defaultdict(float)
        self._inner = 0.0
        self._last = 0.0
        for stage, owner, call in (
            ("log", self.cluster.log, "pull"),
            ("store", self.cluster.store, "put_if"),
        ):
            setattr(owner, call, self._timed(stage, getattr(owner, call)))

    def _timed(self, stage, function):
        def call(*args, **options):
            began = time.process_time()
            result = function(*args, **options)
            took = time.process_time() - began
            self.stages[stage] += took
            self._inner += took
            return result

        return call

    def _stepped(self):
        """Give the time since the last step to who took it."""
        now = time.process_time()
        self.stages[self.cluster.loop.stepped or "loop"] += now - self._last - self._inner
        self._last, self._inner = now, 0.0
        return False

    def run(self, seconds):
        """Let time pass; return the seconds of CPU time that it took."""
        began = self._last = time.process_time()
        self.cluster.run(until=self._stepped, seconds=seconds)
        return time.process_time() - began


def versions(cluster):
    """Return how often each lease and each node was written."""
    nodes = [node.name for node in cluster.server.list(NODES).items]
    keys = [LEASES.key(LEASE_NAMESPACE, name) for name in nodes]
    keys += [NODES.key("", name) for name in nodes]
    return [kv.version for kv in cluster.store.get_many(keys)]


def check(cluster, before, seconds):
    """Every lease and status was written at each of its times, and every node is ready."""
    written = [new - old for old, new in zip(before, versions(cluster), strict=True)]
    count = len(written) // 2
    assert set(written[:count]) == {seconds * NANO // RENEWAL_NS}
    assert set(written[count:]) == {seconds * NANO // REPORT_NS}
    for node in cluster.server.list(NODES).items:
        (ready,) = [c for c in node.decode()["status"]["conditions"] if c["type"] == "Ready"]
        assert ready["status"] == "True"
    assert cluster.store.status().compact_revision > 0


@pytest.mark.benchmark(group="day")
def bench_pass_a_day_of_idle_nodes(benchmark, report, node_count):
    """All nodes stay ready, and every renewal is a version of its lease."""
    day, seconds = Day(node_count), SECONDS[node_count]
    before = versions(day.cluster)
    took = benchmark.pedantic(day.run, (seconds,), rounds=1, iterations=1)
    check(day.cluster, before, seconds)
    renewals = node_count * seconds * NANO // RENEWAL_NS
    each = {stage: 1e6 * spent / renewals for stage, spent in day.stages.items()}
    ordered = sorted(each.items(), key=lambda item: -item[1])
    text = ", ".join(f"{stage} {us:.2f}" for stage, us in ordered if us >= 0.005)
    report(
        f"{node_count} nodes, {seconds} s in {took:.1f} s: {seconds / took:,.0f} simulated seconds "
        f"a second; {1e6 * took / renewals:.2f} us a renewal: {text}",
        seconds=took,
        us_a_renewal=1e6 * took / renewals,
        stages=each,
        machine=machine(),
    )
    day.cluster.close()
