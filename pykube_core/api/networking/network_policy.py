"""Network policies."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, age, selector_text, strings
from pykube_core.api.machinery.field_errors import (
    FieldError,
    forbidden,
    invalid,
    not_supported,
    required,
)
from pykube_core.api.machinery.object_meta import (
    validate_create,
    validate_label_selector,
    validate_metadata,
)
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_TYPES: Final = ("Ingress", "Egress")
_DIRECTIONS: Final = (("ingress", "from"), ("egress", "to"))


def default_network_policy(policy: KubeObject) -> None:
    """Fill in a policy's types and the protocols of its ports, in place."""
    spec = policy.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    for direction, _ in _DIRECTIONS:
        for rule in spec.get(direction, ()):
            for port in rule.get("ports", ()):
                port.setdefault("protocol", "TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def validate_network_policy(policy: KubeObject) -> list[FieldError]:
    """Check a policy's selectors, peers and types."""
    errors, spec = validate_metadata(policy), policy["spec"]
    errors += validate_label_selector(spec["podSelector"], "spec.podSelector")
    for direction, side in _DIRECTIONS:
        for index, rule in enumerate(spec.get(direction, ())):
            for at, peer in enumerate(rule.get(side, ())):
                errors += _validate_peer(peer, f"spec.{direction}[{index}].{side}[{at}]")
    types = spec["policyTypes"]
    if len(types) > len(_TYPES):
        detail = "may not specify more than two policyTypes"
        return [*errors, invalid("spec.policyTypes", types, detail)]
    return errors + [
        not_supported(f"spec.policyTypes[{index}]", kind, _TYPES)
        for index, kind in enumerate(types)
        if kind not in _TYPES
    ]


def _validate_peer(peer: KubeObject, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for field in ("podSelector", "namespaceSelector"):
        errors += validate_label_selector(peer.get(field), f"{path}.{field}")
    if "ipBlock" in peer and not peer["ipBlock"].get("cidr"):
        errors.append(required(f"{path}.ipBlock.cidr"))
    if not peer:
        errors.append(required(path, "must specify a peer"))
    elif "ipBlock" in peer and len(peer) > 1:
        errors.append(forbidden(path, "may not specify both ipBlock and another peer"))
    return errors


def network_policy_cells(policy: KubeObject, now_ns: int) -> list[Json]:
    """Return a policy's cells."""
    selector = policy.get("spec", {}).get("podSelector", {})
    return [name_of(policy), selector_text(selector), age(policy, now_ns)]


NETWORK_POLICIES: Final = Resource(
    kind="NetworkPolicy",
    plural="networkpolicies",
    group="networking.k8s.io",
    short_names=("netpol",),
    default=default_network_policy,
    validate=validate_network_policy,
    validate_create=validate_create,
    counts_generations=True,
    columns=(NAME, *strings("Pod-Selector"), AGE),
    cells=network_policy_cells,
)
