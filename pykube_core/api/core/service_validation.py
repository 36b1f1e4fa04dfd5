"""Rules of services.

Source: ``k8s.io/kubernetes/pkg/apis/core/validation`` v1.37.2. Differences: addresses, families and
ports that the API server gives out are not asked for; the ranges of sources are not checked.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.ip_addresses import validate_endpoint_ip, validate_ip
from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import (
    IMMUTABLE,
    FieldError,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from pykube_core.api.machinery.object_meta import validate_labels, validate_metadata
from pykube_core.api.machinery.objects import KubeObject

_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_EXTERNAL_TYPES: Final = ("NodePort", "LoadBalancer")
_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_AFFINITIES: Final = ("ClientIP", "None")
_POLICIES: Final = ("Cluster", "Local")
_FAMILIES: Final = ("IPv4", "IPv6")
_FAMILY_POLICIES: Final = ("PreferDualStack", "RequireDualStack", "SingleStack")
_DISTRIBUTIONS: Final = ("PreferClose", "PreferSameZone", "PreferSameNode")
_AFFINITY_SECONDS_MAX: Final = 86400
_HEADLESS: Final = ["None"]
_CHANGED: Final = "may not change once set"


def is_externally_accessible(spec: KubeObject) -> bool:
    """Say whether a service can be reached from outside the cluster."""
    kind = spec.get("type")
    return kind in _EXTERNAL_TYPES or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def _is_headless(spec: KubeObject) -> bool:
    return bool(spec.get("clusterIPs") == _HEADLESS)


def validate_snapshot_service(service: KubeObject) -> list[FieldError]:
    """Check a service's name and selector."""
    errors = validate_metadata(service, names.dns_1035_label)
    return errors + validate_labels((service.get("spec") or {}).get("selector"), "spec.selector")


def validate_service(service: KubeObject) -> list[FieldError]:
    """Check a service."""
    errors, spec = validate_metadata(service, names.dns_label), service["spec"]
    kind, ports = spec["type"], spec.get("ports", [])
    headless = _is_headless(spec)
    if not ports and not headless and kind != "ExternalName":
        errors.append(required("spec.ports"))
    if headless and kind in _EXTERNAL_TYPES:
        detail = f"may not be set to 'None' for {kind} services"
        errors.append(invalid("spec.clusterIPs[0]", "None", detail))
    if kind == "ExternalName":
        errors += _validate_external_name(spec)
    taken: set[str] = set()
    for index, port in enumerate(ports):
        errors += _validate_port(port, len(ports) > 1, taken, f"spec.ports[{index}]")
    errors += validate_labels(spec.get("selector"), "spec.selector")
    errors += _validate_affinity(spec)
    if kind != "ExternalName":
        errors += _validate_addresses(spec)
    for index, ip in enumerate(spec.get("externalIPs", ())):
        path = f"spec.externalIPs[{index}]"
        errors += validate_ip(ip, path) or validate_endpoint_ip(ip, path)
    if kind not in _TYPES:
        errors.append(not_supported("spec.type", kind, _TYPES))
    errors += _validate_port_pairs(kind, ports)
    return errors + _validate_balancer(spec) + _validate_traffic(spec)


def _validate_external_name(spec: KubeObject) -> list[FieldError]:
    detail = "may not be set for ExternalName services"
    fields = ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
    errors = [forbidden(f"spec.{field}", detail) for field in fields if spec.get(field)]
    path, name = "spec.externalName", spec.get("externalName", "").removesuffix(".")
    if not name:
        return [*errors, required(path)]
    return errors + invalid_each(path, name, names.dns_subdomain(name))


def _validate_port(port: KubeObject, named: bool, taken: set[str], path: str) -> list[FieldError]:
    name, number, protocol = port.get("name", ""), port.get("port", 0), port["protocol"]
    errors: list[FieldError] = []
    if name:
        errors += invalid_each(f"{path}.name", name, names.dns_label(name))
        if name in taken:
            errors.append(duplicate(f"{path}.name", name))
        taken.add(name)
    elif named:
        errors.append(required(f"{path}.name"))
    errors += [invalid(f"{path}.port", number, text) for text in names.port_number(number)]
    if protocol not in _PROTOCOLS:
        errors.append(not_supported(f"{path}.protocol", protocol, _PROTOCOLS))
    target = port["targetPort"]
    wrong = names.port_name(target) if isinstance(target, str) else names.port_number(target)
    errors += [invalid(f"{path}.targetPort", target, text) for text in wrong]
    application = port.get("appProtocol")
    if application is not None:
        complaints = names.qualified_name(application)
        errors += invalid_each(f"{path}.appProtocol", application, complaints)
    return errors


def _validate_affinity(spec: KubeObject) -> list[FieldError]:
    affinity = spec["sessionAffinity"]
    if affinity not in _AFFINITIES:
        return [not_supported("spec.sessionAffinity", affinity, _AFFINITIES)]
    if affinity == "None":
        return []
    seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
    if 0 < seconds <= _AFFINITY_SECONDS_MAX:
        return []
    path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
    detail = f"must be greater than 0 and less than {_AFFINITY_SECONDS_MAX}"
    return [invalid(path, seconds, detail)]


