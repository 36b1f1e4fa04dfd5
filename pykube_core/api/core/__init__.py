"""The core group, "": pods, nodes, and all that pods stand on."""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.config_map import CONFIG_MAPS as CONFIG_MAPS
from pykube_core.api.core.event import EVENTS as EVENTS
from pykube_core.api.core.namespace import NAMESPACES as NAMESPACES
from pykube_core.api.core.node import NODES as NODES
from pykube_core.api.core.persistent_volume import PERSISTENT_VOLUMES as PERSISTENT_VOLUMES
from pykube_core.api.core.persistent_volume_claim import (
    PERSISTENT_VOLUME_CLAIMS as PERSISTENT_VOLUME_CLAIMS,
)
from pykube_core.api.core.pod import PODS as PODS
from pykube_core.api.core.replication_controller import (
    REPLICATION_CONTROLLERS as REPLICATION_CONTROLLERS,
)
from pykube_core.api.core.service import SERVICES as SERVICES

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
)
