"""The group node.k8s.io."""

from __future__ import annotations

from typing import Final

from pykube_core.api.node.runtime_class import RUNTIME_CLASSES as RUNTIME_CLASSES

RESOURCES: Final = (RUNTIME_CLASSES,)
