"""The resources that every cluster has, of all groups.

Source: ``k8s.io/kubernetes/pkg/registry`` (strategies), ``pkg/printers`` (columns), v1.36.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api import apps, coordination, core, policy, scheduling, storage
from pykube_core.api.machinery.registry import Registry, Resource

_RESOURCES: Final = (
    *core.RESOURCES,
    *apps.RESOURCES,
    *coordination.RESOURCES,
    *storage.RESOURCES,
    *policy.RESOURCES,
    *scheduling.RESOURCES,
)

BUILTIN: Final = Registry(resource for resource in _RESOURCES if resource.served)
"""The resources that the API server serves."""

SCHEDULED: Final[dict[str, Resource]] = {
    resource.kind: resource for resource in _RESOURCES if resource.lister
}
"""The resources that scheduling reads, by kind."""
