"""Rules of nodes and of the other kinds that scheduling reads."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Final

from pykube_core.api.core.resource_validation import validate_node_resources
from pykube_core.api.core.scheduling_validation import validate_taints
from pykube_core.api.core.volumes import (
    validate_claim_spec,
    validate_driver_name,
    validate_volume_spec,
)
from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import (
    NEGATIVE,
    FieldError,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from pykube_core.api.machinery.object_meta import (
    validate_label_name,
    validate_label_selector,
    validate_labels,
    validate_metadata,
)
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.quantity import parse_quantity
from pykube_core.api.machinery.selectors import (
    SelectorError,
    parse_label_selector,
    selector_of_labels,
)
from pykube_core.api.scheduling.priority import SYSTEM_PRIORITIES, USER_PRIORITY_MAX

_PERCENT_RE: Final = re.compile("[0-9]+%", re.ASCII)
_PERCENT_TEXT: Final = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)
_BAD_RANGE: Final = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_BINDING_MODES: Final = ("Immediate", "WaitForFirstConsumer")
_CLASS_RECLAIM_POLICIES: Final = ("Delete", "Retain")
_EVICTION_POLICIES: Final = ("AlwaysAllow", "IfHealthyBudget")
_PREEMPTION_POLICIES: Final = ("PreemptLowerPriority", "Never")


def validate_node(node: KubeObject) -> list[FieldError]:
    """Check a node; upstream reports taints below ``metadata``."""
    errors = _metadata(node, names.dns_subdomain, namespaced=False)
    taints = (node.get("spec") or {}).get("taints") or []
    errors += validate_taints(taints, "metadata.taints")
    errors += validate_node_resources(node.get("status") or {})
    return errors + _validate_ranges((node.get("spec") or {}).get("podCIDRs") or [])


def validate_namespace(namespace: KubeObject) -> list[FieldError]:
    """Check a namespace."""
    return _metadata(namespace, names.dns_label, namespaced=False)


def validate_service(service: KubeObject) -> list[FieldError]:
    """Check a service's name and selector."""
    errors = _metadata(service, names.dns_1035_label, namespaced=True)
    return errors + validate_labels((service.get("spec") or {}).get("selector"), "spec.selector")


def validate_replication_controller(controller: KubeObject) -> list[FieldError]:
    """Check a replication controller's selector against its template."""
    errors = _metadata(controller, names.dns_subdomain, namespaced=True)
    spec = controller.get("spec") or {}
    selector = spec.get("selector") or {}
    if not selector:
        return [*errors, required("spec.selector")]
    if spec.get("template") is None:
        return [*errors, required("spec.template")]
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    if not selector_of_labels(selector).matches(labels):
        errors.append(_mismatch(labels))
    return errors


def validate_replica_set(replica_set: KubeObject) -> list[FieldError]:
    """Check a replica set's selector against its template; the text is upstream's."""
    return validate_workload(replica_set, "empty selector is invalid for deployment")


def validate_stateful_set(stateful_set: KubeObject) -> list[FieldError]:
    """Check a stateful set's selector against its template."""
    return validate_workload(stateful_set, "empty selector is invalid for statefulset")


def validate_persistent_volume(volume: KubeObject) -> list[FieldError]:
    """Check a persistent volume."""
    errors = _metadata(volume, names.dns_subdomain, namespaced=False)
    return errors + validate_volume_spec(volume.get("spec") or {})


def validate_persistent_volume_claim(claim: KubeObject) -> list[FieldError]:
    """Check a claim."""
    errors = _metadata(claim, names.dns_subdomain, namespaced=True)
    return errors + validate_claim_spec(claim.get("spec") or {}, "spec")


