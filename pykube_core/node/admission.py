"""Capacity of a node, less what its pods take, and whether it takes on one more.

Source: ``k8s.io/kubernetes/pkg/kubelet/lifecycle/predicate.go`` v1.34 and the plugins of
kube-scheduler that it asks. Difference: a critical pod that finds no room evicts nobody.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from pykube_core.api.core.pod.image_names import full_image
from pykube_core.api.core.resource_lists import is_extended, quantities
from pykube_core.api.core.tolerations import tolerates
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.node.network import is_address
from pykube_core.node.pods import OS_LABEL, Share, Template, units
from pykube_core.objects import ApiObject

_OS: Final = "linux"


class Rejection(NamedTuple):
    """Why a node does not take on a pod."""

    reason: str
    message: str


class _Metadata(msgspec.Struct, gc=False):
    name: str
    uid: str
    labels: dict[str, str] = {}


class _NodeSpec(msgspec.Struct, gc=False):
    podCIDR: str = ""
    taints: list[KubeObject] = []


class _NodeCondition(msgspec.Struct, gc=False):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    lastHeartbeatTime: str = ""


class _Address(msgspec.Struct, gc=False):
    type: str = ""
    address: str = ""


class Image(msgspec.Struct, gc=False):
    """An image on a node, as the node's status lists it."""

    names: list[str] = []
    sizeBytes: int = 0


class _NodeStatus(msgspec.Struct, gc=False):
    allocatable: dict[str, str] = {}
    capacity: dict[str, str] = {}
    addresses: list[_Address] = []
    conditions: list[_NodeCondition] = []
    images: list[Image] = []


class NodeView(msgspec.Struct, gc=False):
    """A node as its kubelet reads it."""

    metadata: _Metadata
    spec: _NodeSpec = msgspec.field(default_factory=_NodeSpec)
    status: _NodeStatus = msgspec.field(default_factory=_NodeStatus)


class Node:
    """A node that the kubelet runs.

    Attributes
    ----------
    allocatable : dict
        In millicores of cpu and whole units of the rest, pods among it.
    free : dict
        The part that no pod has; less than nothing where a node has shrunk.
    images : dict
        By whole name, when the image is there, in nanoseconds; later than now while it is pulled.
    listed : dict
        By whole name, the image as the node's status lists it.
    agent_runs : bool
        The network's agent has run here: what it set up stays.
    network_up : bool
        Pods can have addresses.
    """

    __slots__ = (
        "address", "address_json", "agent_runs", "allocatable", "free", "images", "labels",
        "listed", "name", "network_up",
        "no_execute", "obj", "pod_cidr", "ports", "ready", "uid", "waiting",
    )  # fmt: skip

    def __init__(self, obj: ApiObject) -> None:
        self.allocatable: dict[str, int] = {}
        self.free: dict[str, int] = {}
        self.ports: dict[tuple[str, str, int], None] = {}
        self.images: dict[str, int] = {}
        self.listed: dict[str, KubeObject] = {}
        self.waiting: dict[bytes, None] = {}
        self.agent_runs = self.network_up = False
        self.ready = False
        self.read(obj, obj.view(NodeView))

    def has_image(self, share: Share, there_ns: int, size_bytes: int) -> None:
        """Say from when on a container's image is there."""
        self.images[share.image] = there_ns
        names = [share.image_id, share.image]
        self.listed[share.image] = {"names": names, "sizeBytes": size_bytes}

    def read(self, obj: ApiObject, view: NodeView) -> None:
        """Take over what others wrote."""
        self.obj = obj
        self.name, self.uid = view.metadata.name, view.metadata.uid
        self.labels = view.metadata.labels
        self.pod_cidr = view.spec.podCIDR
        self.no_execute = [t for t in view.spec.taints if t.get("effect") == "NoExecute"]
        internal = (a.address for a in view.status.addresses if a.type == "InternalIP")
        self.address = next(filter(is_address, internal), "")
        self.address_json = self.address.encode()
        amounts = quantities(view.status.allocatable or view.status.capacity)
        allocatable = {name: units(name, amount) for name, amount in amounts.items()}
        for name in self.allocatable | allocatable:
            more = allocatable.get(name, 0) - self.allocatable.get(name, 0)
            self.free[name] = self.free.get(name, 0) + more
        self.allocatable = allocatable
        for image in view.status.images:
            tags = [full_image(name) for name in image.names if "@" not in name]
            for tag in tags:
                self.images.setdefault(tag, 0)
            if tags and tags[0] not in self.listed:
                self.listed[tags[0]] = msgspec.to_builtins(image)

    def refusal(self, template: Template, *, static: bool) -> Rejection | None:
        """Return why the node does not take on a pod; None when it does."""
        if template.anywhere and not self.no_execute:
            return self._insufficient(template)
        return (
            _other_system(template)
            or self._insufficient(template)
            or self._mismatch(template)
            or (None if static else self._untolerated(template))
        )

    def _insufficient(self, template: Template) -> Rejection | None:
        free = self.free
        for name, amount in template.requests:
            left = free.get(name, 0)
            if amount > left and (name in self.allocatable or not is_extended(name)):
                there = self.allocatable.get(name, 0)
                return _out_of(name, amount, there - left, there)
        return None

    def _mismatch(self, template: Template) -> Rejection | None:
        labels = self.labels
        matches = template.selector.items() <= labels.items()
        if matches and template.affinity is not None:
            matches = template.affinity.matches(labels, self.name)
        if not matches:
            text = "node(s) didn't match Pod's node affinity/selector"
            return _predicate("NodeAffinity", text)
        for wanted in template.host_ports:
            if any(_same_port(wanted, taken) for taken in self.ports):
                text = "node(s) didn't have free ports for the requested pod ports"
                return _predicate("NodePorts", text)
        return None

    def _untolerated(self, template: Template) -> Rejection | None:
        tolerations = template.view.spec.tolerations
        for taint in self.no_execute:
            if not any(tolerates(toleration, taint) for toleration in tolerations):
                text = "node(s) had taints that the pod didn't tolerate"
                return _predicate("TaintToleration", text)
        return None

    def take(self, template: Template) -> None:
        """Count a pod."""
        free = self.free
        for name, amount in template.requests:
            free[name] = free.get(name, 0) - amount
        for port in template.host_ports:
            self.ports[port] = None

    def give_back(self, template: Template) -> None:
        """Count a pod no more."""
        for name, amount in template.requests:
            self.free[name] += amount
        for port in template.host_ports:
            self.ports.pop(port, None)


def _other_system(template: Template) -> Rejection | None:
    view = template.view
    if view.metadata.labels.get(OS_LABEL, _OS) != _OS:
        text = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"
        return Rejection("PodOSSelectorNodeLabelDoesNotMatch", text)
    if view.spec.os is not None and view.spec.os.name != _OS:
        text = "Failed to admit pod as the OS field doesn't match node OS"
        return Rejection("PodOSNotSupported", text)
    return None


def _out_of(name: str, requested: int, used: int, capacity: int) -> Rejection:
    text = (
        f"Node didn't have enough resource: {name}, requested: {requested}, used: {used}, "
        f"capacity: {capacity}"
    )
    return Rejection(f"OutOf{name}", text)


def _predicate(name: str, why: str) -> Rejection:
    return Rejection(name, f"Predicate {name} failed: {why}")


def _same_port(left: tuple[str, str, int], right: tuple[str, str, int]) -> bool:
    everywhere = "0.0.0.0" in (left[0], right[0])
    return left[1:] == right[1:] and (everywhere or left[0] == right[0])
