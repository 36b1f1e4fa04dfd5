"""What a cluster begins with: its settings, and kube-system as kubeadm makes it.

Source: ``k8s.io/kubernetes/cmd/kubeadm`` v1.34.1. Differences: no certificates, tokens, Services,
service accounts and roles.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Final, Literal

import msgspec

from pykube_core.api.builtin import CONFIG_MAPS
from pykube_core.api.errors import InputError
from pykube_core.api.objects import KubeObject
from pykube_core.api.yaml_documents import read_documents
from pykube_core.apiserver import ApiServer
from pykube_core.cluster.applying import apply_object
from pykube_core.cluster.reading import read_manifests
from pykube_core.store import StoreLike

Network = Literal["builtin", "flannel", "none"]

SYSTEM: Final = "kube-system"
CONTROL_PLANE_LABEL: Final = "node-role.kubernetes.io/control-plane"
NETWORK_AGENT: Final[Mapping[str, str]] = {"app": "flannel"}
"""The labels of the pods that make a node's network."""

_SETTINGS: Final = "pykube-settings"
_SETTINGS_FIELD: Final = "settings.json"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a cluster is, once and for all; kept in a ConfigMap of kube-system.

    Attributes
    ----------
    seed : int
        Of all that is left to chance.
    master, master_address : str
        The node that the control plane runs on; "" when it runs by itself.
    cluster_cidr : str
        Where pods have their addresses from.
    node_cidr_mask_size : int
        The size of one node's part of it.
    network : str
        "builtin": pods have addresses as soon as their node has a subnet. "flannel": once flannel
        runs there, which is applied from the start. "none": once flannel runs, which somebody
        applies.
    """

    seed: int
    master: str
    master_address: str
    cluster_cidr: str
    node_cidr_mask_size: int
    network: Network


class _SettingsView(msgspec.Struct):
    data: dict[str, str]


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


def load_settings(store: StoreLike) -> Settings | None:
    """Return the settings of the cluster that a store holds; None when it holds none."""
    held = store.get(CONFIG_MAPS.key(SYSTEM, _SETTINGS))
    if held is None:
        return None
    try:
        data = msgspec.json.decode(held.value, type=_SettingsView).data
        return msgspec.json.decode(data[_SETTINGS_FIELD], type=Settings)
    except (KeyError, msgspec.DecodeError) as error:
        where, field = f"ConfigMap {SYSTEM}/{_SETTINGS}", f"data[{_SETTINGS_FIELD}]"
        reason = f"not the settings of a cluster: {error}"
        raise InputError(reason, object=where, field=field) from None


def save_settings(server: ApiServer, settings: Settings) -> None:
    """Keep the settings of a new cluster."""
    data = {_SETTINGS_FIELD: msgspec.json.encode(settings).decode()}
    server.create(CONFIG_MAPS, {"metadata": {"name": _SETTINGS}, "data": data}, SYSTEM)


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
    for resource, obj in read_manifests(text, server.registry) if text else ():
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
