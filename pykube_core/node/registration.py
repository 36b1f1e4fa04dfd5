"""Machines, and the Node objects that their kubelets register.

Source: ``k8s.io/kubernetes/pkg/kubelet/kubelet_node_status.go`` (initialNode) and
``nodestatus/setters.go`` v1.34.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.times import time_text

KUBELET_VERSION: Final = "v1.34.1"
HEALTHY: Final = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)
"""Type, reason and message of the conditions that are False on a healthy node."""

STARTING: Final = (
    "[container runtime status check may not have completed yet, PLEG is not healthy: pleg has yet "
    "to be successful]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine that joins the cluster.

    Attributes
    ----------
    name, address : str
        Its host name, and its address in the hosts' network.
    cpu, memory, ephemeral_storage : str
        Quantities.
    pods : int
        How many pods it may run.
    extended : mapping of str to str
        More resources, such as ``example.com/gpu``.
    labels : mapping of str to str
        Labels besides those of every node.
    taints : sequence of dict
        Taints, as in a Node's spec.
    os_image, kernel, container_runtime : str
        Columns of ``kubectl get nodes -o wide``.
    """

    name: str
    address: str = ""
    cpu: str = "4"
    memory: str = "16Gi"
    ephemeral_storage: str = "100Gi"
    pods: int = 110
    extended: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[KubeObject] = ()
    os_image: str = "Debian GNU/Linux 12 (bookworm)"
    kernel: str = "6.1.0-37-amd64"
    container_runtime: str = "containerd://2.1.4"


def node_of(machine: Machine, now_ns: int) -> KubeObject:
    """Return the Node object that a machine's kubelet registers; it is not ready yet."""
    name = machine.name
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }
    capacity = {
        "cpu": machine.cpu,
        "ephemeral-storage": machine.ephemeral_storage,
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": machine.memory,
        "pods": str(machine.pods),
        **machine.extended,
    }
    addresses = [{"type": "Hostname", "address": name}]
    if machine.address:
        addresses.insert(0, {"type": "InternalIP", "address": machine.address})
    return {
        "metadata": {
            "name": name,
            "labels": labels | dict(machine.labels),
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        "spec": {"taints": [dict(taint) for taint in machine.taints]} if machine.taints else {},
        "status": {
            "capacity": capacity,
            "allocatable": dict(capacity),
            "conditions": _first_conditions(time_text(now_ns)),
            "addresses": addresses,
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": _node_info(machine),
        },
    }


def _first_conditions(now: str) -> list[KubeObject]:
    facts = [(type, "False", reason, message) for type, reason, message in HEALTHY]
    facts.append(("Ready", "False", "KubeletNotReady", STARTING))
    return [
        {
            "type": type,
            "status": status,
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }
        for type, status, reason, message in facts
    ]


def _node_info(machine: Machine) -> KubeObject:
    """Return what a machine is; its ids follow from its name."""
    digest = hashlib.sha256(machine.name.encode()).hexdigest()
    system = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
    boot = f"{digest[32:40]}-{digest[40:44]}-{digest[44:48]}-{digest[48:52]}-{digest[52:64]}"
    return {
        "machineID": digest[:32],
        "systemUUID": system,
        "bootID": boot,
        "kernelVersion": machine.kernel,
        "osImage": machine.os_image,
        "containerRuntimeVersion": machine.container_runtime,
        "kubeletVersion": KUBELET_VERSION,
        "kubeProxyVersion": "",
        "operatingSystem": "linux",
        "architecture": "amd64",
    }
