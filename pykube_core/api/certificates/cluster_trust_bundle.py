"""Bundles of certificates that a cluster trusts."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.columns import NAME, NONE, strings
from pykube_core.api.machinery.field_errors import FieldError, invalid
from pykube_core.api.machinery.names import dns_subdomain
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, selectable


def validate_cluster_trust_bundle(bundle: KubeObject) -> list[FieldError]:
    """Check that a bundle's name begins with its signer's, if it has one."""
    signer = bundle.get("spec", {}).get("signerName", "")
    prefix = f"{signer.replace('/', ':')}:" if signer else ""

    def rule(name: str) -> tuple[str, ...]:
        if not prefix:
            if ":" in name:
                return ('ClusterTrustBundle without signer name must not have ":" in its name',)
            return dns_subdomain(name)
        if not name.startswith(prefix):
            return (
                f"ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}",
            )
        return dns_subdomain(name.removeprefix(prefix))

    return validate_metadata(bundle, rule, namespaced=False)


def validate_cluster_trust_bundle_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse another signer."""
    signer, was = (bundle.get("spec", {}).get("signerName", "") for bundle in (new, old))
    return [] if signer == was else [invalid("spec.signerName", signer, "field is immutable")]


def cluster_trust_bundle_cells(bundle: KubeObject, now_ns: int) -> list[Json]:
    """Return a bundle's cells."""
    return [name_of(bundle), bundle.get("spec", {}).get("signerName") or NONE]


CLUSTER_TRUST_BUNDLES: Final = Resource(
    kind="ClusterTrustBundle",
    plural="clustertrustbundles",
    group="certificates.k8s.io",
    namespaced=False,
    validate=validate_cluster_trust_bundle,
    validate_create=validate_create,
    validate_update=validate_cluster_trust_bundle_update,
    unconditional_update=False,
    columns=(NAME, *strings("SignerName")),
    cells=cluster_trust_bundle_cells,
    fields=selectable("spec.signerName"),
)
