"""Addresses that services have."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import NAME, NONE, strings
from pykube_core.api.machinery.object_meta import validate_create, validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def ip_address_cells(address: KubeObject, now_ns: int) -> list[Json]:
    """Return an address's cells."""
    parent, text = address.get("spec", {}).get("parentRef"), NONE
    if parent is not None:
        group = f".{parent['group']}" if parent.get("group") else ""
        parts = [f"{parent.get('resource', '')}{group}".lower(), parent.get("namespace", "")]
        text = "/".join([*filter(None, parts), parent.get("name", "")])
    return [name_of(address), text]


IP_ADDRESSES: Final = Resource(
    kind="IPAddress",
    plural="ipaddresses",
    group="networking.k8s.io",
    short_names=("ip",),
    namespaced=False,
    validate=validate_of_cluster,
    validate_create=validate_create,
    columns=(NAME, *strings("ParentRef")),
    cells=ip_address_cells,
)
