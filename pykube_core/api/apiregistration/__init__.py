"""The group apiregistration.k8s.io."""

from __future__ import annotations

from typing import Final

from pykube_core.api.apiregistration.api_service import API_SERVICES as API_SERVICES

RESOURCES: Final = (API_SERVICES,)
