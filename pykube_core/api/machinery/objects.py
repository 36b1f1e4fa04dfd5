"""Kubernetes objects as decoded JSON, and the few questions that everyone asks of one."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

KubeObject: TypeAlias = dict[str, Any]
# A decoded JSON value of any kind.
Json: TypeAlias = Any

CLUSTER_SCOPED: Final = frozenset(
    "Node Namespace PersistentVolume StorageClass CSINode CSIDriver VolumeAttachment "
    "PriorityClass".split()
)

DONE_PHASES: Final = frozenset({"Succeeded", "Failed"})
"""The phases of a pod whose containers run no more."""


def name_of(obj: KubeObject) -> str:
    """Return ``metadata.name``; "" when there is none."""
    return (obj.get("metadata") or {}).get("name") or ""


def namespace_of(obj: KubeObject) -> str:
    """Return ``metadata.namespace``; "default" when there is none, as kubectl assumes."""
    return (obj.get("metadata") or {}).get("namespace") or "default"


def full_name(obj: KubeObject) -> str:
    """Return "namespace/name"."""
    return f"{namespace_of(obj)}/{name_of(obj)}"


def label_of(kind: str, obj: Json) -> str:
    """Return "Kind namespace/name", "Kind name" or "Kind" of any JSON value, for messages."""
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    if not isinstance(metadata, dict):
        return kind
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if not name or not isinstance(name, str):
        return kind
    if kind in CLUSTER_SCOPED or not isinstance(namespace or "", str):
        return f"{kind} {name}"
    return f"{kind} {namespace or 'default'}/{name}"
