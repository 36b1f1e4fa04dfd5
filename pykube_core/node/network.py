"""The pod network: one subnet a node, one address a pod.

Source: ``github.com/containernetworking/plugins/plugins/ipam/host-local/backend/allocator`` v1.7
(order of addresses) and flannel's CNI plugin (a node has a network once its agent runs there).
Difference: what was reserved last is known from the pods that are there, not from a file.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final

import msgspec

AGENT_NAMESPACES: Final = ("kube-flannel", "kube-system")
NOT_READY_MESSAGE: Final = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)

_OCTETS: Final = tuple(map(str, range(256)))


def is_address(text: str) -> bool:
    """Say whether a text that others wrote is an address, and no more than that."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # A zone may be anything.


class NetworkError(Exception):
    """An address cannot be had."""


class Subnet(msgspec.Struct):
    """The addresses of one node, as integers.

    Attributes
    ----------
    first, last : int
        The first and the last address that a pod may have; .1 is the bridge, which is not among
        them, nor are network and broadcast address.
    previous : int
        The address that was reserved last; ``held_since_ns`` is when, of those read back.
    """

    first: int
    last: int
    previous: int
    held_since_ns: int = 0
    taken: dict[int, None] = {}


class PodNetwork:
    """Addresses for pods.

    Parameters
    ----------
    agent : mapping of str to str, optional
        Labels of the pods that make the network on their node, such as flannel's; a node's network
        is up from the moment that such a pod's containers run there. Without it, the network is up
        as soon as the node has a subnet.
    agent_namespaces : tuple of str
        Where these pods are.
    """

    def __init__(
        self,
        *,
        agent: Mapping[str, str] | None = None,
        agent_namespaces: tuple[str, ...] = AGENT_NAMESPACES,
    ) -> None:
        self._agent = None if agent is None else dict(agent)
        self._agent_namespaces = agent_namespaces
        self._subnets: dict[str, Subnet] = {}

    @property
    def needs_agent(self) -> bool:
        """Whether a node's network waits for a pod."""
        return self._agent is not None

    def is_agent(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Say whether a pod makes the network on its node."""
        if self._agent is None or namespace not in self._agent_namespaces:
            return False
        return self._agent.items() <= labels.items()

    def reserve(self, pod_cidr: str) -> str:
        """Return the next free address of a subnet behind the one reserved last.

        Raises
        ------
        NetworkError
            All are taken; in host-local's words.
        """
        subnet = self._subnet(pod_cidr)
        taken, address = subnet.taken, subnet.previous
        if len(taken) > subnet.last - subnet.first:
            raise NetworkError(
                "no IP addresses available in range set: "
                f"{_text(subnet.first - 1)}-{_text(subnet.last)}"
            )
        while True:
            address = address + 1 if address < subnet.last else subnet.first
            if address not in taken:
                break
        taken[address] = None
        subnet.previous = address
        return _text(address)

    def hold(self, pod_cidr: str, address: str, since_ns: int, *, in_use: bool = True) -> None:
        """Take an address that a pod has already; the youngest pod's was reserved last.

        An address outside the subnet is not this network's.
        """
        if not pod_cidr:
            return
        subnet, number = self._subnet(pod_cidr), _number(address)
        if not subnet.first <= number <= subnet.last:
            return
        if in_use:
            subnet.taken[number] = None
        # Of pods of one second, the higher address is the later one, but where they wrap.
        if (since_ns, number) >= (subnet.held_since_ns, subnet.previous):
            subnet.previous, subnet.held_since_ns = number, since_ns

    def release(self, pod_cidr: str, address: str) -> None:
        """Give an address back."""
        if pod_cidr:
            self._subnet(pod_cidr).taken.pop(_number(address), None)

    def _subnet(self, pod_cidr: str) -> Subnet:
        subnet = self._subnets.get(pod_cidr)
        if subnet is None:
            address, _, length = pod_cidr.partition("/")
            bits = 128 if ":" in address else 32
            network = _number(address) >> (bits - int(length)) << (bits - int(length))
            last = network + (1 << (bits - int(length))) - 1 - (bits == 32)
            subnet = self._subnets[pod_cidr] = Subnet(network + 2, last, network + 1)
        return subnet


def _text(address: int) -> str:
    if address < 2**32:
        return (
            f"{_OCTETS[address >> 24]}.{_OCTETS[address >> 16 & 255]}."
            f"{_OCTETS[address >> 8 & 255]}.{_OCTETS[address & 255]}"
        )
    return str(ipaddress.ip_address(address))


def _number(address: str) -> int:
    parts = address.split(".")
    if len(parts) == 4:
        return int(parts[0]) << 24 | int(parts[1]) << 16 | int(parts[2]) << 8 | int(parts[3])
    return int(ipaddress.ip_address(address))
