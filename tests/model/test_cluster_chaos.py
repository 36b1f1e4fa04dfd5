"""Random things happen to a cluster; left alone, it comes to what was asked for.

PYKUBE_CHAOS sets how many clusters live through it (default 12).
"""

import os
import random

import pytest
from manifests import deployment

from pykube_core import Cluster
from pykube_core.api.core import PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.store import Store

HOSTS = ("host1", "host2", "host3")
PARTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
SECONDS = (0.1, 1, 5, 30, 100, 400)
STEPS = 25


class Life:
    """A cluster, what was asked of it, and what may happen to it."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.store = Store()
        self.cluster = Cluster(HOSTS, master="ken", store=self.store, seed=seed)
        self.wanted = {}
        self.stopped = {}
        self.hosts = len(HOSTS)

    def apply(self):
        name, replicas = f"d{self.draw.randrange(4)}", self.draw.randrange(7)
        self.cluster.apply(deployment(name, replicas, self.draw.choice("abc")))
        self.wanted[name] = replicas

    def scale(self):
        for name in list(self.wanted)[:1]:
            self.wanted[name] = self.draw.randrange(8)
            self.cluster.scale("deployment", name, self.wanted[name])

    def delete(self):
        for name in list(self.wanted)[:1]:
            self.cluster.delete("deployment", name)
            del self.wanted[name]

    def crash_a_component(self):
        self.cluster.crash(f"{self.draw.choice(PARTS)}-ken")

    def crash_a_pod(self):
        for pod in self.some(self.cluster.list("pods", "default")):
            self.cluster.crash(pod["metadata"]["name"], "default")

    def delete_a_pod(self):
        for pod in self.some(self.cluster.list("pods")):
            name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
            grace = self.draw.choice((None, 0))
            self.cluster.delete("pod", name, namespace, grace_period_seconds=grace)

    def stop_a_node(self):
        name = self.draw.choice(HOSTS)
        self.cluster.stop_node(name)
        self.stopped[name] = None

    def start_a_node(self):
        for name in list(self.stopped)[:1]:
            self.cluster.start_node(name)
            del self.stopped[name]

    def replace_a_node(self):
        name = self.draw.choice(HOSTS)
        self.cluster.delete("node", name)
        self.cluster.join(name)

    def join(self):
        self.hosts += 1
        self.cluster.join(f"host{self.hosts}")

    def reopen(self):
        self.cluster.close()
        self.cluster = Cluster(store=self.store)
        self.stopped.clear()

    def wait(self):
        pass

    def some(self, items):
        return [self.draw.choice(items)] if items else []

    def live(self):
        deeds = (
            self.apply, self.apply, self.scale, self.delete, self.crash_a_component,
            self.crash_a_pod, self.delete_a_pod, self.stop_a_node, self.start_a_node,
            self.replace_a_node, self.join, self.reopen, self.wait,
        )  # fmt: skip
        for _ in range(STEPS):
            try:
                self.draw.choice(deeds)()
            except StatusError as error:
                if error.code not in (404, 409):
                    raise
            self.cluster.run(seconds=self.draw.choice(SECONDS))
        for name in self.stopped:
            self.cluster.start_node(name)
        self.cluster.run(seconds=700)
        self.cluster.run()


@pytest.mark.parametrize("seed", range(int(os.environ.get("PYKUBE_CHAOS", "12"))))
def test_whatever_happens_the_cluster_comes_to_what_was_asked_for(seed):
    life = Life(seed)
    life.live()
    cluster = life.cluster
    for name, replicas in life.wanted.items():
        status = cluster.get("deployment", name)["status"]
        assert (status.get("replicas", 0), status.get("availableReplicas", 0)) == (replicas,) * 2
    nodes = [node["metadata"]["name"] for node in cluster.list("nodes")]
    for name in ("kube-proxy", "kube-flannel-ds-amd64"):
        status = cluster.get("daemonset", name, "kube-system")["status"]
        assert status["numberReady"] == status["desiredNumberScheduled"] == len(nodes)
    pods = cluster.list("pods")
    assert {PODS.cells(pod, cluster.clock())[2] for pod in pods} == {"Running"}
    assert {pod["spec"]["nodeName"] for pod in pods} <= set(nodes)
    assert len(cluster.list("pods", "default")) == sum(life.wanted.values())
    own = [pod["status"]["podIP"] for pod in pods if not pod["spec"].get("hostNetwork")]
    assert len(set(own)) == len(own)
    history = cluster.history_hash
    cluster.close()
    again = Life(seed)
    again.live()
    assert again.cluster.history_hash == history
    again.cluster.close()
