"""Requests of pods for certificates."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import NAME, label_text, strings
from pykube_core.api.machinery.object_meta import validate_create, validate_namespaced
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, selectable

_STATES: Final = ("Issued", "Denied", "Failed")
_EXPIRATION_SECONDS: Final = 86400
_SHOWN: Final = ("podName", "serviceAccountName", "nodeName", "signerName")


def default_pod_certificate_request(request: KubeObject) -> None:
    """Fill in how long a certificate is asked for at most, in place."""
    request.setdefault("spec", {}).setdefault("maxExpirationSeconds", _EXPIRATION_SECONDS)


def prepare_pod_certificate_request(request: KubeObject) -> None:
    """Give a new request its first status, in place."""
    request["status"] = {}


def pod_certificate_request_cells(request: KubeObject, now_ns: int) -> list[Json]:
    """Return a request's cells."""
    spec, state = request.get("spec", {}), "Pending"
    for condition in request.get("status", {}).get("conditions", ()):
        if condition.get("type") in _STATES:
            state = condition["type"]
    annotations = spec.get("unverifiedUserAnnotations")
    shown = [spec.get(field, "") for field in _SHOWN]
    return [name_of(request), *shown, state, label_text(annotations)]


POD_CERTIFICATE_REQUESTS: Final = Resource(
    kind="PodCertificateRequest",
    plural="podcertificaterequests",
    group="certificates.k8s.io",
    default=default_pod_certificate_request,
    prepare=prepare_pod_certificate_request,
    validate=validate_namespaced,
    validate_create=validate_create,
    has_status=True,
    unconditional_update=False,
    columns=(
        NAME,
        *strings("PodName", "ServiceAccountName", "NodeName", "SignerName", "State"),
        *strings("UnverifiedUserAnnotations"),
    ),
    cells=pod_certificate_request_cells,
    fields=selectable("spec.signerName", "spec.podName", "spec.nodeName"),
)