def validate_storage_class(storage_class: KubeObject) -> list[FieldError]:
    """Check a storage class."""
    errors = _metadata(storage_class, names.dns_subdomain, namespaced=False)
    provisioner = storage_class.get("provisioner") or ""
    if provisioner:
        complaints = names.qualified_name(provisioner.lower())
        errors += invalid_each("provisioner", provisioner, complaints)
    else:
        errors.append(required("provisioner"))
    policy, mode = storage_class.get("reclaimPolicy"), storage_class.get("volumeBindingMode")
    if policy and policy not in _CLASS_RECLAIM_POLICIES:
        errors.append(not_supported("reclaimPolicy", policy, _CLASS_RECLAIM_POLICIES))
    if mode is None:
        errors.append(required("volumeBindingMode"))
    elif mode not in _BINDING_MODES:
        errors.append(not_supported("volumeBindingMode", mode, _BINDING_MODES))
    return errors + _validate_topologies(storage_class.get("allowedTopologies") or [])


def validate_csi_node(csi_node: KubeObject) -> list[FieldError]:
    """Check the drivers that a CSINode lists."""
    errors = _metadata(csi_node, names.dns_subdomain, namespaced=False)
    taken: set[str] = set()
    for index, driver in enumerate((csi_node.get("spec") or {}).get("drivers") or ()):
        path, name = f"spec.drivers[{index}]", driver.get("name") or ""
        errors += validate_driver_name(name, f"{path}.name")
        if name in taken:
            errors.append(duplicate(f"{path}.name", name))
        taken.add(name)
        if not driver.get("nodeID"):
            errors.append(required(f"{path}.nodeID"))
        count = (driver.get("allocatable") or {}).get("count") or 0
        if count < 0:
            errors.append(invalid(f"{path}.allocatable.count", count, NEGATIVE))
    return errors


def validate_csi_driver(driver: KubeObject) -> list[FieldError]:
    """Check a CSIDriver's name."""
    errors = _metadata(driver, names.dns_subdomain, namespaced=False)
    name = (driver.get("metadata") or {}).get("name") or ""
    return errors + (validate_driver_name(name, "metadata.name") if name else [])


def validate_csi_storage_capacity(capacity: KubeObject) -> list[FieldError]:
    """Check a CSIStorageCapacity."""
    errors = _metadata(capacity, names.dns_subdomain, namespaced=True)
    storage_class = capacity.get("storageClassName") or ""
    complaints = names.dns_subdomain(storage_class)
    errors += invalid_each("storageClassName", storage_class, complaints)
    errors += validate_label_selector(capacity.get("nodeTopology"), "nodeTopology")
    for field in ("capacity", "maximumVolumeSize"):
        quantity = parse_quantity(capacity.get(field))
        if quantity.nano < 0:
            errors.append(invalid(field, quantity, NEGATIVE))
    return errors


def validate_volume_attachment(attachment: KubeObject) -> list[FieldError]:
    """Check that an attachment names its parts."""
    errors = _metadata(attachment, names.dns_subdomain, namespaced=False)
    spec = attachment.get("spec") or {}
    errors += [
        required(f"spec.{field}") for field in ("attacher", "nodeName") if not spec.get(field)
    ]
    return errors


def validate_pod_disruption_budget(budget: KubeObject) -> list[FieldError]:
    """Check a disruption budget."""
    errors = _metadata(budget, names.dns_subdomain, namespaced=True)
    spec = budget.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        detail = "minAvailable and maxUnavailable cannot be both set"
        errors.append(invalid("spec", spec, detail))
    errors += validate_share(least, "spec.minAvailable")
    errors += validate_share(most, "spec.maxUnavailable")
    errors += validate_label_selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _EVICTION_POLICIES:
        path = "spec.unhealthyPodEvictionPolicy"
        errors.append(not_supported(path, policy, _EVICTION_POLICIES))
    return errors


def validate_priority_class(priority_class: KubeObject) -> list[FieldError]:
    """Check a priority class."""
    errors = _metadata(priority_class, names.dns_subdomain, namespaced=False)
    name = (priority_class.get("metadata") or {}).get("name") or ""
    value = priority_class.get("value") or 0
    if name.startswith("system-"):
        known = SYSTEM_PRIORITIES.get(name)
        if known is None or known != value or priority_class.get("globalDefault"):
            detail = "priority class names with 'system-' prefix are reserved for system use only."
            errors.append(
                forbidden("metadata.name", f"{detail} error: {_system_error(name, known)}")
            )
    elif value > USER_PRIORITY_MAX:
        detail = f"maximum allowed value of a user defined priority is {USER_PRIORITY_MAX}"
        errors.append(forbidden("value", detail))
    policy = priority_class.get("preemptionPolicy")
    if policy is not None and policy not in _PREEMPTION_POLICIES:
        errors.append(not_supported("preemptionPolicy", policy, _PREEMPTION_POLICIES))
    return errors


