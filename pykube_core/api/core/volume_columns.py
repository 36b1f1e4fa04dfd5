"""Cells that volumes and claims share."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.objects import KubeObject

_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_ACCESS_MODES: Final = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def access_modes_text(holder: KubeObject) -> str:
    """Return the access modes of a spec or a status in one cell."""
    held = holder.get("accessModes", ())
    return ",".join(short for mode, short in _ACCESS_MODES.items() if mode in held)


def phase_text(obj: KubeObject) -> str:
    """Return the phase of a volume or a claim; one that is being deleted terminates."""
    if "deletionTimestamp" in obj["metadata"]:
        return "Terminating"
    return str(obj.get("status", {}).get("phase", ""))


def storage_class_text(obj: KubeObject) -> str:
    """Return the storage class of a volume or a claim."""
    annotations = obj["metadata"].get("annotations", {})
    return str(annotations.get(_CLASS, obj.get("spec", {}).get("storageClassName", "")))
