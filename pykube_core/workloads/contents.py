"""Contents of a snapshot that holds all that decisions read, in words; imports nothing heavy."""

from __future__ import annotations

from typing import Final

KUBECTL_RESOURCES: Final = (
    "nodes",
    "pods",
    "services",
    "replicationcontrollers",
    "replicasets",
    "statefulsets",
    "pv",
    "pvc",
    "storageclasses",
    "csinodes",
    "csidrivers",
    "csistoragecapacities",
    "volumeattachments",
    "namespaces",
    "pdb",
    "priorityclasses",
)
"""Every kind that decisions read, as kubectl names them."""

KUBECTL_COMMAND: Final = f"kubectl get {','.join(KUBECTL_RESOURCES)} -A -o json > cluster.json"
"""The command for a snapshot of a cluster."""

LACKS: Final = (
    "missing-nodes",
    "missing-claims",
    "missing-volumes",
    "missing-storage-classes",
    "missing-csi-nodes",
    "missing-csi-drivers",
    "missing-capacities",
    "missing-owners",
    "missing-services",
    "missing-namespaces",
    "missing-priority-classes",
)
"""Names of what a snapshot may lack: each is a warning, or an error for whoever is strict."""