def _metadata(obj: KubeObject, rule: names.NameRule, namespaced: bool) -> list[FieldError]:
    return validate_metadata(obj.get("metadata") or {}, rule, namespaced)


def _system_error(name: str, value: int | None) -> str:
    if value is None:
        return f"{name} is not a known system priority class"
    return f"value of {name} PriorityClass must be {value}"


def _mismatch(labels: KubeObject) -> FieldError:
    detail = "`selector` does not match template `labels`"
    return invalid("spec.template.metadata.labels", labels, detail)


def validate_workload(workload: KubeObject, empty_text: str) -> list[FieldError]:
    """Check metadata, and a selector against the labels of its template."""
    errors = _metadata(workload, names.dns_subdomain, namespaced=True)
    spec = workload.get("spec") or {}
    selector = spec.get("selector")
    if selector is None:
        errors.append(required("spec.selector"))
    else:
        errors += validate_label_selector(selector, "spec.selector")
        if not (selector.get("matchLabels") or selector.get("matchExpressions")):
            errors.append(invalid("spec.selector", selector, empty_text))
    try:
        parsed = parse_label_selector(selector)
    except SelectorError:
        return [*errors, invalid("spec.selector", selector, "invalid label selector")]
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if parsed.requirements and not parsed.matches(labels):
        errors.append(_mismatch(labels))
    return errors


def _validate_ranges(ranges: list[str]) -> list[FieldError]:
    """Check a node's ranges of addresses of pods: one of a family at most."""
    path = "spec.podCIDRs"
    errors: list[FieldError] = []
    families: list[int] = []
    for index, text in enumerate(ranges):
        try:
            if "/" not in text:
                raise ValueError(text)
            families.append(ip_network(text, strict=False).version)
        except ValueError:
            errors.append(invalid(f"{path}[{index}]", text, _BAD_RANGE))
    if len(ranges) > 1 and sorted(families) != [4, 6]:
        detail = "may specify no more than one CIDR for each IP family"
        errors.append(invalid(path, ranges, detail))
    return errors


def _validate_topologies(terms: list[KubeObject]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[frozenset[tuple[str, frozenset[str]]]] = set()
    for row, term in enumerate(terms):
        chosen: dict[str, frozenset[str]] = {}
        for index, expression in enumerate(term.get("matchLabelExpressions") or ()):
            path = f"allowedTopologies[{row}].matchLabelExpressions[{index}]"
            key, values = expression.get("key") or "", expression.get("values") or []
            if not values:
                errors.append(required(f"{path}.values"))
            first = {value: at for at, value in reversed(list(enumerate(values)))}
            errors += [
                duplicate(f"{path}.values[{at}]", value)
                for at, value in enumerate(values)
                if first[value] < at
            ]
            errors += validate_label_name(key, f"{path}.key")
            if key in chosen:
                errors.append(duplicate(f"{path}.key", key))
            chosen[key] = frozenset(values)
        content = frozenset(chosen.items())
        if content in seen:
            errors.append(duplicate(f"allowedTopologies[{row}].matchLabelExpressions", ""))
        seen.add(content)
    return errors


def validate_share(value: Json, path: str, most: int = 100) -> list[FieldError]:
    """Check a count, or a percentage that is not more than ``most``."""
    if value is None:
        return []
    if isinstance(value, int):
        return [invalid(path, value, NEGATIVE)] if value < 0 else []
    if not _PERCENT_RE.fullmatch(value):
        return [invalid(path, value, _PERCENT_TEXT)]
    digits = value[:-1].lstrip("0") or "0"
    if len(digits) > len(str(most)) or int(digits) > most:
        return [invalid(path, value, f"must not be greater than {most}%")]
    return []
