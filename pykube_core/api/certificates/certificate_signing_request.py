"""Certificate signing requests."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import AGE, NAME, NONE, age, human_duration, strings
from pykube_core.api.machinery.field_errors import FieldError, required
from pykube_core.api.machinery.names import path_segment
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, Subresource, selectable

_USAGES: Final = ("digital signature", "key encipherment")


def default_certificate_signing_request(request: KubeObject) -> None:
    """Fill in a request's usages, in place."""
    request.setdefault("spec", {}).setdefault("usages", list(_USAGES))


def prepare_certificate_signing_request(request: KubeObject) -> None:
    """Give a new request its first status, in place; nobody may say who asks."""
    for field in ("username", "uid", "groups", "extra"):
        request["spec"].pop(field, None)
    request["status"] = {}


def prepare_certificate_signing_request_update(new: KubeObject, old: KubeObject) -> None:
    """Keep a request as it was asked, in place."""
    new["spec"] = old.get("spec", {})


def validate_certificate_signing_request(request: KubeObject) -> list[FieldError]:
    """Check a request."""
    errors, spec = validate_metadata(request, path_segment, namespaced=False), request["spec"]
    return errors + [
        required(f"spec.{field}") for field in ("request", "signerName") if not spec.get(field)
    ]


def certificate_signing_request_cells(request: KubeObject, now_ns: int) -> list[Json]:
    """Return a request's cells."""
    spec, status = request.get("spec", {}), request.get("status", {})
    found = {condition.get("type") for condition in status.get("conditions", ())}
    words = ["Denied" if "Denied" in found else "Approved" if "Approved" in found else "Pending"]
    words += ["Failed"] if "Failed" in found else []
    words += ["Issued"] if status.get("certificate") else []
    seconds = spec.get("expirationSeconds")
    return [
        name_of(request),
        age(request, now_ns),
        spec.get("signerName") or NONE,
        spec.get("username", ""),
        NONE if seconds is None else human_duration(seconds),
        ",".join(words),
    ]


CERTIFICATE_SIGNING_REQUESTS: Final = Resource(
    kind="CertificateSigningRequest",
    plural="certificatesigningrequests",
    group="certificates.k8s.io",
    short_names=("csr",),
    namespaced=False,
    default=default_certificate_signing_request,
    prepare=prepare_certificate_signing_request,
    prepare_update=prepare_certificate_signing_request_update,
    validate=validate_certificate_signing_request,
    validate_create=validate_create,
    name_rule=path_segment,
    has_status=True,
    columns=(
        NAME,
        AGE,
        *strings("SignerName", "Requestor", "RequestedDuration", "Condition"),
    ),
    cells=certificate_signing_request_cells,
    fields=selectable("spec.signerName"),
    subresources=(Subresource("approval"),),
)
