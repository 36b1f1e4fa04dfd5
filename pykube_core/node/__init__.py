"""The nodes of a cluster: kubelets, their container runtime, the pod network."""

from pykube_core.node.kubelet import Kubelet
from pykube_core.node.network import PodNetwork
from pykube_core.node.registration import Machine, node_of
from pykube_core.node.runtime import Behavior, ContainerEvent, Runtime

__all__ = [
    "Behavior",
    "ContainerEvent",
    "Kubelet",
    "Machine",
    "PodNetwork",
    "Runtime",
    "node_of",
]
