"""The controller manager: every controller of a cluster."""

from __future__ import annotations

from pykube_core.client import Client
from pykube_core.client.informers import SharedInformer
from pykube_core.controllers.controller import Controller
from pykube_core.controllers.daemon_set import DaemonSetController
from pykube_core.controllers.deployment import DeploymentController
from pykube_core.controllers.garbage_collector import GarbageCollector
from pykube_core.controllers.namespace import NamespaceController
from pykube_core.controllers.node_ipam import NodeIpamController
from pykube_core.controllers.node_lifecycle import NodeLifecycleController
from pykube_core.controllers.pod_gc import PodGcController
from pykube_core.controllers.pods import PodReader
from pykube_core.controllers.replica_set import ReplicaSetController
from pykube_core.controllers.taint_eviction import TaintEvictionController


def controller_manager(
    client: Client,
    log: SharedInformer,
    *,
    cluster_cidr: str = "10.244.0.0/16",
    node_cidr_mask_size: int = 24,
) -> list[Controller]:
    """Return the controllers in the order in which they take their steps.

    Nodes are seen to first, then workloads from the top down, then what is left over. They share
    what they read of pods.

    Parameters
    ----------
    cluster_cidr, node_cidr_mask_size
        See `NodeIpamController`.
    """
    pods = PodReader()
    return [
        NodeIpamController(
            client, log, cluster_cidr=cluster_cidr, node_cidr_mask_size=node_cidr_mask_size
        ),
        NodeLifecycleController(client, log, pods=pods),
        TaintEvictionController(client, log, pods=pods),
        DeploymentController(client, log, pods=pods),
        ReplicaSetController(client, log, pods=pods),
        DaemonSetController(client, log, pods=pods),
        GarbageCollector(client, log),
        NamespaceController(client, log),
        PodGcController(client, log, pods=pods),
    ]
