"""The resources that every cluster has, of all groups.

Source: ``k8s.io/kubernetes/pkg/registry`` (strategies), ``pkg/printers`` (columns), v1.37.2.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api import (
    admissionregistration,
    apiextensions,
    apiregistration,
    apps,
    authentication,
    authorization,
    autoscaling,
    batch,
    certificates,
    coordination,
    core,
    discovery,
    events,
    flowcontrol,
    networking,
    node,
    policy,
    rbac,
    resource,
    scheduling,
    storage,
    storagemigration,
)
from pykube_core.api.machinery.registry import Registry, Resource

BUILTIN: Final = Registry(
    (
        *core.RESOURCES,
        *apps.RESOURCES,
        *coordination.RESOURCES,
        *storage.RESOURCES,
        *policy.RESOURCES,
        *scheduling.RESOURCES,
        *batch.RESOURCES,
        *autoscaling.RESOURCES,
        *networking.RESOURCES,
        *discovery.RESOURCES,
        *events.RESOURCES,
        *rbac.RESOURCES,
        *node.RESOURCES,
        *certificates.RESOURCES,
        *resource.RESOURCES,
        *admissionregistration.RESOURCES,
        *apiextensions.RESOURCES,
        *apiregistration.RESOURCES,
        *authentication.RESOURCES,
        *authorization.RESOURCES,
        *flowcontrol.RESOURCES,
        *storagemigration.RESOURCES,
    )
)
"""The resources that the API server serves."""

SCHEDULED: Final[dict[str, Resource]] = {found.kind: found for found in BUILTIN if found.lister}
"""The resources that scheduling reads, by kind."""
