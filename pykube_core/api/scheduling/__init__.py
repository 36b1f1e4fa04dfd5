"""The group scheduling.k8s.io."""

from __future__ import annotations

from typing import Final

from pykube_core.api.scheduling.priority_class import PRIORITY_CLASSES as PRIORITY_CLASSES

RESOURCES: Final = (PRIORITY_CLASSES,)
