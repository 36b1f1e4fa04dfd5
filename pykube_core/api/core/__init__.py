"""The core group, "": pods, nodes, and all that pods stand on."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.binding import BINDINGS as BINDINGS
from pykube_core.api.core.component_status import COMPONENT_STATUSES as COMPONENT_STATUSES
from pykube_core.api.core.config_map import CONFIG_MAPS as CONFIG_MAPS
from pykube_core.api.core.endpoints import ENDPOINTS as ENDPOINTS
from pykube_core.api.core.event import EVENTS as EVENTS
from pykube_core.api.core.limit_range import LIMIT_RANGES as LIMIT_RANGES
from pykube_core.api.core.namespace import NAMESPACES as NAMESPACES
from pykube_core.api.core.node import NODES as NODES
from pykube_core.api.core.persistent_volume import PERSISTENT_VOLUMES as PERSISTENT_VOLUMES
from pykube_core.api.core.persistent_volume_claim import (
    PERSISTENT_VOLUME_CLAIMS as PERSISTENT_VOLUME_CLAIMS,
)
from pykube_core.api.core.pod import PODS as PODS
from pykube_core.api.core.pod_template import POD_TEMPLATES as POD_TEMPLATES
from pykube_core.api.core.replication_controller import (
    REPLICATION_CONTROLLERS as REPLICATION_CONTROLLERS,
)
from pykube_core.api.core.resource_quota import RESOURCE_QUOTAS as RESOURCE_QUOTAS
from pykube_core.api.core.secret import SECRETS as SECRETS
from pykube_core.api.core.service import SERVICES as SERVICES
from pykube_core.api.core.service_account import SERVICE_ACCOUNTS as SERVICE_ACCOUNTS

RESOURCES: Final = (
    NAMESPACES,
    NODES,
    PODS,
    EVENTS,
    CONFIG_MAPS,
    SERVICES,
    REPLICATION_CONTROLLERS,
    PERSISTENT_VOLUMES,
    PERSISTENT_VOLUME_CLAIMS,
    SECRETS,
    SERVICE_ACCOUNTS,
    ENDPOINTS,
    LIMIT_RANGES,
    RESOURCE_QUOTAS,
    POD_TEMPLATES,
    BINDINGS,
    COMPONENT_STATUSES,
)
