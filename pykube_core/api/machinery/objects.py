"""Kubernetes objects as decoded JSON, and the few questions that everyone asks of one."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

KubeObject: TypeAlias = dict[str, Any]
# A decoded JSON value of any kind.
Json: TypeAlias = Any

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
