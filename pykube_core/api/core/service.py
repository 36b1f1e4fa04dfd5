"""Services; who gives them addresses is a matter of its own."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.service_validation import (
    is_externally_accessible,
    validate_service,
    validate_service_update,
    validate_snapshot_service,
)
from pykube_core.api.machinery.columns import AGE, NAME, NONE, age, label_text, strings, wide
from pykube_core.api.machinery.object_meta import validate_create
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, SnapshotRules, nothing, proxy, selectable

_AFFINITY_SECONDS: Final = 10800
_ADDRESS_WIDTH: Final = 16


def default_service(service: KubeObject) -> None:
    """Fill in a service's defaults, in place."""
    spec = service.setdefault("spec", {})
    affinity = spec.setdefault("sessionAffinity", "None")
    if affinity == "None":
        spec.pop("sessionAffinityConfig", None)
    elif affinity == "ClientIP":
        held = spec.get("sessionAffinityConfig", {}).get("clientIP", {})
        if "timeoutSeconds" not in held:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": _AFFINITY_SECONDS}}
    kind = spec.setdefault("type", "ClusterIP")
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    if is_externally_accessible(spec):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind in ("ClusterIP", "NodePort", "LoadBalancer"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        for ingress in service.get("status", {}).get("loadBalancer", {}).get("ingress", ()):
            if ingress.get("ip"):
                ingress.setdefault("ipMode", "VIP")


def prepare_service(service: KubeObject) -> None:
    """Give a new service its first status, and its one address where all are, in place."""
    service["status"] = {"loadBalancer": {}}
    spec = service["spec"]
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]


def prepare_service_update(service: KubeObject, old: KubeObject) -> None:
    """Keep a service's addresses where an update names none, in place."""
    spec, was = service["spec"], old.get("spec", {})
    one, before = spec.get("clusterIP", ""), was.get("clusterIP", "")
    if "ExternalName" in (spec["type"], was.get("type")):
        if one and not spec.get("clusterIPs"):
            spec["clusterIPs"] = [one]
        return
    if not one and not spec.get("clusterIPs"):
        for field in ("clusterIP", "clusterIPs"):
            if field in was:
                spec[field] = was[field]
    elif one and one != before and spec.get("clusterIPs") == was.get("clusterIPs"):
        spec["clusterIPs"] = [one]
    elif one and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [one]
    for field in ("ipFamilies", "ipFamilyPolicy"):
        if field in was:
            spec.setdefault(field, was[field])


def service_cells(service: KubeObject, now_ns: int) -> list[Json]:
    """Return a service's cells."""
    spec = service.get("spec", {})
    ports = [
        f"{port.get('port', 0)}:{port['nodePort']}/{port.get('protocol', '')}"
        if port.get("nodePort")
        else f"{port.get('port', 0)}/{port.get('protocol', '')}"
        for port in spec.get("ports", ())
    ]
    return [
        name_of(service),
        spec.get("type", ""),
        (spec.get("clusterIPs") or [NONE])[0],
        _external_address(service),
        ",".join(ports) or NONE,
        age(service, now_ns),
        label_text(spec.get("selector")),
    ]


def _external_address(service: KubeObject) -> str:
    spec = service.get("spec", {})
    given: list[str] = spec.get("externalIPs", [])
    match spec.get("type"):
        case "ClusterIP" | "NodePort":
            return ",".join(given) or NONE
        case "LoadBalancer":
            balanced = load_balancer_text(service)
            return ",".join([*([balanced] if balanced else []), *given]) or "<pending>"
        case "ExternalName":
            return str(spec.get("externalName", ""))
    return "<unknown>"


def load_balancer_text(obj: KubeObject) -> str:
    """Return the addresses of a load balancer in one cell, of the object that it serves."""
    ingress = obj.get("status", {}).get("loadBalancer", {}).get("ingress", ())
    text = ",".join(sorted({i.get("ip") or i.get("hostname", "") for i in ingress} - {""}))
    return text if len(text) <= _ADDRESS_WIDTH else text[: _ADDRESS_WIDTH - 3] + "..."


SERVICES: Final = Resource(
    kind="Service",
    plural="services",
    short_names=("svc",),
    categories=("all",),
    stored_as="services/specs",
    default=default_service,
    prepare=prepare_service,
    prepare_update=prepare_service_update,
    validate=validate_service,
    validate_create=validate_create,
    validate_update=validate_service_update,
    has_status=True,
    create_on_update=True,
    answers_with_object=True,
    columns=(
        NAME,
        *strings("Type", "Cluster-IP", "External-IP", "Port(s)"),
        AGE,
        *wide("Selector"),
    ),
    cells=service_cells,
    fields=selectable("spec.clusterIP", "spec.type"),
    subresources=(proxy("ServiceProxyOptions"),),
    lister="services",
    snapshot=SnapshotRules(default=nothing, validate=validate_snapshot_service),
)
