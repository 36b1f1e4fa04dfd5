"""The group storage.k8s.io."""

from __future__ import annotations

from typing import Final

from pykube_core.api.storage.csi_driver import CSI_DRIVERS as CSI_DRIVERS
from pykube_core.api.storage.csi_node import CSI_NODES as CSI_NODES
from pykube_core.api.storage.csi_storage_capacity import (
    CSI_STORAGE_CAPACITIES as CSI_STORAGE_CAPACITIES,
)
from pykube_core.api.storage.storage_class import STORAGE_CLASSES as STORAGE_CLASSES
from pykube_core.api.storage.volume_attachment import VOLUME_ATTACHMENTS as VOLUME_ATTACHMENTS
from pykube_core.api.storage.volume_attributes_class import (
    VOLUME_ATTRIBUTES_CLASSES as VOLUME_ATTRIBUTES_CLASSES,
)

RESOURCES: Final = (
    STORAGE_CLASSES,
    CSI_NODES,
    CSI_DRIVERS,
    CSI_STORAGE_CAPACITIES,
    VOLUME_ATTACHMENTS,
    VOLUME_ATTRIBUTES_CLASSES,
)
