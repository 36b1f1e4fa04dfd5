"""Admission policies, and what binds them to objects."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import (
    AGE,
    NAME,
    UNSET,
    age,
    integers,
    selector_text,
    strings,
)
from pykube_core.api.machinery.object_meta import validate_of_cluster
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_GROUP: Final = "admissionregistration.k8s.io"
_CATEGORIES: Final = ("api-extensions",)


def default_policy(policy: KubeObject) -> None:
    """Fill in a policy's defaults, in place."""
    spec = policy.setdefault("spec", {})
    spec.setdefault("failurePolicy", "Fail")
    _default_match(spec.get("matchConstraints"))


def default_binding(binding: KubeObject) -> None:
    """Fill in a binding's defaults, in place."""
    _default_match(binding.setdefault("spec", {}).get("matchResources"))


def _default_match(match: KubeObject | None) -> None:
    if match is None:
        return
    match.setdefault("matchPolicy", "Equivalent")
    match.setdefault("namespaceSelector", {})
    match.setdefault("objectSelector", {})
    for field in ("resourceRules", "excludeResourceRules"):
        for rule in match.get(field, ()):
            rule.setdefault("scope", "*")


def prepare_policy(policy: KubeObject) -> None:
    """Give a new policy its first status, in place."""
    policy["status"] = {}


def _policy_cells(policy: KubeObject, field: str, now_ns: int) -> list[Json]:
    spec, text = policy.get("spec", {}), UNSET
    if "paramKind" in spec:
        kind = spec["paramKind"]
        text = f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}"
    return [name_of(policy), len(spec.get(field, ())), text, age(policy, now_ns)]


def validating_policy_cells(policy: KubeObject, now_ns: int) -> list[Json]:
    """Return the cells of a policy that validates."""
    return _policy_cells(policy, "validations", now_ns)


def mutating_policy_cells(policy: KubeObject, now_ns: int) -> list[Json]:
    """Return the cells of a policy that changes objects."""
    return _policy_cells(policy, "mutations", now_ns)


def binding_cells(binding: KubeObject, now_ns: int) -> list[Json]:
    """Return a binding's cells."""
    spec = binding.get("spec", {})
    parameter, text = spec.get("paramRef", {}), UNSET
    if parameter.get("name"):
        text = f"{parameter.get('namespace') or '*'}/{parameter['name']}"
    elif "selector" in parameter:
        text = selector_text(parameter["selector"])
    return [name_of(binding), spec.get("policyName", ""), text, age(binding, now_ns)]


_BINDING_COLUMNS: Final = (NAME, *strings("PolicyName", "ParamRef"), AGE)

VALIDATING_ADMISSION_POLICIES: Final = Resource(
    kind="ValidatingAdmissionPolicy",
    plural="validatingadmissionpolicies",
    group=_GROUP,
    categories=_CATEGORIES,
    namespaced=False,
    default=default_policy,
    prepare=prepare_policy,
    validate=validate_of_cluster,
    counts_generations=True,
    has_status=True,
    unconditional_update=False,
    columns=(NAME, *integers("Validations"), *strings("ParamKind"), AGE),
    cells=validating_policy_cells,
)
VALIDATING_ADMISSION_POLICY_BINDINGS: Final = Resource(
    kind="ValidatingAdmissionPolicyBinding",
    plural="validatingadmissionpolicybindings",
    group=_GROUP,
    categories=_CATEGORIES,
    namespaced=False,
    default=default_binding,
    validate=validate_of_cluster,
    counts_generations=True,
    unconditional_update=False,
    columns=_BINDING_COLUMNS,
    cells=binding_cells,
)
MUTATING_ADMISSION_POLICIES: Final = Resource(
    kind="MutatingAdmissionPolicy",
    plural="mutatingadmissionpolicies",
    group=_GROUP,
    categories=_CATEGORIES,
    namespaced=False,
    default=default_policy,
    validate=validate_of_cluster,
    counts_generations=True,
    unconditional_update=False,
    columns=(NAME, *integers("Mutations"), *strings("ParamKind"), AGE),
    cells=mutating_policy_cells,
)
MUTATING_ADMISSION_POLICY_BINDINGS: Final = Resource(
    kind="MutatingAdmissionPolicyBinding",
    plural="mutatingadmissionpolicybindings",
    group=_GROUP,
    categories=_CATEGORIES,
    namespaced=False,
    default=default_binding,
    validate=validate_of_cluster,
    counts_generations=True,
    unconditional_update=False,
    columns=_BINDING_COLUMNS,
    cells=binding_cells,
)
