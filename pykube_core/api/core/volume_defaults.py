"""Defaults of volumes and claims.

Source: ``k8s.io/kubernetes/pkg/apis/core/v1/defaults.go`` v1.36.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.resource_lists import round_up_resources
from pykube_core.api.machinery.objects import KubeObject

_FILE_MODE: Final = 0o644
_MODES: Final = ("secret", "configMap", "downwardAPI", "projected")
_TOKEN_SECONDS: Final = 3600
_VOLUME_DEFAULTS: Final[dict[str, KubeObject]] = {
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {
        "cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False,
    },
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}  # fmt: skip


def set_claim_defaults(spec: KubeObject) -> None:
    """Fill in the defaults of a claim's spec, also of one that a volume makes, in place."""
    spec.setdefault("volumeMode", "Filesystem")
    round_up_resources(spec)


def set_volume_defaults(volume: KubeObject) -> None:
    """Fill in the defaults of a pod's volume, in place."""
    if len(volume) <= 1:
        volume["emptyDir"] = {}
    for source in _MODES:
        if source in volume:
            volume[source].setdefault("defaultMode", _FILE_MODE)
    set_source_defaults(volume)
    template = volume.get("ephemeral", {}).get("volumeClaimTemplate")
    if template is not None:
        set_claim_defaults(template.setdefault("spec", {}))
    sources = volume.get("projected", {}).get("sources", [])
    for source in sources:
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", _TOKEN_SECONDS)
    for holder in (volume, *sources):
        for item in holder.get("downwardAPI", {}).get("items", ()):
            set_reference_defaults(item)


def set_source_defaults(holder: KubeObject) -> None:
    """Fill in the defaults of the source of a pod's volume or a persistent volume, in place."""
    for kind, fields in _VOLUME_DEFAULTS.items():
        if kind in holder:
            for field, value in fields.items():
                holder[kind].setdefault(field, value)


def set_reference_defaults(holder: KubeObject) -> None:
    """Fill in the defaults of references to a field or an amount of the pod itself, in place."""
    if "fieldRef" in holder:
        holder["fieldRef"].setdefault("apiVersion", "v1")
    if "resourceFieldRef" in holder:
        holder["resourceFieldRef"].setdefault("divisor", "0")
