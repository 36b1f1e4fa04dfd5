"""The machines of a cluster, and how they join it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence, Set
from dataclasses import replace
from typing import Final

from pykube_core.api.core import NODES
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.apiserver import ApiServer
from pykube_core.cluster.settings import Settings
from pykube_core.node.registration import Machine, node_of

CONTROL_PLANE_LABEL: Final = "node-role.kubernetes.io/control-plane"
_FIRST_ADDRESS: Final = int(ipaddress.ip_address("172.20.0.2"))
_ADDRESSES_MAX: Final = 2**18
_TAINT: Final[KubeObject] = {"key": CONTROL_PLANE_LABEL, "effect": "NoSchedule"}
_BALANCERS_LABEL: Final = "node.kubernetes.io/exclude-from-external-load-balancers"


def name_of_machine(machine: str | Machine) -> str:
    """Return the name of a machine that may be given by its name alone."""
    return machine if isinstance(machine, str) else machine.name


def named_machines(
    nodes: int | Sequence[str | Machine], master: str | Machine = "", taken: int = 0
) -> list[Machine]:
    """Return what is meant by a number of nodes, or by names; the master comes first.

    Machines that have no address get one of 172.20.0.2 and on, by their place; nodes that are only
    counted are called ``host1`` and on.

    Parameters
    ----------
    taken : int
        How many machines there are already.

    Raises
    ------
    InputError
        There are less than none or too many, or a name or an address is given twice.
    """
    if isinstance(nodes, str):
        raise InputError(f'nodes are a number or a list of names, not "{nodes}"')
    if isinstance(nodes, int) and nodes < 0:
        raise InputError(f"{nodes} is no number of nodes")
    hosts = [f"host{at + 1}" for at in range(nodes)] if isinstance(nodes, int) else [*nodes]
    machines = [_as_master(_machine(master, taken))] if master else []
    for host in hosts:
        machines.append(_machine(host, taken + len(machines)))
    for what in ("name", "address"):
        values = [getattr(machine, what) for machine in machines]
        if len(set(values)) < len(values):
            twice = next(value for value in values if values.count(value) > 1)
            raise InputError(f"two machines have the {what} {twice}")
    return machines


def _machine(given: str | Machine, index: int) -> Machine:
    machine = Machine(name=given) if isinstance(given, str) else given
    if machine.address:
        return machine
    if index >= _ADDRESSES_MAX:
        raise InputError(f"more than {_ADDRESSES_MAX} machines: give them addresses")
    return replace(machine, address=str(ipaddress.ip_address(_FIRST_ADDRESS + index)))


def _as_master(machine: Machine) -> Machine:
    """Return a machine with the labels and the taint that kubeadm gives to a control plane."""
    labels = {**machine.labels, CONTROL_PLANE_LABEL: "", _BALANCERS_LABEL: ""}
    return replace(machine, labels=labels, taints=(*machine.taints, _TAINT))


def register(server: ApiServer, machines: Sequence[Machine], now_ns: int) -> None:
    """Create the Nodes of machines, as their kubelets register them.

    Raises
    ------
    StatusError
        409: a name is taken. 422: a machine's name, labels or taints break rules.
    """
    for machine in machines:
        server.create(NODES, node_of(machine, now_ns))


def check_same(
    held: Settings,
    there: Set[str],
    nodes: int | Sequence[str | Machine] | None,
    master: str | Machine,
) -> None:
    """Refuse machines that a cluster in a store does not have.

    Parameters
    ----------
    held : Settings
        Of that cluster.
    there : set of str
        The names of its nodes.
    nodes, master
        As for `Cluster`.

    Raises
    ------
    InputError
        It has another master, or not all of these nodes.
    """
    wanted = name_of_machine(master) if master else held.master
    if wanted != held.master:
        has = f"master {held.master}" if held.master else "no master"
        raise InputError(
            f"the store holds a cluster with {has}: leave master out, or take another store"
        )
    for node in () if nodes is None or isinstance(nodes, int) else nodes:
        if name_of_machine(node) not in there:
            raise InputError(
                f"the store holds a cluster without node {name_of_machine(node)}: leave it "
                "out, and let it join"
            )
