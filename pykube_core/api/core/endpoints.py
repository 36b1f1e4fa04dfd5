"""Endpoints of services, as they were before endpoint slices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, NONE, age, first_of, strings
from pykube_core.api.machinery.object_meta import validate_create, validate_namespaced
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def default_endpoints(endpoints: KubeObject) -> None:
    """Fill in the protocols of ports, in place."""
    for subset in endpoints.get("subsets", ()):
        for port in subset.get("ports", ()):
            port.setdefault("protocol", "TCP")


def endpoints_cells(endpoints: KubeObject, now_ns: int) -> list[Json]:
    """Return the cells of endpoints."""
    subsets = endpoints.get("subsets", ())
    text = first_of(_addresses(subsets)) if subsets else NONE
    return [name_of(endpoints), text, age(endpoints, now_ns)]


def _addresses(subsets: list[KubeObject]) -> Iterator[str]:
    for subset in subsets:
        ips = [address.get("ip", "") for address in subset.get("addresses", ())]
        ports = subset.get("ports", ())
        if not ports:
            yield from ips
        for port in ports:
            number = port.get("port", 0)
            yield from (f"[{ip}]:{number}" if ":" in ip else f"{ip}:{number}" for ip in ips)


ENDPOINTS: Final = Resource(
    kind="Endpoints",
    plural="endpoints",
    short_names=("ep",),
    stored_as="services/endpoints",
    default=default_endpoints,
    validate=validate_namespaced,
    validate_create=validate_create,
    create_on_update=True,
    columns=(NAME, *strings("Endpoints"), AGE),
    cells=endpoints_cells,
)
