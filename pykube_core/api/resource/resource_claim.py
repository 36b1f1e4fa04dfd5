"""Claims of devices, and templates of such claims."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, age, strings
from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.field_errors import IMMUTABLE, FieldError, invalid
from pykube_core.api.machinery.object_meta import validate_create, validate_namespaced
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_EXACT: Final = "ExactCount"


def default_resource_claim(claim: KubeObject) -> None:
    """Fill in how many devices a claim asks for, in place."""
    _default_spec(claim.get("spec", {}))


def default_resource_claim_template(template: KubeObject) -> None:
    """Fill in how many devices the claims of a template ask for, in place."""
    _default_spec(template.get("spec", {}).get("spec", {}))


def _default_spec(spec: KubeObject) -> None:
    for request in spec.get("devices", {}).get("requests") or ():
        exactly = [request["exactly"]] if "exactly" in request else []
        for asked in (*exactly, *request.get("firstAvailable", ())):
            if asked.setdefault("allocationMode", _EXACT) == _EXACT:
                asked["count"] = asked.get("count") or 1


def prepare_resource_claim(claim: KubeObject) -> None:
    """Give a new claim its first status, in place."""
    claim["status"] = {}


def validate_resource_claim_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another spec."""
    spec, was = new.get("spec", {}), old.get("spec", {})
    if means_the_same("resource.v1.ResourceClaimSpec", spec, was):
        return []
    return [invalid("spec", spec, IMMUTABLE)]


def validate_resource_claim_template_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another spec."""
    spec, was = new.get("spec", {}), old.get("spec", {})
    if means_the_same("resource.v1.ResourceClaimTemplateSpec", spec, was):
        return []
    return [invalid("spec", spec, IMMUTABLE)]


def resource_claim_cells(claim: KubeObject, now_ns: int) -> list[Json]:
    """Return a claim's cells."""
    status, is_deleted = claim.get("status", {}), "deletionTimestamp" in claim["metadata"]
    states = ["deleted"] if is_deleted else []
    if "allocation" in status:
        states.append("allocated")
        states += ["reserved"] if status.get("reservedFor") else []
    elif not is_deleted:
        states.append("pending")
    return [name_of(claim), ",".join(states), age(claim, now_ns)]


RESOURCE_CLAIMS: Final = Resource(
    kind="ResourceClaim",
    plural="resourceclaims",
    group="resource.k8s.io",
    default=default_resource_claim,
    prepare=prepare_resource_claim,
    validate=validate_namespaced,
    validate_create=validate_create,
    validate_update=validate_resource_claim_update,
    has_status=True,
    answers_with_object=True,
    columns=(NAME, *strings("State"), AGE),
    cells=resource_claim_cells,
)
RESOURCE_CLAIM_TEMPLATES: Final = Resource(
    kind="ResourceClaimTemplate",
    plural="resourceclaimtemplates",
    group="resource.k8s.io",
    default=default_resource_claim_template,
    validate=validate_namespaced,
    validate_create=validate_create,
    validate_update=validate_resource_claim_template_update,
    answers_with_object=True,
)
