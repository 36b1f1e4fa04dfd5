"""The group certificates.k8s.io."""

from __future__ import annotations

from typing import Final

from pykube_core.api.certificates.certificate_signing_request import (
    CERTIFICATE_SIGNING_REQUESTS as CERTIFICATE_SIGNING_REQUESTS,
)
from pykube_core.api.certificates.cluster_trust_bundle import (
    CLUSTER_TRUST_BUNDLES as CLUSTER_TRUST_BUNDLES,
)
from pykube_core.api.certificates.pod_certificate_request import (
    POD_CERTIFICATE_REQUESTS as POD_CERTIFICATE_REQUESTS,
)

RESOURCES: Final = (
    CERTIFICATE_SIGNING_REQUESTS,
    CLUSTER_TRUST_BUNDLES,
    POD_CERTIFICATE_REQUESTS,
)