def _validate_addresses(spec: KubeObject) -> list[FieldError]:
    path, first, held = "spec.clusterIPs", spec.get("clusterIP", ""), spec.get("clusterIPs", [])
    errors: list[FieldError] = []
    if first and not held:
        errors.append(required(path))
    elif first and held[0] != first:
        errors.append(invalid(path, held, "first value must match `clusterIP`"))
    elif held and not first:
        errors.append(invalid(path, held, "must be empty when `clusterIP` is not specified"))
    families = spec.get("ipFamilies", [])
    for index, family in enumerate(families):
        here = f"spec.ipFamilies[{index}]"
        if family not in _FAMILIES:
            errors.append(not_supported(here, family, _FAMILIES))
        if family in families[:index]:
            errors.append(duplicate(here, family))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _FAMILY_POLICIES:
        errors.append(not_supported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES))
    wrong: list[FieldError] = []
    for index, ip in enumerate(held):
        if index == 0 and ip == "None":
            if len(held) > 1:
                wrong.append(invalid(path, held, "'None' must be the first and only value"))
        else:
            wrong += validate_ip(ip, f"{path}[{index}]")
    errors += wrong
    if len(held) > 2:
        errors.append(invalid(path, held, "may only hold up to 2 values"))
    if wrong:
        return errors
    if len(held) > 1 and len({":" in ip for ip in held}) == 1:
        detail = "may specify no more than one IP for each IP family"
        errors.append(invalid(path, held, detail))
    if _is_headless(spec):
        return errors
    for index, (ip, family) in enumerate(zip(held, families, strict=False)):
        if family in _FAMILIES and (family == "IPv6") != (":" in ip):
            detail = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            errors.append(invalid(f"{path}[{index}]", ip, detail))
    return errors


def _validate_port_pairs(kind: str, ports: list[KubeObject]) -> list[FieldError]:
    errors: list[FieldError] = []
    if kind == "ClusterIP":
        detail = "may not be used when `type` is 'ClusterIP'"
        errors += [
            forbidden(f"spec.ports[{index}].nodePort", detail)
            for index, port in enumerate(ports)
            if port.get("nodePort")
        ]
    node_ports: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        pair = port["protocol"], port.get("nodePort", 0)
        if pair[1] and pair in node_ports:
            errors.append(duplicate(f"spec.ports[{index}].nodePort", pair[1]))
        node_ports.add(pair)
    own: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        pair = port["protocol"], port.get("port", 0)
        if pair in own:
            key = {"Name": "", "Protocol": pair[0], "AppProtocol": None, "Port": pair[1]}
            shown = key | {"TargetPort": 0, "NodePort": 0}
            errors.append(duplicate(f"spec.ports[{index}]", shown))
        own.add(pair)
    return errors


def _validate_balancer(spec: KubeObject) -> list[FieldError]:
    balances = spec["type"] == "LoadBalancer"
    detail = "may only be used when `type` is 'LoadBalancer'"
    errors: list[FieldError] = []
    if spec.get("loadBalancerSourceRanges") and not balances:
        errors.append(forbidden("spec.LoadBalancerSourceRanges", detail))
    if "allocateLoadBalancerNodePorts" in spec and not balances:
        errors.append(forbidden("spec.allocateLoadBalancerNodePorts", detail))
    path, name = "spec.loadBalancerClass", spec.get("loadBalancerClass")
    if name is not None and balances:
        errors += invalid_each(path, name, names.qualified_name(name))
    elif name is not None:
        errors.append(forbidden(path, detail))
    return errors


def _validate_traffic(spec: KubeObject) -> list[FieldError]:
    errors: list[FieldError] = []
    path, policy = "spec.externalTrafficPolicy", spec.get("externalTrafficPolicy", "")
    if not is_externally_accessible(spec):
        if policy:
            detail = "may only be set for externally-accessible services"
            errors.append(invalid(path, policy, detail))
    elif policy not in _POLICIES:
        errors.append(not_supported(path, policy, _POLICIES))
    port = spec.get("healthCheckNodePort", 0)
    if port and not (spec["type"] == "LoadBalancer" and policy == "Local"):
        detail = (
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        )
        errors.append(invalid("spec.healthCheckNodePort", port, detail))
    internal = spec.get("internalTrafficPolicy")
    if internal is not None and internal not in _POLICIES:
        errors.append(not_supported("spec.internalTrafficPolicy", internal, _POLICIES))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in _DISTRIBUTIONS:
        errors.append(not_supported("spec.trafficDistribution", distribution, _DISTRIBUTIONS))
    return errors


def validate_service_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another first address, and another class of load balancers."""
    spec, was = new["spec"], old.get("spec", {})
    errors: list[FieldError] = []
    if "ExternalName" not in (spec["type"], was.get("type")):
        errors += _validate_address_change(spec, was)
    if spec["type"] == was.get("type") == "LoadBalancer":
        name = spec.get("loadBalancerClass")
        if name != was.get("loadBalancerClass"):
            errors.append(invalid("spec.loadBalancerClass", name, _CHANGED))
        port = spec.get("healthCheckNodePort", 0)
        if port != was.get("healthCheckNodePort", 0) and all(
            each.get("externalTrafficPolicy") == "Local" for each in (spec, was)
        ):
            errors.append(forbidden("spec.healthCheckNodePort", IMMUTABLE))
    return errors


def _validate_address_change(spec: KubeObject, was: KubeObject) -> list[FieldError]:
    held, before = spec.get("clusterIPs", []), was.get("clusterIPs", [])
    path = "spec.clusterIPs"
    if len(held) == len(before):
        pairs = enumerate(zip(before, held, strict=True))
        return [invalid(f"{path}[{i}]", held, _CHANGED) for i, (old, new) in pairs if old != new]
    if not held:
        return [invalid(f"{path}[0]", held, "primary clusterIP can not be unset")]
    errors: list[FieldError] = []
    if before and held[0] != before[0]:
        errors.append(invalid(f"{path}[0]", held, _CHANGED))
    policy = spec.get("ipFamilyPolicy")
    if len(before) > len(held) == 1 and policy != "SingleStack":
        detail = "must be set to 'SingleStack' when releasing the secondary clusterIP"
        errors.append(invalid("spec.ipFamilyPolicy", policy, detail))
    return errors
