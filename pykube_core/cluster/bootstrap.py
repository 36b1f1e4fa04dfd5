"""What a cluster begins with: its subnets, and kube-system as kubeadm makes it.

Source: ``k8s.io/kubernetes/cmd/kubeadm`` v1.34.1. Differences: no certificates, tokens, Services,
service accounts and roles.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Final

from pykube_core.api.machinery.documents import read_documents
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.apiserver import ApiServer
from pykube_core.cluster.applying import apply_object
from pykube_core.cluster.reading import read_manifests
from pykube_core.cluster.settings import Settings

CONTROL_PLANE_LABEL: Final = "node-role.kubernetes.io/control-plane"
NETWORK_AGENT: Final[Mapping[str, str]] = {"app": "flannel"}
"""The labels of the pods that make a node's network."""


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
