"""The group discovery.k8s.io: the endpoints of services."""

from __future__ import annotations

from typing import Final

from pykube_core.api.discovery.endpoint_slice import ENDPOINT_SLICES as ENDPOINT_SLICES

RESOURCES: Final = (ENDPOINT_SLICES,)
