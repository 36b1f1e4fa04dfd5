"""Nodes."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Final

from pykube_core.api.core.resource_lists import round_up
from pykube_core.api.core.resource_validation import validate_node_resources
from pykube_core.api.core.scheduling_validation import validate_taints
from pykube_core.api.core.tolerations import NOT_READY
from pykube_core.api.machinery.columns import NAME, NONE, UNKNOWN, age, strings, wide
from pykube_core.api.machinery.field_errors import FieldError, duplicate, forbidden, invalid
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, SnapshotRules, proxy, selectable

_NEW_RANGE: Final = 'node updates may not change podCIDR except from "" to valid'
_NEW_PROVIDER: Final = 'node updates may not change providerID except from "" to valid'
_BAD_RANGE: Final = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_ROLE_PREFIX: Final = "node-role.kubernetes.io/"
_ROLE_LABEL: Final = "kubernetes.io/role"


def default_snapshot_node(node: KubeObject) -> None:
    """Fill in the defaults that scheduling reads, in place."""
    status = node.get("status", {})
    if "allocatable" not in status and "capacity" in status:
        status["allocatable"] = dict(status["capacity"])
    for field in ("capacity", "allocatable"):
        round_up(status.get(field))


def default_node(node: KubeObject) -> None:
    """Fill in a node's defaults, in place; its first range of addresses stands in two fields."""
    default_snapshot_node(node)
    spec = node.get("spec", {})
    first, ranges = spec.get("podCIDR"), spec.get("podCIDRs")
    if first and (not ranges or ranges[0] != first):
        spec["podCIDRs"] = [first]
    elif ranges:
        spec["podCIDR"] = ranges[0]


def prepare_node(node: KubeObject) -> None:
    """Give a new node the taint that it keeps until it is ready, in place."""
    taints = node.setdefault("spec", {}).setdefault("taints", [])
    if not any(taint.get("key") == NOT_READY for taint in taints):
        taints.append({"key": NOT_READY, "effect": "NoSchedule"})


def validate_node(node: KubeObject) -> list[FieldError]:
    """Check a node; upstream reports taints below ``metadata``."""
    errors = validate_metadata(node, namespaced=False)
    taints = (node.get("spec") or {}).get("taints") or []
    errors += validate_taints(taints, "metadata.taints")
    errors += validate_node_resources(node.get("status") or {})
    return errors + _validate_ranges((node.get("spec") or {}).get("podCIDRs") or [])


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


def validate_node_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse that a node gets another range of addresses or another machine."""
    errors = validate_node_status_update(new, old)
    spec, was = new.get("spec", {}), old.get("spec", {})
    ranges, had = spec.get("podCIDRs", []), was.get("podCIDRs", [])
    if had and len(had) != len(ranges):
        errors.append(forbidden("spec.podCIDRs", _NEW_RANGE))
    elif had:
        different = sum(left != right for left, right in zip(had, ranges, strict=True))
        errors += [forbidden("spec.podCIDRs", _NEW_RANGE)] * different
    if was.get("providerID") and spec.get("providerID") != was["providerID"]:
        errors.append(forbidden("spec.providerID", _NEW_PROVIDER))
    if spec.get("externalID", "") != was.get("externalID", ""):
        errors.append(forbidden("spec.externalID", "may not be updated"))
    return errors


def validate_node_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse that a node says an address twice."""
    errors: list[FieldError] = []
    seen: set[tuple[str, str]] = set()
    for index, address in enumerate(new.get("status", {}).get("addresses", ())):
        kind, text = address.get("type", ""), address.get("address", "")
        if (kind, text) in seen:
            shown = {"Type": kind, "Address": text}
            errors.append(duplicate(f"status.addresses[{index}]", shown))
        seen.add((kind, text))
    return errors


def node_cells(node: KubeObject, now_ns: int) -> list[Json]:
    """Return a node's cells."""
    status = node.get("status", {})
    ready = [c for c in status.get("conditions", ()) if c.get("type") == "Ready"]
    words = ["Ready" if c.get("status") == "True" else "NotReady" for c in ready] or ["Unknown"]
    if node.get("spec", {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    labels = node["metadata"].get("labels", {})
    roles = {
        key.removeprefix(_ROLE_PREFIX) if key != _ROLE_LABEL else value
        for key, value in labels.items()
        if key.startswith(_ROLE_PREFIX) or (key == _ROLE_LABEL and value)
    }
    info = status.get("nodeInfo", {})
    return [
        name_of(node),
        ",".join(words),
        ",".join(sorted(role for role in roles if role)) or NONE,
        age(node, now_ns),
        info.get("kubeletVersion", ""),
        _address(status, "InternalIP"),
        _address(status, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _address(status: KubeObject, kind: str) -> str:
    found = [a["address"] for a in status.get("addresses", ()) if a.get("type") == kind]
    return found[0] if found else NONE


NODES: Final = Resource(
    kind="Node",
    plural="nodes",
    short_names=("no",),
    namespaced=False,
    stored_as="minions",
    default=default_node,
    prepare=prepare_node,
    validate=validate_node,
    validate_create=validate_create,
    validate_update=validate_node_update,
    validate_status_update=validate_node_status_update,
    has_status=True,
    subresources=(proxy("NodeProxyOptions"),),
    columns=(
        NAME,
        *strings("Status", "Roles", "Age", "Version"),
        *wide("Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"),
    ),
    cells=node_cells,
    fields=selectable("spec.unschedulable"),
    lister="nodes",
    snapshot=SnapshotRules(default=default_snapshot_node),
)
