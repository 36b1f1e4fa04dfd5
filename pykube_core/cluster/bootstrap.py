"""The beginning of a cluster: its subnets, and kube-system as kubeadm makes it.

Source: ``k8s.io/kubernetes/cmd/kubeadm`` v1.34.1. Differences: no certificates, tokens, Services,
service accounts and roles.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence, Set
from importlib.resources import files
from string import Template
from typing import Final, get_args

from pykube_core.api.machinery.documents import read_documents
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.apiserver import ApiServer
from pykube_core.cluster.applying import apply_object
from pykube_core.cluster.machines import named_machines, register
from pykube_core.cluster.reading import read_manifests
from pykube_core.cluster.settings import Network, Settings, save_settings
from pykube_core.node.registration import Machine

_NODES: Final = 3
"""How many nodes a cluster has where nobody says it."""
NETWORK_AGENT: Final[Mapping[str, str]] = {"app": "flannel"}
"""The labels of the pods that make a node's network."""


def bootstrap(
    server: ApiServer,
    there: Set[str],
    nodes: int | Sequence[str | Machine] | None,
    master: str | Machine,
    *,
    seed: int,
    network: Network | None,
    now_ns: int,
) -> Settings:
    """Make a new cluster; done again from its start where it was interrupted.

    Parameters
    ----------
    server : ApiServer
    there : set of str
        The names of nodes that an interrupted start has created already.
    nodes, master, seed, network
        As for `Cluster`.
    now_ns : int
        The time.

    Returns
    -------
    Settings
        As they were written, last of all.

    Raises
    ------
    InputError
        The machines cannot be had, or there is no such network.
    """
    machines = named_machines(_NODES if nodes is None else nodes, master)
    if network not in (None, *get_args(Network)):
        raise InputError(f"network is one of {', '.join(get_args(Network))}, not {network}")
    server.bootstrap()
    cidr, mask_size = pod_subnets(len(machines))
    first = machines[0] if master else None
    settings = Settings(
        seed=seed,
        master=first.name if first else "",
        master_address=first.address if first else "",
        cluster_cidr=cidr,
        node_cidr_mask_size=mask_size,
        network=network or ("flannel" if master else "builtin"),
    )
    missing = [machine for machine in machines if machine.name not in there]
    register(server, missing, now_ns)
    apply_addons(server, settings)
    save_settings(server, settings)
    return settings


def pod_subnets(node_count: int) -> tuple[str, int]:
    """Return cluster CIDR and mask size of a node's part that hold so many nodes.

    Raises
    ------
    InputError
        More nodes than there are subnets of 126 pods in 10.0.0.0/8.
    """
    for cidr, mask_size in (("10.244.0.0/16", 24), ("10.0.0.0/8", 24), ("10.0.0.0/8", 25)):
        if node_count <= 2 ** (mask_size - ipaddress.ip_network(cidr).prefixlen):
            return cidr, mask_size
    raise InputError(f"{node_count} nodes are more than 10.0.0.0/8 has subnets for")


def static_pods(settings: Settings) -> dict[str, Sequence[KubeObject]]:
    """Return the manifests that the kubelet of each node finds on its disk."""
    if not settings.master:
        return {}
    return {settings.master: _documents("control-plane.yaml", settings)}


def flannel(settings: Settings) -> str:
    """Return the manifest of flannel, as ``kubectl apply`` takes it."""
    return _text("kube-flannel.yaml", settings)


def apply_addons(server: ApiServer, settings: Settings) -> None:
    """Apply what kubeadm adds to a new master, and flannel where the settings ask for it."""
    text = _text("addons.yaml", settings) if settings.master else ""
    if settings.network == "flannel":
        text += "\n---\n" + flannel(settings)
    objects, _ = read_manifests(text, server.registry) if text else ([], [])
    for resource, obj in objects:
        apply_object(server, resource, obj)


def _documents(name: str, settings: Settings) -> list[KubeObject]:
    return list(read_documents(name, _text(name, settings).encode()))


def _text(name: str, settings: Settings) -> str:
    text = files("pykube_core.cluster").joinpath("manifests", name).read_text()
    return Template(text).substitute(
        node=settings.master,
        address=settings.master_address,
        cluster_cidr=settings.cluster_cidr,
        node_cidr_mask_size=settings.node_cidr_mask_size,
    )
