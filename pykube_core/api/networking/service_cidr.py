"""Ranges that services get their addresses from."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.object_meta import validate_create, validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def prepare_service_cidr(cidr: KubeObject) -> None:
    """Give a new range its first status, in place."""
    cidr["status"] = {}


def service_cidr_cells(cidr: KubeObject, now_ns: int) -> list[Json]:
    """Return a range's cells."""
    return [name_of(cidr), ",".join(cidr.get("spec", {}).get("cidrs", ())), age(cidr, now_ns)]


SERVICE_CIDRS: Final = Resource(
    kind="ServiceCIDR",
    plural="servicecidrs",
    group="networking.k8s.io",
    namespaced=False,
    prepare=prepare_service_cidr,
    validate=validate_of_cluster,
    validate_create=validate_create,
    has_status=True,
    columns=(NAME, *strings("CIDRs"), AGE),
    cells=service_cidr_cells,
)
