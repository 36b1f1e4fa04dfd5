"""A cluster made as in the walkthrough: kubeadm on ken, flannel, two hosts that join, httpd.

Only the acts of people and the faults of machines are set here, with their times; all else follows.
Components of the control plane crash now and then on that master, as they did.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from functools import partial
from typing import Final

from pykube_core.api.core import PODS
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.times import NANO
from pykube_core.cluster.bootstrap import flannel
from pykube_core.cluster.cluster import Cluster
from pykube_core.cluster.request_log import RequestLog
from pykube_core.node.registration import Machine

MASTER: Final = Machine(name="ken", address="172.20.10.2")
HOSTS: Final = (
    Machine(name="host1", address="172.20.10.7"),
    Machine(name="host2", address="172.20.10.9"),
)
DEPLOYMENT: Final[KubeObject] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "httpd-ken", "labels": {"app": "httpd-ken"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "httpd-ken"}},
        "template": {
            "metadata": {"labels": {"app": "httpd-ken"}},
            "spec": {"containers": [{"name": "httpd", "image": "httpd"}]},
        },
    },
}
"""The object that ``kubectl create deployment httpd-ken --image=httpd --replicas=2`` sends."""

# Minutes from the start.
_FLANNEL: Final = 16
_JOINED: Final = (35, 36)
_SEEN: Final = 280.9
_CRASHES: Final = {
    # Far enough apart that a restart does not wait, but for the last two: the last one is waiting
    # to be restarted when somebody looks.
    "kube-controller-manager-ken": [20 + 11.5 * at for at in range(22)] + [279.6, 280.8],
    "kube-scheduler-ken": [22 + 12.5 * at for at in range(20)] + [279.6, 280.8],
}
_HTTPD_LEFT_ALONE: Final = 16 * 60 + 10
_HTTPD_SEEN: Final = 20 * 60


def new_cluster(seed: int = 0) -> Cluster:
    """Return ken just after ``kubeadm init``: no host has joined, no network is applied."""
    return Cluster((), master=MASTER, network="none", seed=seed)


def live_through(cluster: Cluster) -> None:
    """Do to a new cluster what was done to it until somebody looks, 4 hours 40 minutes later."""
    deeds: list[tuple[float, int, Callable[[], object]]] = []

    def at(minute: float, deed: Callable[[], object]) -> None:
        heapq.heappush(deeds, (minute, len(deeds), deed))

    at(_FLANNEL, lambda: cluster.apply(flannel(cluster.settings)))
    for minute, host in zip(_JOINED, HOSTS, strict=True):
        at(minute, partial(cluster.join, host))
    for pod, minutes in _CRASHES.items():
        for crash in minutes:
            at(crash, partial(cluster.crash, pod))
    start_ns = cluster.clock()
    at(_SEEN, cluster.log.pull)
    while deeds:
        due, _, deed = heapq.heappop(deeds)
        due_ns = start_ns + round(due * 60 * NANO)
        cluster.run(seconds=(due_ns - cluster.clock()) / NANO)
        deed()


def recover(cluster: Cluster) -> None:
    """Wait until every pod of kube-system is ready again."""
    cluster.run()


def deploy(cluster: Cluster, request_log: RequestLog | None = None) -> None:
    """Create the deployment of httpd, and wait until its pods run."""
    cluster.server.create(cluster.resource("deployments"), DEPLOYMENT, "default")

    def is_available() -> bool:
        if request_log is not None:
            request_log.look(cluster.clock())
        status = cluster.get("deployments", "httpd-ken").get("status", {})
        return bool(status.get("availableReplicas") == 2)

    cluster.run(until=is_available)


def replace_pods(cluster: Cluster) -> None:
    """Delete the deployment's pods a while later, and look when it is 20 minutes old."""
    cluster.run(seconds=_HTTPD_LEFT_ALONE)
    for pod in cluster.list("pods", "default"):
        cluster.server.delete(PODS, pod["metadata"]["name"], "default")
    cluster.run(seconds=_HTTPD_SEEN - _HTTPD_LEFT_ALONE)
