"""Controllers: components that bring what is to what should be."""

from pykube_core.controllers.controller import Controller
from pykube_core.controllers.daemon_set import DaemonSetController
from pykube_core.controllers.deployment import DeploymentController
from pykube_core.controllers.garbage_collector import GarbageCollector
from pykube_core.controllers.manager import controller_manager
from pykube_core.controllers.namespace import NamespaceController
from pykube_core.controllers.node_ipam import NodeIpamController
from pykube_core.controllers.node_lifecycle import NodeLifecycleController
from pykube_core.controllers.pod_gc import PodGcController
from pykube_core.controllers.replica_set import ReplicaSetController
from pykube_core.controllers.taint_eviction import TaintEvictionController

__all__ = [
    "Controller",
    "DaemonSetController",
    "DeploymentController",
    "GarbageCollector",
    "NamespaceController",
    "NodeIpamController",
    "NodeLifecycleController",
    "PodGcController",
    "ReplicaSetController",
    "TaintEvictionController",
    "controller_manager",
]
