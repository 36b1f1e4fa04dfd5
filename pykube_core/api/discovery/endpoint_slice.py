"""Endpoint slices."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, UNSET, age, first_of, strings
from pykube_core.api.machinery.field_errors import IMMUTABLE, FieldError, invalid, not_supported
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_ADDRESS_TYPES: Final = ("FQDN", "IPv4", "IPv6")


def default_endpoint_slice(endpoint_slice: KubeObject) -> None:
    """Fill in the names and the protocols of a slice's ports, in place."""
    for endpoint in endpoint_slice.get("endpoints") or ():
        endpoint.setdefault("conditions", {})
    for port in endpoint_slice.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def validate_endpoint_slice(endpoint_slice: KubeObject) -> list[FieldError]:
    """Check a slice's type of addresses."""
    errors, kind = validate_metadata(endpoint_slice), endpoint_slice.get("addressType", "")
    if kind not in _ADDRESS_TYPES:
        errors.append(not_supported("addressType", kind, _ADDRESS_TYPES))
    return errors


def validate_endpoint_slice_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another type of addresses."""
    kind = new.get("addressType", "")
    return [] if kind == old.get("addressType") else [invalid("addressType", kind, IMMUTABLE)]


def endpoint_slice_cells(endpoint_slice: KubeObject, now_ns: int) -> list[Json]:
    """Return a slice's cells."""
    ports = (
        str(port.get("port", port.get("name", "*"))) for port in endpoint_slice.get("ports") or ()
    )
    addresses = (
        address
        for endpoint in endpoint_slice.get("endpoints") or ()
        for address in endpoint.get("addresses") or ()
    )
    return [
        name_of(endpoint_slice),
        endpoint_slice.get("addressType", ""),
        first_of(ports) or UNSET,
        first_of(addresses) or UNSET,
        age(endpoint_slice, now_ns),
    ]


ENDPOINT_SLICES: Final = Resource(
    kind="EndpointSlice",
    plural="endpointslices",
    group="discovery.k8s.io",
    default=default_endpoint_slice,
    validate=validate_endpoint_slice,
    validate_create=validate_create,
    validate_update=validate_endpoint_slice_update,
    counts_generations=True,
    columns=(NAME, *strings("AddressType", "Ports", "Endpoints"), AGE),
    cells=endpoint_slice_cells,
)
