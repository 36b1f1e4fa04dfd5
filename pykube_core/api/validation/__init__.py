"""Validation of the kinds that scheduling reads, with the texts that Kubernetes gives.

Source: ``k8s.io/kubernetes/pkg/apis/{core,apps,storage,policy,scheduling}/validation``, v1.34.
Objects must come from `pykube_core.api.machinery.decoding.decode`, and have their defaults
(`pykube_core.api.defaults`).

Differences:

- What cannot change a scheduling decision is not checked: probes, environments, mounts, security
  contexts, host names, resource claims (DRA), the ports of services, pod templates.
- Errors about the entries of a map come in the order of the map; upstream's order is random.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pykube_core.api.core.pod.validation import validate_pod
from pykube_core.api.machinery.field_errors import FieldError, invalid_text
from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.api.validation import _cluster

__all__ = ["KINDS", "FieldError", "invalid_message", "validate", "validate_pod"]

KINDS: Final[dict[str, tuple[str, Callable[[KubeObject], list[FieldError]]]]] = {
    "Pod": ("", validate_pod),
    "Node": ("", _cluster.validate_node),
    "Namespace": ("", _cluster.validate_namespace),
    "Service": ("", _cluster.validate_service),
    "ReplicationController": ("", _cluster.validate_replication_controller),
    "PersistentVolume": ("", _cluster.validate_persistent_volume),
    "PersistentVolumeClaim": ("", _cluster.validate_persistent_volume_claim),
    "ReplicaSet": ("apps", _cluster.validate_replica_set),
    "StatefulSet": ("apps", _cluster.validate_stateful_set),
    "StorageClass": ("storage.k8s.io", _cluster.validate_storage_class),
    "CSINode": ("storage.k8s.io", _cluster.validate_csi_node),
    "CSIDriver": ("storage.k8s.io", _cluster.validate_csi_driver),
    "CSIStorageCapacity": ("storage.k8s.io", _cluster.validate_csi_storage_capacity),
    "VolumeAttachment": ("storage.k8s.io", _cluster.validate_volume_attachment),
    "PodDisruptionBudget": ("policy", _cluster.validate_pod_disruption_budget),
    "PriorityClass": ("scheduling.k8s.io", _cluster.validate_priority_class),
}


def validate(kind: str, obj: KubeObject) -> list[FieldError]:
    """Return what an API server complains about when this object is created; [] if nothing.

    Raises
    ------
    KeyError
        When the kind is none that scheduling reads.
    """
    return KINDS[kind][1](obj)


def invalid_message(kind: str, obj: KubeObject, errors: list[FieldError]) -> str:
    """Return the message of the API status, such as ``Pod "web" is invalid: spec...``."""
    group = KINDS[kind][0]
    return invalid_text(f"{kind}.{group}" if group else kind, name_of(obj), errors)
