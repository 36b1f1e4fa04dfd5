"""The group coordination.k8s.io."""

from __future__ import annotations

from typing import Final

from pykube_core.api.coordination.lease import LEASES as LEASES

RESOURCES: Final = (LEASES,)
