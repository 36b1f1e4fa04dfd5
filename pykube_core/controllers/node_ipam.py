"""Node IPAM: every node gets a subnet of the cluster's range for its pods.

Source: ``k8s.io/kubernetes/pkg/controller/nodeipam/ipam`` (range_allocator.go, cidrset/cidr_set.go)
v1.36. Differences: one range, not two; the lowest subnet that is free is taken, not the next one
behind the last; a node that finds none waits until one is free, and is not tried again before.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

import msgspec

from pykube_core.api.core import NODES
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.client import Client
from pykube_core.client.informers import Change, Deleted, SharedInformer
from pykube_core.client.recorder import NORMAL, EventText, Reference
from pykube_core.controllers.controller import Controller, Note
from pykube_core.objects import ApiObject


class _Spec(msgspec.Struct, gc=False):
    podCIDR: str = ""
    podCIDRs: list[str] = []


class _View(msgspec.Struct, gc=False):
    spec: _Spec = msgspec.field(default_factory=_Spec)


class CidrSet:
    """The subnets of one size in a range; each may be taken several times.

    Parameters
    ----------
    cluster_cidr : str
        The range.
    mask_size : int
        The length of a subnet's prefix.

    Raises
    ------
    ValueError
        The range is none, has host bits set, or is smaller than a subnet.
    """

    def __init__(self, cluster_cidr: str, mask_size: int) -> None:
        self._range: IPv4Network | IPv6Network = ip_network(cluster_cidr)
        self._mask_size = mask_size
        spare = mask_size - self._range.prefixlen
        if spare < 0 or mask_size > self._range.max_prefixlen:
            raise ValueError(f"{cluster_cidr} has no subnets of /{mask_size}")
        self.count = 1 << spare
        self._step = 1 << (self._range.max_prefixlen - mask_size)
        self._taken: dict[int, int] = {}
        self._lowest = 0

    def occupy(self, cidr: str) -> None:
        """Take the subnets that a network touches; none when it lies outside."""
        for index in self._indices(cidr):
            self._taken[index] = self._taken.get(index, 0) + 1

    def release(self, cidr: str) -> None:
        """Give back what was taken."""
        for index in self._indices(cidr):
            left = self._taken.get(index, 0) - 1
            if left > 0:
                self._taken[index] = left
            else:
                self._taken.pop(index, None)
                self._lowest = min(self._lowest, index)

    def take(self) -> str | None:
        """Take the lowest subnet that is free; None when there is none."""
        while self._lowest in self._taken:
            self._lowest += 1
        if self._lowest >= self.count:
            return None
        self._taken[self._lowest] = 1
        address = self._range.network_address + self._lowest * self._step
        return f"{address}/{self._mask_size}"

    def _indices(self, cidr: str) -> range:
        try:
            network = ip_network(cidr, strict=False)
        except ValueError:
            return range(0)
        if network.version != self._range.version:
            return range(0)
        base = int(self._range.network_address)
        first = (int(network.network_address) - base) // self._step
        last = (int(network.broadcast_address) - base) // self._step
        return range(max(first, 0), min(last + 1, self.count))


class NodeIpamController(Controller):
    """The node IPAM controller, with upstream's range allocator.

    Parameters
    ----------
    cluster_cidr : str
        The range of all pods.
    node_cidr_mask_size : int
        The length of the prefix of a node's subnet.

    Raises
    ------
    ValueError
        See `CidrSet`.
    """

    name = "node-ipam-controller"
    component = "cidrAllocator"

    def __init__(
        self,
        client: Client,
        log: SharedInformer,
        *,
        cluster_cidr: str = "10.244.0.0/16",
        node_cidr_mask_size: int = 24,
    ) -> None:
        super().__init__(client, log, (NODES,))
        self._free = CidrSet(cluster_cidr, node_cidr_mask_size)
        self._held: dict[str, list[str]] = {}
        self._waiting: dict[str, None] = {}

    def _note_of(self, resource: Resource) -> Note:
        return self._note

    def _note(self, change: Change, now_ns: int) -> None:
        obj = change.object
        name = obj.name
        if type(change) is Deleted:
            self._waiting.pop(name, None)
            self._queue.remove(name)
            self._keep(name, [])
            return
        view = obj.view(_View)
        cidrs = view.spec.podCIDRs or ([view.spec.podCIDR] if view.spec.podCIDR else [])
        if cidrs:
            self._keep(name, cidrs)
        elif name not in self._waiting:
            self._queue.add(name)

    def _keep(self, name: str, cidrs: list[str]) -> None:
        """Take in what a node has; what becomes free goes to those that wait."""
        held = self._held.pop(name, [])
        if cidrs:
            self._held[name] = cidrs
        if held == cidrs:
            return
        for cidr in cidrs:
            self._free.occupy(cidr)
        for cidr in held:
            self._free.release(cidr)
        if held:
            for waiting in self._waiting:
                self._queue.add(waiting)
            self._waiting = {}

    def _work(self, keys: list[str], now_ns: int) -> None:
        """Give nodes their subnets, all in one batch."""
        batch: list[ApiObject] = []
        for name in keys:
            obj = self._log.get(NODES, name)
            if obj is None:
                continue
            if name not in self._held:
                cidr = self._free.take()
                if cidr is None:
                    self._refuse(obj)
                    continue
                self._held[name] = [cidr]
            batch.append(_with_cidr(obj, self._held[name][0]))
        if not batch:
            return
        for obj, outcome in zip(batch, self._client.batch.put(batch), strict=True):
            if isinstance(outcome, ApiObject):
                self._wrote(outcome)
                self._queue.succeed(obj.name)
            else:
                self._queue.retry(obj.name, now_ns)

    def _refuse(self, obj: ApiObject) -> None:
        self._waiting[obj.name] = None
        regarding = Reference(NODES, "", obj.name, obj.uid)
        message = f"Node {obj.name} status is now: CIDRNotAvailable"
        self._events.record(regarding, EventText(NORMAL, "CIDRNotAvailable", message))


def _with_cidr(obj: ApiObject, cidr: str) -> ApiObject:
    """Return a node with its subnet."""
    spec: KubeObject = msgspec.json.decode(obj.body.spec or b"{}")
    return obj.with_members(spec=spec | {"podCIDR": cidr, "podCIDRs": [cidr]})
