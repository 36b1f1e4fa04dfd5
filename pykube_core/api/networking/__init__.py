"""The group networking.k8s.io: ways into and between pods."""

from __future__ import annotations

from typing import Final

from pykube_core.api.networking.ingress import INGRESSES as INGRESSES
from pykube_core.api.networking.ingress_class import INGRESS_CLASSES as INGRESS_CLASSES
from pykube_core.api.networking.ip_address import IP_ADDRESSES as IP_ADDRESSES
from pykube_core.api.networking.network_policy import NETWORK_POLICIES as NETWORK_POLICIES
from pykube_core.api.networking.service_cidr import SERVICE_CIDRS as SERVICE_CIDRS

RESOURCES: Final = (INGRESSES, INGRESS_CLASSES, NETWORK_POLICIES, IP_ADDRESSES, SERVICE_CIDRS)
